/**
 * A program beside a test: sockets, an ear, a crowd. It may not end before it is told to; whoever waits for something from it learns at
 * once that it has.
 */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { until } from './lab.ts';

/** How long a program may take to end once it is told to, milliseconds. */
const farewell = 20_000;

export class Companion {
  readonly #what: string;
  readonly #child: ChildProcess;
  readonly #closed: Promise<void>;
  /** How it ended; undefined while it lives. */
  #ended: string | undefined;

  /**
   * @param child with its standard input and output as pipes
   * @param onLine gets every line that it prints
   */
  constructor(what: string, child: ChildProcess, onLine: (line: string) => void) {
    this.#what = what;
    this.#child = child;
    this.#closed = new Promise((resolve) => {
      const end = (how: string) => {
        this.#ended ??= how;
        resolve();
      };
      child.once('error', ({ message }) => end(message));
      child.once('close', (code, signal) => end(`ended with ${signal ?? code}`));
    });
    // It is gone, which #ended tells.
    child.stdin?.on('error', () => undefined);
    createInterface({ input: child.stdout! }).on('line', onLine);
  }

  /** @throws Error if it has ended */
  lives(): void {
    if (this.#ended !== undefined) throw new Error(`${this.#what} ${this.#ended} before the test did: see above`);
  }

  /** @throws Error if it has ended */
  write(text: string): void {
    this.lives();
    this.#child.stdin!.write(`${text}\n`);
  }

  /** Waits until it has made something true. @throws Error if it ends before, or after the patience, seconds */
  async until(condition: () => boolean, patience?: number): Promise<void> {
    await until(() => {
      if (condition()) return true;
      this.lives();
      return false;
    }, patience);
  }

  /** Lets it end, by the end of its input or by a signal. @throws Error if it had ended before, or does not */
  async close(by: 'input' | 'signal' = 'input'): Promise<void> {
    this.lives();
    if (by === 'input') this.#child.stdin!.end();
    else this.#child.kill();
    const patience = setTimeout(() => this.#child.kill('SIGKILL'), farewell);
    await this.#closed;
    clearTimeout(patience);
    if (this.#ended === 'ended with SIGKILL') throw new Error(`${this.#what} had to be killed`);
  }
}

/** Closes what runs beside a test, and takes its bed down whatever comes of that. @throws Error if one had ended before */
export async function leave(
  bed: { down(): Promise<unknown> } | undefined,
  ...beside: readonly ({ close(): Promise<unknown> } | undefined)[]
): Promise<void> {
  const closed = await Promise.allSettled(beside.map((each) => each?.close()));
  await bed?.down();
  for (const each of closed) if (each.status === 'rejected') throw each.reason;
}
