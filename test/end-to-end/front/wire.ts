/** Raw messages at a front: what strangers send and hear, and what edges say to one another. */
import { execOnFront, spawnAtCallers } from '../../../lib/targets/local/front/index.ts';
import { placeName } from '../../../lib/targets/local/front/internet.ts';
import { spawnInNetwork } from '../../../lib/targets/local/namespace.ts';
import { digestResponse, parseChallenge } from '../../../lib/user-agent/sip/digest.ts';
import { Companion } from '../lab/companion.ts';
import type { FrontBed } from './bed.ts';
import { passwordOf } from '../lab/lab.ts';
import { Sockets, type Heard } from '../lab/sockets.ts';

/** Sockets of strangers among the callers: UDP at addresses of one's choice, and a TCP connection for each message. */
export class Wire {
  #sockets!: Sockets;
  /** What came back, in order. */
  readonly received: Heard[] = [];

  static async open(bed: FrontBed, sources: readonly string[]): Promise<Wire> {
    const wire = new Wire();
    wire.#sockets = await Sockets.open(
      (argv, options) => spawnAtCallers(bed.state, argv, options),
      sources,
      (heard) => wire.received.push(heard),
    );
    return wire;
  }

  send(from: string, to: string, text: string, over: 'udp' | 'tcp' = 'udp'): void {
    this.#sockets.send({ from, to, text, over });
  }

  /** The answer to the request with this Call-ID and CSeq, once it is there. */
  async answer(callId: string, cseq: string): Promise<string> {
    const own = [`Call-ID: ${callId}\r\n`, `CSeq: ${cseq}\r\n`];
    const found = () => this.received.find(({ text }) => own.every((line) => text.includes(line)))?.text;
    await this.#sockets.until(() => found() !== undefined);
    return found()!;
  }

  /** Ends when everything is sent. */
  close(): Promise<void> {
    return this.#sockets.close();
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

interface Overheard {
  readonly host: string;
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

/** Listens on hosts of the front for datagrams that contain a text. */
export class Ears {
  #programs: readonly Companion[] = [];
  readonly heard: Overheard[] = [];

  static async listen(bed: FrontBed, hosts: readonly string[], text: string): Promise<Ears> {
    const ears = new Ears();
    const ready = new Set<string>();
    ears.#programs = hosts.map((host) => {
      const argv = ['/usr/bin/python3', '-c', earProgram, text];
      const { init } = bed.state.namespaces[host]!;
      const child = spawnInNetwork(init, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
      return new Companion(`the ear at ${host}`, child, (line) => {
        const packet = JSON.parse(line) as Partial<Omit<Overheard, 'host'>>;
        if (packet.from === undefined) ready.add(host);
        else ears.heard.push({ host, ...(packet as Omit<Overheard, 'host'>) });
      });
    });
    await Promise.all(ears.#programs.map((program, index) => program.until(() => ready.has(hosts[index]!))));
    return ears;
  }

  /** @throws Error if one of them had died, and heard nothing any more */
  async close(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.close('signal')));
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
