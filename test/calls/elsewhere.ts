/**
 * An ear on the cell's own network, by which all goes that its hosts send to one another and to the outside: it tells what goes where
 * nobody may be sent to.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { requireState } from '../../lib/local/state.ts';
import { until } from './lab.ts';

export interface Allowed {
  /** Ranges of the cell's own hosts. */
  readonly cell: readonly string[];
  /** Addresses outside to which the cell may send. */
  readonly outside: readonly string[];
  /** Addresses outside to which it may send audio, and nothing else. */
  readonly audio: readonly string[];
  /** Addresses of the cell at which SIP is at home. */
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
cell = [ipaddress.ip_network(each) for each in allowed["cell"]]
outside, audio, sip = (set(allowed[each]) for each in ("outside", "audio", "sip"))
inside = {}
def is_inside(address):
    if address not in inside: inside[address] = any(ipaddress.ip_address(address) in each for each in cell)
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
    is_audio = udp and payload[:2] == b"\\x80\\x08"
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
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #ready = false;
  #end: { readonly heard: number; readonly dropped: number } | undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#closed = new Promise((resolve) => child.once('close', resolve));
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const event = JSON.parse(line) as Partial<Stray> & { heard?: number; dropped?: number };
      if (event.heard !== undefined) this.#end = { heard: event.heard, dropped: event.dropped! };
      else if (event.from === undefined) this.#ready = true;
      else this.strays.push(event as Stray);
    });
  }

  static async listen(cell: string, allowed: Allowed): Promise<Ear> {
    const { pid } = requireState(cell).namespaces['fabric']!.init;
    const into = ['--pdeathsig', 'KILL', 'nsenter', '--target', String(pid), '--net', '--'];
    const ear = new Ear(
      spawn('setpriv', [...into, '/usr/bin/python3', '-c', program, JSON.stringify(allowed)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    );
    await until(() => ear.#ready);
    return ear;
  }

  /** @returns how many packets of SIP and audio it has heard, and how many it missed */
  async close(): Promise<{ readonly heard: number; readonly dropped: number }> {
    this.#child.kill();
    await this.#closed;
    if (!this.#end) throw new Error('the ear died before it was closed: see its error above');
    return this.#end;
  }
}
