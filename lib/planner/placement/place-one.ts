import type { CellLoad } from './cell-load.ts';
import { fuller, whyNot, type Excuse } from './excuse.ts';
import type { TenantRow } from './tenant-table.ts';

/** Where one tenant goes, and why it goes nowhere else. */
export interface Choice {
  /** The cell, or undefined where none can hold the tenant. */
  readonly cell: CellLoad | undefined;
  /** The utilisation of the cell's fullest limit with the tenant in it. */
  readonly utilisation: number;
  /** One for every other cell. */
  readonly excuses: readonly Excuse[];
}

/**
 * The cell that stays least full with the tenant in it (the first of equals), or undefined. Terms, spread over cells,
 * tenant cap and every hour of every limit hold. Does not change the cells.
 */
export function leastFull(cells: readonly CellLoad[], tenant: TenantRow): CellLoad | undefined {
  const { terms } = tenant;
  const able = cells.filter((cell) => cell.suits(terms) && !cell.holdsEnterpriseOf(tenant));
  // The emptiest is tried first: it is often the best, and most others are then ruled out by a look at their peaks.
  let best = emptiest(able, terms.pool);
  let least = best?.utilisationWith(tenant) ?? Infinity;
  if (least === Infinity) best = undefined;
  for (const cell of able) {
    if (cell.utilisation(terms.pool) >= least) continue;
    const utilisation = cell.utilisationWith(tenant, least);
    if (utilisation < least) {
      least = utilisation;
      best = cell;
    }
  }
  return best;
}

/** As {@link leastFull}, with an excuse for every cell that was not taken. */
export function chooseCell(cells: readonly CellLoad[], tenant: TenantRow): Choice {
  const chosen = leastFull(cells, tenant);
  const utilisation = chosen?.utilisationWith(tenant) ?? Infinity;
  const excuses = cells
    .filter((cell) => cell !== chosen)
    .map((cell) => whyNot(cell, tenant) ?? fuller(cell, cell.utilisationWith(tenant), chosen!, utilisation));
  return { cell: chosen, utilisation, excuses };
}

function emptiest(cells: readonly CellLoad[], pool: string): CellLoad | undefined {
  let best = cells[0];
  for (const cell of cells) if (cell.utilisation(pool) < best!.utilisation(pool)) best = cell;
  return best;
}
