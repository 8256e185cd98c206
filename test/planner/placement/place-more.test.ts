import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CellLoad } from '../../../lib/planner/placement/cell-load.ts';
import { pack } from '../../../lib/planner/placement/pack.ts';
import { placeMore } from '../../../lib/planner/placement/place-more.ts';
import { chooseCell } from '../../../lib/planner/placement/place-one.ts';
import { anyTenants, evenTenant, kindIn, limitsOf100, tableOf, threeKinds, violations } from './fleets.ts';

const cellOf = (name: string, more = {}): CellLoad =>
  new CellLoad({ name, region: 'eu-1', limits: { sharedLimits: limitsOf100, maxTenants: 20 }, ...more }, 168);

describe('placeMore', () => {
  it('keeps every rule and moves nobody where no cell is over a limit', () => {
    fc.assert(
      fc.property(anyTenants, fc.double({ min: 0, max: 1, noNaN: true }), (tenants, split) => {
        const table = tableOf(tenants);
        const first = table.rows.slice(0, Math.floor(split * table.rows.length));
        const { cells } = pack(first, 168, threeKinds);
        const before = new Map(cells.flatMap((cell) => [...cell.tenants].map((tenant) => [tenant, cell] as const)));
        const after = placeMore(cells, table.rows.slice(first.length), 168, threeKinds, { maxMoves: 100 });
        expect(violations(after.cells)).toEqual([]);
        expect(after.moves).toEqual([]);
        for (const [tenant, cell] of before) expect(cell.tenants.has(tenant)).toBe(true);
        expect(after.cells.length).toBeGreaterThanOrEqual(after.lowerBound.cells);
      }),
      { numRuns: 40 },
    );
  });

  it('moves the one tenant whose leaving ends an overload', () => {
    const full = cellOf('full');
    const roomy = cellOf('roomy');
    const table = tableOf([evenTenant('large', 70), evenTenant('middle', 35), evenTenant('small', 3)]);
    for (const tenant of table.rows) full.add(tenant);
    const { moves, opened } = placeMore([full, roomy], [], 168, [kindIn('eu-1')], { maxMoves: 10 });
    expect(moves.map(({ tenant, from, to }) => [tenant.id, from.cell.name, to.cell.name])).toEqual([
      ['middle', 'full', 'roomy'],
    ]);
    expect(opened).toEqual([]);
  });

  it('moves no more tenants than allowed', () => {
    const full = cellOf('full');
    const table = tableOf(Array.from({ length: 19 }, (_, i) => evenTenant(`t${i}`, 10)));
    for (const tenant of table.rows) full.add(tenant);
    const { moves } = placeMore([full], [], 168, [kindIn('eu-1')], { maxMoves: 3 });
    expect(moves).toHaveLength(3);
    expect(full.tenants.size).toBe(16);
  });

  it('leaves a tenant where it is if no cell could take it', () => {
    const full = cellOf('full');
    const table = tableOf([evenTenant('giant', 101)]);
    full.add(table.rows[0]!);
    const { moves, unplaced, opened } = placeMore([full], [], 168, [kindIn('eu-1')], { maxMoves: 3 });
    expect([moves, unplaced, opened]).toEqual([[], [], []]);
    expect(full.tenants.has(table.rows[0]!)).toBe(true);
  });
});

describe('chooseCell', () => {
  it('takes the cell that stays least full and excuses every other with its numbers', () => {
    const table = tableOf([
      evenTenant('new', 10, { enterprise: 'group', regions: ['eu-1'] }),
      evenTenant('sibling', 1, { enterprise: 'group' }),
      evenTenant('a', 30),
      evenTenant('b', 50),
      evenTenant('c', 95),
    ]);
    const [tenant, sibling, a, b, c] = table.rows;
    const cells = {
      least: cellOf('least'),
      fuller: cellOf('fuller'),
      short: cellOf('short'),
      spread: cellOf('spread'),
      cordoned: cellOf('cordoned', { closed: 'cordoned' }),
      abroad: cellOf('abroad', { region: 'us-1' }),
      capped: cellOf('capped', { limits: { sharedLimits: limitsOf100, maxTenants: 0 } }),
    };
    cells.least.add(a!);
    cells.fuller.add(b!);
    cells.short.add(c!);
    cells.spread.add(sibling!);
    const { cell, excuses } = chooseCell(Object.values(cells), tenant!);
    expect(cell).toBe(cells.least);
    expect(excuses.map(({ cell: name, code }) => [name, code])).toEqual([
      ['fuller', 'fuller'],
      ['short', 'capacity'],
      ['spread', 'enterprise'],
      ['cordoned', 'closed'],
      ['abroad', 'region'],
      ['capped', 'tenantCap'],
    ]);
    expect(excuses[0]!.text).toBe('fuller would carry it, but at 60.0 % of its fullest limit against 40.0 % in least');
    expect(excuses[1]!.text).toBe(
      'short is short of setups on Monday 00:00 UTC: 95 in use + 10 of the tenant = 105, allowed 100',
    );
  });

  it('gives only excuses where no cell can hold the tenant', () => {
    const table = tableOf([evenTenant('new', 10, { pool: 'gold' })]);
    const { cell, excuses } = chooseCell([cellOf('one')], table.rows[0]!);
    expect(cell).toBeUndefined();
    expect(excuses).toMatchObject([{ code: 'pool', text: 'one has no media hosts for pool gold' }]);
  });

  it('agrees with what fits: the chosen cell fits and no cell with a capacity excuse does', () => {
    fc.assert(
      fc.property(anyTenants, (tenants) => {
        const table = tableOf(tenants);
        const { cells } = pack(table.rows.slice(1), 168, threeKinds);
        const tenant = table.rows[0];
        if (tenant === undefined) return;
        const { cell, excuses } = chooseCell(cells, tenant);
        expect(excuses.length).toBe(cells.length - (cell === undefined ? 0 : 1));
        cell?.add(tenant);
        expect(violations(cells)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a table of tenants', () => {
  it('refuses an id twice, and amounts that are not finite and 0 or more', () => {
    const table = tableOf([evenTenant('a', 1)]);
    expect(() => table.add(evenTenant('a', 1))).toThrow('Tenant a is given twice');
    expect(() => table.add(evenTenant('b', -1))).toThrow('Tenant b: setups in hour 0 is -1');
    expect(() => table.add(evenTenant('c', NaN))).toThrow('allowed is a finite number of 0 or more');
  });
});
