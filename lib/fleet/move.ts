/** From which cell a tenant moves, if it may. Pure. */
import type { CellItem, TenantItem } from './directory.ts';

/** The cell that it leaves; or why it may not move. */
export type Move = { readonly from: string } | { readonly refused: string };

/**
 * A tenant is in two cells at most: `other` is the one that is emptied and forgets it. With a third one the first would be asked
 * for nothing any more, and keep its calls, registrations and rows.
 */
export function moveOf({ name, cell, other }: TenantItem, target: Pick<CellItem, 'name' | 'state'>): Move {
  const to = target.name;
  // Begun already: it goes on, whatever became of the new cell.
  if (cell === to && other !== '') return { from: other };
  if (cell === to) return { refused: `tenant ${name} is in cell ${to} already` };
  if (other !== '' && other !== to) {
    return {
      refused:
        `tenant ${name} is still moving from ${other} to ${cell}, so it can't move to ${to}; ` +
        `allowed: ${cell}, to go on, or ${other}, to go back`,
    };
  }
  if (target.state !== 'active') {
    return { refused: `cell ${to} is ${target.state} and takes no tenant; allowed: a cell that is active` };
  }
  return { from: cell };
}
