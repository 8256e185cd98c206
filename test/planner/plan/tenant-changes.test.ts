import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plan } from '../../../lib/planner/plan.ts';
import type { FleetCell, FleetTenant, PlanInput } from '../../../lib/planner/plan/input.ts';
import { tenantChanges } from '../../../lib/planner/plan/tenant-changes.ts';
import type { ActionOf, PlanMemory } from '../../../lib/planner/plan/schema.ts';
import { blueprint, cellOf, DAY, evenWeek, HOUR, NOW, tenantsOf } from './fleets.ts';

/** Where a tenant is, from which instant on. */
interface Stay {
  readonly cell: string;
  readonly from: number;
}

/** Two cells that measure themselves, with tenants of 13 calls each that really move when a plan says so. */
class MeasuredFleet {
  readonly #stays = new Map<string, Stay[]>();
  readonly callsOfEach = 13;
  readonly moves: ActionOf<'move'>[] = [];
  #memory: PlanMemory | undefined;

  constructor(tenants: Readonly<Record<string, number>>) {
    for (const [cell, count] of Object.entries(tenants)) {
      for (let i = 0; i < count; i++) this.#stays.set(`${cell}-t${i}`, [{ cell, from: -Infinity }]);
    }
  }

  #homeAt(tenant: string, instant: number): string {
    return this.#stays.get(tenant)!.findLast(({ from }) => from <= instant)!.cell;
  }

  #cell(name: string, now: number): FleetCell {
    const calls = (hour: number): number =>
      [...this.#stays.keys()].filter((id) => this.#homeAt(id, NOW + hour * HOUR) === name).length * this.callsOfEach;
    return { ...cellOf(name, { calls, weeks: 3, seed: name.length }, {}, now), historyOf: 'cell' };
  }

  /** Plans an hour and does what is planned. */
  run(now: number, remembering = true): void {
    const cells = ['euw1-a', 'euw1-b'];
    const made = plan({
      now,
      cells: cells.map((name) => this.#cell(name, now)),
      tenants: [...this.#stays.keys()].map((id) => ({
        ...{ id, pool: 'standard', regions: ['eu-west-1'], use: evenWeek(this.callsOfEach) },
        cell: this.#homeAt(id, now),
      })),
      blueprints: [blueprint()],
      ...(this.#memory && { memory: this.#memory }),
    });
    const { homes, came, left, ...rest } = made.memory;
    this.#memory = remembering
      ? { ...rest, ...(homes && { homes, ...(came && { came }), ...(left && { left }) }) }
      : rest;
    for (const action of made.actions) {
      if (action.kind !== 'move') continue;
      this.moves.push(action);
      this.#stays.get(action.tenant)!.push({ cell: action.to, from: now + HOUR });
    }
  }
}

describe('a cell that measures itself', () => {
  const movesWithin = (hours: number, remembering: boolean): number => {
    const fleet = new MeasuredFleet({ 'euw1-a': 23, 'euw1-b': 5 });
    for (let hour = 0; hour < hours; hour++) fleet.run(NOW + hour * HOUR, remembering);
    return fleet.moves.length;
  };

  it('is relieved once: plans to come know who has left, though its history still has them', () => {
    const first = movesWithin(3, true);
    expect(first).toBeGreaterThan(0);
    expect(movesWithin(60, true)).toBe(first);
    // Without that memory the same load is moved again and again.
    expect(movesWithin(60, false)).toBeGreaterThan(1.5 * first);
  });

  const cell = (calls: (hour: number) => number): FleetCell => ({
    ...cellOf('euw1-a', { calls, noise: 0 }),
    historyOf: 'cell',
  });
  const input = (
    cells: readonly FleetCell[],
    tenants: readonly FleetTenant[],
    memory: Omit<PlanMemory, 'cells' | 'done'>,
  ) => ({ now: NOW, cells, tenants, blueprints: [], memory: { cells: {}, done: [], ...memory } }) satisfies PlanInput;
  const iso = (instant: number): string => new Date(instant).toISOString();

  it('has the part of a tenant that left taken out of its history until then, and not after', () => {
    const stayed = tenantsOf('euw1-a', 3, 90);
    const gone: FleetTenant = { ...tenantsOf('euw1-b', 1, 10)[0]!, id: 'gone' };
    const left = [{ tenant: 'gone', cell: 'euw1-a', at: iso(NOW - 2 * DAY) }];
    const [one] = tenantChanges(input([cell((hour) => (hour < -48 ? 200 : 180))], [...stayed, gone], { left })).cells;
    const values = [...one!.history.relayedCalls!.values].map((value) => Math.round(value));
    expect(values).toEqual(Array(8 * 168).fill(180));
  });

  it('counts a tenant that came on top of its forecast, from the plan on that saw it first', () => {
    const tenants = tenantsOf('euw1-a', 3, 90);
    const homes = { 'euw1-a': ['euw1-a-t0', 'euw1-a-t1', 'away'] };
    const { tenants: seen, memory } = tenantChanges(input([cell(() => 80)], tenants, { homes }));
    expect(seen.map(({ since }) => since)).toEqual([undefined, undefined, NOW]);
    expect(memory).toEqual({
      homes: { 'euw1-a': ['euw1-a-t0', 'euw1-a-t1', 'euw1-a-t2'] },
      came: [{ tenant: 'euw1-a-t2', cell: 'euw1-a', at: iso(NOW) }],
      left: [{ tenant: 'away', cell: 'euw1-a', at: iso(NOW) }],
    });
  });

  it('forgets changes from before its history, and knows nobody as new at the first plan', () => {
    const old = [{ tenant: 'euw1-a-t0', cell: 'euw1-a', at: iso(NOW - 100 * DAY) }];
    const first = tenantChanges(input([cell(() => 80)], tenantsOf('euw1-a', 1, 80), { came: old, left: old }));
    expect(first.memory).toEqual({ homes: { 'euw1-a': ['euw1-a-t0'] } });
    expect(first.tenants[0]!.since).toBeUndefined();
  });

  it('is left as it is where its history is the sum of its tenants', () => {
    const summed = cellOf('euw1-a', { calls: () => 80 });
    const given = input([summed], tenantsOf('euw1-a', 1, 80), { homes: { 'euw1-a': [] } });
    expect(tenantChanges(given)).toEqual({ cells: given.cells, tenants: given.tenants, memory: {} });
  });

  it('never has more in its history than it measured, nor less than nothing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ calls: fc.integer({ min: 0, max: 50 }), days: fc.integer({ min: 0, max: 60 }) }), {
          maxLength: 6,
        }),
        fc.integer({ min: 0, max: 100 }),
        (leavers, staying) => {
          const tenants = leavers.map(({ calls }, i) => ({ ...tenantsOf('euw1-b', 1, calls)[0]!, id: `gone-${i}` }));
          const left = leavers.map(({ days }, i) => ({
            tenant: `gone-${i}`,
            cell: 'euw1-a',
            at: iso(NOW - days * DAY),
          }));
          const measured = cell(() => 100);
          const [one] = tenantChanges(
            input([measured], [...tenantsOf('euw1-a', 1, staying), ...tenants], { left }),
          ).cells;
          const before = measured.history.relayedCalls!.values;
          one!.history.relayedCalls!.values.forEach((value, i) => {
            expect(value).toBeGreaterThanOrEqual(0);
            expect(value).toBeLessThanOrEqual(before[i]!);
          });
        },
      ),
      { numRuns: 50 },
    );
  });
});
