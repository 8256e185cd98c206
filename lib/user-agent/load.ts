import { setTimeout as sleep } from 'node:timers/promises';
import type { CallResult } from './call-result.ts';

export interface LoadOptions {
  /** How many calls. */
  readonly calls: number;
  /** Calls started a second. */
  readonly ratePerSecond: number;
  /** Places call number `index`, counted from 0. */
  readonly place: (index: number) => Promise<CallResult>;
  readonly onProgress: (progress: Progress) => void;
  /** Each call's result, as soon as it is over. */
  readonly onResult: (result: CallResult) => void;
  /** Stops starting calls once it is aborted; those that are up go on to their end. */
  readonly signal: AbortSignal;
}

export interface Progress {
  readonly calls: number;
  readonly placed: number;
  /** Placed and not over yet. */
  readonly up: number;
  readonly over: number;
  /** Over with a failure. */
  readonly failed: number;
}

/**
 * Places calls at an even pace, whatever becomes of those before: a call that is due late is started at once.
 *
 * @returns all results, in the order in which the calls were placed
 * @throws what `place` throws, after the other calls are over
 */
export async function placeCalls(options: LoadOptions): Promise<CallResult[]> {
  const { calls, ratePerSecond, place, onProgress, onResult, signal } = options;
  const started = performance.now();
  const pending: Promise<CallResult>[] = [];
  let over = 0;
  let failed = 0;
  const report = () => onProgress({ calls, placed: pending.length, up: pending.length - over, over, failed });
  for (let index = 0; index < calls; index++) {
    const wait = started + (index * 1000) / ratePerSecond - performance.now();
    if (wait > 0) await sleep(wait, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    const call = place(index).then((result) => {
      over++;
      if (result.failures.length > 0) failed++;
      onResult(result);
      report();
      return result;
    });
    call.catch(() => undefined); // thrown below, when the others are over
    pending.push(call);
    report();
  }
  await Promise.allSettled(pending);
  return Promise.all(pending);
}
