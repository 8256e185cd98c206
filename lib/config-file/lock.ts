/**
 * A lock in the file system: of all processes one at a time has it, and that of a dead process is taken over.
 *
 * It is a symbolic link that leads to nothing but says whose it is: made whole or not at all, and without a block of the file
 * system, which may be full.
 */
import { lstatSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';

export interface ProcessId {
  readonly pid: number;
  /** When it started, in clock ticks since the machine did: with the number it is unique until the next boot. */
  readonly started: string;
}

/** The process with this number now; undefined when there is none or it has ended and waits for its parent. */
export function processId(pid: number): ProcessId | undefined {
  try {
    // The name stands in brackets and may contain anything; the fields begin after the last bracket.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    // proc(5): the first field here is number 3, the state; the start time is number 22.
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : { pid, started: fields[19]! };
  } catch {
    return undefined;
  }
}

const ownerSchema = z.object({
  pid: z.int(),
  /** Absent where the system has no /proc. */
  started: z.string().optional(),
  /** Absent where no other machine can have the lock. */
  host: z.string().optional(),
  /** ISO 8601. */
  at: z.string().optional(),
  /** What it does meanwhile, for others who want the lock. */
  operation: z.string().optional(),
});
export type LockOwner = z.output<typeof ownerSchema>;

/** Who has a lock; unknown where the file in its place can't be read. */
export type LockHolder = LockOwner | 'unknown';

/** What keeps a process from a lock: the lock itself, or that another process is taking it over. */
export interface LockTaken {
  readonly path: string;
  readonly holder: LockHolder;
}

/** A take-over is a few calls of the system: one that has been under way for so long was killed, in milliseconds. */
const longestTakeOver = 10_000;

/** This process as the owner of a lock that processes of other machines may have, too. */
export function ownerOnNetwork(): LockOwner {
  return { ...ownerHere(), host: hostname(), at: new Date().toISOString() };
}

/** This process as the owner of a lock that no other machine sees. */
export function ownerHere(): LockOwner {
  return processId(process.pid) ?? { pid: process.pid };
}

/**
 * Takes a lock, from a dead process, too.
 *
 * @returns what is in the way; undefined once the lock is this process's
 * @throws the file system's error when no link can be made there
 */
export function tryLock(path: string, owner: LockOwner): LockTaken | undefined {
  const taken = (by: string): LockTaken => ({ path: by, holder: lockHolder(by) ?? 'unknown' });
  if (make(path, owner)) return undefined;
  const holder = lockHolder(path);
  if (holder !== undefined && isHeld(holder)) return { path, holder };
  // Of two that find the same dead owner, the slower one would remove the lock that the faster one has just made.
  const alone = `${path}.takeover`;
  if (!make(alone, owner) && !(isOld(alone) && replace(alone, owner))) return taken(alone);
  try {
    const now = lockHolder(path);
    if (now !== undefined && isHeld(now)) return { path, holder: now };
    return replace(path, owner) ? undefined : taken(path);
  } finally {
    rmSync(alone, { force: true });
  }
}

/** Gives up a lock if it is this process's. */
export function unlock(path: string): void {
  const holder = lockHolder(path);
  if (holder !== undefined && holder !== 'unknown' && holder.pid === process.pid) rmSync(path, { force: true });
}

/** Who has a lock, dead or alive; undefined where it is free. */
export function lockHolder(path: string): LockHolder | undefined {
  try {
    return ownerSchema.parse(JSON.parse(readlinkSync(path)));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'unknown';
  }
}

/** Whether whoever has a lock may still need it. Of another machine's processes nothing is known: they count as alive. */
export function isHeld(holder: LockHolder): boolean {
  if (holder === 'unknown' || (holder.host !== undefined && holder.host !== hostname())) return true;
  if (holder.started !== undefined) return processId(holder.pid)?.started === holder.started;
  try {
    return process.kill(holder.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function make(path: string, owner: LockOwner): boolean {
  try {
    symlinkSync(JSON.stringify(owner), path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function replace(path: string, owner: LockOwner): boolean {
  rmSync(path, { force: true });
  return make(path, owner);
}

const isOld = (path: string): boolean =>
  Date.now() - (lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) > longestTakeOver;
