import type { CellSpec } from '../../spec/cell.ts';
import { cellCapacity } from '../cell-capacity.ts';
import type { CellLimits } from '../lanes.ts';
import { poolLanes } from '../pool-lanes.ts';

/**
 * What a cell takes with some of its media hosts in service, of which `lost` may be lost. Hosts that serve the most
 * pools stay the longest, so that no tier is without.
 */
export function limitsWithHosts(spec: CellSpec, hosts: number, lost: number): CellLimits {
  const { limits, resources } = cellCapacity(spec);
  const pools = spec.media.pools;
  const poolsOf = (host: number): number => Object.values(pools).filter((members) => members.includes(host)).length;
  const kept = Array.from({ length: spec.media.hosts }, (_, i) => i + 1)
    .sort((a, b) => poolsOf(b) - poolsOf(a) || a - b)
    .slice(0, hosts);
  const inService = Object.fromEntries(
    Object.entries(pools).map(([name, members]) => [name, members.filter((host) => kept.includes(host))]),
  );
  const perHost = {
    relayedCalls: resources.relayedCalls.binding.limit,
    mediaSessions: resources.mediaSessions.binding.limit,
  };
  const shared = limits.lanes.filter((lane) => lane.pools === 'all');
  return { maxTenants: limits.maxTenants, lanes: [...shared, ...poolLanes(inService, perHost, lost)] };
}
