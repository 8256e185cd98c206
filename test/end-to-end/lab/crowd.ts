/** Many TCP and TLS connections at once from outside a cell: phones that register, and whoever only connects. */
import type { ChildProcess } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { spawnOutside } from '../../../lib/targets/local/index.ts';

export interface CrowdPlan {
  /**
   * silent: connects and says nothing. drip: sends a TLS handshake byte by byte. unfinished: sends a part of a SIP message and stops.
   * phones: a TLS connection each, over which user `USERS[i]` registers.
   */
  readonly kind: 'silent' | 'drip' | 'unfinished' | 'phones';
  /** Taken in turn. */
  readonly sources: readonly string[];
  readonly count: number;
  readonly to: string;
  readonly port: number;
  readonly domain?: string;
  readonly users?: readonly string[];
  /** Seconds between two bytes of a handshake, or two CRLF keepalives of a phone. Default: none are sent. */
  readonly every?: number;
}

export interface CrowdReport {
  /** Connections that are established now. */
  readonly open: number;
  /** Phones that have registered so far, and why others have not, with how many. */
  readonly registered: number;
  readonly failed: Readonly<Record<string, number>>;
  /** Answers to CRLF keepalives. */
  readonly pongs: number;
  /** From the first connection until all were made, or had registered, or had failed. */
  readonly seconds: number;
}

/** A process outside the cell that holds connections until it is closed. */
export class Crowd {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #ended: Promise<void>;
  /** How its connections went at first. */
  readonly begun: Promise<CrowdReport>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout! });
    this.#ended = new Promise((resolve) => child.once('close', () => resolve()));
    this.begun = this.#next();
  }

  static start(cell: string, plan: CrowdPlan): Crowd {
    const argv = ['/usr/bin/python3', '-c', program, JSON.stringify(plan)];
    return new Crowd(spawnOutside(cell, argv, { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  #next(): Promise<CrowdReport> {
    return new Promise((resolve, reject) => {
      const gone = () => reject(new Error('the crowd has gone'));
      this.#child.once('close', gone);
      this.#lines.once('line', (line) => {
        this.#child.off('close', gone);
        resolve(JSON.parse(line) as CrowdReport);
      });
    });
  }

  async report(): Promise<CrowdReport> {
    const report = this.#next();
    this.#child.stdin!.write('report\n');
    return report;
  }

  /** Its connections end, and nobody is told: as when the power fails. */
  async vanish(): Promise<void> {
    this.#child.stdin!.end('vanish\n');
    await this.#ended;
  }

  async close(): Promise<void> {
    this.#child.stdin!.end();
    await this.#ended;
  }
}

const program = String.raw`
import collections, hashlib, json, os, re, resource, socket, ssl, struct, sys, threading, time
from concurrent.futures import ThreadPoolExecutor

plan = json.loads(sys.argv[1])
sources, to, every = plan["sources"], (plan["to"], plan["port"]), plan.get("every")
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
connections, failed, pongs, registered = [], collections.Counter(), 0, 0
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
TCP_REPAIR = 19

def connect(index, wait):
    connection = socket.socket()
    connection.setsockopt(socket.SOL_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
    connection.bind((sources[index % len(sources)], 0))
    connection.settimeout(wait)
    try:
        connection.connect(to)
    except BlockingIOError:
        pass
    return connection

def is_open(connection):
    return connection.fileno() >= 0 and connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == 1

def exchange(connection, user, cseq, credentials):
    address, port = connection.getsockname()
    uri, me = "sip:" + plan["domain"], "sip:%s@%s" % (user, plan["domain"])
    connection.sendall(("REGISTER %s SIP/2.0\r\nVia: SIP/2.0/TLS %s:%d;branch=z9hG4bK%s%d%d\r\nMax-Forwards: 70\r\n"
        "From: <%s>;tag=%d\r\nTo: <%s>\r\nCall-ID: %s-%s-%d\r\nCSeq: %d REGISTER\r\n"
        "Contact: <sip:%s@%s:%d;transport=tls>;expires=3600\r\n%sContent-Length: 0\r\n\r\n" % (
        uri, address, port, user, port, cseq, me, port, me, user, address, port, cseq, user, address, port, credentials)).encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = connection.recv(4096)
        if not part:
            raise OSError("closed")
        answer += part
    return answer.decode()

def digest(user, challenge):
    value = lambda name: re.search(name + '="?([^",]+)', challenge).group(1)
    md5 = lambda text: hashlib.md5(text.encode()).hexdigest()
    realm, nonce, uri = value("realm"), value("nonce"), "sip:" + plan["domain"]
    own = md5("%s:%s:secret of %s" % (user, realm, user))
    response = md5("%s:%s:00000001:crowd:auth:%s" % (own, nonce, md5("REGISTER:" + uri)))
    return ('Authorization: Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s", algorithm=MD5, qop=auth, '
        'nc=00000001, cnonce="crowd"\r\n' % (user, realm, nonce, uri, response))

def phone(index):
    global registered
    user = plan["users"][index % len(plan["users"])]
    try:
        connection = context.wrap_socket(connect(index, 30))
        connections.append(connection)
        answer = exchange(connection, user, 1, "")
        if " 401 " in answer.split("\r\n")[0]:
            answer = exchange(connection, user, 2, digest(user, answer))
        if " 200 " not in answer.split("\r\n")[0]:
            raise OSError(answer.split("\r\n")[0])
        registered += 1
    except OSError as error:
        failed[re.sub(r"\(_ssl.*", "", str(error))] += 1

def keep_alive():
    global pongs
    while True:
        time.sleep(every)
        for connection in list(connections):
            try:
                connection.sendall(b"\r\n\r\n")
                pongs += connection.recv(64) == b"\r\n"
            except OSError as error:
                failed["keepalive: " + str(error)] += 1

def drip():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        hello = outgoing.read()
    for byte in hello:
        for connection in connections:
            try:
                connection.send(bytes([byte]))
            except OSError:
                pass
        time.sleep(every)

def report(seconds):
    print(json.dumps({"open": sum(map(is_open, connections)), "registered": registered, "failed": failed, "pongs": pongs,
        "seconds": seconds}), flush=True)

begin = time.monotonic()
if plan["kind"] == "phones":
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(phone, range(plan["count"])))
    if every:
        threading.Thread(target=keep_alive, daemon=True).start()
else:
    for index in range(plan["count"]):
        connections.append(connect(index, 0))
    seconds = time.monotonic() - begin
    time.sleep(1)
    if plan["kind"] == "drip":
        threading.Thread(target=drip, daemon=True).start()
    if plan["kind"] == "unfinished":
        for connection in connections:
            try:
                connection.send(b"REGISTER sip:acme.example.com SIP/2.0\r\nVia: SIP/2.0/TCP 203.0.113.1")
            except OSError:
                pass
    begin = time.monotonic() - seconds
report(time.monotonic() - begin)
for line in sys.stdin:
    if line == "report\n":
        report(time.monotonic() - begin)
    elif line == "vanish\n":
        for connection in connections:
            if is_open(connection):
                connection.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        break
os._exit(0)
`;
