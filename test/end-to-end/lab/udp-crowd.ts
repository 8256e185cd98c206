/** Thousands of phones on UDP from outside a cell, which register, and do so again at half of the time that they are granted. */
import type { ChildProcess } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { spawnOutside } from '../../../lib/targets/local/index.ts';

export interface UdpCrowdPlan {
  /** Addresses from which they speak, taken in turn; each is one socket. */
  readonly sources: readonly string[];
  readonly to: string;
  readonly port: number;
  readonly domain: string;
  /** A phone each. */
  readonly users: readonly string[];
  /** Seconds that each asks for, and how many begin in a second. */
  readonly expires: number;
  readonly perSecond: number;
}

export interface UdpCrowdReport {
  /** Phones that are registered now, as they know. */
  readonly registered: number;
  /** Seconds that the last registration of each was granted. */
  readonly granted: readonly number[];
  /** Registrations that were taken, by the second since the crowd began. */
  readonly taken: readonly number[];
  /** Final answers other than 200 and the challenge, and silence after all repetitions, with how many. */
  readonly failed: Readonly<Record<string, number>>;
}

/** A process outside the cell that keeps its phones registered until it is closed. */
export class UdpCrowd {
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout! });
  }

  static start(cell: string, plan: UdpCrowdPlan): UdpCrowd {
    const argv = ['/usr/bin/python3', '-c', program, JSON.stringify(plan)];
    return new UdpCrowd(spawnOutside(cell, argv, { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  report(): Promise<UdpCrowdReport> {
    return new Promise((resolve, reject) => {
      const gone = () => reject(new Error('the crowd has gone'));
      this.#child.once('close', gone);
      this.#lines.once('line', (line) => {
        this.#child.off('close', gone);
        resolve(JSON.parse(line) as UdpCrowdReport);
      });
      this.#child.stdin!.write('report\n');
    });
  }

  async close(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#child.once('close', () => resolve()));
    this.#child.stdin!.end();
    await ended;
  }
}

const program = String.raw`
import collections, hashlib, heapq, json, re, select, socket, sys, time

plan = json.loads(sys.argv[1])
domain, to = plan["domain"], (plan["to"], plan["port"])
sockets = []
for source in plan["sources"]:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    s.bind((source, 5060))
    s.setblocking(False)
    sockets.append(s)
begin = time.monotonic()
failed, taken = collections.Counter(), collections.Counter()
# When a phone has something to do, and which; and how often what it waits for was repeated.
due = [(begin + index / plan["perSecond"], index) for index in range(len(plan["users"]))]
heapq.heapify(due)
md5 = lambda text: hashlib.md5(text.encode()).hexdigest()

class Phone:
    def __init__(self, index, user):
        self.user, self.socket = user, sockets[index % len(sockets)]
        self.call, self.cseq, self.credentials = "crowd-%d" % index, 0, ""
        self.waits, self.tries, self.until, self.granted = False, 0, 0.0, 0

    def send(self):
        address, port = self.socket.getsockname()
        me = "sip:%s@%s" % (self.user, domain)
        text = ("REGISTER sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP %s:%d;branch=z9hG4bK%s.%d;rport\r\nMax-Forwards: 70\r\n"
            "From: <%s>;tag=%s\r\nTo: <%s>\r\nCall-ID: %s\r\nCSeq: %d REGISTER\r\nContact: <sip:%s@%s:%d>\r\nExpires: %d\r\n"
            "%sContent-Length: 0\r\n\r\n" % (domain, address, port, self.call, self.cseq, me, self.call, me, self.call, self.cseq,
            self.user, address, port, plan["expires"], self.credentials))
        self.socket.sendto(text.encode(), to)

    def act(self, now):
        """Registers anew, or repeats what was not answered. When to look again."""
        if not self.waits:
            self.cseq, self.credentials, self.waits, self.tries = self.cseq + 1, "", True, 0
        elif self.tries == 7:
            failed["no answer"] += 1
            self.waits = False
            return now + 5
        self.send()
        self.tries += 1
        return now + min(4, 0.25 * 2 ** self.tries)

    def heard(self, text, now):
        """When to look again, or None."""
        if not self.waits or "CSeq: %d REGISTER" % self.cseq not in text:
            return None
        status = text.split(" ")[1]
        if status == "401" and not self.credentials:
            nonce = re.search('nonce="([^"]+)"', text).group(1)
            uri = "sip:" + domain
            response = md5("%s:%s:00000001:crowd:auth:%s" % (
                md5("%s:%s:secret of %s" % (self.user, domain, self.user)), nonce, md5("REGISTER:" + uri)))
            self.cseq, self.tries = self.cseq + 1, 0
            self.credentials = ('Authorization: Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s", '
                'algorithm=MD5, qop=auth, nc=00000001, cnonce="crowd"\r\n' % (self.user, domain, nonce, uri, response))
            return self.act(now)
        if status != "200":
            failed[status] += 1
            self.waits = False
            return now + 5
        self.waits = False
        self.granted = int(re.search("expires=([0-9]+)", text).group(1))
        self.until = now + self.granted
        taken[int(now - begin)] += 1
        return now + self.granted / 2

phones = [Phone(index, user) for index, user in enumerate(plan["users"])]
by_call = {phone.call: (index, phone) for index, phone in enumerate(phones)}
# The time at which a phone is looked at next: what else the heap says of it is out of date.
next_look = dict((index, when) for when, index in due)

def look_at(index, when):
    next_look[index] = when
    heapq.heappush(due, (when, index))

while True:
    now = time.monotonic()
    while due and due[0][0] <= now:
        when, index = heapq.heappop(due)
        if next_look[index] == when:
            look_at(index, phones[index].act(now))
    ready, _, _ = select.select(sockets + [sys.stdin], [], [], 0.02)
    for one in ready:
        if one is sys.stdin:
            if sys.stdin.readline() != "report\n":
                sys.exit(0)
            now = time.monotonic()
            print(json.dumps({
                "registered": sum(phone.until > now for phone in phones),
                "granted": [phone.granted for phone in phones],
                "taken": [taken[second] for second in range(int(now - begin))],
                "failed": failed,
            }), flush=True)
            continue
        for _ in range(200):
            try:
                text = one.recv(4096).decode(errors="replace")
            except BlockingIOError:
                break
            call = re.search("^Call-ID: (.*)\r$", text, re.M)
            if not text.startswith("SIP/2.0 ") or call is None or call.group(1) not in by_call:
                continue
            index, phone = by_call[call.group(1)]
            when = phone.heard(text, time.monotonic())
            if when is not None:
                look_at(index, when)
`;
