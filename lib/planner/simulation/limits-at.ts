import type { CellSpec } from '../../fleet/schema/cell.ts';
import { cellCapacity } from '../cell-capacity.ts';
import type { CellLimits } from '../shared-limits.ts';
import { poolLimits } from '../pool-limits.ts';

/** What a cell takes with some of its media hosts in service (their numbers), of which `lost` may be lost. */
export function limitsWithHosts(spec: CellSpec, inService: readonly number[], lost: number): CellLimits {
  const { limits, resources } = cellCapacity(spec);
  const there = Object.fromEntries(
    Object.entries(spec.media.pools).map(([name, hosts]) => [name, hosts.filter((host) => inService.includes(host))]),
  );
  const perHost = {
    relayedCalls: resources.relayedCalls.binding.limit,
    mediaSessions: resources.mediaSessions.binding.limit,
  };
  const shared = limits.sharedLimits.filter((sharedLimit) => sharedLimit.pools === 'all');
  return { maxTenants: limits.maxTenants, sharedLimits: [...shared, ...poolLimits(there, perHost, lost)] };
}
