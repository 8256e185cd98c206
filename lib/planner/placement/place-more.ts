import type { CellKind } from './cell-kind.ts';
import type { CellLoad } from './cell-load.ts';
import { fill } from './fill.ts';
import type { LowerBound } from './lower-bound.ts';
import { fleetBound, pack, type Unplaced } from './pack.ts';
import { relieve } from './relieve.ts';
import type { TenantRow } from './tenant-table.ts';

/** A tenant that changes cells. */
export interface Move {
  readonly tenant: TenantRow;
  readonly from: CellLoad;
  readonly to: CellLoad;
}

export interface Placement {
  /** The cells that were there, in their order, and those opened for what fits nowhere else. */
  readonly cells: readonly CellLoad[];
  readonly opened: readonly CellLoad[];
  readonly moves: readonly Move[];
  /** New tenants that no cell and no new cell can hold. */
  readonly unplaced: readonly Unplaced[];
  /** For all tenants that are placed, as if the fleet were packed from scratch into the kinds of cells that may be opened. */
  readonly lowerBound: LowerBound;
}

/**
 * Places more tenants into a fleet, moving at most `maxMoves` of those that are there: only cells that are over a limit
 * give tenants away. Opens cells where nothing else is left. Changes the loads of the cells it is given.
 */
export function placeMore(
  cells: readonly CellLoad[],
  tenants: readonly TenantRow[],
  slots: number,
  kinds: readonly CellKind[],
  { maxMoves }: { readonly maxMoves: number },
): Placement {
  const home = new Map<TenantRow, CellLoad>();
  for (const cell of cells) {
    for (const tenant of relieve(cell, maxMoves - home.size)) home.set(tenant, cell);
  }
  const candidates = [...home.keys(), ...tenants].map((tenant) => ({ tenant, share: shareOf(tenant, cells) }));
  const left = fill(cells, candidates).map((candidate) => candidate.tenant);
  const packed = pack(left, slots, kinds);
  const { cells: opened } = packed;

  const moves: Move[] = [];
  for (const cell of [...cells, ...opened]) {
    for (const tenant of cell.tenants) {
      const from = home.get(tenant);
      if (from !== undefined && from !== cell) moves.push({ tenant, from, to: cell });
    }
  }
  // A tenant that was to move and fits nowhere stays where it was.
  const unplaced = packed.unplaced.filter(({ tenant }) => {
    home.get(tenant)?.add(tenant);
    return !home.has(tenant);
  });
  const all = [...cells, ...opened];
  const placed = all.flatMap((cell) => [...cell.tenants]);
  return { cells: all, opened, moves, unplaced, lowerBound: fleetBound(placed, slots, kinds) };
}

/** What the tenant takes of the emptiest limits there are: good enough to sort by. */
function shareOf(tenant: TenantRow, cells: readonly CellLoad[]): number {
  const cell = cells.find((candidate) => candidate.suits(tenant.terms)) ?? cells[0];
  if (cell === undefined) return 1;
  let share = 1 / cell.cell.limits.maxTenants;
  for (const l of cell.limitsOf(tenant.terms.pool)) {
    share = Math.max(share, tenant.peak[cell.resourceOf[l]!]! / cell.allowed[l]!);
  }
  return share;
}
