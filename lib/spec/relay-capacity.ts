import type { CellSpec } from './cell-types.ts';

/** Calls that the media hosts of a cell relay with one of them lost: what can be guaranteed to tenants. */
export function callsWithOneHostLost({ media }: Pick<CellSpec, 'media'>): number {
  return (media.hosts - 1) * media.relay.calls;
}
