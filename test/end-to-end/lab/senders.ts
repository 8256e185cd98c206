/** Which hosts of a cell send from an address, seen on the links of its switch. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'vitest';
import { spawnInNetwork } from '../../../lib/targets/local/namespace.ts';
import { requireState } from '../../../lib/targets/local/state.ts';

/** Packets in a row that one host sent. */
export interface SentBy {
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly packets: number;
}

/** Prints a line for each packet from the address, as the switch takes it from a host: the host, and when. */
const program = `
import select, socket, sys, time
address, hosts = socket.inet_aton(sys.argv[1]), sys.argv[2:]
sockets = {}
for host in hosts:
    # Of all kinds: what asks for one kind comes after the switch, which takes the packet away.
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
    s.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)
    s.bind((host, 3))
    sockets[s.fileno()] = (s, host)
print("ready", flush=True)
while True:
    for fd in select.select(list(sockets), [], [])[0]:
        s, host = sockets[fd]
        try:
            packet, (_, _, kind, *_) = s.recvfrom(2048)
        except OSError:
            # The link is down.
            time.sleep(0.01)
            continue
        # Outgoing on the switch's side is what goes to the host.
        if kind != 4 and packet[12:14] == b"\\x08\\x00" and packet[26:30] == address:
            print(host, round(time.time() * 1000), flush=True)
`;

export class Senders {
  readonly #process: ChildProcess;
  #lines = '';

  private constructor(process: ChildProcess) {
    this.#process = process;
    process.stdout!.setEncoding('utf8').on('data', (text: string) => (this.#lines += text));
  }

  static async of(cell: string, address: string, hosts: readonly string[]): Promise<Senders> {
    const fabric = requireState(cell).namespaces['fabric']!.init;
    const process = spawnInNetwork(fabric, ['python3', '-c', program, address, ...hosts], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const senders = new Senders(process);
    await once(process.stdout!, 'data');
    return senders;
  }

  /** Who sent, in the order of time; ends the capture. */
  async stop(): Promise<readonly SentBy[]> {
    expect(this.#process.exitCode, 'the capture has ended by itself').toBeNull();
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
    const runs: { host: string; from: number; to: number; packets: number }[] = [];
    for (const [, host, at] of this.#lines.matchAll(/^(\S+) (\d+)$/gm)) {
      const last = runs.at(-1);
      if (last !== undefined && last.host === host) {
        last.to = Number(at);
        last.packets++;
      } else {
        runs.push({ host: host!, from: Number(at), to: Number(at), packets: 1 });
      }
    }
    return runs;
  }
}
