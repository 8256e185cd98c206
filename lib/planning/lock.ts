/** A lock file: of all processes one at a time has it, and that of a dead process is taken over. */
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { PlanConflict } from './failure.ts';

const ownerSchema = z.object({
  pid: z.int(),
  /** Start of the process in ticks since the boot, so that a later process with its number is not taken for it. */
  started: z.string().optional(),
  host: z.string(),
  at: z.string(),
});
type Owner = z.output<typeof ownerSchema>;

/**
 * Works while no other process does.
 *
 * @throws PlanConflict at once when another has the lock
 */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  if (!take(path)) takeOver(path);
  try {
    return await work();
  } finally {
    rmSync(path);
  }
}

/** Makes the file with the owner in it in one step: a link that is there already is not made. */
function take(path: string): boolean {
  const own = `${path}.${process.pid}`;
  const owner: Owner = {
    pid: process.pid,
    started: startOf(process.pid),
    host: hostname(),
    at: new Date().toISOString(),
  };
  writeFileSync(own, `${JSON.stringify(owner)}\n`);
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own);
  }
}

function takeOver(path: string): void {
  refuseIfAlive(path);
  // Of two that find the same dead owner, the slower one would remove the lock that the faster one has just made.
  const alone = `${path}.takeover`;
  if (!take(alone)) throw inUse(alone, 'another plan is taking over the lock of a dead one');
  try {
    refuseIfAlive(path);
    rmSync(path, { force: true });
    if (!take(path)) throw inUse(path, 'another plan is being written');
  } finally {
    rmSync(alone);
  }
}

function refuseIfAlive(path: string): void {
  const owner = ownerOf(path);
  if (owner === 'gone') return;
  if (owner === 'unreadable') throw inUse(path, 'the lock says nothing of its owner');
  const { pid, host, at } = owner;
  if (isAlive(owner)) throw inUse(path, `process ${pid} on ${host} is writing a plan since ${at}`);
}

function ownerOf(path: string): Owner | 'gone' | 'unreadable' {
  try {
    return ownerSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'gone' : 'unreadable';
  }
}

/** Of another host's processes nothing is known: they count as alive. */
function isAlive({ pid, started, host }: Owner): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return startOf(pid) === started;
}

/** Undefined where the system has no /proc. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in parentheses, may have spaces in it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

const inUse = (path: string, what: string): PlanConflict =>
  new PlanConflict(`${what}, so nothing was written; plan again later, or remove ${path} if no plan is running`);
