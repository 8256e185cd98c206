import type { Resource } from './resources.ts';

/**
 * One limit of a cell: an amount of one resource that the tenants of certain pools share.
 *
 * Set-ups, registrations, records and database writes are shared by the whole cell. Relayed calls and media sessions
 * are limited by the media hosts of a pool; where pools share hosts there is a lane for each pool and one for the hosts
 * together, which is all that is needed: demand that every union of pools can carry can be spread over the hosts
 * (Hall's theorem for fractional assignments).
 */
export interface Lane {
  readonly resource: Resource;
  /** The pools whose tenants use this lane; `all` for what the whole cell shares. */
  readonly pools: 'all' | readonly string[];
  /** In the unit of the resource, see {@link Resource}; finite, 0 or more. */
  readonly limit: number;
}

/** What a cell can take: every lane, and the number of tenants. */
export interface CellLimits {
  readonly lanes: readonly Lane[];
  /** The most tenants a cell may hold. */
  readonly maxTenants: number;
}

/** True where a tenant of this pool uses the lane. */
export const laneServes = (lane: Lane, pool: string): boolean => lane.pools === 'all' || lane.pools.includes(pool);

/** As an operator reads it: `setups`, or `relayedCalls of pool high-volume`. */
export const laneName = (lane: Lane): string =>
  lane.pools === 'all'
    ? lane.resource
    : `${lane.resource} of pool${lane.pools.length > 1 ? 's' : ''} ${lane.pools.join(' and ')}`;
