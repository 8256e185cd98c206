import type { CellLimits } from '../shared-limits.ts';
import { CellLoad, type PlacementCell } from '../placement/cell-load.ts';
import { TenantTable, type TenantRow } from '../placement/tenant-table.ts';
import { usableLimit, type Policy } from '../policy.ts';
import { HOURS_PER_WEEK, RESOURCES, type Resource, type WeeklyDemand } from '../resources.ts';
import { contractOfAll } from './implausible.ts';
import type { FleetTenant } from './input.ts';
import { busyWeek, raiseToMeasured, type Outlook } from './outlook.ts';
import { settledOf } from './settled.ts';
import { factorWithin } from './within-contracts.ts';

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
    const capped = RESOURCES.map((resource) => keepContracts(times[resource], settled, resource));
    const load = byName.get(one.name)!;
    for (const tenant of own) {
      if (!known.has(tenant)) {
        load.add(table.add(tenant));
        continue;
      }
      for (const [r, resource] of RESOURCES.entries()) {
        const use = tenant.use[resource];
        const factor = times[resource];
        const into = scaled[resource];
        const sold = contractOfAll([tenant], resource) ?? Infinity;
        for (let h = 0; h < HOURS_PER_WEEK; h++) {
          into[h] = use[h]! * factor[h]!;
          if (capped[r]!.has(h)) into[h] = Math.min(into[h]!, Math.max(use[h]!, sold));
        }
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

const emptyWeek = (): WeeklyDemand =>
  Object.fromEntries(RESOURCES.map((resource) => [resource, new Float64Array(HOURS_PER_WEEK)])) as WeeklyDemand;

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
