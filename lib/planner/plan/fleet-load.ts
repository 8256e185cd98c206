import type { CellLimits } from '../shared-limits.ts';
import { CellLoad, type PlacementCell } from '../placement/cell-load.ts';
import { peaks, TenantTable, type TenantRow } from '../placement/tenant-table.ts';
import { usableLimit, type Policy } from '../policy.ts';
import { emptyWeek, HOURS_PER_WEEK, RESOURCES } from '../resources.ts';
import { contractOfAll } from './implausible.ts';
import type { FleetTenant } from './input.ts';
import type { Outlook } from './outlook.ts';
import { settledOf } from './settled.ts';
import { tenantShares, timesAlone, type ShareOptions } from './shares.ts';

/** All cells with what their tenants will need at a quantile, and the tenants that wait for a cell. */
export interface FleetLoad {
  readonly cells: readonly CellLoad[];
  readonly byName: ReadonlyMap<string, CellLoad>;
  readonly waiting: readonly TenantRow[];
  /** A tenant of a cell as it counts in another: more, where the chance of its cell evens out its own. */
  readonly elsewhere: (tenant: TenantRow) => TenantRow;
  /** Through which the busiest hours count. */
  readonly until: number;
}

export interface FleetLoadOptions extends ShareOptions {
  readonly policy: Policy;
  /** Why a cell takes no tenants; undefined where it does. */
  readonly closed: (name: string) => string | undefined;
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
  const moving = new Map<string, TenantRow>();
  const scaled = emptyWeek();
  for (const one of outlooks) {
    const own = members.get(one.name) ?? [];
    const settled = settledOf(own, options.now);
    const known = new Set(settled);
    const shareOf = tenantShares(one, settled, options);
    const alone = timesAlone(one, settled, shareOf, options);
    const load = byName.get(one.name)!;
    for (const tenant of own) {
      if (!known.has(tenant)) {
        load.add(table.add(tenant));
        continue;
      }
      const { times, capped } = shareOf(tenant);
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
      const row = table.add({ ...tenant, use: scaled });
      load.add(row);
      const more = alone.get(tenant.id);
      if (more !== undefined) moving.set(tenant.id, grown(row, more));
    }
  }
  return {
    cells: [...byName.values()],
    byName,
    waiting,
    elsewhere: (row) => moving.get(row.id) ?? row,
    until: options.until,
  };
}

/** All of a tenant's use but its contacts, times something in each hour of the week. */
function grown(row: TenantRow, times: Float64Array): TenantRow {
  const use = row.use.map((value, i) =>
    RESOURCES[Math.floor(i / HOURS_PER_WEEK)] === 'registrations' ? value : value * times[i % HOURS_PER_WEEK]!,
  );
  return { ...row, use, peak: peaks(use, HOURS_PER_WEEK) };
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
