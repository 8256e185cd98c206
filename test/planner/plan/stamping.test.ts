import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plan } from '../../../lib/planner/plan.ts';
import type { FleetCell, FleetTenant } from '../../../lib/planner/plan/input.ts';
import type { ActionOf } from '../../../lib/planner/plan/schema.ts';
import { blueprint, cellOf, evenWeek, HOUR, NOW, specOf, tenantsOf } from './fleets.ts';

/** A cell of 277 usable calls whose tenants have so many each. */
const fleet = (sizes: readonly number[]): { cells: FleetCell[]; tenants: FleetTenant[] } => {
  const calls = sizes.reduce((sum, size) => sum + size, 0);
  const tenants = sizes.map((size, i) => ({
    ...{ id: `t${i}`, pool: 'standard', regions: ['eu-west-1'], use: evenWeek(size), cell: 'euw1-a' },
  }));
  return { cells: [cellOf('euw1-a', { calls: () => calls, noise: 0 })], tenants };
};
const rules = {
  moveAfterHours: 0,
  caps: { cellsPerDay: 100, emergencyCellsPerDay: 100, movesPerDay: 500, costPerHour: Infinity },
};

describe('new cells', () => {
  it('hold all that they were stamped for when they are there: none is stamped after them', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 250 }), { minLength: 2, maxLength: 8 }), (sizes) => {
        // More than its hosts admit can't be measured.
        fc.pre(sizes.reduce((sum, size) => sum + size, 0) <= 390);
        const { cells, tenants } = fleet(sizes);
        const first = plan({ now: NOW, cells, tenants, blueprints: [blueprint()], rules });
        const stamps = first.actions.filter((action): action is ActionOf<'stamp'> => action.kind === 'stamp');
        const there = stamps.map(({ cell }): FleetCell => ({
          ...{ spec: specOf(cell), history: {}, signals: { measuredAt: undefined }, provedAt: NOW, costPerHour: 4 },
        }));
        const second = plan({
          ...{ now: NOW + HOUR, tenants, blueprints: [blueprint()], rules, memory: first.memory },
          cells: [cellOf('euw1-a', { calls: () => sizes.reduce((a, b) => a + b), noise: 0 }, {}, NOW + HOUR), ...there],
        });
        expect(second.actions.filter(({ kind }) => kind === 'stamp')).toEqual([]);
        const moved = second.actions.filter(({ kind }) => kind === 'move').length;
        const meant = stamps.reduce((sum, stamp) => sum + stamp.tenants, 0);
        expect(moved).toBeGreaterThanOrEqual(meant);
      }),
      { numRuns: 150 },
    );
  });

  it('have room for growth until the next stamp', () => {
    const stampsFor = (waiting: number, calls: number) => {
      const { cells, tenants } = fleet([270]);
      const more = tenantsOf(undefined, waiting, waiting * calls);
      const { actions } = plan({ now: NOW, cells, tenants: [...tenants, ...more], blueprints: [blueprint()], rules });
      return actions.filter(({ kind }) => kind === 'stamp').length;
    };
    // A cell carries 277 calls and is filled with 235; a tenant that nearly fills one has it for itself.
    expect([stampsFor(5, 46), stampsFor(6, 45), stampsFor(1, 270)]).toEqual([1, 2, 1]);
  });

  it('take the set-ups per second that their bucket lets through, not those that as many lines would', () => {
    // 36 a second of 5 s each: by Erlang B on 50 lines a new cell, filled to 85 %, would take 32.
    const week = evenWeek(18);
    const use = { ...week, setups: week.setups.map(() => 3.6) };
    const tenants = tenantsOf(undefined, 10, 180, { use });
    const small = blueprint({ spec: specOf('blueprint', { sbc: { setupsPerSecond: 50 } }) });
    const { actions } = plan({ now: NOW, cells: [], tenants, blueprints: [small], rules });
    expect(actions.map(({ kind }) => kind)).toEqual(['stamp']);
  });
});
