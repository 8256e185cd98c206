/**
 * An ear on a network by which all goes that its hosts send to one another and to the outside, a cell's or that of a region's edges: it
 * tells what goes where nobody may be sent to.
 */
import { spawnInNetwork } from '../../../lib/targets/local/namespace.ts';
import type { ProcessId } from '../../../lib/targets/local/processes.ts';
import { Companion } from './companion.ts';

export interface Allowed {
  /** Ranges of the hosts whose messages are watched. */
  readonly own: readonly string[];
  /** Addresses outside to which they may send. */
  readonly outside: readonly string[];
  /** Addresses outside to which they may send audio, and nothing else. */
  readonly audio: readonly string[];
  /** Addresses of theirs at which SIP is at home. */
  readonly sip: readonly string[];
}

export interface Stray {
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

/** SIP and audio (the first two bytes of it are 80 08) by UDP, and attempts to connect by TCP. */
const program = `
import ipaddress, json, signal, socket, struct, sys
allowed = json.loads(sys.argv[1])
own = [ipaddress.ip_network(each) for each in allowed["own"]]
outside, audio, sip = (set(allowed[each]) for each in ("outside", "audio", "sip"))
inside = {}
def is_inside(address):
    if address not in inside: inside[address] = any(ipaddress.ip_address(address) in each for each in own)
    return inside[address]
ear = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0003))
# SO_RCVBUFFORCE
ear.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)
ear.settimeout(0.2)
over = False
def end(*_):
    global over
    over = True
signal.signal(signal.SIGTERM, end)
print("{}", flush=True)
heard = 0
while not over:
    try:
        packet, (_, protocol, kind, *_) = ear.recvfrom(65535)
    except TimeoutError:
        continue
    if protocol != 0x0800 or kind == socket.PACKET_OUTGOING or packet[9] not in (6, 17): continue
    source, to = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
    if not is_inside(source): continue
    # Only the first fragment of a datagram has its ports, and the line that makes it SIP.
    if struct.unpack("!H", packet[6:8])[0] & 0x1fff: continue
    rest = packet[(packet[0] & 15) * 4:]
    ports = struct.unpack("!HH", rest[:4])
    udp = packet[9] == 17
    payload = rest[8:] if udp else b""
    # Hosts that agree who has a relay say so in JSON behind a hash, which may begin like audio.
    is_audio = udp and payload[:2] == b"\\x80\\x08" and payload[32:33] != b"{"
    is_sip = udp and b"SIP/2.0" in payload[:65536]
    heard += is_sip or is_audio
    if not is_inside(to):
        # A connection that somebody else has opened goes on.
        if not udp and rest[13] & 0x12 != 2: continue
        if to in outside or (to in audio and not is_sip): continue
        # VRRP's own, and names that are asked for.
        if to == "224.0.0.18": continue
    elif not (is_audio or (is_sip and to not in sip)):
        continue
    text = payload.decode("latin1") if is_sip else ("audio" if is_audio else "udp" if udp else "tcp")
    print(json.dumps({"from": "%s:%d" % (source, ports[0]), "to": "%s:%d" % (to, ports[1]), "text": text}), flush=True)
packets, dropped = struct.unpack("II", ear.getsockopt(263, 6, 8))
print(json.dumps({"heard": heard, "dropped": dropped}), flush=True)
`;

export class Ear {
  readonly strays: Stray[] = [];
  readonly #program: Companion;
  #ready = false;
  #end: { readonly heard: number; readonly dropped: number } | undefined;

  private constructor(init: ProcessId, allowed: Allowed) {
    const argv = ['/usr/bin/python3', '-c', program, JSON.stringify(allowed)];
    const child = spawnInNetwork(init, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#program = new Companion('the ear', child, (line) => {
      const event = JSON.parse(line) as Partial<Stray> & { heard?: number; dropped?: number };
      if (event.heard !== undefined) this.#end = { heard: event.heard, dropped: event.dropped! };
      else if (event.from === undefined) this.#ready = true;
      else this.strays.push(event as Stray);
    });
  }

  /** @param init process 1 of the host in whose network it listens */
  static async listen(init: ProcessId, allowed: Allowed): Promise<Ear> {
    const ear = new Ear(init, allowed);
    await ear.#program.until(() => ear.#ready);
    return ear;
  }

  /** @throws Error if it had died before, has heard no SIP and no audio at all, or missed a packet */
  async close(): Promise<void> {
    await this.#program.close('signal');
    const { heard, dropped } = this.#end!;
    if (heard === 0 || dropped > 0) throw new Error(`the ear heard ${heard} packets and missed ${dropped}`);
  }
}
