import { describe, expect, it } from 'vitest';
import { compare, simulate } from '../../lib/planner/simulate.ts';
import { comparisonLines } from '../../lib/planner/simulation/comparison.ts';
import type { Decider, FleetView, SimulatedAction } from '../../lib/planner/simulation/decider.ts';
import { planDecider } from '../../lib/planner/simulation/plan-decider.ts';
import { REACTIVE, reactiveDecider } from '../../lib/planner/simulation/reactive.ts';
import { CALM, kind, settingOf } from './simulation/settings.ts';

const reactive = (): Decider => reactiveDecider({ ...REACTIVE, everyMinutes: 30 });

/** Does what it is told at certain hours of the simulation, and nothing else. */
function script(byHour: Record<number, readonly SimulatedAction[]>, look?: (view: FleetView) => void): Decider {
  let hour = 0;
  return {
    name: 'script',
    everyMinutes: 60,
    decide(view) {
      look?.(view);
      return byHour[hour++] ?? [];
    },
  };
}

describe('simulate', () => {
  it('gives the same result for the same setting', () => {
    const setting = settingOf({ newTenantsPerWeek: 20, growthPerWeek: 0.05 });
    const failing = { ...setting, circumstances: { ...CALM, hostFailureHours: 50 } };
    const run = (): string => JSON.stringify(simulate(failing, reactive()));
    expect(run()).toBe(run());
  });

  it('offers every decider the same calls and blocks no more than were offered', () => {
    const setting = settingOf({
      newTenantsPerWeek: 20,
      spikes: [{ fromHour: 30, hours: 2, tenants: 0.5, times: 60, announced: false }],
    });
    const results = compare(setting, [() => script({}), reactive]);
    expect(results[0]!.callsOffered).toBeCloseTo(results[1]!.callsOffered, 3);
    for (const { callsBlocked, blockedBy, callsOffered } of results) {
      expect(blockedBy.full).toBeGreaterThan(0);
      expect(callsBlocked).toBeLessThan(callsOffered);
    }
  });

  it('counts cell hours from the order to stamp, and fewer weighted ones with fewer media hosts', () => {
    const setting = settingOf({});
    const { cellHours, weightedCellHours, cost, stamps } = simulate(
      setting,
      script({
        8: [{ do: 'stamp', kind: kind.name, name: 'new' }],
        24: [{ do: 'scale', cell: 'euc1-a', hosts: [3, 4] }],
      }),
    );
    expect(stamps).toBe(1);
    expect(cellHours).toBe(2 * 48 + 40);
    expect(weightedCellHours).toBeCloseTo(cellHours - 24 * 2 * kind.hostShare, 6);
    expect(cost).toBeCloseTo(weightedCellHours * kind.costPerHour, 6);
  });

  it('puts nobody into a cell before it is there, and says why', () => {
    const setting = settingOf({});
    const tenant = setting.cells[0]!.tenants[0]!;
    const move = { do: 'move', tenant, cell: 'new' } as const;
    const { log, moves } = simulate(
      setting,
      script({ 0: [{ do: 'stamp', kind: kind.name, name: 'new' }], 9: [move], 10: [move] }),
    );
    expect(log.map(({ refused }) => refused)).toEqual([undefined, 'new is not ready', undefined]);
    expect(moves).toBe(1);
  });

  it('a stamp that fails leaves nothing behind, and its name is free again', () => {
    const setting = settingOf({ days: 1 });
    const stamp = { do: 'stamp', kind: kind.name, name: 'new' } as const;
    const names: string[][] = [];
    const { failedStamps, stamps, log } = simulate(
      { ...setting, circumstances: { ...CALM, stampFailures: 1 } },
      script({ 0: [stamp], 5: [stamp], 11: [stamp] }, (view) => names.push(view.cells.map(({ name }) => name))),
    );
    expect([stamps, failedStamps]).toEqual([2, 2]);
    expect(log.map(({ refused }) => refused)).toEqual([undefined, 'there is or was a cell new', undefined]);
    expect(names[9]).toContain('new');
    expect(names[10]).not.toContain('new');
  });

  it('media hosts that fail leave less room until they are back', () => {
    const setting = settingOf({});
    const capacities = (hostFailureHours: number): number[] => {
      const circumstances = { ...CALM, hostFailureHours, hostRepairHours: 4 };
      return simulate({ ...setting, circumstances }, script({})).hours.map(({ capacity }) => capacity);
    };
    // Two cells with four hosts each, one of which may be lost anyway.
    expect(new Set(capacities(Infinity))).toEqual(new Set([6000]));
    const failing = capacities(15);
    expect(Math.min(...failing)).toBeLessThan(6000);
    expect(Math.max(...failing)).toBe(6000);
  });

  it('keeps every hour: the most calls, the least room, and the cells that were short', () => {
    const { hours } = simulate(
      settingOf({ lostRegions: [{ region: 'eu-central-1', fromHour: 10, hours: 0.5 }] }),
      script({}),
    );
    expect(hours).toHaveLength(48);
    expect(hours.map(({ at }) => at).every((at, i) => i === 0 || at - hours[i - 1]!.at === 3_600_000)).toBe(true);
    expect(hours[10]).toMatchObject({ capacity: 0, cells: 2, short: 2 });
    expect(hours[11]).toMatchObject({ capacity: 6000, short: 0 });
    expect(Math.max(...hours.map(({ calls }) => calls))).toBeGreaterThan(0);
  });

  it('retires no cell that has tenants', () => {
    const { log, retirements } = simulate(settingOf({}), script({ 1: [{ do: 'retire', cell: 'euc1-a' }] }));
    expect(log[0]!.refused).toBe('euc1-a still has 20 tenants');
    expect(retirements).toBe(0);
  });

  it('refuses what a cell can’t have: too few or too many media hosts, unknown cells and kinds, a name twice', () => {
    const { log } = simulate(
      settingOf({}),
      script({
        0: [
          { do: 'scale', cell: 'euc1-a', hosts: [2, 3] },
          { do: 'scale', cell: 'euc1-a', hosts: [1, 2, 3, 4, 5] },
          { do: 'cordon', cell: 'nowhere' },
          { do: 'stamp', kind: 'huge', name: 'x' },
          { do: 'stamp', kind: kind.name, name: 'euc1-a' },
        ],
      }),
    );
    expect(log.map(({ refused }) => refused)).toEqual([
      '1 media host for pool high-volume of euc1-a, at least 2 must be in service',
      'euc1-a has no media host 5, or it is named twice; there are 1,2,3,4',
      'there is no cell nowhere',
      'there is no kind of cell huge',
      'there is or was a cell euc1-a',
    ]);
  });

  it('blocks all calls of a lost region and hides them from the decider', () => {
    const lost = { lostRegions: [{ region: 'eu-central-1', fromHour: 10, hours: 2 }] };
    const seen: boolean[] = [];
    const { callsBlocked, blockedBy, minutesShort, shortages } = simulate(
      settingOf(lost),
      script({}, (view) => seen.push(view.cells[0]!.isMeasured)),
    );
    expect(minutesShort).toBe(2 * 2 * 60);
    expect(shortages.map(({ from, to }) => to - from)).toEqual([4, 4]);
    expect(simulate(settingOf({}), script({})).blockedBy.lostRegion).toBe(0);
    expect(blockedBy.lostRegion).toBeGreaterThan(0);
    expect(callsBlocked).toBe(blockedBy.waiting + blockedBy.lostRegion + blockedBy.full);
    expect(seen.map((measured, hour) => (measured ? -1 : hour)).filter((hour) => hour >= 0)).toEqual([11, 12]);
  });

  it('shows a decider nothing of the future, and NaN for what was not measured', () => {
    const setting = settingOf({ outages: [{ fromHour: 5, hours: 1 }] });
    const id = setting.cells[0]!.tenants[0]!;
    simulate(
      setting,
      script({}, (view) => {
        const measured = view.measured(id);
        expect(measured).toHaveLength(view.step);
        const outage = setting.traffic.historySteps + 10;
        if (view.step > outage + 2)
          expect([...measured.subarray(outage - 1, outage + 3)].map(Number.isNaN)).toEqual([false, true, true, false]);
      }),
    );
  });

  it('blocks the calls of tenants that wait for a cell', () => {
    const { tenantHoursWaiting, blockedBy, callsBlocked } = simulate(settingOf({ newTenantsPerWeek: 20 }), script({}));
    expect(tenantHoursWaiting).toBeGreaterThan(24);
    expect(blockedBy.waiting).toBeGreaterThan(0);
    expect([blockedBy.lostRegion, blockedBy.full]).toEqual([0, expect.closeTo(0, 6)]);
    expect(callsBlocked).toBeCloseTo(blockedBy.waiting, 6);
  });

  it('refuses a setting that does not fit together', () => {
    const setting = settingOf({});
    expect(() => simulate({ ...setting, cells: setting.cells.slice(1) }, script({}))).toThrow('but in no cell');
    expect(() => simulate({ ...setting, kinds: [] }, script({}))).toThrow('there is no kind of cell frankfurt');
    expect(() => simulate(setting, { ...script({}), everyMinutes: 45 })).toThrow('allowed are multiples of 30');
  });
});

describe('deciders', () => {
  it('the plan takes no media host away and retires nothing while metrics are lost, and says that it holds', () => {
    const setting = settingOf({ days: 2, outages: [{ fromHour: 18, hours: 6 }] });
    const { log } = simulate(setting, planDecider());
    const first = setting.traffic.historySteps + 18 * 2;
    const during = log.filter(({ step }) => step > first && step <= first + 12);
    expect(during.some(({ action }) => action.do === 'hold')).toBe(true);
    expect(during.filter(({ action }) => action.do === 'retire')).toEqual([]);
    expect(
      during.filter(({ action, hostsBefore }) => action.do === 'scale' && action.hosts.length < hostsBefore!),
    ).toEqual([]);
  });

  it('the plan places new tenants at once, and stamps for the one whose enterprise is in every cell', () => {
    const { log, stamps, tenantHoursWaiting } = simulate(settingOf({ days: 3, newTenantsPerWeek: 20 }), planDecider());
    expect(log.filter(({ refused }) => refused !== undefined)).toEqual([]);
    expect(log.filter(({ action }) => action.do === 'place')).toHaveLength(8);
    expect(stamps).toBe(1);
    // Half an hour until the next plan for each, and ten hours for the stamp.
    expect(tenantHoursWaiting).toBe(8 * 0.5 + 10);
  });

  it('the plan knows of stamps before the simulation how long one takes', () => {
    const stamped = Array.from({ length: 19 }, (_, n) => ({ cell: `old-${n}`, startedAt: 0, readyAt: 5 * 3_600_000 }));
    const { log } = simulate(settingOf({ days: 3, newTenantsPerWeek: 20 }), planDecider({ stamped, name: 'own' }));
    expect(log.find(({ action }) => action.do === 'stamp')!.action.because).toContain(
      'a stamp takes 5 h (95.0 % quantile, 19 earlier stamps)',
    );
  });

  it('the plan gives a cell back that nobody needs: cordon, drain, moves, retire, and no call is lost', () => {
    const rules = { retireAfterHours: 12, drainAfterHours: 6 };
    const { log, retirements, callsBlocked, reversals } = simulate(
      settingOf({ days: 3, enterprises: false }, 3),
      planDecider({ rules }),
    );
    expect(retirements).toBeGreaterThan(0);
    const [first] = log.filter(({ action }) => action.do === 'retire');
    const gone = (first!.action as { cell: string }).cell;
    const steps = log.filter(({ action }) => 'cell' in action && action.cell === gone).map(({ action }) => action.do);
    expect(steps.filter((step) => step !== 'scale')).toEqual(['cordon', 'drain', 'retire']);
    expect(log.filter(({ action }) => action.do === 'move').length).toBeGreaterThan(0);
    expect(log.filter(({ refused }) => refused !== undefined)).toEqual([]);
    expect([callsBlocked, reversals]).toEqual([0, 0]);
  });

  it('are compared side by side in a table', () => {
    const lines = comparisonLines(compare(settingOf({ days: 1 }), [() => script({}), reactive]));
    expect(lines).toHaveLength(19);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(lines[0]).toMatch(/^ +script +reactive$/);
    expect(lines[1]).toMatch(/^calls offered +(\d+) +\1$/);
  });

  it('are compared in tables that a terminal of 80 columns has room for', () => {
    const [result] = compare(settingOf({ days: 1 }), [reactive]);
    const names = ['gradeOfService', 'telecomRule', 'fixedHeadroom', 'reactive', 'planning'];
    const lines = comparisonLines(names.map((decider) => ({ ...result!, decider })));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.flatMap((line) => (/^ +\w/.test(line) ? line.trim().split(/ +/) : []))).toEqual(names);
  });
});
