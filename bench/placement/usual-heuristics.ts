/** What one would write without thinking of profiles: each tenant by its peaks, the largest first, into a cell that has room. */
import type { CellKind } from '../../lib/planner/placement/cell-kind.ts';
import { CellLoad } from '../../lib/planner/placement/cell-load.ts';
import type { TenantRow } from '../../lib/planner/placement/tenant-table.ts';

/** Which of the cells that have room is taken. */
export type Rule = 'first fit' | 'best fit' | 'worst fit';

/**
 * @param rows of a table with one slot
 * @returns the number of cells, opened when no other has room
 */
export function cellsByPeaks(rows: readonly TenantRow[], kinds: readonly CellKind[], rule: Rule): number {
  const empty = kinds.map((kind) => new CellLoad({ ...kind, name: 'empty' }, 1));
  const shareOf = (row: TenantRow): number =>
    Math.min(...empty.filter((cell) => cell.suits(row.terms)).map((cell) => cell.utilisationWith(row)));
  const share = new Map(rows.map((row) => [row, shareOf(row)]));
  const cells: CellLoad[] = [];
  for (const row of [...rows].sort((a, b) => share.get(b)! - share.get(a)!)) {
    const chosen = choose(cells, row, rule);
    if (chosen !== undefined) {
      chosen.add(row);
      continue;
    }
    const kind = kinds.find((_, k) => empty[k]!.suits(row.terms))!;
    const opened = new CellLoad({ ...kind, name: `c${cells.length}` }, 1);
    opened.add(row);
    cells.push(opened);
  }
  return cells.length;
}

function choose(cells: readonly CellLoad[], row: TenantRow, rule: Rule): CellLoad | undefined {
  let best: CellLoad | undefined;
  let bestShare = NaN;
  for (const cell of cells) {
    if (!cell.suits(row.terms) || cell.holdsEnterpriseOf(row)) continue;
    const share = cell.utilisationWith(row);
    if (share === Infinity) continue;
    if (rule === 'first fit') return cell;
    if (best === undefined || (rule === 'best fit' ? share > bestShare : share < bestShare)) {
      [best, bestShare] = [cell, share];
    }
  }
  return best;
}
