import { describe, expect, it } from 'vitest';
import { plan } from '../../../lib/planner/plan.ts';
import type { FleetCell, FleetTenant, PlanInput } from '../../../lib/planner/plan/input.ts';
import { DEFAULT_RULES } from '../../../lib/planner/plan/rules.ts';
import type { Action, Plan } from '../../../lib/planner/plan/schema.ts';
import { parseCell, type CellSpec } from '../../../lib/fleet/schema/cell.ts';
import { blueprint, healthy, historyUpTo, HOUR, NOW, specOf, tenantsOf, type Load } from './fleets.ts';

interface World {
  cells: { spec: CellSpec; load: Load; more?: Partial<FleetCell> }[];
  tenants: FleetTenant[];
}

/** Plans one after the other; each is carried out before the next, and its memory handed on. */
function consecutive(
  world: World,
  options: {
    hours: number;
    every: number;
    change?: (input: PlanInput, hour: number) => PlanInput;
    rules?: PlanInput['rules'];
  },
): { hour: number; plan: Plan }[] {
  const plans: { hour: number; plan: Plan }[] = [];
  for (let hour = 0; hour < options.hours; hour += options.every) {
    const now = NOW + hour * HOUR;
    const cells = world.cells.map(({ spec, load, more }): FleetCell => {
      const history = historyUpTo(now, load);
      return { spec, history: { relayedCalls: history }, signals: healthy(now, history.values.at(-1)!), ...more };
    });
    const input: PlanInput = {
      now,
      cells,
      tenants: world.tenants,
      blueprints: [blueprint()],
      ...(options.rules && { rules: options.rules }),
      ...(plans.length > 0 && { memory: plans.at(-1)!.plan.memory }),
    };
    const made = plan(options.change?.(input, hour) ?? input);
    plans.push({ hour, plan: made });
    for (const action of made.actions) carryOut(world, action);
  }
  return plans;
}

function carryOut(world: World, action: Action): void {
  const change = (name: string, to: (spec: CellSpec) => CellSpec): void => {
    for (const cell of world.cells) if (cell.spec.name === name) cell.spec = to(cell.spec);
  };
  if (action.kind === 'cordon') change(action.cell, (spec) => ({ ...spec, state: 'cordoned' }));
  if (action.kind === 'uncordon') change(action.cell, (spec) => ({ ...spec, state: 'active' }));
  if (action.kind === 'drain') change(action.cell, (spec) => ({ ...spec, state: 'draining' }));
  if (action.kind === 'retire') change(action.cell, (spec) => ({ ...spec, state: 'retired' }));
  if (action.kind === 'scale') {
    for (const cell of world.cells) {
      if (cell.spec.name === action.cell) cell.more = elastic(action.inService);
    }
  }
  if (action.kind === 'move') {
    world.tenants = world.tenants.map((tenant) =>
      tenant.id === action.tenant ? { ...tenant, cell: action.to } : tenant,
    );
  }
}

const kinds = (plans: readonly { plan: Plan }[]): string[] => [
  ...new Set(plans.flatMap(({ plan: { actions } }) => actions.map(({ kind }) => kind))),
];

/** Actions that take back an earlier one: hosts up then down or down then up, a tenant back, a cell gone after a stamp. */
function reversals(plans: readonly { plan: Plan }[]): number {
  let found = 0;
  const direction = new Map<string, number>();
  const turn = (subject: string, sign: number): void => {
    if (direction.has(subject) && direction.get(subject) !== sign) found++;
    direction.set(subject, sign);
  };
  for (const action of plans.flatMap((one) => one.plan.actions)) {
    if (action.kind === 'scale') {
      turn(action.cell, Math.sign(action.hosts[0]! - action.current) || 1);
    } else if (action.kind === 'move') {
      turn(`${action.tenant} ${[action.from, action.to].sort().join()}`, action.from < action.to ? 1 : -1);
    } else if (action.kind === 'stamp' || action.kind === 'uncordon') turn('cells', 1);
    else if (action.kind === 'cordon' || action.kind === 'retire') turn('cells', -1);
  }
  return found;
}

const elastic = (inService: readonly number[]): Partial<FleetCell> => ({ elastic: { inService, least: 2 } });
/** A cell of eight media hosts, which all serve both pools; so many of them are in service. */
const withHosts = (name: string, count: number): Pick<World['cells'][number], 'spec' | 'more'> => {
  const hosts = [1, 2, 3, 4, 5, 6, 7, 8];
  const pools = { standard: hosts, 'high-volume': hosts };
  return {
    spec: parseCell({ name, region: 'eu-west-1', aws: {}, media: { hosts: 8, relay: { calls: 100 }, pools } }),
    more: elastic(hosts.slice(0, count)),
  };
};

describe('consecutive plans', () => {
  const noisy = (calls: number, rules?: PlanInput['rules']) => {
    const world: World = {
      cells: [
        { ...withHosts('euw1-a', 4), load: { calls: () => calls, noise: 0.1, seed: 11 } },
        { ...withHosts('euw1-b', 4), load: { calls: () => calls * 0.9, noise: 0.1, seed: 12 } },
      ],
      tenants: [...tenantsOf('euw1-a', 10, calls), ...tenantsOf('euw1-b', 10, calls * 0.9)],
    };
    return reversals(consecutive(world, { hours: 30 * 24, every: 4, ...(rules && { rules }) }));
  };

  it(
    '30 days of 10 % noise on a steady load bring no reversal, at whatever height the load is',
    { timeout: 120_000 },
    () => {
      for (const calls of [140, 160, 220, 250]) expect([calls, noisy(calls)]).toEqual([calls, 0]);
    },
  );

  it('without hysteresis in time and load the same noise does bring reversals', { timeout: 60_000 }, () => {
    expect(noisy(160, { fewerHostsAfterHours: 0, fewerHostsSpare: 1 })).toBeGreaterThan(0);
  });

  it('metrics lost for 6 hours: hold is stated, and nothing is taken away', { timeout: 60_000 }, () => {
    const lost = (hour: number): boolean => hour >= 24 && hour < 30;
    const world: World = {
      cells: [
        { ...withHosts('euw1-a', 6), load: { calls: () => 150 } },
        { spec: specOf('euw1-b'), load: { calls: () => 10, seed: 2 } },
        { spec: specOf('euw1-c'), load: { calls: () => 10, seed: 3 } },
      ],
      tenants: [...tenantsOf('euw1-a', 10, 150), ...tenantsOf('euw1-b', 5, 10), ...tenantsOf('euw1-c', 5, 10)],
    };
    const plans = consecutive(world, {
      hours: 36,
      every: 1,
      // Quick rules, so that there is something to hold back.
      rules: { retireAfterHours: 22, fewerHostsAfterHours: 2 },
      change: (input, hour) =>
        lost(hour) ? { ...input, cells: input.cells.map((cell) => withoutMetrics(cell, NOW + 24 * HOUR)) } : input,
    });
    const during = plans.filter(({ hour }) => lost(hour) && hour > 24);
    for (const { plan: made } of during) {
      const held = made.actions.filter((action) => action.kind === 'hold');
      expect(held.map(({ cell }) => cell)).toEqual(world.cells.map(({ spec }) => spec.name));
      expect(held.every(({ codes }) => codes.includes('stale'))).toBe(true);
      expect(made.actions.filter((action) => action.kind !== 'hold')).toEqual([]);
    }
    // Without the outage hosts go and a cell is cordoned: the hold had something to stop.
    const before = plans.filter(({ hour }) => hour < 24);
    expect(kinds(before)).toEqual(expect.arrayContaining(['scale', 'cordon']));
  });

  it(
    'a cell that nobody needs goes step by step: cordon, drain, moves, retire; its tenants stay served',
    { timeout: 60_000 },
    () => {
      const world: World = {
        cells: [
          { spec: specOf('euw1-a'), load: { calls: () => 120 } },
          { spec: specOf('euw1-b'), load: { calls: () => 0, noise: 0 } },
        ],
        tenants: [...tenantsOf('euw1-a', 10, 120), ...tenantsOf('euw1-b', 6, 30)],
      };
      const plans = consecutive(world, { hours: 22 * 24, every: 24 });
      const steps = plans.flatMap(({ hour, plan: made }) => made.actions.map(({ kind }) => ({ kind, day: hour / 24 })));
      const day = (kind: string): number => steps.find((step) => step.kind === kind)!.day;
      expect(day('cordon')).toBeGreaterThanOrEqual(14);
      expect(day('drain')).toBeGreaterThanOrEqual(day('cordon') + 1);
      expect(day('move')).toBeGreaterThan(day('drain'));
      expect(day('retire')).toBeGreaterThan(day('move'));
      expect(world.tenants.every(({ cell }) => cell === 'euw1-a')).toBe(true);
      expect(world.cells[1]!.spec.state).toBe('retired');
      expect(reversals(plans)).toBe(0);
    },
  );

  it('a cell with calls left is not retired', () => {
    const world: World = {
      cells: [
        { spec: specOf('euw1-a'), load: { calls: () => 120 } },
        { spec: { ...specOf('euw1-b'), state: 'draining' }, load: { calls: () => 3, noise: 0 } },
      ],
      tenants: tenantsOf('euw1-a', 10, 120),
    };
    const made = consecutive(world, { hours: 1, every: 1 })[0]!.plan;
    expect(made.actions).toEqual([]);
    expect(made.excuses).toContainEqual({
      action: 'retire',
      subject: 'euw1-b',
      text: 'no tenants are left, 3 calls are',
    });
  });

  it.each([
    ['nothing was ever measured', { measuredAt: undefined }],
    ['its calls are not', { measuredAt: NOW, setups: 0 }],
  ])('a cell of which %s is not retired: unknown is not zero', (_, signals) => {
    const world: World = {
      cells: [
        { spec: specOf('euw1-a'), load: { calls: () => 120 } },
        { spec: { ...specOf('euw1-b'), state: 'draining' }, load: { calls: () => 0, noise: 0 }, more: { signals } },
      ],
      tenants: tenantsOf('euw1-a', 10, 120),
    };
    const made = consecutive(world, { hours: 1, every: 1 })[0]!.plan;
    expect(made.actions.filter(({ kind }) => kind === 'retire')).toEqual([]);
    expect(made.excuses.find(({ action, subject }) => action === 'retire' && subject === 'euw1-b')!.text).toMatch(
      /not measured/,
    );
  });

  it('a busy week in the last fortnight keeps a cell, whatever the forecast says', () => {
    // A peak eight days ago that the forecast takes for an exception.
    const spike = (hour: number): number => (hour > -8 * 24 && hour < -8 * 24 + 6 ? 260 : 100);
    const world: World = {
      cells: [
        { spec: specOf('euw1-a'), load: { calls: spike } },
        { spec: specOf('euw1-b'), load: { calls: () => 40, seed: 4 } },
      ],
      tenants: [...tenantsOf('euw1-a', 10, 100), ...tenantsOf('euw1-b', 5, 40)],
    };
    const made = consecutive(world, { hours: 1, every: 1 })[0]!.plan;
    expect(made.memory.cells).toEqual({});
    expect(made.excuses.filter(({ action }) => action === 'cordon')[0]!.text).toMatch(/euw1-a.*allowed/);
  });

  it('hosts go up on a forecast at once, down one at a time and only when measured calls agree', () => {
    const base: World = {
      cells: [{ ...withHosts('euw1-a', 2), load: { calls: () => 250 } }],
      tenants: tenantsOf('euw1-a', 10, 250),
    };
    const [up] = consecutive(base, { hours: 1, every: 1 });
    const scaled = up!.plan.actions.find((action) => action.kind === 'scale')!;
    expect(scaled.hosts[0]).toBe(4);
    expect(base.cells[0]!.more!.elastic!.inService).toEqual([1, 2, 3, 4]);

    const down: World = {
      cells: [{ ...withHosts('euw1-a', 8), load: { calls: () => 150 } }],
      tenants: tenantsOf('euw1-a', 10, 150),
    };
    const busy = consecutive(structuredCloneWorld(down), {
      hours: 8,
      every: 1,
      change: (input) => ({
        ...input,
        cells: input.cells.map((cell) => ({ ...cell, signals: { ...cell.signals, relayedCalls: 640 } })),
      }),
    });
    expect(kinds(busy)).toEqual([]);
    const calm = consecutive(down, { hours: 12, every: 1 });
    const taken = calm.flatMap(({ hour, plan: made }) =>
      made.actions.flatMap((action) =>
        action.kind === 'scale' ? [{ hour, from: action.current, to: action.hosts[0] }] : [],
      ),
    );
    expect(taken.slice(0, 2)).toEqual([
      { hour: DEFAULT_RULES.fewerHostsAfterHours, from: 8, to: 7 },
      { hour: 2 * DEFAULT_RULES.fewerHostsAfterHours, from: 7, to: 6 },
    ]);
  });
});

const structuredCloneWorld = (world: World): World => ({
  cells: world.cells.map((cell) => ({ ...cell })),
  tenants: [...world.tenants],
});

function withoutMetrics(cell: FleetCell, from: number): FleetCell {
  const history = cell.history.relayedCalls!;
  const kept = Math.round((from - history.start) / HOUR);
  return {
    ...cell,
    history: { relayedCalls: { ...history, values: history.values.subarray(0, kept) } },
    signals: { measuredAt: from - 60_000 },
  };
}
