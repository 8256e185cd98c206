import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Limits } from '../../../lib/fleet/schema/cell.ts';
import type { History } from '../../../lib/planner/forecast/history.ts';
import { timeZone } from '../../../lib/planner/forecast/time-zone.ts';
import { plan } from '../../../lib/planner/plan.ts';
import { plausible } from '../../../lib/planner/plan/implausible.ts';
import { HOURS_PER_WEEK } from '../../../lib/planner/resources.ts';
import { blueprint, cellOf, HOUR, NOW, tenantsOf } from './fleets.ts';

const limits = (calls: number): Limits => ({ calls, callsPerSecond: 20, burst: 40, guaranteedCalls: 0 }) as Limits;

/** A plan for a cell of 150 calls, of 277 usable, in which what was measured is changed. */
function planOf(change: (hour: number, calls: number) => number, sold?: number) {
  const cell = cellOf('euw1-a', { calls: () => 150 });
  const { relayedCalls } = cell.history;
  const values = relayedCalls!.values.map((calls, i) => change(i - relayedCalls!.values.length, calls));
  return plan({
    now: NOW,
    cells: [{ ...cell, history: { relayedCalls: { ...relayedCalls!, values } } }],
    tenants: tenantsOf('euw1-a', 10, 150, sold === undefined ? {} : { limits: limits(sold / 10) }),
    blueprints: [blueprint()],
  });
}
const reportOf = ({ cells }: ReturnType<typeof planOf>) => cells[0]!;
const holdIn = ({ actions }: ReturnType<typeof planOf>) => actions.find(({ kind }) => kind === 'hold');

describe('three days without a call that were measured', () => {
  const silent = planOf((hour, calls) => (hour >= -72 ? 0 : calls));

  it('leave the forecast as it was', () => {
    expect(reportOf(silent).utilisation).toBeGreaterThan(0.5);
    expect(reportOf(silent).utilisation).toBeLessThan(0.7);
  });

  it('hold the cell, and the plan names them', () => {
    expect(holdIn(silent)).toMatchObject({ cell: 'euw1-a', codes: ['implausible'] });
    expect(holdIn(silent)!.reason).toMatch(
      /^no relayedCalls from 2026-02-27 09:00 UTC on for 72 h, where up to 15\d\.?\d* are usual$/,
    );
    expect(silent.notes.join()).toContain('euw1-a: no relayedCalls from 2026-02-27 09:00 UTC on for 72 h');
  });

  it('no longer hold it after a week of calls', () => {
    expect(holdIn(planOf((hour, calls) => (hour >= -240 && hour < -170 ? 0 : calls)))).toBeUndefined();
  });
});

describe('one value of a thousand million', () => {
  it.each([-1, -30, -400])('is not planned for, and named, %d hours ago', (at) => {
    const made = planOf((hour, calls) => (hour === at ? 1e9 : calls));
    expect(reportOf(made).utilisation).toBeLessThan(0.7);
    expect(made.notes.join()).toContain('1000000000 relayedCalls from');
  });

  it('holds the cell while it is new', () => {
    expect(holdIn(planOf((hour, calls) => (hour === -30 ? 1e9 : calls)))).toMatchObject({ codes: ['implausible'] });
  });
});

describe('what was carried is real', () => {
  it('within what was sold, though the media hosts should not have let it in', () => {
    // The hosts let in 400, the tenants may have 500.
    const made = planOf((hour, calls) => (hour >= -2 ? 450 : calls), 500);
    expect(holdIn(made)).toBeUndefined();
    expect(reportOf(made).utilisation).toBeGreaterThan(1.62);
  });

  it('within what the media hosts let in, though more than was sold', () => {
    const made = planOf((hour, calls) => (hour >= -2 ? 350 : calls), 200);
    expect(holdIn(made)).toBeUndefined();
    expect(reportOf(made).utilisation).toBeGreaterThan(1.26);
  });

  it('but not beyond both', () => {
    const made = planOf((hour, calls) => (hour >= -2 ? 550 : calls), 500);
    expect(holdIn(made)).toMatchObject({ codes: ['implausible'] });
    expect(holdIn(made)!.reason).toContain('at most 500 can be');
    expect(reportOf(made).utilisation).toBeLessThan(0.7);
  });

  it('quiet hours, nights and weekends without a call are ordinary', () => {
    const office = (hour: number, calls: number): number => ((((hour + 9) % 24) + 24) % 24 < 7 ? 0 : calls);
    const made = planOf(office);
    expect(holdIn(made)).toBeUndefined();
    expect(made.notes.join()).not.toContain('no relayedCalls');
  });
});

describe('plausible', () => {
  const value = fc.oneof(fc.constant(NaN), fc.constant(0), fc.double({ min: 0, max: 1e12, noNaN: true }));
  const series = fc.array(value, { minLength: 1, maxLength: 6 * HOURS_PER_WEEK });
  const historyOf = (values: readonly number[]): History => ({
    zone: timeZone('UTC'),
    start: NOW,
    stepMinutes: 60,
    values: Float64Array.from(values),
  });

  it('changes no value, only forgets some, and tells of each that it forgets', () => {
    fc.assert(
      fc.property(series, fc.double({ min: 1, max: 1e6, noNaN: true }), (values, most) => {
        const { history, found } = plausible(historyOf(values), 'relayedCalls', most);
        for (const [i, kept] of history.values.entries()) {
          const at = NOW + i * HOUR;
          const told = found.some(({ from, until }) => at >= from && at < until);
          expect(Object.is(kept, values[i]) || (Number.isNaN(kept) && told)).toBe(true);
          expect(kept > most).toBe(false);
          if (told) expect(kept).toBeNaN();
        }
      }),
      { numRuns: 50 },
    );
  });

  it('finds nothing in what it has cleaned of values that are too high', () => {
    fc.assert(
      fc.property(series, (values) => {
        const once = plausible(historyOf(values), 'setups', 100);
        expect(plausible(once.history, 'setups', 100).found.every(({ text }) => text.startsWith('no '))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
