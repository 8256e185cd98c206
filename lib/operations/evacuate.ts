/** Empties a cell: its tenants move to others, its calls end where they are, and it is retired. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CellItem, TenantItem } from '../fleet/directory.ts';
import { describeHeld, type DrainOptions, type HeldCall } from './drain.ts';
import { OperationFailure } from './failure.ts';
import type { ToldCall } from './host-command.ts';
import type { TenantRows } from './tenant-backup.ts';
import { beginMove, endMove, type MovePort } from './tenant-move.ts';

/** What an evacuation needs of a running front and its cells, beyond what the move of a tenant does. */
export interface EvacuationPort extends MovePort {
  /** Works while no other operation does on a cell. What this port does to the cell meanwhile is a part of the work. */
  exclusivelyOn<T>(cell: string, operation: string, work: () => Promise<T>): Promise<T>;

  /** Tenants of the directory that are in a cell or come from it, and those of the names. */
  tenants(cell: string, names: readonly string[]): Promise<readonly TenantItem[]>;

  /** Tells the edges, and whoever places tenants, the state of a cell. */
  putCell(item: Omit<CellItem, 'version'>): Promise<void>;

  /** Names of the tenants that a cell's database has. */
  names(cell: string): Promise<readonly string[]>;

  /** All calls that a cell holds. */
  callsIn(cell: string): Promise<readonly ToldCall[]>;

  /** Has a cell end calls, with a BYE to each side. @param ids names of the calls */
  endCalls(cell: string, ids: readonly string[]): Promise<void>;

  /** Gives a cell a tenant, in place of what it has of it. @throws UserError when it can't serve the tenant */
  restore(to: string, tenant: string, rows: TenantRows): Promise<void>;
}

/** The files of the fleet, which say where each tenant is to be. Doing a step twice changes nothing the second time. */
export interface EvacuationFiles {
  /** Tenants of the cell. */
  readonly tenants: readonly string[];

  /**
   * The cell to which each of its tenants goes.
   * @param bound cell by tenant: for those whose move has begun
   * @throws UserError when they don't all fit
   */
  place(bound: ReadonlyMap<string, string>): ReadonlyMap<string, string>;

  /** The cell takes no tenants. */
  cordon(): Promise<void>;

  /** Tenants are in other cells. @param moves cell by tenant */
  move(moves: ReadonlyMap<string, string>): Promise<void>;

  /** The cell may be taken down. */
  retire(): Promise<void>;
}

export type EvacuationOptions = Pick<DrainOptions, 'onProgress' | 'signal'>;

export interface MovedTenant {
  readonly tenant: string;
  readonly to: string;
}

export interface Evacuated {
  /** Tenants that this evacuation has moved, or whose move it has completed. */
  readonly moved: readonly MovedTenant[];
  /** Calls that got a BYE at the deadline. */
  readonly ended: readonly HeldCall[];
}

const pollMs = 1000;
/** Seconds that calls may take to end after the order for a BYE. */
const endPatience = 30;

/**
 * New calls and registrations of every tenant go to its new cell, one tenant after the other; then the calls that are up may end by
 * themselves until the deadline. The old cell forgets each tenant with its last call.
 *
 * After an interruption the same operation completes what is missing.
 *
 * @throws UserError before anything is moved, when the tenants don't fit or the directory does not say what the files say
 */
export function evacuate(
  port: EvacuationPort,
  files: EvacuationFiles,
  cell: string,
  options: EvacuationOptions & { readonly deadlineSeconds: number },
): Promise<Evacuated> {
  return port.exclusivelyOn(cell, 'evacuate', async () => {
    const plan = await planFor(port, files, cell);
    await refuseStrangers(port, cell, plan.items);
    await cordon(port, files, cell);
    const leaving = new Map<string, string>();
    await eachPlaced(plan, files, options, async (tenant, to, item, progress) => {
      // One that the directory does not know, or that has left already, moves in the files alone.
      if (item === undefined || ![item.cell, item.other].includes(cell)) return;
      options.onProgress?.(`${cell}: ${tenant} goes to ${to} (${progress})`);
      await beginMove(port, tenant, to);
      leaving.set(tenant, to);
    });
    const moved = [...leaving].map(([tenant, to]) => ({ tenant, to }));
    const ended = await untilEmpty(port, cell, leaving, options);
    await refuseRest(port, cell);
    await retire(port, files, cell);
    return { moved, ended };
  });
}

/** Where the tenants go, and what the directory says of each. */
interface Plan {
  readonly places: ReadonlyMap<string, string>;
  readonly items: ReadonlyMap<string, TenantItem>;
}

async function planFor(port: EvacuationPort, files: EvacuationFiles, cell: string): Promise<Plan> {
  const all = await port.tenants(cell, files.tenants);
  const items = new Map(all.map((item) => [item.name, item]));
  const bound = new Map<string, string>();
  for (const { name, cell: now, other } of all) {
    if (now !== cell) bound.set(name, now);
    // It comes from another cell, which still knows it: it may go back there, and nowhere else.
    else if (other !== '') bound.set(name, other);
  }
  const left = [...bound].filter(([tenant]) => items.get(tenant)!.other === cell);
  const places = new Map([...left, ...files.place(bound)]);
  const unplaced = all.filter(({ name }) => !places.has(name)).map(({ name }) => name);
  if (unplaced.length === 0) return { places, items };
  throw new OperationFailure(
    `the directory has tenants in cell ${cell} that are not in its file, so how much room they need is not known: ${unplaced.join(', ')}; allowed: the tenants of the file. Add them to it, or move them before (npx cellstamp tenant move)`,
    2,
  );
}

/** Of a tenant that the directory does not know, no edge would learn that it has moved. */
async function refuseStrangers(port: EvacuationPort, cell: string, items: Plan['items']): Promise<void> {
  const strangers = (await port.names(cell)).filter((name) => !items.has(name));
  if (strangers.length === 0) return;
  throw new OperationFailure(
    `cell ${cell} has tenants that the directory does not know: ${strangers.join(', ')}; allowed: those in the directory. Enter them, or delete them in the cell`,
    2,
  );
}

async function cordon(port: EvacuationPort, files: EvacuationFiles, cell: string): Promise<void> {
  await files.cordon();
  await enter(port, cell, 'cordoned');
}

async function retire(port: EvacuationPort, files: EvacuationFiles, cell: string): Promise<void> {
  await enter(port, cell, 'retired');
  await files.retire();
}

async function enter(port: EvacuationPort, cell: string, state: CellItem['state']): Promise<void> {
  await port.exclusively(async () => {
    const { kind, name, addresses, state: now } = await port.cell(cell);
    if (now !== state) await port.putCell({ kind, name, addresses, state });
  });
}

/** Moves one tenant after the other; then the files say where those are that were reached, whatever stopped it. */
async function eachPlaced(
  { places, items }: Plan,
  files: EvacuationFiles,
  { signal }: EvacuationOptions,
  move: (tenant: string, to: string, item: TenantItem | undefined, progress: string) => Promise<void>,
): Promise<void> {
  const reached = new Map<string, string>();
  try {
    for (const [tenant, to] of places) {
      signal?.throwIfAborted();
      await move(tenant, to, items.get(tenant), `${reached.size + 1} of ${places.size}`);
      reached.set(tenant, to);
    }
  } finally {
    await files.move(reached);
  }
}

/** Waits until the cell holds no call and no tenant, and ends the calls that are left at the deadline. */
async function untilEmpty(
  port: EvacuationPort,
  cell: string,
  leaving: Map<string, string>,
  { deadlineSeconds, onProgress, signal }: Parameters<typeof evacuate>[3],
): Promise<readonly HeldCall[]> {
  const deadline = Date.now() + deadlineSeconds * 1000;
  const ended = new Map<string, HeldCall>();
  for (;;) {
    const held = await port.callsIn(cell);
    const busy = new Set(held.map(({ tenant }) => tenant));
    for (const [tenant, to] of leaving) {
      signal?.throwIfAborted();
      if (!busy.has(tenant) && (await endMove(port, tenant, cell, to))) leaving.delete(tenant);
    }
    if (held.length === 0 && leaving.size === 0) return [...ended.values()];
    const seconds = Math.ceil((deadline - Date.now()) / 1000);
    if (held.length > 0 && seconds > 0) onProgress?.(`${cell}: ${describeHeld(held)}; BYE in ${seconds} s`);
    if (held.length > 0 && seconds <= 0) {
      if (seconds <= -endPatience) {
        throw new OperationFailure(`calls of ${cell} do not end: ${held.map(({ call }) => call).join(', ')}`);
      }
      await port.endCalls(
        cell,
        held.map(({ id }) => id),
      );
      for (const { id, call, from, to } of held) ended.set(id, { call, from, to });
    }
    signal?.throwIfAborted();
    await sleep(pollMs);
  }
}

async function refuseRest(port: EvacuationPort, cell: string): Promise<void> {
  const rest = await port.names(cell);
  if (rest.length === 0) return;
  throw new OperationFailure(
    `cell ${cell} has no calls, but tenants that came meanwhile: ${rest.join(', ')}; it stays cordoned. Evacuate it again`,
  );
}

/** What a lost cell's tenants have again. */
export interface RestoredTenant extends MovedTenant {
  readonly users: number;
  readonly numbers: number;
}

export interface Recovered {
  readonly restored: readonly RestoredTenant[];
  /** Tenants of the cell that the backup does not have. They stay in its file, and the cell stays cordoned. */
  readonly missing: readonly string[];
}

/**
 * The same for a cell that does not answer any more: what its tenants had is taken from a backup, and where they are from the
 * directory. A tenant that had left the cell since the backup is not touched.
 *
 * @param backup what the cell's database had, by tenant
 */
export async function evacuateLost(
  port: EvacuationPort,
  files: EvacuationFiles,
  backup: ReadonlyMap<string, TenantRows>,
  cell: string,
  options: EvacuationOptions,
): Promise<Recovered> {
  const plan = await planFor(port, files, cell);
  const missing = [...plan.items.values()]
    .filter((item) => item.cell === cell && !backup.has(item.name))
    .map(({ name }) => name);
  const places = new Map([...plan.places].filter(([tenant]) => !missing.includes(tenant)));
  await cordon(port, files, cell);
  const restored: RestoredTenant[] = [];
  await eachPlaced({ ...plan, places }, files, options, async (tenant, to, item, progress) => {
    if (item === undefined || ![item.cell, item.other].includes(cell)) return;
    options.onProgress?.(`${cell}: ${tenant} is restored in ${to} (${progress})`);
    const rows = backup.get(tenant);
    await port.exclusively(() => restoreTenant(port, tenant, cell, to, rows));
    restored.push({ tenant, to, users: rows?.['users']?.length ?? 0, numbers: rows?.['dids']?.length ?? 0 });
  });
  if (missing.length === 0) await retire(port, files, cell);
  return { restored, missing };
}

async function restoreTenant(
  port: EvacuationPort,
  tenant: string,
  from: string,
  to: string,
  rows: TenantRows | undefined,
): Promise<void> {
  const { cell, other, keys } = await port.tenant(tenant);
  if (cell !== from && other !== from) return;
  // Where a move had begun the new cell has what the backup has, or newer.
  const isThere = cell === to && (await port.has(to, tenant));
  if (!isThere && rows !== undefined) await port.restore(to, tenant, rows);
  await port.put({ kind: 'tenant', name: tenant, cell: to, other: '', keys });
}
