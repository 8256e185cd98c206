/** The lock with which one plan at a time is written. */
import { ownerOnNetwork, tryLock, unlock, type LockTaken } from '../config-file/lock.ts';
import { PlanConflict } from './failure.ts';

/**
 * Works while no other process does.
 *
 * @throws PlanConflict at once when another has the lock
 */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const taken = tryLock(path, ownerOnNetwork());
  if (taken !== undefined) {
    throw new PlanConflict(
      `${whatPlans(path, taken)}, so nothing was written; plan again later, or remove ${taken.path} if no plan is running`,
    );
  }
  try {
    return await work();
  } finally {
    unlock(path);
  }
}

function whatPlans(lock: string, { path, holder }: LockTaken): string {
  if (path !== lock) return 'another plan is taking over the lock of a dead one';
  if (holder === 'unknown') return 'the lock says nothing of its owner';
  return `process ${holder.pid} on ${holder.host} is writing a plan since ${holder.at}`;
}
