import { bundle } from './bundle.ts';
import type { CellLoad } from './cell-load.ts';
import { leastFull } from './place-one.ts';
import { Pressure, summary } from './pressure.ts';
import type { Sized } from './cell-kind.ts';
import type { Load, TenantRow } from './tenant-table.ts';

/**
 * A tenant that takes less than this share of a cell in every limit is small: its own shape matters little. Larger
 * values are faster and waste cells: 0.02 costs 1 to 2 % more cells than 0.006 on weekly tenants of log-normal sizes.
 */
const SMALL = 0.006;

/** Small tenants are tied into bundles of at most this many and at most this share of a cell. */
const BUNDLE = 5;
const BUNDLE_SHARE = 0.008;

/**
 * Puts tenants into cells, as evenly as it can, and returns those that fit nowhere.
 *
 * Large tenants go first, the largest first, each to the cell that stays least full. Small tenants follow in bundles,
 * each to where it adds the least pressure; a bundle that fits nowhere is taken apart.
 *
 * Why even and not first fit: cells with several limits fill up in one of them and waste the rest. Even cells run out of
 * all limits together (multi-resource worst fit decreasing).
 */
export function fill<T extends Sized>(cells: readonly CellLoad[], candidates: readonly T[]): T[] {
  const sorted = [...candidates].sort((a, b) => b.share - a.share);
  const left = sorted
    .filter((candidate) => candidate.share >= SMALL)
    .filter(({ tenant }) => {
      const cell = leastFull(cells, tenant);
      cell?.add(tenant);
      return cell === undefined;
    });

  const slots = cells[0]?.slots ?? 1;
  const pressures = cells.map((cell) => new Pressure(cell));
  const pour = (load: Load, members: readonly T[]): boolean => {
    const c = leastPressed(cells, pressures, load, members[0]!.tenant);
    if (c < 0) return false;
    for (const member of members) cells[c]!.add(member.tenant);
    pressures[c]!.refresh();
    return true;
  };
  const small = sorted.filter((candidate) => candidate.share < SMALL);
  const apart = bundle(small, slots, { most: BUNDLE, full: BUNDLE_SHARE }).filter(
    (piece) => !pour(piece, piece.members),
  );
  for (const member of apart.flatMap((piece) => piece.members)) {
    if (!pour(member.tenant, [member])) left.push(member);
  }
  return left;
}

/** Index of the cell on which the load adds the least pressure, of those that it fits into; -1 for none. */
function leastPressed(
  cells: readonly CellLoad[],
  pressures: readonly Pressure[],
  load: Load,
  first: TenantRow,
): number {
  const means = summary(load, cells[0]?.slots ?? 1);
  const added = new Float64Array(cells.length);
  for (let c = 0; c < cells.length; c++) {
    const cell = cells[c]!;
    const out =
      cell.tenants.size + load.tenants > cell.cell.limits.maxTenants ||
      !cell.suits(load.terms) ||
      cell.holdsEnterpriseOf(first);
    added[c] = out ? Infinity : pressures[c]!.of(load, means);
  }
  for (;;) {
    let best = -1;
    for (let c = 0; c < cells.length; c++) {
      if (added[c]! < (best < 0 ? Infinity : added[best]!)) best = c;
    }
    if (best < 0 || cells[best]!.fits(load)) return best;
    added[best] = Infinity;
  }
}
