import type { Socket } from 'node:dgram';
import { bindUdp } from '../sip/udp-transport.ts';

/** Even UDP ports of one address for RTP, taken in turn, so that a port rests before it is used again. */
export class MediaPorts {
  readonly address: string;
  readonly #from: number;
  readonly #to: number;
  #next: number;

  /** @param from first port, `to` last port, both included. @throws RangeError when there is no even port in between */
  constructor(address: string, from: number, to: number) {
    this.address = address;
    this.#from = from + (from % 2);
    this.#to = to;
    this.#next = this.#from;
    if (this.#from > to) throw new RangeError(`no even port between ${from} and ${to}`);
  }

  /** A socket on the next port that nobody holds. @throws Error when all are held, or the address is not ours */
  async open(): Promise<Socket> {
    const ports = Math.floor((this.#to - this.#from) / 2) + 1;
    for (let tried = 0; tried < ports; tried++) {
      const port = this.#next;
      this.#next = port + 2 > this.#to ? this.#from : port + 2;
      try {
        return await bindUdp({ address: this.address, port });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      }
    }
    throw new Error(`all ${ports} media ports of ${this.address} from ${this.#from} to ${this.#to} are in use`);
  }
}
