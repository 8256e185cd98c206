/**
 * Which hosts of a cell are the primaries of PostgreSQL and Redis. What makes a host the primary is the primary's address, and this
 * machine gives it to one host at a time; nothing that runs in a cell can take it. The record of it is in the cell's state.
 */
import { deriveCell, type Cell, type DataHost } from '../../fleet/derive/cell.ts';
import { recordOf } from './changes.ts';
import { LocalFailure } from './failure.ts';
import { interfaceName, type NamespacePlan } from './host-plan.ts';
import { runInNetwork } from './namespace.ts';
import { isAlive, type ProcessId } from './processes.ts';
import { writeState, type CellState } from './state.ts';

const roles = ['database', 'redis'] as const;

/** In a cell that is new. */
export const firstPrimaries = { database: 'database-1', redis: 'redis-1' } as const;

export function dataHosts(cell: Cell, role?: DataHost['role']): readonly DataHost[] {
  return [...cell.databases, ...cell.redis].filter((host) => role === undefined || host.role === role);
}

/** Name of the primary. */
export function primaryOf({ primaries = firstPrimaries }: CellState, role: DataHost['role']): string {
  return primaries[role];
}

/** Process 1 of a host that is alive. */
function aliveInit({ namespaces }: CellState, host: string): ProcessId | undefined {
  const namespace = namespaces[host];
  return namespace !== undefined && isAlive(namespace.init) ? namespace.init : undefined;
}

/**
 * Sees to it that no data are lost when hosts are recreated, whose data go with them.
 * @returns primaries that are to be recreated, and may only when another host is the primary
 * @throws LocalFailure when the data are on no primary, or the primary is to go
 */
export function heldPrimaries(cell: Cell, state: CellState, plans: readonly NamespacePlan[]): readonly string[] {
  const fault = (text: string) => new LocalFailure(`${text}; nothing was changed`);
  return roles.flatMap((role) => {
    const known = dataHosts(cell, role).map(({ name }) => name);
    const others = Object.keys(state.namespaces).filter((name) => name.startsWith(`${role}-`) && !known.includes(name));
    const alive = [...known, ...others].filter((name) => aliveInit(state, name) !== undefined);
    if (alive.length === 0) return [];
    if (state.primaries === undefined) {
      throw fault(
        `the data hosts of cell ${cell.name} are of an older version, which this one can't follow: take the cell down, with its data, and bring it up again`,
      );
    }
    const primary = state.primaries[role];
    if (!alive.includes(primary)) {
      throw fault(
        `${primary}, the primary of cell ${cell.name}, is dead, and its data with it; ${alive.join(' and ')} had a copy. Only you can say that a copy takes its place: npx cellstamp promote ${cell.name} ${alive[0]} --primary-lost`,
      );
    }
    if (!known.includes(primary)) {
      throw fault(
        `${primary} is the primary of cell ${cell.name}, and the cell's file has no such host any more. Have another one take its place first: npx cellstamp promote ${cell.name} ${known[0]}`,
      );
    }
    const plan = plans.find(({ name }) => name === primary)!;
    const { hash, core } = state.namespaces[primary]!;
    const wanted = recordOf(plan);
    return hash === wanted.hash || core === wanted.core ? [] : [primary];
  });
}

/** The primaries of a cell whose hosts are about to be made: who they were as long as a host of the role is left. */
export function keptPrimaries(cell: Cell, state: CellState): NonNullable<CellState['primaries']> {
  const of = (role: DataHost['role']) =>
    dataHosts(cell, role).some(({ name }) => aliveInit(state, name) !== undefined)
      ? primaryOf(state, role)
      : firstPrimaries[role];
  return { database: of('database'), redis: of('redis') };
}

/** Gives the primaries their addresses, where they are not there yet: their hosts are new. */
export async function placePrimaries(cell: Cell, state: CellState): Promise<void> {
  for (const host of dataHosts(cell)) {
    if (primaryOf(state, host.role) === host.name && aliveInit(state, host.name) !== undefined) {
      await changeAddress(state, host, 'replace');
    }
  }
}

/**
 * Makes a host the one that has the primary's address, and its neighbours know it. All others of its role lose it first.
 * @throws LocalFailure when another host can't be made to give it up
 */
export async function appoint(state: CellState, host: DataHost): Promise<void> {
  const { name, role } = host;
  for (const other of dataHosts(deriveCell(state.spec, 'movable'), role)) {
    if (other.name !== name) await withdraw(state, other);
  }
  writeState({ ...state, primaries: { ...(state.primaries ?? firstPrimaries), [role]: name } });
  await changeAddress(state, host, 'replace');
  // It sends at once, and again after a second.
  const init = aliveInit(state, name)!;
  await runInNetwork(init, ['arping', '-q', '-A', '-c', '2', '-I', interfaceName, host.primaryAddress]);
}

/** Takes the primary's address from a host, whatever state the programs on it are in. */
export async function withdraw(state: CellState, host: DataHost): Promise<void> {
  const init = aliveInit(state, host.name);
  if (init === undefined) return;
  const shown = await runInNetwork(init, ['ip', '-oneline', 'address', 'show', 'to', `${host.primaryAddress}/32`]);
  if (shown.status === 0 && shown.stdout === '') return;
  try {
    await changeAddress(state, host, 'delete');
  } catch (error) {
    // It has died meanwhile, and its address with it.
    if (aliveInit(state, host.name) !== undefined) throw error;
  }
}

async function changeAddress(state: CellState, host: DataHost, what: 'replace' | 'delete'): Promise<void> {
  const init = aliveInit(state, host.name);
  if (init === undefined) throw new LocalFailure(`host ${host.name} of cell ${state.name} is not up`);
  const address = `${host.primaryAddress}/32`;
  const done = await runInNetwork(init, ['ip', 'address', what, address, 'dev', interfaceName]);
  // Until then it may take writes.
  if (done.status !== 0)
    throw new LocalFailure(`${host.name}: the address ${address} stays as it is: ${done.stderr.trim()}`);
}
