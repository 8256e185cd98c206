import { describe, expect, it } from 'vitest';
import { plan, planJson } from '../../lib/planner/plan.ts';
import type { PlanInput } from '../../lib/planner/plan/input.ts';
import { planSchema, type Action, type CellReport } from '../../lib/planner/plan/schema.ts';
import { POLICIES } from '../../lib/planner/policy.ts';
import type { WeeklyDemand } from '../../lib/planner/resources.ts';
import { erlangB } from '../../lib/planner/teletraffic/erlang.ts';
import { blueprint, cellOf, DAY, evenWeek, healthy, HOUR, NOW, specOf, tenantsOf } from './plan/fleets.ts';

const made = (input: Partial<PlanInput>) => {
  const result = plan({ now: NOW, cells: [], tenants: [], blueprints: [blueprint()], ...input });
  expect(planSchema.parse(JSON.parse(planJson(result)))).toEqual(result);
  return result;
};
const ofKind = <K extends Action['kind']>(actions: readonly Action[], kind: K) =>
  actions.filter((action): action is Extract<Action, { kind: K }> => action.kind === kind);

/** A fleet of two quiet cells. */
const quiet = (now = NOW): PlanInput => ({
  now,
  cells: [
    cellOf('euw1-a', { calls: () => 150, seed: 1 }, {}, now),
    cellOf('euw1-b', { calls: () => 160, seed: 2 }, {}, now),
  ],
  tenants: [...tenantsOf('euw1-a', 15, 150), ...tenantsOf('euw1-b', 16, 160)],
  blueprints: [blueprint()],
});

describe('plan', () => {
  it('a fleet with room and good calls has nothing to do, and says why no cell goes', () => {
    const { actions, excuses, cells } = made(quiet());
    expect(actions).toEqual([]);
    expect(cells.map(({ name, crossesAt }) => [name, crossesAt])).toEqual([
      ['euw1-a', null],
      ['euw1-b', null],
    ]);
    expect(excuses).toHaveLength(1);
    expect(excuses[0]!.text).toMatch(/the other 1 cell of eu-west-1 would be at 1\d\d\.\d % on average/);
  });

  it('the same input gives the same bytes, in whatever order cells and memory keys come', () => {
    const input = quiet();
    expect(planJson(plan(input))).toBe(planJson(plan({ ...input, cells: [...input.cells].reverse() })));
  });

  it('0 tenants and 0 cells give an empty plan', () => {
    const { actions, excuses, lowerBound } = made({});
    expect(actions).toEqual([]);
    expect(excuses).toEqual([]);
    expect(lowerBound.cells).toBe(0);
    expect(made({ cells: [cellOf('euw1-a', { calls: () => 0, noise: 0 })] }).actions).toEqual([]);
  });

  it('puts a new tenant into the cell that stays least full, with numbers', () => {
    const input = quiet();
    const { actions } = made({ ...input, tenants: [...input.tenants, ...tenantsOf(undefined, 1, 20)] });
    expect(actions).toHaveLength(1);
    expect(actions[0]).toMatchObject({ kind: 'place', tenant: 'new-t0', cell: 'euw1-a' });
    expect(ofKind(actions, 'place')[0]!.reason).toMatch(/euw1-a is at 6\d\.\d % of its fullest limit/);
  });

  it('a tenant larger than any cell gets an excuse with numbers, and no cell is stamped for it', () => {
    const input = quiet();
    const { actions, excuses } = made({ ...input, tenants: [...input.tenants, ...tenantsOf(undefined, 1, 5000)] });
    expect(actions).toEqual([]);
    const excuse = excuses.find(({ subject }) => subject === 'new-t0')!;
    expect(excuse.action).toBe('place');
    expect(excuse.text).toMatch(
      /too small even when empty: relayedCalls of pools high-volume and standard.*5000 of 277/,
    );
  });

  it('stamps for waiting tenants that fit nowhere', () => {
    const input = quiet();
    const { actions, memory } = made({ ...input, tenants: [...input.tenants, ...tenantsOf(undefined, 10, 350)] });
    const [stamp] = ofKind(actions, 'stamp');
    expect(stamp).toMatchObject({ cell: 'euw1-c', blueprint: 'eu-west-1 standard', emergency: false });
    expect(stamp!.reason).toMatch(/waiting tenants fit into no cell/);
    expect(memory.done).toContainEqual({
      at: new Date(NOW).toISOString(),
      kind: 'stamp',
      region: 'eu-west-1',
      count: 1,
    });
  });

  describe('growth', () => {
    const growing =
      (perDay: number, now = 220) =>
      (hour: number) =>
        now * (1 + perDay) ** (hour / 24);
    /** Growth a day that from 264 calls on crosses what the cell carries before a stamp could be there. */
    const URGENT = 0.01;
    const input = (perDay: number, more: Partial<PlanInput> = {}): Partial<PlanInput> => ({
      cells: [cellOf('euw1-a', { calls: growing(perDay, perDay === URGENT ? 264 : 220) })],
      tenants: tenantsOf('euw1-a', 50, 220),
      ...more,
    });

    /** Too much already. */
    const full = { cells: [cellOf('euw1-a', { calls: () => 290 })], tenants: tenantsOf('euw1-a', 50, 290) };

    it('that crosses within the lead time stamps, with the date of the crossing and of the latest start', () => {
      const { actions, cells } = made(input(URGENT));
      const [stamp] = ofKind(actions, 'stamp');
      expect(stamp!.neededBy).toBe(cells[0]!.crossesAt);
      expect(Date.parse(stamp!.neededBy) - Date.parse(stamp!.startBy)).toBe(24 * HOUR);
      expect(stamp!.reason).toMatch(/euw1-a can't carry its 99\.0 % quantile from 2026-03-\d\d.*a stamp takes 24 h/);
    });

    it('that crosses later is told with the day from which on there is something to do', () => {
      const { actions, excuses, cells } = made(input(0.008));
      expect(actions).toEqual([]);
      expect(Date.parse(cells[0]!.crossesAt!)).toBeGreaterThan(NOW + 2 * DAY);
      expect(excuses[0]).toMatchObject({ action: 'stamp', subject: 'euw1-a' });
      expect(excuses[0]!.text).toMatch(/nothing is done before 2026-03-/);
    });

    it('is met earlier where earlier stamps took longer', () => {
      const later = made(input(0.008));
      const crossing = Date.parse(later.cells[0]!.crossesAt!);
      const slow = Array.from({ length: 19 }, (_, i) => ({
        cell: `c${i}`,
        startedAt: NOW - 100 * DAY,
        readyAt: NOW - 100 * DAY + (crossing - NOW),
      }));
      const { actions, leadTime } = made(input(0.008, { stamped: slow }));
      expect(leadTime.basis).toBe('19 earlier stamps');
      expect(ofKind(actions, 'stamp')).toHaveLength(1);
    });

    it('moves tenants to a cell with room instead, but only after two hours of plans that say so', () => {
      const tight = input(URGENT);
      const roomy = {
        ...tight,
        cells: [...tight.cells!, cellOf('euw1-b', { calls: () => 20, seed: 3 })],
        tenants: [...tight.tenants!, ...tenantsOf('euw1-b', 5, 20)],
      };
      const first = made(roomy);
      expect(first.actions).toEqual([]);
      expect(first.excuses.filter(({ action }) => action === 'move')[0]!.text).toMatch(
        /euw1-b has room, but euw1-a was too full for 0 h, tenants are moved after 2 h/,
      );
      const memory = { ...first.memory, cells: { 'euw1-a': { overSince: new Date(NOW - 2 * HOUR).toISOString() } } };
      const second = made({ ...roomy, memory });
      expect(ofKind(second.actions, 'move').length).toBeGreaterThan(0);
      expect(ofKind(second.actions, 'stamp')).toEqual([]);
      const capped = made({
        ...roomy,
        memory,
        rules: { caps: { cellsPerDay: 2, emergencyCellsPerDay: 1, movesPerDay: 3, costPerHour: Infinity } },
      });
      expect(ofKind(capped.actions, 'move')).toHaveLength(3);
      expect(capped.excuses.some(({ text }) => text.includes('3 tenants were moved in 24 h, at most 3 may be'))).toBe(
        true,
      );
    });

    it('waits for a planned cell instead of stamping another', () => {
      const { actions, excuses } = made(
        input(URGENT, {
          cells: [
            cellOf('euw1-a', { calls: growing(URGENT, 264) }),
            { spec: specOf('euw1-b', { state: 'planned' }), history: {}, signals: { measuredAt: undefined } },
          ],
        }),
      );
      expect(actions).toEqual([]);
      expect(excuses[0]!.text).toContain('euw1-b is planned and not there yet');
    });

    it('stops at a quota, and says by how much it must be raised', () => {
      const { actions, excuses, quotas } = made(
        input(URGENT, { quotas: [{ region: 'eu-west-1', quota: 'elasticAddresses', limit: 5, used: 5 }] }),
      );
      expect(actions).toEqual([]);
      expect(excuses.find(({ action }) => action === 'stamp')!.text).toMatch(
        /elasticAddresses in eu-west-1: 5 used \+ 7 for the cell, quota 5/,
      );
      expect(quotas[0]).toMatchObject({ needed: 7 * Math.round(quotas[0]!.needed / 7), short: quotas[0]!.needed });
    });

    it('stops at the cap on cells, on cost, and lets an emergency pass once beyond the first', () => {
      const caps = { cellsPerDay: 0, emergencyCellsPerDay: 1, movesPerDay: 500, costPerHour: Infinity };
      const emergency = full;
      const allowed = made({ ...emergency, rules: { caps } });
      expect(ofKind(allowed.actions, 'stamp')).toHaveLength(1);
      expect(ofKind(allowed.actions, 'stamp')[0]!.emergency).toBe(true);
      const again = made({ ...emergency, rules: { caps }, memory: allowed.memory });
      expect(ofKind(again.actions, 'stamp')).toEqual([]);
      expect(again.excuses.some(({ text }) => text.includes('1 of 1 in an emergency'))).toBe(true);
      const dear = made({ ...emergency, rules: { caps: { ...caps, cellsPerDay: 5, costPerHour: 7 } } });
      expect(ofKind(dear.actions, 'stamp')).toEqual([]);
      expect(dear.excuses.some(({ text }) => text.includes('the fleet would cost 8 an hour, at most 7'))).toBe(true);
    });

    it('a hold stops no emergency stamp', () => {
      const cells = full.cells.map((cell) => ({ ...cell, signals: { measuredAt: undefined } }));
      const { actions } = made({ ...full, cells });
      expect(ofKind(actions, 'hold')).toHaveLength(1);
      expect(ofKind(actions, 'stamp')[0]!.emergency).toBe(true);
    });

    it('stamps the size that costs least for what has to be held', () => {
      const small = blueprint({
        name: 'eu-west-1 small',
        spec: specOf('x', { media: { hosts: 4, relay: { calls: 40 } } }),
        costPerHour: 1,
      });
      const { actions, excuses } = made(input(URGENT, { blueprints: [blueprint(), small] }));
      expect(ofKind(actions, 'stamp')[0]!.blueprint).toBe('eu-west-1 small');
      expect(excuses.some(({ text }) => /eu-west-1 standard would take .* chosen are/.test(text))).toBe(true);
    });
  });

  it('lets nobody wait for a planned cell while another has room, however much fuller it is', () => {
    const planned = { spec: specOf('euw1-b', { state: 'planned' }), history: {}, signals: { measuredAt: undefined } };
    const input = (calls: number): Partial<PlanInput> => ({
      cells: [cellOf('euw1-a', { calls: () => 200 }), planned],
      tenants: [...tenantsOf('euw1-a', 4, 200), ...tenantsOf(undefined, 1, calls)],
    });
    const small = made(input(10));
    expect(ofKind(small.actions, 'place')[0]).toMatchObject({ tenant: 'new-t0', cell: 'euw1-a' });
    const large = made(input(150));
    expect(large.actions).toEqual([]);
    expect(large.excuses.find(({ action }) => action === 'place')!.text).toBe(
      'euw1-b has room, but euw1-b is planned and not there yet',
    );
  });

  describe('the blocking of a cell', () => {
    const pools = { standard: [1, 2, 3, 4], premium: [5, 6, 7, 8] };
    const cell = (shared: Record<string, number[]>): Partial<PlanInput> => ({
      cells: [
        {
          spec: specOf('euw1-a', { media: { hosts: 8, relay: { calls: 100 }, pools: shared } }),
          history: {},
          signals: healthy(NOW, 400),
        },
      ],
      tenants: [
        { id: 'quiet', pool: 'standard', regions: ['eu-west-1'], cell: 'euw1-a', use: evenWeek(100) },
        { id: 'loud', pool: 'premium', regions: ['eu-west-1'], cell: 'euw1-a', use: evenWeek(300) },
      ],
    });

    it('is that of the pool that loses the most', () => {
      const [{ blocking, erlangs }] = made(cell(pools)).cells as [CellReport];
      expect(erlangs).toBe(400);
      // Not of 400 erlangs on 700: premium has no more than its own four hosts, one of them lost.
      expect(blocking).toBeCloseTo(erlangB(300, 300), 6);
    });

    it('is that of all pools together where they share all hosts', () => {
      const all = [1, 2, 3, 4, 5, 6, 7, 8];
      const [{ blocking }] = made(cell({ standard: all, premium: all })).cells as [CellReport];
      expect(blocking).toBeCloseTo(erlangB(700, 400), 6);
    });

    it('is that of a pool in its own busiest hour, whenever the cell is busiest', () => {
      const input = cell(pools);
      const [quiet, loud] = input.tenants!;
      const shifted = (use: WeeklyDemand, busy: boolean): WeeklyDemand => ({
        ...use,
        relayedCalls: use.relayedCalls.map((value, hour) => (hour < 84 === busy ? value : value / 4)),
      });
      const tenants = [
        { ...quiet!, use: shifted(evenWeek(280), true) },
        { ...loud!, use: shifted(evenWeek(300), false) },
      ];
      const [{ blocking, erlangs }] = made({ ...input, tenants }).cells as [CellReport];
      expect(erlangs).toBe(370);
      expect(blocking).toBeCloseTo(erlangB(300, 300), 6);
    });

    it('is all of them for a pool that has no host left', () => {
      const [{ blocking }] = made(cell({ standard: [1, 2, 3, 4, 5, 6, 7], premium: [8] })).cells as [CellReport];
      expect(blocking).toBe(1);
    });
  });

  it('every policy comes with the grade of service that it buys', () => {
    const { policies } = made(quiet());
    expect(Object.keys(policies)).toEqual(['gradeOfService', 'telecomRule', 'fixedHeadroom']);
    expect(policies['gradeOfService']!.blocking).toBeLessThanOrEqual(0.01);
    expect(policies['telecomRule']!.lines).toBeGreaterThan(policies['gradeOfService']!.lines);
  });

  it('the telecom rule stamps where the grade of service does not have to', () => {
    const input = quiet();
    expect(ofKind(made({ ...input, policy: POLICIES.telecomRule }).actions, 'stamp')).toEqual([]);
    const fuller: Partial<PlanInput> = {
      cells: [cellOf('euw1-a', { calls: () => 200 })],
      tenants: tenantsOf('euw1-a', 20, 200),
    };
    expect(ofKind(made({ ...fuller, policy: POLICIES.telecomRule }).actions, 'stamp')).toHaveLength(1);
    expect(made(fuller).actions).toEqual([]);
  });

  it('a tenant that its cell’s history does not know yet counts on top of the forecast', () => {
    const cells = [cellOf('euw1-a', { calls: () => 150 })];
    const before = made({ cells, tenants: tenantsOf('euw1-a', 15, 150) }).cells[0]!;
    const newcomer = { ...tenantsOf(undefined, 1, 60)[0]!, cell: 'euw1-a', since: NOW - DAY };
    const after = made({ cells, tenants: [...tenantsOf('euw1-a', 15, 150), newcomer] }).cells[0]!;
    expect(after.erlangs - before.erlangs).toBeCloseTo(60, 3);
  });

  it('input that contradicts itself is refused with what was given', () => {
    const [cell] = quiet().cells;
    expect(() => made({ cells: [cell!, cell!] })).toThrow('cell euw1-a is given twice');
    expect(() => made({ tenants: tenantsOf('nowhere', 1, 1) })).toThrow('tenant nowhere-t0 is in cell nowhere');
    expect(() => made({ policy: { ...POLICIES.gradeOfService, blocking: 2 } })).toThrow('got 2');
    expect(() => made({ now: NaN })).toThrow('now must be');
    expect(() =>
      made({
        memory: { cells: {}, done: [{ at: new Date(NOW + DAY).toISOString(), kind: 'stamp', region: 'r', count: 1 }] },
      }),
    ).toThrow('after the plan');
    const negative = tenantsOf(undefined, 1, -1);
    expect(() => made({ tenants: negative })).toThrow(/new-t0: setups in hour 0 is -0\.00/);
    expect(evenWeek(1).relayedCalls[0]).toBe(1);
  });

  it('history with gaps is unknown where it is missing, not zero', () => {
    const whole = cellOf('euw1-a', { calls: () => 250 });
    const history = whole.history.relayedCalls!;
    const values = history.values.map((value, i) => (i % 3 === 0 ? NaN : value));
    const holed = { ...whole, history: { relayedCalls: { ...history, values } }, signals: healthy(NOW, 250) };
    const tenants = tenantsOf('euw1-a', 20, 250);
    const [a, b] = [made({ cells: [whole], tenants }), made({ cells: [holed], tenants })].map(
      ({ cells }) => cells[0]!.erlangs,
    );
    expect(Math.abs(a! - b!) / a!).toBeLessThan(0.05);
  });
});
