import type { CellLimits } from '../shared-limits.ts';
import { CellLoad, type PlacementCell } from '../placement/cell-load.ts';
import { TenantTable, type TenantRow } from '../placement/tenant-table.ts';
import { usableLimit, type Policy } from '../policy.ts';
import { HOURS_PER_WEEK, RESOURCES, type Resource, type WeeklyDemand } from '../resources.ts';
import type { FleetTenant } from './input.ts';
import { busyWeek, raiseToMeasured, type Outlook } from './outlook.ts';
import { DAY_MS } from '../time.ts';

/** All cells with what their tenants will need at a quantile, and the tenants that wait for a cell. */
export interface FleetLoad {
  readonly cells: readonly CellLoad[];
  readonly byName: ReadonlyMap<string, CellLoad>;
  readonly waiting: readonly TenantRow[];
  /** Through which the busiest hours count. */
  readonly until: number;
}

export interface FleetLoadOptions {
  readonly policy: Policy;
  readonly quantile: number;
  readonly now: number;
  /** The busiest hours until then count; at least a week after `now`. */
  readonly until: number;
  /** Why a cell takes no tenants; undefined where it does. */
  readonly closed: (name: string) => string | undefined;
  /**
   * Days of history whose highest hours count besides the forecast.
   * @default 0
   */
  readonly measuredDays?: number;
}

/** A forecast has learned a new tenant's part of its cell after a week. */
const SETTLED_MS = 7 * DAY_MS;

/** What a policy lets the demand quantile reach, for every limit of a cell. */
export function usableLimits(policy: Policy, { sharedLimits, maxTenants }: CellLimits): CellLimits {
  return {
    maxTenants,
    sharedLimits: sharedLimits.map((sharedLimit) => ({ ...sharedLimit, limit: usableLimit(policy, sharedLimit) })),
  };
}

/**
 * Gives every tenant its share of what its cell is forecast to need: the sum over a cell is the quantile of the cell,
 * which is less than the sum of the quantiles of its tenants. Tenants without a cell count with their expected week.
 */
export function fleetLoad(
  outlooks: readonly Outlook[],
  tenants: readonly FleetTenant[],
  options: FleetLoadOptions,
): FleetLoad {
  const { policy, closed } = options;
  const table = new TenantTable(HOURS_PER_WEEK);
  const byName = new Map<string, CellLoad>();
  for (const { name, cell, capacity } of outlooks) {
    const why = closed(name);
    const placed: PlacementCell = {
      name,
      region: cell.spec.region,
      limits: usableLimits(policy, capacity.limits),
      ...(cell.jurisdiction !== undefined && { jurisdiction: cell.jurisdiction }),
      ...(why !== undefined && { closed: why }),
    };
    byName.set(name, new CellLoad(placed, HOURS_PER_WEEK));
  }
  const members = tenantsByCell(tenants);
  const waiting = tenants.filter(({ cell }) => cell === undefined).map((tenant) => table.add(tenant));
  const scaled = emptyWeek();
  for (const one of outlooks) {
    const own = members.get(one.name) ?? [];
    const settled = settledOf(own, options.now);
    const known = new Set(settled);
    const times = shares(one, settled, options);
    const load = byName.get(one.name)!;
    for (const tenant of own) {
      if (!known.has(tenant)) {
        load.add(table.add(tenant));
        continue;
      }
      for (const resource of RESOURCES) {
        const use = tenant.use[resource];
        const factor = times[resource];
        const into = scaled[resource];
        for (let h = 0; h < HOURS_PER_WEEK; h++) into[h] = use[h]! * factor[h]!;
      }
      load.add(table.add({ ...tenant, use: scaled }));
    }
  }
  return { cells: [...byName.values()], byName, waiting, until: options.until };
}

export function tenantsByCell(tenants: readonly FleetTenant[]): ReadonlyMap<string, readonly FleetTenant[]> {
  const members = new Map<string, FleetTenant[]>();
  for (const tenant of tenants) {
    if (tenant.cell === undefined) continue;
    const others = members.get(tenant.cell);
    if (others === undefined) members.set(tenant.cell, [tenant]);
    else others.push(tenant);
  }
  return members;
}

/** Tenants that the forecast of their cell knows. */
export const settledOf = (tenants: readonly FleetTenant[], now: number): readonly FleetTenant[] =>
  tenants.filter(({ since }) => since === undefined || since <= now - SETTLED_MS);

const emptyWeek = (): WeeklyDemand =>
  Object.fromEntries(RESOURCES.map((resource) => [resource, new Float64Array(HOURS_PER_WEEK)])) as WeeklyDemand;

/** For every resource and hour, the cell's quantile over the sum of what its tenants are expected to use. */
function shares(
  { cell, forecasts }: Outlook,
  tenants: readonly FleetTenant[],
  options: FleetLoadOptions,
): WeeklyDemand {
  const { quantile, now, until, measuredDays = 0 } = options;
  const times = emptyWeek();
  const timesOf = (resource: Resource): Float64Array | undefined => {
    const ahead = forecasts.get(resource);
    if (ahead === undefined) return undefined;
    const week = busyWeek(ahead, quantile, now, until);
    if (measuredDays > 0) raiseToMeasured(week, cell.history[resource]!, measuredDays);
    const sum = new Float64Array(HOURS_PER_WEEK);
    for (const { use } of tenants) {
      const values = use[resource];
      for (let h = 0; h < HOURS_PER_WEEK; h++) sum[h]! += values[h]!;
    }
    // Where nothing was ever measured, or nobody is expected to call, the tenants' own weeks stand.
    return week.map((value, h) => (sum[h]! > 0 && !Number.isNaN(value) ? value / sum[h]! : 1));
  };
  const calls = timesOf('relayedCalls') ?? timesOf('setups');
  for (const resource of RESOURCES) {
    const own = resource === 'relayedCalls' ? calls : timesOf(resource);
    const likeCalls = resource === 'registrations' ? undefined : calls;
    times[resource].set(own ?? likeCalls ?? new Float64Array(HOURS_PER_WEEK).fill(1));
  }
  return times;
}
