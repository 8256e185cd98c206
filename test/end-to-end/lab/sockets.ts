/** Sockets of a test's own in the network of others: the program `raw-sockets.ts` there, and what it sends and hears. */
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { Companion } from './companion.ts';

/** What came to a socket. */
export interface Heard {
  readonly at: string;
  readonly from: string;
  readonly text: string;
  /** Its bytes, if it is no text. */
  readonly hex?: string;
}

interface Sent {
  readonly from: string;
  readonly to: string;
  readonly over?: 'udp' | 'tcp';
  /** How long an answer over TCP is waited for, milliseconds. */
  readonly patience?: number;
}

/** Starts a program in that network. */
export type SpawnThere = (argv: readonly string[], options: SpawnOptions) => ChildProcess;

export class Sockets {
  readonly #program: Companion;
  readonly #opened = new Set<string>();

  private constructor(spawn: SpawnThere, onHeard: (heard: Heard) => void) {
    const script = new URL('raw-sockets.ts', import.meta.url).pathname;
    const child = spawn([process.execPath, '--import', import.meta.resolve('tsx'), script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#program = new Companion('the program with the sockets', child, (line) => {
      const event = JSON.parse(line) as Heard & { readonly opened?: string };
      if (event.opened === undefined) onHeard(event);
      else this.#opened.add(event.opened);
    });
  }

  /** @param addresses with their ports: `192.0.2.1:5060` */
  static async open(spawn: SpawnThere, addresses: Iterable<string>, onHeard: (heard: Heard) => void): Promise<Sockets> {
    const sockets = new Sockets(spawn, onHeard);
    const all = new Set(addresses);
    for (const open of all) sockets.#program.write(JSON.stringify({ open }));
    await sockets.#program.until(() => sockets.#opened.size === all.size, 20);
    return sockets;
  }

  /** Sends a text, or bytes as hexadecimal digits. */
  send(message: Sent & ({ readonly text: string } | { readonly hex: string })): void {
    this.#program.write(JSON.stringify(message));
  }

  /** Waits until something that was heard makes it true. @throws Error after the patience, seconds */
  until(condition: () => boolean, patience?: number): Promise<void> {
    return this.#program.until(condition, patience);
  }

  /** Ends when everything is sent. */
  close(): Promise<void> {
    return this.#program.close();
  }
}
