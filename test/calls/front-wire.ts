/** Raw messages at a front: what strangers send and hear, and what edges say to one another. */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { createInterface } from 'node:readline';
import { digestResponse, parseChallenge } from '../../lib/calls/sip/digest.ts';
import type { FrontBed } from './front-bed.ts';
import { passwordOf, until } from './lab.ts';

const stdio: StdioOptions = ['pipe', 'pipe', 'inherit'];

function spawnIn(bed: FrontBed, host: string, argv: readonly string[]): ChildProcess {
  const { pid } = bed.state.namespaces[host]!.init;
  return spawn('nsenter', ['--target', String(pid), '--net', '--', ...argv], { stdio });
}

const gone = (child: ChildProcess) => new Promise<void>((resolve) => child.once('close', () => resolve()));

/** Sockets of strangers among the callers: UDP at addresses of one's choice, and a TCP connection for each message. */
export class Wire {
  readonly #child: ChildProcess;
  readonly #opened: string[] = [];
  /** What came back, in order. */
  readonly received: { readonly at: string; readonly text: string }[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const event = JSON.parse(line) as { readonly opened?: string; readonly at: string; readonly text: string };
      if (event.opened === undefined) this.received.push(event);
      else this.#opened.push(event.opened);
    });
  }

  static async open(bed: FrontBed, sources: readonly string[]): Promise<Wire> {
    const script = new URL('raw-sockets.ts', import.meta.url).pathname;
    const wire = new Wire(spawnIn(bed, 'callers', [process.execPath, '--import', 'tsx', script]));
    for (const open of sources) wire.#write({ open });
    await until(() => wire.#opened.length === sources.length);
    return wire;
  }

  #write(line: object): void {
    this.#child.stdin!.write(`${JSON.stringify(line)}\n`);
  }

  send(from: string, to: string, text: string, over: 'udp' | 'tcp' = 'udp'): void {
    this.#write({ from, to, text, over });
  }

  /** The answer to the request with this Call-ID and CSeq, once it is there. */
  async answer(callId: string, cseq: string): Promise<string> {
    const own = [`Call-ID: ${callId}\r\n`, `CSeq: ${cseq}\r\n`];
    const found = () => this.received.find(({ text }) => own.every((line) => text.includes(line)))?.text;
    await until(() => found() !== undefined);
    return found()!;
  }

  /** Ends when everything is sent. */
  async close(): Promise<void> {
    const closed = gone(this.#child);
    this.#child.stdin!.end();
    await closed;
  }
}

/** The value of the header that answers a challenge. */
export function credentialsFor(answer: string, user: string, method: string, uri: string): string {
  const challenge = parseChallenge(/^(?:WWW|Proxy)-Authenticate: (.*)\r$/im.exec(answer)![1]!)!;
  const fields = { username: user, realm: challenge.realm, nonce: challenge.nonce, uri };
  const clientNonce = '0123456789abcdef';
  const input = { username: user, password: passwordOf(user), challenge, method, uri, nonceCount: 1, clientNonce };
  const quoted = Object.entries(fields).map(([name, value]) => `${name}="${value}"`);
  const qop = challenge.qopAuth ? `, qop=auth, nc=00000001, cnonce="${clientNonce}"` : '';
  return `Digest ${quoted.join(', ')}, response="${digestResponse(input)}", algorithm=MD5${qop}`;
}

/** Prints every datagram that comes to this host and was handed over. */
const earProgram = `
import json, socket
ear = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
# SO_RCVBUFFORCE
ear.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)
print("{}", flush=True)
while True:
    packet, (_, _, kind, *_) = ear.recvfrom(65535)
    text = packet[(packet[0] & 15) * 4 + 8:]
    if kind == socket.PACKET_HOST and packet[9] == 17 and b"X-Cellstamp-Handoff" in text:
        print(json.dumps({"source": socket.inet_ntoa(packet[12:16]), "text": text.decode("latin1")}), flush=True)
`;

/** Listens at every edge for what others hand to it. */
export class HandOvers {
  readonly #children: readonly ChildProcess[];
  readonly heard: { readonly edge: string; readonly text: string }[] = [];

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children;
  }

  static async listen(bed: FrontBed): Promise<HandOvers> {
    const names = bed.front.edges.map(({ name }) => name);
    const ears = new HandOvers(names.map((name) => spawnIn(bed, name, ['/usr/bin/python3', '-c', earProgram])));
    let ready = 0;
    for (const [index, { stdout }] of ears.#children.entries()) {
      createInterface({ input: stdout! }).on('line', (line) => {
        const { source, text } = JSON.parse(line) as { readonly source?: string; readonly text: string };
        if (source === undefined) ready++;
        else if (bed.edges.some(({ publicAddress }) => publicAddress === source))
          ears.heard.push({ edge: names[index]!, text });
      });
    }
    await until(() => ready === names.length);
    return ears;
  }

  async close(): Promise<void> {
    const closed = this.#children.map(gone);
    for (const child of this.#children) child.kill();
    await Promise.all(closed);
  }
}
