import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fleetBound, pack } from '../../../lib/capacity/placement/pack.ts';
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

  it('counts the tenants of one enterprise one by one', () => {
    const tenants = ['a', 'b', 'c', 'd'].map((id) => evenTenant(id, 1, { enterprise: 'group' }));
    expect(bound(tenants)).toMatchObject({ cells: 4 });
  });
});
