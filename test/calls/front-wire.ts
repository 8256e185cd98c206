/** Raw messages at a front: what strangers send and hear, and what edges say to one another. */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { createInterface } from 'node:readline';
import { execOnFront } from '../../lib/local/front/index.ts';
import { placeName } from '../../lib/local/front/internet.ts';
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

/** Prints every datagram that comes to this host from another and contains a text. */
const earProgram = `
import json, socket, sys
ear = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
# SO_RCVBUFFORCE
ear.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)
print("{}", flush=True)
while True:
    packet, (_, _, kind, *_) = ear.recvfrom(65535)
    udp = packet[(packet[0] & 15) * 4:]
    if kind == socket.PACKET_HOST and packet[9] == 17 and sys.argv[1].encode() in udp[8:]:
        end = lambda address, port: "%s:%d" % (socket.inet_ntoa(address), int.from_bytes(port, "big"))
        print(json.dumps({"from": end(packet[12:16], udp[0:2]), "to": end(packet[16:20], udp[2:4]), "text": udp[8:].decode("latin1")}), flush=True)
`;

interface Heard {
  readonly host: string;
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

/** Listens on hosts of the front for datagrams that contain a text. */
export class Ears {
  readonly #children: readonly ChildProcess[];
  readonly heard: Heard[] = [];

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children;
  }

  static async listen(bed: FrontBed, hosts: readonly string[], text: string): Promise<Ears> {
    const ears = new Ears(hosts.map((host) => spawnIn(bed, host, ['/usr/bin/python3', '-c', earProgram, text])));
    let ready = 0;
    for (const [index, { stdout }] of ears.#children.entries()) {
      createInterface({ input: stdout! }).on('line', (line) => {
        const packet = JSON.parse(line) as Partial<Omit<Heard, 'host'>>;
        if (packet.from === undefined) ready++;
        else ears.heard.push({ host: hosts[index]!, ...(packet as Omit<Heard, 'host'>) });
      });
    }
    await until(() => ready === hosts.length);
    return ears;
  }

  async close(): Promise<void> {
    const closed = this.#children.map(gone);
    for (const child of this.#children) child.kill();
    await Promise.all(closed);
  }
}

/** Listens at every edge for what others hand to it. */
export class HandOvers {
  readonly #ears: Ears;
  readonly #bed: FrontBed;

  private constructor(bed: FrontBed, ears: Ears) {
    this.#bed = bed;
    this.#ears = ears;
  }

  static async listen(bed: FrontBed): Promise<HandOvers> {
    const names = bed.front.edges.map(({ name }) => name);
    return new HandOvers(bed, await Ears.listen(bed, names, 'X-Cellstamp-Handoff'));
  }

  get heard(): readonly { readonly edge: string; readonly text: string }[] {
    const addresses = this.#bed.edges.map(({ publicAddress }) => publicAddress);
    return this.#ears.heard
      .filter(({ from }) => addresses.includes(from.split(':')[0]!))
      .map(({ host, text }) => ({ edge: host, text }));
  }

  close(): Promise<void> {
    return this.#ears.close();
  }
}

/** A datagram with any source: IP and UDP headers are its own, the kernel fills in the checksum of IP. */
const forgeProgram = `
import socket, struct, sys
(source, source_port), (to, port) = (end.split(":") for end in sys.argv[1:3])
text = sys.stdin.buffer.read()
udp = struct.pack("!HHHH", int(source_port), int(port), 8 + len(text), 0) + text
ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 64, 17, 0, socket.inet_aton(source), socket.inet_aton(to))
socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW).sendto(ip + udp, (to, 0))
`;

/** Sends a datagram from the internet, at the router of a place's callers, with whatever source it says. */
export async function forge(bed: FrontBed, place: number, from: string, to: string, text: string): Promise<void> {
  const { status, stderr } = await execOnFront(
    bed.state,
    placeName(place),
    ['/usr/bin/python3', '-c', forgeProgram, from, to],
    { input: text },
  );
  if (status !== 0) throw new Error(`nothing is sent: ${stderr}`);
}
