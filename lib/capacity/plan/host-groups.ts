import type { CellSpec } from '../../spec/cell.ts';
import { laneServes, type CellLimits, type Lane } from '../lanes.ts';
import { connectedPools, hostsByService, poolLanes } from '../pool-lanes.ts';
import { HOURS_PER_WEEK, type Resource } from '../resources.ts';
import type { FleetTenant, Elastic } from './input.ts';

/** What media hosts carry. */
export const HOST_RESOURCES = ['relayedCalls', 'mediaSessions'] as const;
export type HostResource = (typeof HOST_RESOURCES)[number];

/** The media hosts of pools that share hosts: they are put into service and taken out together, whatever other pools do. */
export interface HostGroup {
  readonly pools: readonly string[];
  /** Numbers of the hosts. Those in service come first, and of them those that serve the most pools: the last goes first. */
  readonly chain: readonly number[];
  readonly current: number;
  readonly least: number;
  /** Limits of the pools with the first n hosts of the chain in service, from none to all. */
  readonly limits: readonly (readonly Lane[])[];
}

/** The groups of a cell, with limits after the loss of hosts, as far as a policy lets the demand reach them. */
export function hostGroups(
  { media }: CellSpec,
  { inService, least }: Elastic,
  perHost: Readonly<Record<HostResource, number>>,
  lostHosts: number,
  usable: (limits: CellLimits) => CellLimits,
): HostGroup[] {
  return connectedPools(media.pools).map((pools) => {
    const own = Object.fromEntries(pools.map((name) => [name, media.pools[name]!]));
    const byService = hostsByService(own);
    const current = byService.filter((host) => inService.includes(host));
    const chain = [...current, ...byService.filter((host) => !inService.includes(host))];
    const limits = Array.from({ length: chain.length + 1 }, (_, count) => {
      const there = new Set(chain.slice(0, count));
      const left = Object.entries(own).map(([name, hosts]) => [name, hosts.filter((host) => there.has(host))] as const);
      return usable({ lanes: poolLanes(Object.fromEntries(left), perHost, lostHosts), maxTenants: 0 }).lanes;
    });
    return { pools, chain, current: current.length, least: Math.min(least, chain.length), limits };
  });
}

/** The fewest hosts of a group that carry a demand; one more than there are where all are too few. */
export function hostsFor({ limits, least }: HostGroup, demand: (lane: Lane) => number): number {
  const enough = (lanes: readonly Lane[]): boolean => lanes.every((lane) => demand(lane) <= lane.limit);
  const fewest = limits.findIndex((lanes, count) => count >= least && enough(lanes));
  return fewest < 0 ? limits.length : fewest;
}

/** What part of the use of a cell is a lane's, in an hour of the week. */
export type LaneShare = (lane: Lane, hour: number) => number;

/**
 * By what the tenants of its pools are expected to use in that hour; in hours without any by the whole week. Where nobody
 * is expected to use anything, all of it may be any lane's.
 */
export function laneShares(tenants: readonly FleetTenant[]): LaneShare {
  const byPool = new Map<string, Record<HostResource, Float64Array>>();
  for (const { pool, use } of tenants) {
    let sums = byPool.get(pool);
    if (sums === undefined) {
      sums = {
        relayedCalls: new Float64Array(HOURS_PER_WEEK + 1),
        mediaSessions: new Float64Array(HOURS_PER_WEEK + 1),
      };
      byPool.set(pool, sums);
    }
    for (const resource of HOST_RESOURCES) {
      for (let h = 0; h < HOURS_PER_WEEK; h++) {
        sums[resource][h]! += use[resource][h]!;
        sums[resource][HOURS_PER_WEEK]! += use[resource][h]!;
      }
    }
  }
  const used = (lane: Lane | undefined, resource: Resource, at: number): number => {
    let sum = 0;
    for (const [pool, sums] of byPool) {
      if (lane === undefined || laneServes(lane, pool)) sum += sums[resource as HostResource][at]!;
    }
    return sum;
  };
  return (lane, hour) => {
    const at = used(undefined, lane.resource, hour) > 0 ? hour : HOURS_PER_WEEK;
    const all = used(undefined, lane.resource, at);
    return all > 0 ? used(lane, lane.resource, at) / all : 1;
  };
}
