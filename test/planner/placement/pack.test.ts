import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CellLoad } from '../../../lib/planner/placement/cell-load.ts';
import { fill } from '../../../lib/planner/placement/fill.ts';
import type { PlacementTenant, TenantRow } from '../../../lib/planner/placement/tenant-table.ts';
import { seededRandom } from '../../../lib/planner/random.ts';
import { RESOURCES, type Demand, type Resource, type WeeklyDemand } from '../../../lib/planner/resources.ts';
import { fleetBound, pack } from '../../../lib/planner/placement/pack.ts';
import { anyTenants, evenTenant, kindIn, tableOf, tenantAt, threeKinds, violations } from './fleets.ts';

const names = (tenants: Iterable<{ id: string }>): string[] => [...tenants].map((tenant) => tenant.id).sort();

describe('pack', () => {
  it('keeps every limit, head-room, region, residency and enterprise, and places or excuses every tenant', () => {
    fc.assert(
      fc.property(anyTenants, (tenants) => {
        const table = tableOf(tenants);
        const { cells, unplaced, lowerBound } = pack(table.rows, 168, threeKinds);
        expect(violations(cells)).toEqual([]);
        expect(names([...cells.flatMap((cell) => [...cell.tenants]), ...unplaced.map((one) => one.tenant)])).toEqual(
          names(tenants),
        );
        expect(cells.every((cell) => cell.tenants.size > 0)).toBe(true);
        expect(cells.length).toBeGreaterThanOrEqual(lowerBound.cells);
        for (const { excuses } of unplaced) expect(excuses).toHaveLength(threeKinds.length);
      }),
      { numRuns: 60 },
    );
  });

  it('gives the same cells for the same tenants', () => {
    fc.assert(
      fc.property(anyTenants, (tenants) => {
        const run = (): string[][] =>
          pack(tableOf(tenants).rows, 168, threeKinds).cells.map((cell) => [cell.cell.name, ...names(cell.tenants)]);
        expect(run()).toEqual(run());
      }),
      { numRuns: 20 },
    );
  });

  it('opens no cell for no tenants', () => {
    expect(pack([], 168, threeKinds)).toMatchObject({ cells: [], unplaced: [], lowerBound: { cells: 0 } });
  });

  it('says why a tenant larger than a cell is not placed', () => {
    const table = tableOf([evenTenant('giant', 101)]);
    const { cells, unplaced } = pack(table.rows, 168, [kindIn('eu-1'), kindIn('us-1')]);
    expect(cells).toEqual([]);
    expect(unplaced[0]!.excuses[0]).toMatchObject({ code: 'tooLarge' });
    expect(unplaced[0]!.excuses[0]!.text).toMatch(/too small even when empty: setups on Monday 00:00 UTC: 101 of 100/);
  });

  it('says that there is nothing to open where there is nothing to open', () => {
    const table = tableOf([evenTenant('one', 1)]);
    expect(pack(table.rows, 168, []).unplaced[0]!.excuses).toMatchObject([{ code: 'noCell' }]);
  });

  it('puts tenants that peak at different hours into one cell, and by their peaks into two', () => {
    const tenants = [tenantAt('day', [9, 10, 11], 80), tenantAt('night', [21, 22, 23], 80)];
    expect(pack(tableOf(tenants).rows, 168, [kindIn('eu-1')]).cells).toHaveLength(1);
    expect(pack(tableOf(tenants, 1).rows, 1, [kindIn('eu-1')]).cells).toHaveLength(2);
  });

  it('keeps what is guaranteed free although it is not used', () => {
    const quiet = { ...tenantAt('quiet', [], 0), guaranteed: { relayedCalls: 60 } };
    const busy = tenantAt('busy', [9], 50);
    expect(pack(tableOf([quiet, busy]).rows, 168, [kindIn('eu-1')]).cells).toHaveLength(2);
  });

  it('reaches the lower bound with 2,000 tenants that fill cells to the tenant cap and to 93 % of a limit', () => {
    const tenants = Array.from({ length: 2000 }, (_, i) => evenTenant(`t${i}`, 0.4 + 8.5 * ((i * 0.618) % 1)));
    const table = tableOf(tenants, 1);
    const { cells, lowerBound } = pack(table.rows, 1, [kindIn('eu-1')]);
    expect(violations(cells)).toEqual([]);
    expect(cells.length).toBe(lowerBound.cells);
  });
});

describe('large tenants', () => {
  it('fill cells that are known to hold them nearly as well, and no bound asks for more cells than these', () => {
    fc.assert(
      fc.property(plannedCells, (planned) => {
        const table = tableOf(planned.flat());
        const { cells, unplaced, lowerBound } = pack(table.rows, 168, [kindIn('eu-1')]);
        expect(violations(cells)).toEqual([]);
        expect(unplaced).toEqual([]);
        expect(names(cells.flatMap((cell) => [...cell.tenants]))).toEqual(names(planned.flat()));
        expect(lowerBound.cells).toBeLessThanOrEqual(planned.length);
        expect(cells.length).toBeGreaterThanOrEqual(lowerBound.cells);
        expect(cells.length).toBeLessThanOrEqual(Math.ceil(1.15 * planned.length));
      }),
      { numRuns: 30 },
    );
  });

  it('of 5 to 45 % of a cell in every resource take fewer cells than spreading them as evenly as can be', () => {
    const random = seededRandom(1);
    const tenants = Array.from({ length: 120 }, (_, i) => {
      const use = Object.fromEntries(RESOURCES.map((resource) => [resource, 5 + 40 * random()])) as Demand;
      return { ...evenTenant(`t${i}`, 0), use };
    });
    const table = tableOf(tenants, 1);
    const kind = kindIn('eu-1');
    const { cells } = pack(table.rows, 1, [kind]);
    expect(violations(cells)).toEqual([]);
    const evenly = cells.map((cell) => new CellLoad(cell.cell, 1));
    expect(fill(evenly, candidatesOf(table.rows, evenly[0]!))).not.toEqual([]);
  });
});

/** Cells that are filled by two to four tenants each, in a different way by day and by night; some of one enterprise. */
const plannedCells = fc
  .array(
    fc.array(
      fc.record({
        day: fc.integer({ min: 10, max: 90 }),
        night: fc.integer({ min: 10, max: 90 }),
        group: fc.boolean(),
      }),
      { minLength: 2, maxLength: 4 },
    ),
    { minLength: 1, maxLength: 25 },
  )
  .map((cells) =>
    cells.map((parts, c) => {
      const [day, night] = (['day', 'night'] as const).map((when) => parts.reduce((sum, part) => sum + part[when], 0));
      return parts.map((part, i): PlacementTenant => {
        const by = tenantAt('', [9, 10], (99 * part.day) / day!).use as WeeklyDemand;
        const late = tenantAt('', [21, 22], (99 * part.night) / night!).use as WeeklyDemand;
        const use = Object.fromEntries(
          RESOURCES.map((resource) => [resource, by[resource].map((value, h) => value + late[resource][h]!)]),
        ) as Record<Resource, Float64Array>;
        // Never two in one of the planned cells.
        const enterprise = part.group && i === 0 ? { enterprise: 'group' } : {};
        return { id: `c${c}-${i}`, pool: 'standard', use, ...enterprise };
      });
    }),
  );

const candidatesOf = (rows: readonly TenantRow[], cell: CellLoad) =>
  rows.map((tenant) => ({ tenant, share: new CellLoad(cell.cell, 1).utilisationWith(tenant) }));

describe('the lower bound', () => {
  const bound = (tenants: Parameters<typeof tableOf>[0]): { cells: number; because: string } =>
    fleetBound(tableOf(tenants).rows, 168, [kindIn('eu-1')]);

  it('counts tenants over the tenant cap', () => {
    expect(bound(Array.from({ length: 41 }, (_, i) => evenTenant(`t${i}`, 0.1)))).toEqual({
      cells: 3,
      because: '41 tenants, at most 20 a cell',
    });
  });

  it('counts use over a limit in the busiest hour', () => {
    const tenants = [tenantAt('a', [9], 40), tenantAt('b', [9], 40), tenantAt('c', [9], 40), tenantAt('d', [30], 90)];
    expect(bound(tenants)).toEqual({ cells: 2, because: 'setups, Monday 09:00 UTC: 120 over 100 a cell' });
  });

  it('counts tenants above half a limit one by one', () => {
    expect(bound(['a', 'b', 'c'].map((id) => evenTenant(id, 51))).cells).toBe(3);
  });

  it('counts tenants of whom no two fit together, each pair for a limit of its own', () => {
    // Every pair meets in another hour.
    const tenants = [tenantAt('a', [9, 10], 60), tenantAt('b', [9, 11], 60), tenantAt('c', [10, 11], 60)];
    expect(bound(tenants)).toEqual({ cells: 3, because: '3 tenants of whom no two fit into one cell' });
  });

  it('counts the tenants of one enterprise one by one', () => {
    const tenants = ['a', 'b', 'c', 'd'].map((id) => evenTenant(id, 1, { enterprise: 'group' }));
    expect(bound(tenants)).toMatchObject({ cells: 4 });
  });
});
