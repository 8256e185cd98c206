import { limitServes, type SharedLimit } from '../shared-limits.ts';
import { RESOURCES, type Resource } from '../resources.ts';
import { erlangB } from '../teletraffic/erlang.ts';
import type { TenantTrace } from './traffic.ts';

/** What the tenants of every pool use together, in the order of `RESOURCES`. */
export type PoolDemand = ReadonlyMap<string, Float64Array>;

/** What one tenant uses of every resource at this many concurrent calls. */
export function useAt({ perCall, registrations }: TenantTrace, calls: number, resource: Resource): number {
  return resource === 'registrations' ? registrations : calls * perCall[resource];
}

/** Adds tenants up; `calls` gives the concurrent calls of each. */
export function poolDemand(tenants: Iterable<TenantTrace>, calls: (tenant: TenantTrace) => number): PoolDemand {
  const sums = new Map<string, Float64Array>();
  for (const tenant of tenants) {
    let sum = sums.get(tenant.pool);
    if (sum === undefined) {
      sum = new Float64Array(RESOURCES.length);
      sums.set(tenant.pool, sum);
    }
    const now = calls(tenant);
    for (let r = 0; r < RESOURCES.length; r++) sum[r]! += useAt(tenant, now, RESOURCES[r]!);
  }
  return sums;
}

/** What of it falls on a shared limit. */
export function limitDemand(sharedLimit: SharedLimit, demand: PoolDemand): number {
  const r = RESOURCES.indexOf(sharedLimit.resource);
  let sum = 0;
  for (const [pool, use] of demand) if (limitServes(sharedLimit, pool)) sum += use[r]!;
  return sum;
}

/** Resources whose use comes and goes by chance within a step, so that Erlang B tells what is lost. */
const BY_CHANCE: ReadonlySet<Resource> = new Set(['relayedCalls', 'mediaSessions']);

/** The share of what is offered to a shared limit that finds it full. Of rates and contacts all above the limit is lost. */
export function lostShare({ resource, limit }: SharedLimit, offered: number): number {
  if (offered === 0) return 0;
  if (BY_CHANCE.has(resource)) return erlangB(limit, offered);
  return Math.max(0, 1 - limit / offered);
}
