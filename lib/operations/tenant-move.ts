/** Moves a tenant from one cell of a front to another: calls in progress end where they are, all others go to the new cell. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CellItem, TenantItem } from '../fleet/directory.ts';
import { moveOf } from '../fleet/move.ts';
import { OperationFailure } from './failure.ts';

export interface MoveProgress {
  readonly from: string;
  readonly to: string;
  /** `copying` its data to the new cell, `waiting` for calls in the old cell to end, `done` when the old cell has deleted it. */
  readonly step: 'copying' | 'waiting' | 'done';
  /** Calls that the old cell still holds of it. */
  readonly calls: number;
}

/** What a move needs of a running front and its cells. A tenant and cells are given by their names. */
export interface MovePort {
  /** Works while nothing else changes the directory. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;

  /** @throws UserError when the directory has no such tenant */
  tenant(name: string): Promise<TenantItem>;

  /** @throws UserError when the front has no such cell */
  cell(name: string): Promise<CellItem>;

  /** Says where the tenant is, and waits until the edges know it. */
  put(item: Omit<TenantItem, 'version'>): Promise<void>;

  /** Whether a cell's database has the tenant. */
  has(cell: string, tenant: string): Promise<boolean>;

  /**
   * Copies its rows, numbers, sources and users, in place of what the other cell has of it.
   * @throws UserError when the other cell can't serve it
   */
  copyData(from: string, to: string, tenant: string): Promise<void>;

  /** Copies the registrations that hold in the other cell as they are. */
  copyRegistrations(from: string, to: string, tenant: string): Promise<void>;

  /** Calls that a cell holds of the tenant. */
  calls(cell: string, tenant: string): Promise<number>;

  /** Has a cell forget the tenant; fine where it does not know it. */
  forget(cell: string, tenant: string): Promise<void>;
}

const pollMs = 300;

/**
 * @returns once the old cell holds no call of the tenant and has forgotten it
 * @throws UserError when there is no such tenant or cell, it moves elsewhere already, the new cell can't serve it, or somebody else has
 * moved it on meanwhile
 */
export async function moveTenant(
  port: MovePort,
  tenant: string,
  to: string,
  {
    onProgress,
    signal,
  }: {
    readonly onProgress?: (progress: MoveProgress) => void;
    /** Once it is aborted the move stops waiting; the tenant stays in both cells, and the same move goes on from there. */
    readonly signal?: AbortSignal;
  } = {},
): Promise<void> {
  const from = await beginMove(port, tenant, to, onProgress);
  const tell = (step: MoveProgress['step'], calls: number) => onProgress?.({ from, to, step, calls });
  for (;;) {
    for (let calls = await port.calls(from, tenant); calls > 0; calls = await port.calls(from, tenant)) {
      if (signal?.aborted) return;
      tell('waiting', calls);
      await sleep(pollMs);
    }
    if (await endMove(port, tenant, from, to)) break;
  }
  tell('done', 0);
}

/**
 * The first half of a move: new calls and registrations go to the new cell.
 * @returns the cell that the tenant leaves
 */
export function beginMove(
  port: MovePort,
  tenant: string,
  to: string,
  onProgress?: (progress: MoveProgress) => void,
): Promise<string> {
  return port.exclusively(() => begin(port, tenant, to, onProgress));
}

async function begin(
  port: MovePort,
  tenant: string,
  to: string,
  onProgress?: (progress: MoveProgress) => void,
): Promise<string> {
  const item = await port.tenant(tenant);
  const move = moveOf(item, await port.cell(to));
  if ('refused' in move) throw new OperationFailure(move.refused, 2);
  const { from } = move;
  onProgress?.({ from, to, step: 'copying', calls: await port.calls(from, tenant) });
  // Where it begun already the new cell's data may have changed since; the old cell's have not.
  const begun = item.cell === to;
  if (!begun || !(await port.has(to, tenant))) await port.copyData(from, to, tenant);
  await port.copyRegistrations(from, to, tenant);
  await port.put({ kind: 'tenant', name: tenant, cell: to, other: from, keys: item.keys });
  // Who registered in between.
  await port.copyRegistrations(from, to, tenant);
  return from;
}

/**
 * The second half of a move: the old cell forgets the tenant.
 * @returns whether it did; not while it holds a call of the tenant
 */
export function endMove(port: MovePort, tenant: string, from: string, to: string): Promise<boolean> {
  return port.exclusively(() => end(port, tenant, from, to));
}

async function end(port: MovePort, tenant: string, from: string, to: string): Promise<boolean> {
  const { cell, other, keys } = await port.tenant(tenant);
  if (cell === to && other === '') return true;
  if (cell !== to || other !== from) {
    throw new OperationFailure(
      `tenant ${tenant} was moved on meanwhile: it is in ${cell}${other === '' ? '' : `, coming from ${other}`}; nothing is removed from ${from}`,
    );
  }
  if ((await port.calls(from, tenant)) > 0) return false;
  await port.forget(from, tenant);
  await port.put({ kind: 'tenant', name: tenant, cell: to, other: '', keys });
  return true;
}
