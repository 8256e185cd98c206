import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { fstatSync } from 'node:fs';

/** Signals that a person or a system ends a command with, and their numbers. */
const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** Of the exit status when nobody reads the output any more: the number of SIGPIPE, which ends other programs then. */
const brokenPipe = 13;

/** Says `closed` to the work in progress. Not SIGPIPE, which the kernel sends for any pipe, that to a dead child too. */
const output = new EventEmitter();

/** Says that nobody reads the output any more. @returns whether there is work that tidies up and ends */
export function outputIsClosed(): boolean {
  return output.emit('closed');
}

/**
 * Does work that has to tidy up after itself: the first signal aborts it, a second one ends the process at once. The exit
 * status of an aborted command is 128 and the signal's number, as a shell's.
 *
 * @param work must come to its end, tidying up included, when its signal is aborted; what it throws then is not told
 * @param tidying said when it is aborted: what it does before it ends, and what a second signal leaves; undefined where that is
 * nothing
 */
export async function interruptible(
  work: (signal: AbortSignal) => Promise<void>,
  tidying: string | undefined,
): Promise<void> {
  const controller = new AbortController();
  let received = 0;
  const abort = (number: number, reason: string) => {
    received = number;
    if (tidying !== undefined) console.error(`\ncellstamp: ${tidying}`);
    controller.abort(new Error(`ended by ${reason}`));
  };
  const handlers = Object.entries(signals).map(([name, number]) => {
    const handle = () => {
      if (received !== 0) process.exit(128 + number);
      abort(number, name);
    };
    process.on(name, handle);
    return () => process.off(name, handle);
  });
  // Every write to a closed pipe fails again.
  const closed = () => {
    if (received === 0) abort(brokenPipe, 'a closed pipe');
  };
  output.on('closed', closed);
  try {
    await work(controller.signal);
  } catch (error) {
    if (received === 0) throw error;
  } finally {
    for (const remove of handlers) remove();
    output.off('closed', closed);
    if (received !== 0) process.exitCode = 128 + received;
  }
}

/** Does work that goes on until somebody ends it. That nobody reads its output any more is its usual end. */
export async function untilEnded(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const forget = whenOutputIsClosed(outputIsClosed);
  try {
    await interruptible(work, undefined);
  } finally {
    forget();
  }
  if (process.exitCode === 128 + brokenPipe) process.exitCode = 0;
}

/**
 * A command that prints nothing for a while would notice a closed pipe only at its next line. Node.js can't ask; `tail` of GNU's coreutils ends
 * when nobody reads its output any more, which is this process's.
 * @returns what ends the waiting
 */
function whenOutputIsClosed(then: () => unknown): () => void {
  if (!fstatSync(1).isFIFO()) return () => undefined;
  const tail = spawn('tail', ['--follow', `--pid=${process.pid}`, '/dev/null'], {
    stdio: ['ignore', 'inherit', 'ignore'],
  });
  // Where there is no such program, the next line tells.
  tail.on('error', () => undefined);
  tail.on('exit', then);
  return () => {
    tail.off('exit', then);
    tail.kill();
  };
}

/** The promise's value, unless the signal is aborted first. @throws the signal's reason */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
