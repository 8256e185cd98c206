import type { Cell } from './cell.ts';

/**
 * What no outside has: this network (RFC 1122), this host, link-local addresses with the cloud's metadata service, multicast and
 * what is reserved above it.
 */
export const neverOutside: readonly string[] = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'];

/** Where nobody outside a cell may have anything sent to, by the cell's definition alone. */
export function insideRanges(cell: Pick<Cell, 'spec' | 'overlayAddress'>): readonly string[] {
  return [cell.spec.network, `${cell.overlayAddress}/32`, ...neverOutside];
}
