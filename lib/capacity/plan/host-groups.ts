import type { CellSpec } from '../../spec/cell.ts';
import { laneServes, type CellLimits, type Lane } from '../lanes.ts';
import { connectedPools, hostsByService, poolLanes } from '../pool-lanes.ts';
import { HOURS_PER_WEEK } from '../resources.ts';
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
  const known = new Map<string, Float64Array>();
  return (lane, hour) => {
    const key = `${lane.resource} ${String(lane.pools)}`;
    let shares = known.get(key);
    if (shares === undefined) {
      const own = tenants.filter(({ pool }) => laneServes(lane, pool));
      shares = own.length === tenants.length ? new Float64Array(HOURS_PER_WEEK).fill(1) : partOf(own, tenants, lane);
      known.set(key, shares);
    }
    return shares[hour]!;
  };
}

function partOf(own: readonly FleetTenant[], all: readonly FleetTenant[], { resource }: Lane): Float64Array {
  const weekOf = (some: readonly FleetTenant[]): Float64Array => {
    const week = new Float64Array(HOURS_PER_WEEK);
    for (const { use } of some) use[resource].forEach((value, hour) => (week[hour]! += value));
    return week;
  };
  const sum = (week: Float64Array): number => week.reduce((a, b) => a + b, 0);
  const [part, whole] = [weekOf(own), weekOf(all)];
  const usual = sum(whole) > 0 ? sum(part) / sum(whole) : 1;
  return part.map((value, hour) => (whole[hour]! > 0 ? value / whole[hour]! : usual));
}
