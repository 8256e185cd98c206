/**
 * What this machine knows about its running cells: a folder a cell below `/run/cellstamp`, which only root can read. A
 * reboot clears it, together with the processes it speaks of.
 */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  isHeld,
  lockHolder,
  ownerHere,
  tryLock,
  unlock,
  type LockTaken,
  type LockOwner,
} from '../../config-file/lock.ts';
import { suggestion } from '../../config-file/allowed.ts';
import type { DataHost } from '../../fleet/derive/cell.ts';
import { parseCell, type CellSpec } from '../../fleet/schema/cell.ts';
import { inSections } from '../../config-file/old-form.ts';
import { oldCell } from '../../fleet/schema/old-form.ts';
import { sourceOf } from '../../fleet/schema/spec-error.ts';
import { LocalFailure } from './failure.ts';
import type { Ring } from './host-plan.ts';
import { isAlive, type ProcessId } from './processes.ts';

export const stateRoot = '/run/cellstamp';

/** A namespace is its process 1: while that lives, so do the network, the mounts and the processes. */
export interface Namespace {
  readonly init: ProcessId;
  /** Hash of all that the host was made from. */
  readonly hash: string;
  /** The same without what can change while it runs. Absent where an older version made it. */
  readonly core?: string;
  /** Of a media host whose relay can move, as it was made. */
  readonly ring?: Ring;
  /** Of the same: hash of what does not follow from its place in the ring. */
  readonly own?: string;
}

export interface CellState {
  readonly version: 1;
  readonly name: string;
  readonly spec: CellSpec;
  /** `198.18.16.0/24`: the public addresses of the cell on this machine. */
  readonly publicNetwork: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** The process with which the cell ends; none: it stays up. */
  readonly owner?: ProcessId;
  /**
   * Names of the primaries, which alone have the primaries' addresses: number 1 until `promote` names another one. A cell that an older
   * version brought up has none, and so has a front.
   */
  readonly primaries?: Readonly<Record<DataHost['role'], string>>;
  /** `fabric`, `outside`, and the hosts by name. */
  readonly namespaces: Readonly<Record<string, Namespace>>;
}

/** @throws LocalFailure when it can't be the name of a cell, which would be a path into somewhere else. */
export function cellFolder(name: string): string {
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(name)) throw new LocalFailure(`not the name of a cell: ${JSON.stringify(name)}`);
  return join(stateRoot, name);
}

/** Folder of one namespace: its script, its files, its logs and the state of its services. */
export function hostFolder(cell: string, host: string): string {
  return join(cellFolder(cell), 'hosts', host);
}

/** The state of a cell; undefined when it is not up, or its record is damaged or was never written: see `remains`. */
export function readState(name: string): CellState | undefined {
  const file = join(cellFolder(name), 'cell.json');
  requireRoot();
  try {
    const state = JSON.parse(readFileSync(file, 'utf8')) as Partial<CellState>;
    const whole = state.name === name && state.spec && state.publicNetwork && state.startedAt && state.namespaces;
    return whole ? completed(state as CellState) : undefined;
  } catch {
    return undefined;
  }
}

/** The state of a cell that an older version brought up, with the sections that its spec did not have yet. */
function completed(state: CellState): CellState {
  // A front has a folder, too.
  if (state.spec.media === undefined) return state;
  const spec = inSections(sourceOf(state.spec), oldCell).value as CellSpec;
  const { name, region, size, aws } = spec;
  const target = aws === undefined ? { local: {} } : { aws: {} };
  return { ...state, spec: { ...parseCell({ name, region, size, ...target }), ...spec } };
}

/** Whether the process with which the cell was to end is gone: its hosts have ended, its files are left. */
export function isOrphaned({ owner }: CellState): boolean {
  return owner !== undefined && !isAlive(owner);
}

/** @throws LocalFailure when the cell is not up. */
export function requireState(name: string): CellState {
  const state = readState(name);
  if (state) return state;
  throw new LocalFailure(notUp(name, cellNames()));
}

/** What to say of a name that is not up. */
export function notUp(name: string, known: readonly string[]): string {
  const others = known.length > 0 ? `up: ${known.join(', ')}` : 'no cell is';
  return `cell ${name} is not up on this machine${suggestion(name, known)}; ${others}`;
}

export function writeState(state: CellState): void {
  replaceFile(join(cellFolder(state.name), 'cell.json'), `${JSON.stringify(state, null, 2)}\n`);
}

/** Writes a file of root's; where that fails, what was there before stays whole. */
export function replaceFile(path: string, text: string): void {
  try {
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch (error) {
    rmSync(`${path}.new`, { force: true });
    throw error;
  }
}

/** Names of the cells and fronts that have a folder, sorted. @throws LocalFailure when this process may not see them */
export function cellNames(): readonly string[] {
  requireRoot();
  try {
    return readdirSync(stateRoot, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** @throws LocalFailure when there are cells, and this process may not see or change them */
function requireRoot(): void {
  if (process.getuid?.() !== 0 && existsSync(stateRoot)) {
    throw new LocalFailure(
      `only root sees and changes the cells of this machine (${stateRoot}): run the command with sudo`,
    );
  }
}

export function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
}

/** Removes a cell's folder. */
export function removeState(name: string): void {
  rmSync(cellFolder(name), { recursive: true, force: true });
}

/** Operations that may wait for the end of calls: nobody waits for them. */
const longOperations: readonly (string | undefined)[] = ['drain', 'roll'];

/**
 * Runs an action while no other command works on the same cell.
 * @param how.inAnyCase Whether it runs, too, where no lock can be made: on a folder that is full or can't be written.
 * @param how.operation The name that others see.
 * @throws LocalFailure that names the owner, when another command still holds the cell after a minute, or works for longer than that.
 */
export async function exclusively<T>(
  name: string,
  action: () => Promise<T>,
  {
    inAnyCase = false,
    operation,
    signal,
  }: { readonly inAnyCase?: boolean; readonly operation?: string; readonly signal?: AbortSignal } = {},
): Promise<T> {
  requireRoot();
  const file = `${cellFolder(name)}.lock`;
  const owner = { ...ownerHere(), ...(operation === undefined ? {} : { operation }) };
  const deadline = Date.now() + 60_000;
  try {
    for (;;) {
      const taken = tryLockHere(file, owner);
      if (taken === undefined) break;
      removeIfNoLock(taken);
      const { holder } = taken;
      const isLong = holder !== 'unknown' && longOperations.includes(holder.operation);
      if (isLong || Date.now() > deadline) {
        const what = holder === 'unknown' ? undefined : holder.operation;
        const who = holder === 'unknown' ? '' : `: ${what === undefined ? '' : `${what}, `}process ${holder.pid}`;
        throw new LocalFailure(`another command works on cell ${name}${who} (${taken.path})`);
      }
      await sleep(100, undefined, { ...(signal ? { signal } : {}) });
    }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!inAnyCase || !['ENOSPC', 'EDQUOT', 'EROFS'].includes(code)) throw error;
  }
  try {
    return await action();
  } finally {
    giveUp(file);
  }
}

/** Takes a lock in the folder of all cells. A command on another cell may remove the folder at any moment, if it is the last one there. */
function tryLockHere(file: string, owner: LockOwner): LockTaken | undefined {
  for (;;) {
    makeFolder(stateRoot);
    try {
      return tryLock(file, owner);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** Whether a command works on a cell at the moment. */
export function isLocked(name: string): boolean {
  const holder = lockHolder(`${cellFolder(name)}.lock`);
  return holder !== undefined && holder !== 'unknown' && isHeld(holder);
}

/** Anything else where a lock should be belongs to nobody, unless it was just made. */
function removeIfNoLock({ path, holder }: LockTaken): void {
  const age = Date.now() - (lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  if (holder === 'unknown' && age > 2000) rmSync(path, { force: true });
}

function giveUp(file: string): void {
  try {
    unlock(file);
    // Commands that were killed leave theirs.
    for (const other of readdirSync(stateRoot).filter((name) => name.endsWith('.lock'))) {
      const path = join(stateRoot, other);
      const holder = lockHolder(path);
      if (holder === 'unknown') removeIfNoLock({ path, holder });
      else if (holder !== undefined && !isHeld(holder) && tryLock(path, ownerHere()) === undefined) unlock(path);
    }
    rmdirSync(stateRoot);
  } catch {
    // Other cells are up; or it can't be removed, and could not be made.
  }
}
