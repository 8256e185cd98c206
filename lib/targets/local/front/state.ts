/** What this machine knows about its running front; beside the cells' folders, see `../state.ts`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FrontSpec } from '../../../fleet/schema/front.ts';
import { LocalFailure } from '../failure.ts';
import { isAlive, type ProcessId } from '../processes.ts';
import { cellFolder, cellNames, replaceFile, type Namespace } from '../state.ts';
import type { AttachedCell } from './internet.ts';

export interface FrontState {
  readonly version: 1;
  readonly name: string;
  readonly spec: FrontSpec;
  /** In the order in which they were attached to the regions. */
  readonly cells: readonly AttachedCell[];
  /** Whether routes are announced by BGP. */
  readonly bgp: boolean;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Routers, the directory, the home, the callers, and the edges by name. */
  readonly namespaces: Readonly<Record<string, Namespace>>;
}

export function readFrontState(name: string): FrontState | undefined {
  const file = join(cellFolder(name), 'front.json');
  try {
    const state = JSON.parse(readFileSync(file, 'utf8')) as Partial<FrontState>;
    const whole = state.name === name && state.spec && state.cells && state.startedAt && state.namespaces;
    return whole ? (state as FrontState) : undefined;
  } catch {
    return undefined;
  }
}

export function writeFrontState(state: FrontState): void {
  replaceFile(join(cellFolder(state.name), 'front.json'), `${JSON.stringify(state, null, 2)}\n`);
}

/** The fronts of this machine. */
export function frontStates(): readonly FrontState[] {
  return cellNames().flatMap((name) => readFrontState(name) ?? []);
}

/**
 * The front that is up: the named one, or the only one.
 * @throws LocalFailure when there is none, or more than one to choose from
 */
export function requireFrontState(name?: string): FrontState {
  return onlyOne(
    frontStates().filter((state) => name === undefined || state.name === name),
    name === undefined ? 'no front is up' : `front ${name} is not up`,
  );
}

/**
 * The front of a cell, or without one the only front that is up.
 * @throws LocalFailure when there is none, or more than one to choose from
 */
export function requireFrontOf(cell?: string): FrontState {
  return onlyOne(
    frontStates().filter(({ cells }) => cell === undefined || cells.some(({ name }) => name === cell)),
    cell === undefined ? 'no front is up' : `no front of cell ${cell} is up`,
  );
}

function onlyOne(states: readonly FrontState[], missing: string): FrontState {
  if (states.length === 1) return states[0]!;
  throw states.length === 0
    ? new LocalFailure(`${missing} on this machine; bring it up with "npx cellstamp up --front"`)
    : new LocalFailure(
        `several fronts are up: ${states.map(({ name, cells }) => `${name} (${cells.map((cell) => cell.name).join(', ') || 'no cells'})`).join(', ')}; name one, or a cell of it`,
        2,
      );
}

/** Whether a host of the front is there, and alive. */
export function lives({ namespaces }: FrontState, host: string): boolean {
  const init = namespaces[host]?.init;
  return init !== undefined && isAlive(init);
}

/** Process 1 of a namespace of the front. @throws LocalFailure when it is not there */
export function frontProcess(state: FrontState, host: string): ProcessId {
  const namespace = state.namespaces[host];
  if (!namespace) {
    throw new LocalFailure(
      `front ${state.name} has no host ${host}; it has ${Object.keys(state.namespaces).sort().join(', ')}`,
    );
  }
  if (!isAlive(namespace.init))
    throw new LocalFailure(`host ${host} of front ${state.name} is dead; "npx cellstamp up --front" recreates it`);
  return namespace.init;
}
