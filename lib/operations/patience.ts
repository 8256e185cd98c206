import { setTimeout as sleep } from 'node:timers/promises';
import { OperationFailure } from './failure.ts';

const pollMs = 200;

/**
 * Waits for something to become true.
 * @param otherwise says what is wrong when it does not
 * @throws OperationFailure after the seconds, the signal's reason once it is aborted
 */
export async function until(
  condition: () => Promise<boolean>,
  seconds: number,
  otherwise: () => string,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    signal?.throwIfAborted();
    if (Date.now() > deadline) throw new OperationFailure(otherwise());
    await sleep(pollMs);
  }
}
