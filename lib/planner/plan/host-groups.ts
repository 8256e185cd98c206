import type { CellSpec } from '../../fleet/schema/cell.ts';
import { limitServes, type CellLimits, type SharedLimit } from '../shared-limits.ts';
import { connectedPools, hostsByService, poolLimits } from '../pool-limits.ts';
import { HOURS_PER_WEEK, type Resource } from '../resources.ts';
import type { FleetTenant, Elastic } from './input.ts';

/** What media hosts carry. */
export const HOST_RESOURCES = ['relayedCalls', 'mediaSessions'] as const;
export type HostResource = (typeof HOST_RESOURCES)[number];
export const isHostResource = (resource: Resource): resource is HostResource =>
  (HOST_RESOURCES as readonly Resource[]).includes(resource);

/** The media hosts of pools that share hosts: they are put into service and taken out together, whatever other pools do. */
export interface HostGroup {
  readonly pools: readonly string[];
  /** Numbers of the hosts. Those in service come first, and of them those that serve the most pools: the last goes first. */
  readonly chain: readonly number[];
  readonly current: number;
  readonly least: number;
  /** Limits of the pools with the first n hosts of the chain in service, from none to all. */
  readonly limits: readonly (readonly SharedLimit[])[];
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
      return usable({ sharedLimits: poolLimits(Object.fromEntries(left), perHost, lostHosts), maxTenants: 0 })
        .sharedLimits;
    });
    return { pools, chain, current: current.length, least: Math.min(least, chain.length), limits };
  });
}

/** The fewest hosts of a group that carry a demand; one more than there are where all are too few. */
export function hostsFor({ limits, least }: HostGroup, demand: (sharedLimit: SharedLimit) => number): number {
  const enough = (sharedLimits: readonly SharedLimit[]): boolean =>
    sharedLimits.every((sharedLimit) => demand(sharedLimit) <= sharedLimit.limit);
  const fewest = limits.findIndex((sharedLimits, count) => count >= least && enough(sharedLimits));
  return fewest < 0 ? limits.length : fewest;
}

/** What a cell has at once, whoever has it. */
export interface CellUse {
  readonly relayedCalls: number;
  /** Undefined where they are not measured: then they are taken to follow the calls. */
  readonly mediaSessions: number | undefined;
}

/** What of the use of a cell is a shared limit's, in an hour of the week. */
export type LimitUse = (sharedLimit: SharedLimit, hour: number, use: CellUse) => number;

/** Of a cell with these tenants. */
export function limitUses(tenants: readonly FleetTenant[]): LimitUse {
  const share = limitShares(tenants);
  const perCall = sessionsPerCall(tenants);
  return (sharedLimit, hour, { relayedCalls, mediaSessions }) => {
    const all =
      sharedLimit.resource === 'relayedCalls' ? relayedCalls : (mediaSessions ?? relayedCalls * perCall[hour]!);
    return all === 0 ? 0 : all * share(sharedLimit, hour);
  };
}

/** FreeSWITCH sessions for each relayed call in every hour of the week, as the tenants are expected to use them. */
function sessionsPerCall(tenants: readonly FleetTenant[]): Float64Array {
  const [sessions, calls] = [weekOf(tenants, 'mediaSessions'), weekOf(tenants, 'relayedCalls')];
  const usual = sum(calls) > 0 ? sum(sessions) / sum(calls) : 0;
  return sessions.map((value, hour) => (calls[hour]! > 0 ? value / calls[hour]! : usual));
}

type LimitShare = (sharedLimit: SharedLimit, hour: number) => number;

/**
 * What part of the use of a cell is a shared limit's, by what the tenants of its pools are expected to use in that hour; in hours without any by the whole week. Where nobody
 * is expected to use anything, all of it may be any shared limit's.
 */
function limitShares(tenants: readonly FleetTenant[]): LimitShare {
  const known = new Map<string, Float64Array>();
  return (sharedLimit, hour) => {
    const key = `${sharedLimit.resource} ${String(sharedLimit.pools)}`;
    let shares = known.get(key);
    if (shares === undefined) {
      const own = tenants.filter(({ pool }) => limitServes(sharedLimit, pool));
      shares =
        own.length === tenants.length ? new Float64Array(HOURS_PER_WEEK).fill(1) : partOf(own, tenants, sharedLimit);
      known.set(key, shares);
    }
    return shares[hour]!;
  };
}

function partOf(own: readonly FleetTenant[], all: readonly FleetTenant[], { resource }: SharedLimit): Float64Array {
  const [part, whole] = [weekOf(own, resource), weekOf(all, resource)];
  const usual = sum(whole) > 0 ? sum(part) / sum(whole) : 1;
  return part.map((value, hour) => (whole[hour]! > 0 ? value / whole[hour]! : usual));
}

/** What tenants use together of a resource, by the hour of the week. */
export function weekOf(tenants: readonly FleetTenant[], resource: Resource): Float64Array {
  const week = new Float64Array(HOURS_PER_WEEK);
  for (const { use } of tenants) use[resource].forEach((value, hour) => (week[hour]! += value));
  return week;
}

const sum = (week: Float64Array): number => week.reduce((a, b) => a + b, 0);
