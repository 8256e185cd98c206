import type { Forecast } from '../forecast.ts';
import type { History } from '../forecast/history.ts';
import { emptyWeek, HOURS_PER_WEEK, RESOURCES, type Resource, type WeeklyDemand } from '../resources.ts';
import { HOST_RESOURCES, weekOf, type HostResource } from './host-groups.ts';
import { contractOfAll } from './implausible.ts';
import type { FleetTenant, PartHistories } from './input.ts';
import { busyWeek, raiseToMeasured, type Outlook } from './outlook.ts';
import { factorWithin } from './within-contracts.ts';

export interface ShareOptions {
  readonly quantile: number;
  readonly now: number;
  /** The busiest hours until then count; at least a week after `now`. */
  readonly until: number;
  /**
   * Days of history whose highest hours count besides the forecast.
   * @default 0
   */
  readonly measuredDays?: number;
}

/** What a tenant has of its cell's forecast. */
export interface Share {
  /** By how much its expected week grows or shrinks. */
  readonly times: WeeklyDemand;
  /** For every resource the hours in which it has no more than was sold to it. */
  readonly capped: readonly ReadonlySet<number>[];
}

/**
 * What tenants have of their cell's forecast: together the quantile of the cell, which is less than the sum of the quantiles of all.
 * Tenants of a pool with a forecast of its own have its quantile, and the others what is left of the cell's, though at least their
 * share of the cell's median.
 */
export function tenantShares(
  one: Outlook,
  tenants: readonly FleetTenant[],
  options: ShareOptions,
): (tenant: FleetTenant) => Share {
  const make = (times: WeeklyDemand, some: readonly FleetTenant[]): Share => ({
    times,
    capped: RESOURCES.map((resource) => keepContracts(times[resource], some, resource)),
  });
  const whole = cellTimes(one, tenants, options);
  const pools = [...one.poolForecasts.keys()];
  const membersOf = new Map(pools.map((pool) => [pool, tenants.filter((tenant) => tenant.pool === pool)]));
  const others = tenants.filter(({ pool }) => !membersOf.has(pool));
  const ofPool = new Map(
    pools.map((pool) => {
      const histories = one.cell.poolHistory![pool]!;
      return [pool, partTimes(one.poolForecasts.get(pool)!, histories, membersOf.get(pool)!, whole, options)];
    }),
  );
  const rest = copyOf(whole);
  if (pools.length > 0 && others.length > 0) {
    const median = cellTimes(one, tenants, { ...options, quantile: 0.5, measuredDays: 0 });
    for (const resource of HOST_RESOURCES) {
      const left = weekOf(tenants, resource).map((sum, h) => sum * whole[resource][h]!);
      for (const [pool, members] of membersOf) {
        const own = ofPool.get(pool)![resource];
        weekOf(members, resource).forEach((sum, h) => (left[h]! -= sum * own[h]!));
      }
      weekOf(others, resource).forEach((sum, h) => {
        const least = Math.min(median[resource][h]!, whole[resource][h]!);
        if (sum > 0) rest[resource][h] = Math.max(left[h]! / sum, least);
      });
    }
  }
  const shares = new Map(pools.map((pool) => [pool, make(ofPool.get(pool)!, membersOf.get(pool)!)]));
  const ofOthers = make(rest, others);
  return ({ pool }) => shares.get(pool) ?? ofOthers;
}

/**
 * How many times its share a tenant needs by itself, by the hour of the week, of those that are forecast so: where it goes, the
 * others of its cell do not even out its chance.
 *
 * @param tenants of the cell that its history knows
 */
export function timesAlone(
  { cell, tenantForecasts }: Outlook,
  tenants: readonly FleetTenant[],
  shareOf: (tenant: FleetTenant) => Share,
  options: ShareOptions,
): ReadonlyMap<string, Float64Array> {
  const alone = tenants.filter(({ id }) => tenantForecasts.has(id));
  return new Map(
    alone.map((tenant) => {
      const { id, use } = tenant;
      const own = ratio(tenantForecasts.get(id), cell.tenantHistory![id], use.relayedCalls, options)!;
      const share = shareOf(tenant).times.relayedCalls;
      return [id, own.map((times, h) => (share[h]! > 0 ? Math.max(1, times / share[h]!) : 1))];
    }),
  );
}

/** For every resource and hour, the cell's quantile over the sum of what its tenants are expected to use. */
function cellTimes({ cell, forecasts }: Outlook, tenants: readonly FleetTenant[], options: ShareOptions): WeeklyDemand {
  const times = emptyWeek();
  const timesOf = (resource: Resource): Float64Array | undefined =>
    ratio(forecasts.get(resource), cell.history[resource], weekOf(tenants, resource), options);
  const calls = timesOf('relayedCalls') ?? timesOf('setups');
  for (const resource of RESOURCES) {
    const own = resource === 'relayedCalls' ? calls : timesOf(resource);
    const likeCalls = resource === 'registrations' ? undefined : calls;
    times[resource].set(own ?? likeCalls ?? new Float64Array(HOURS_PER_WEEK).fill(1));
  }
  return times;
}

/** The same for a part, in what it is forecast of; in all else as the cell. Where only its calls are, its sessions follow them. */
function partTimes(
  forecasts: ReadonlyMap<HostResource, Forecast>,
  histories: PartHistories[string],
  members: readonly FleetTenant[],
  whole: WeeklyDemand,
  options: ShareOptions,
): WeeklyDemand {
  const times = copyOf(whole);
  const timesOf = (resource: HostResource): Float64Array | undefined =>
    ratio(forecasts.get(resource), histories[resource], weekOf(members, resource), options);
  const calls = timesOf('relayedCalls');
  for (const resource of HOST_RESOURCES) times[resource].set(timesOf(resource) ?? calls ?? whole[resource]);
  return times;
}

/** A quantile over what is expected, by the hour of the week; 1 where nothing was ever measured, or nobody is expected to call. */
function ratio(
  ahead: Forecast | undefined,
  history: History | undefined,
  expected: Float64Array,
  { quantile, now, until, measuredDays = 0 }: ShareOptions,
): Float64Array | undefined {
  if (ahead === undefined) return undefined;
  const week = busyWeek(ahead, quantile, now, until);
  if (measuredDays > 0) raiseToMeasured(week, history!, measuredDays);
  return week.map((value, h) => (expected[h]! > 0 && !Number.isNaN(value) ? value / expected[h]! : 1));
}

const copyOf = (week: WeeklyDemand): WeeklyDemand =>
  Object.fromEntries(RESOURCES.map((resource) => [resource, week[resource].slice()])) as WeeklyDemand;

/**
 * Raises the factors of hours in which a tenant cannot have its share, as it was not sold so much: the others will have the rest.
 * Where all of them together were sold less than the cell has, it is theirs none the less.
 *
 * @returns the hours in which tenants have at most what was sold to them
 */
function keepContracts(times: Float64Array, tenants: readonly FleetTenant[], resource: Resource): Set<number> {
  const capped = new Set<number>();
  const sold = Float64Array.from(tenants, (tenant) => contractOfAll([tenant], resource) ?? Infinity);
  if (sold.every((most) => most === Infinity)) return capped;
  for (let h = 0; h < HOURS_PER_WEEK; h++) {
    const factor = times[h]!;
    if (!(factor > 1) || !tenants.some(({ use }, i) => use[resource][h]! * factor > sold[i]!)) continue;
    const parts = Float64Array.from(tenants, ({ use }) => use[resource][h]!);
    const target = factor * parts.reduce((sum, part) => sum + part, 0);
    const most = parts.map((part, i) => Math.max(part, sold[i]!));
    const within = factorWithin(target, parts, most);
    if (within === Infinity) continue;
    times[h] = within;
    capped.add(h);
  }
  return capped;
}
