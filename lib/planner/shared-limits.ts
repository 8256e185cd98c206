import type { Resource } from './resources.ts';

/**
 * One limit of a cell: an amount of one resource that the tenants of certain pools share.
 *
 * Set-ups, registrations, records and database writes are shared by the whole cell. Relayed calls and media sessions
 * are limited by the media hosts of a pool; where pools share hosts there is a shared limit for each pool and one for the hosts
 * together, which is all that is needed: demand that every union of pools can carry can be spread over the hosts
 * (Hall's theorem for fractional assignments).
 */
export interface SharedLimit {
  readonly resource: Resource;
  /** The pools whose tenants use this shared limit; `all` for what the whole cell shares. */
  readonly pools: 'all' | readonly string[];
  /** In the unit of the resource, see {@link Resource}; finite, 0 or more. */
  readonly limit: number;
}

/** What a cell can take: every shared limit, and the number of tenants. */
export interface CellLimits {
  readonly sharedLimits: readonly SharedLimit[];
  /** The most tenants a cell may hold. */
  readonly maxTenants: number;
}

/** True where a tenant of this pool uses the shared limit. */
export const limitServes = (sharedLimit: SharedLimit, pool: string): boolean =>
  sharedLimit.pools === 'all' || sharedLimit.pools.includes(pool);

/** As an operator reads it: `setups`, or `relayedCalls of pool high-volume`. */
export const limitName = (sharedLimit: SharedLimit): string =>
  sharedLimit.pools === 'all'
    ? sharedLimit.resource
    : `${sharedLimit.resource} of pool${sharedLimit.pools.length > 1 ? 's' : ''} ${sharedLimit.pools.join(' and ')}`;
