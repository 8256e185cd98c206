import { describe, expect, it } from 'vitest';
import { plan } from '../../../lib/planner/plan.ts';
import type { FleetCell, FleetTenant, PlanInput } from '../../../lib/planner/plan/input.ts';
import { blueprint, cellOf, DAY, HOUR, NOW, specOf, tenantsOf } from './fleets.ts';

/** Ten tenants of a cell, of which the first was last measured so many hours before the others. */
const tenants = (cell: string, calls: number, hoursAgo: number): FleetTenant[] =>
  tenantsOf(cell, 10, calls, { measuredAt: NOW }).map((tenant, i) =>
    i === 0 ? { ...tenant, measuredAt: NOW - hoursAgo * HOUR } : tenant,
  );
const planOf = (cells: readonly FleetCell[], some: readonly FleetTenant[], more: Partial<PlanInput> = {}) =>
  plan({ now: NOW, cells, tenants: some, blueprints: [blueprint()], ...more });

describe('a tenant whose series stopped a day ago, while nine others of its cell go on', () => {
  it('does not hold its cell, and the plan names it', () => {
    const made = planOf([cellOf('euw1-a', { calls: () => 150 })], tenants('euw1-a', 150, 25));
    expect(made.actions).toEqual([]);
    expect(made.notes).toContain(
      'tenant euw1-a-t0 was last measured 2026-03-01 08:00 UTC, 25 h before others of euw1-a: it counts with what it usually has',
    );
  });

  it('is not unmeasured within an interval and what a measurement may be old', () => {
    const made = planOf([cellOf('euw1-a', { calls: () => 150 })], tenants('euw1-a', 150, 1));
    expect(made.notes.join()).not.toContain('last measured');
  });

  it('is not moved out of a full cell; others are', () => {
    const cells = [cellOf('euw1-a', { calls: () => 300 }), cellOf('euw1-b', { calls: () => 20, seed: 2 })];
    const memory = { cells: { 'euw1-a': { overSince: new Date(NOW - 2 * DAY).toISOString() } }, done: [] };
    const moved = (hoursAgo: number) => {
      const made = planOf(cells, [...tenants('euw1-a', 300, hoursAgo), ...tenantsOf('euw1-b', 4, 20)], { memory });
      return { made, ids: made.actions.flatMap((action) => (action.kind === 'move' ? [action.tenant] : [])) };
    };
    expect(moved(0).ids).toContain('euw1-a-t0');
    const { made, ids } = moved(25);
    expect(ids).toHaveLength(moved(0).ids.length);
    expect(ids).not.toContain('euw1-a-t0');
    expect(made.excuses.find(({ subject }) => subject === 'euw1-a-t0')!.text).toMatch(
      /tenant euw1-a-t0 was last measured 2026-03-01 08:00 UTC, 25 h before others of euw1-a, and is not moved/,
    );
  });

  it('keeps the media hosts of its pool, and those of other pools may go', () => {
    const spec = specOf('euw1-a', {
      media: { hosts: 8, relay: { calls: 100 }, pools: { standard: [1, 2, 3, 4], own: [5, 6, 7, 8] } },
    });
    const some = tenants('euw1-a', 60, 25).map((tenant, i) => (i === 0 ? tenant : { ...tenant, pool: 'own' }));
    const cell = cellOf(
      'euw1-a',
      { calls: () => 60 },
      { spec, elastic: { inService: [1, 2, 3, 4, 5, 6, 7, 8], least: 2 } },
    );
    const since = new Date(NOW - 12 * HOUR).toISOString();
    const memory = {
      cells: { 'euw1-a standard': { fewerHostsSince: since }, 'euw1-a own': { fewerHostsSince: since } },
      done: [],
    };
    const made = planOf([cell], some, { memory });
    expect(made.actions).toMatchObject([{ kind: 'scale', pools: ['own'], current: 4 }]);
    expect(made.excuses.find(({ action }) => action === 'scale')!.text).toContain('tenant euw1-a-t0 was last measured');
  });

  it('keeps its cell from being given up', () => {
    const cells = [cellOf('euw1-a', { calls: () => 20 }), cellOf('euw1-b', { calls: () => 100, seed: 2 })];
    const memory = { cells: { 'euw1-a': { spareSince: new Date(NOW - 60 * DAY).toISOString() } }, done: [] };
    const made = (hoursAgo: number) =>
      planOf(cells, [...tenants('euw1-a', 20, hoursAgo), ...tenantsOf('euw1-b', 5, 100)], { memory });
    expect(made(0).actions).toMatchObject([{ kind: 'cordon', cell: 'euw1-a' }]);
    expect(made(25).actions).toEqual([]);
    expect(made(25).excuses.find(({ action }) => action === 'cordon')!.text).toContain('tenant euw1-a-t0 was last');
  });

  it('is named where its cell is unknown without it', () => {
    const cell = cellOf('euw1-a', { calls: () => 150 });
    const stale = { ...cell, signals: { ...cell.signals, measuredAt: NOW - 25 * HOUR } };
    const [hold] = planOf([stale], tenants('euw1-a', 150, 25)).actions;
    expect(hold).toMatchObject({ kind: 'hold', codes: ['stale'] });
    expect(hold!.reason).toContain('tenant euw1-a-t0 was last measured 2026-03-01 08:00 UTC, 25 h before others');
  });
});
