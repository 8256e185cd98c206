import { neverOutside } from '../schema/fixed.ts';
import type { Cell } from './cell.ts';

/** Where nobody outside a cell may have anything sent to, by the cell's definition alone. */
export function insideRanges(cell: Pick<Cell, 'spec' | 'overlayAddress'>): readonly string[] {
  return [cell.spec.network, `${cell.overlayAddress}/32`, ...neverOutside];
}
