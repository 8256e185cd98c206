/**
 * What this machine knows about its running cells: a folder a cell below `/run/cellstamp`, which only root can read. A
 * reboot clears it, together with the processes it speaks of.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  rmdirSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseCell, type CellSpec } from '../spec/cell.ts';
import { LocalFailure } from './failure.ts';
import { isAlive, processId, type ProcessId } from './processes.ts';

export const stateRoot = '/run/cellstamp';

/** A namespace is its process 1: while that lives, so do the network, the mounts and the processes. */
export interface Namespace {
  readonly init: ProcessId;
  /** Hash of all that the host was made from. */
  readonly hash: string;
}

export interface CellState {
  readonly version: 1;
  readonly name: string;
  readonly spec: CellSpec;
  /** `198.18.16.0/24`: the public addresses of the cell on this machine. */
  readonly publicNetwork: string;
  /** ISO 8601. */
  readonly startedAt: string;
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

/** The state of a cell; undefined when it is not up, or a command was killed before it wrote anything. */
export function readState(name: string): CellState | undefined {
  try {
    return completed(JSON.parse(readFileSync(join(cellFolder(name), 'cell.json'), 'utf8')) as CellState);
  } catch (error) {
    if (error instanceof LocalFailure) throw error;
    return undefined;
  }
}

/** The state of a cell that an older version brought up, with the sections that its spec did not have yet. */
function completed(state: CellState): CellState {
  // A front has a folder, too.
  if (state.spec.media === undefined) return state;
  const { name, region, size } = state.spec;
  return { ...state, spec: { ...parseCell({ name, region, size }), ...state.spec } };
}

/** @throws LocalFailure when the cell is not up. */
export function requireState(name: string): CellState {
  const state = readState(name);
  if (state) return state;
  const names = cellNames();
  throw new LocalFailure(
    `cell ${name} is not up on this machine${names.length > 0 ? `; up: ${names.join(', ')}` : '; no cell is'}`,
  );
}

export function writeState(state: CellState): void {
  const file = join(cellFolder(state.name), 'cell.json');
  writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Names of the cells that have a folder, sorted. */
export function cellNames(): readonly string[] {
  if (!existsSync(stateRoot)) return [];
  return readdirSync(stateRoot, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

export function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
}

/** Removes a cell's folder, and the root of all when it was the last one. */
export function removeState(name: string): void {
  rmSync(cellFolder(name), { recursive: true, force: true });
}

/**
 * Runs an action while no other command works on the same cell.
 * @throws LocalFailure when another command still holds the cell after a minute.
 */
export async function exclusively<T>(name: string, action: () => Promise<T>): Promise<T> {
  makeFolder(stateRoot);
  const file = `${cellFolder(name)}.lock`;
  const deadline = Date.now() + 60_000;
  while (!tryLock(file)) {
    if (Date.now() > deadline) throw new LocalFailure(`another command works on cell ${name} (${file})`);
    await sleep(100);
    makeFolder(stateRoot);
  }
  try {
    return await action();
  } finally {
    rmSync(file, { force: true });
    removeRootIfEmpty();
  }
}

function tryLock(file: string): boolean {
  try {
    const descriptor = openSync(file, 'wx', 0o600);
    writeSync(descriptor, JSON.stringify(processId(process.pid)));
    closeSync(descriptor);
    return true;
  } catch {
    // A command that was killed leaves its lock.
    try {
      if (!isAlive(JSON.parse(readFileSync(file, 'utf8')) as ProcessId)) rmSync(file, { force: true });
    } catch {
      // Just being written, or just removed.
    }
    return false;
  }
}

function removeRootIfEmpty(): void {
  try {
    rmdirSync(stateRoot);
  } catch {
    // Other cells are up.
  }
}
