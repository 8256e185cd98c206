import * as fc from 'fast-check';
import type { SharedLimit } from '../../../lib/planner/shared-limits.ts';
import type { CellKind } from '../../../lib/planner/placement/cell-kind.ts';
import type { CellLoad } from '../../../lib/planner/placement/cell-load.ts';
import { TenantTable, type PlacementTenant, type TenantRow } from '../../../lib/planner/placement/tenant-table.ts';
import { evenDemand, RESOURCES, type Resource, type WeeklyDemand } from '../../../lib/planner/resources.ts';

/** Shared limits of a cell that takes 100 of everything, media hosts apart for two pools. */
export const limitsOf100: readonly SharedLimit[] = [
  ...(['setups', 'registrations', 'recordEvents', 'databaseWrites'] as const).map((resource): SharedLimit => ({
    resource,
    pools: 'all',
    limit: 100,
  })),
  ...(['relayedCalls', 'mediaSessions'] as const).flatMap((resource): SharedLimit[] => [
    { resource, pools: ['standard'], limit: 100 },
    { resource, pools: ['high-volume'], limit: 50 },
  ]),
];

export const kindIn = (region: string, more: Partial<CellKind> = {}): CellKind => ({
  name: (n) => `${region}-${n}`,
  region,
  limits: { sharedLimits: limitsOf100, maxTenants: 20 },
  ...more,
});

/** The same amount of everything at all hours. */
export const evenTenant = (id: string, amount: number, more: Partial<PlacementTenant> = {}): PlacementTenant => ({
  id,
  pool: 'standard',
  use: evenDemand(amount),
  ...more,
});

/** An amount of everything in some hours of the week, and nothing else. */
export function tenantAt(id: string, hours: readonly number[], amount: number): PlacementTenant {
  const week = Object.fromEntries(RESOURCES.map((resource) => [resource, new Float64Array(168)])) as Record<
    Resource,
    Float64Array
  >;
  for (const hour of hours) for (const resource of RESOURCES) week[resource][hour] = amount;
  return { id, pool: 'standard', use: week satisfies WeeklyDemand };
}

/** Tenants of two pools, three regions and a few enterprises; some too large for any cell. */
export const anyTenants = fc
  .array(
    fc.record({
      pool: fc.constantFrom('standard', 'high-volume'),
      regions: fc.constantFrom(undefined, ['eu-1'], ['eu-1', 'eu-2'], ['us-1']),
      residency: fc.constantFrom(undefined, 'EU'),
      enterprise: fc.constantFrom(undefined, undefined, 'a', 'b'),
      size: fc.double({ min: 0.1, max: 60, noNaN: true }),
      phase: fc.integer({ min: 0, max: 167 }),
    }),
    { maxLength: 60 },
  )
  .map((drawn) =>
    drawn.map(({ pool, regions, residency, enterprise, size, phase }, i): PlacementTenant => {
      const wave = Float64Array.from(
        { length: 168 },
        (_, h) => size * (1 + Math.cos(((h - phase) / 24) * 2 * Math.PI)) * (1 - 0.5 * Math.sin(i + h / 168)),
      );
      const use = Object.fromEntries(
        RESOURCES.map((resource, r) => [resource, wave.map((value) => value * (0.5 + ((i + r) % 5) / 8))]),
      ) as Record<Resource, Float64Array>;
      return {
        id: `t${i}`,
        pool,
        use,
        ...(regions && { regions }),
        ...(residency && { residency }),
        ...(enterprise && { enterprise }),
      };
    }),
  );

export const threeKinds: readonly CellKind[] = [
  kindIn('eu-1', { jurisdiction: 'EU' }),
  kindIn('eu-2', { jurisdiction: 'EU', headroom: 0.2 }),
  kindIn('us-1'),
];

export function tableOf(tenants: readonly PlacementTenant[], slots: 1 | 168 = 168): TenantTable {
  const table = new TenantTable(slots);
  for (const tenant of tenants) table.add(tenant);
  return table;
}

/** Everything that is wrong with what is in the cells, added up again from the tenants. */
export function violations(cells: readonly CellLoad[]): string[] {
  const found: string[] = [];
  const seen = new Set<TenantRow>();
  for (const load of cells) {
    const { name, region, jurisdiction, limits, headroom = 0 } = load.cell;
    if (load.tenants.size > limits.maxTenants) found.push(`${name}: ${load.tenants.size} tenants`);
    const enterprises = new Set<string>();
    for (const tenant of load.tenants) {
      if (seen.has(tenant)) found.push(`${tenant.id} is in two cells`);
      seen.add(tenant);
      const { regions, residency } = tenant.terms;
      if (regions && !regions.includes(region)) found.push(`${tenant.id} in ${region}`);
      if (residency && residency !== jurisdiction) found.push(`${tenant.id} in ${jurisdiction}`);
      if (tenant.enterprise && enterprises.has(tenant.enterprise)) found.push(`${name}: two of ${tenant.enterprise}`);
      if (tenant.enterprise) enterprises.add(tenant.enterprise);
    }
    for (const sharedLimit of limits.sharedLimits) {
      const resource = RESOURCES.indexOf(sharedLimit.resource);
      for (let h = 0; h < load.slots; h++) {
        let sum = 0;
        for (const tenant of load.tenants) {
          if (sharedLimit.pools === 'all' || sharedLimit.pools.includes(tenant.terms.pool))
            sum += tenant.use[resource * load.slots + h]!;
        }
        if (sum > sharedLimit.limit * (1 - headroom) * 1.00001)
          found.push(`${name}: ${sharedLimit.resource} ${sum} in hour ${h}`);
      }
    }
  }
  return found;
}
