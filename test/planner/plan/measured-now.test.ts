import { describe, expect, it } from 'vitest';
import { plan } from '../../../lib/planner/plan.ts';
import { outlook } from '../../../lib/planner/plan/outlook.ts';
import { DEFAULT_RULES } from '../../../lib/planner/plan/rules.ts';
import type { Signals } from '../../../lib/planner/plan/input.ts';
import { blueprint, cellOf, HOUR, NOW, tenantsOf } from './fleets.ts';

const load = { calls: () => 100 };
const reportOf = (signals: Partial<Signals>) => {
  const cell = cellOf('euw1-a', load);
  const cells = [{ ...cell, signals: { ...cell.signals, ...signals } }];
  return plan({ now: NOW, cells, tenants: tenantsOf('euw1-a', 10, 100), blueprints: [blueprint()] }).cells[0]!;
};

describe('what is measured now', () => {
  it('is the least that the plan counts on in this hour', () => {
    // Of 277 usable.
    expect(reportOf({}).utilisation).toBeLessThan(0.5);
    expect(reportOf({ relayedCalls: 250, setups: 1.4 }).utilisation).toBeCloseTo(250 / 277, 2);
    expect(reportOf({ relayedCalls: 290, setups: 1.6 })).toMatchObject({ crossesAt: '2026-03-02T09:00:00.000Z' });
  });

  it('does not count where it is old, or more than can be', () => {
    expect(reportOf({ relayedCalls: 250, measuredAt: NOW - 2 * HOUR }).utilisation).toBeLessThan(0.5);
    expect(reportOf({ relayedCalls: 4001, setups: 22 }).utilisation).toBeLessThan(0.5);
    // The media hosts admit 400.
    expect(reportOf({ relayedCalls: 500, setups: 2.8 }).utilisation).toBeCloseTo(400 / 277, 2);
  });

  it('leaves the hours after it and falls alone', () => {
    const cell = cellOf('euw1-a', load);
    const calls = (relayedCalls: number) =>
      outlook({ ...cell, signals: { ...cell.signals, relayedCalls } }, [], NOW, [0.99], DEFAULT_RULES, undefined)
        .forecasts.get('relayedCalls')!
        .quantiles.map((values) => [...values.subarray(0, 3)]);
    const [ordinary, raised] = [calls(100), calls(250)];
    for (const [k, values] of raised.entries()) expect(values).toEqual([250, ...ordinary[k]!.slice(1)]);
    expect(calls(5)).toEqual(ordinary);
  });
});
