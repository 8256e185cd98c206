import { describe, expect, it } from 'vitest';
import type { History } from '../../../lib/planner/forecast/history.ts';
import { hourOfWeek } from '../../../lib/planner/hour-of-week.ts';
import { plan } from '../../../lib/planner/plan.ts';
import { fleetLoad } from '../../../lib/planner/plan/fleet-load.ts';
import type { FleetTenant } from '../../../lib/planner/plan/input.ts';
import { outlook } from '../../../lib/planner/plan/outlook.ts';
import { DEFAULT_RULES } from '../../../lib/planner/plan/rules.ts';
import { POLICIES } from '../../../lib/planner/policy.ts';
import { normal, seededRandom } from '../../../lib/planner/random.ts';
import { HOURS_PER_WEEK, RESOURCES } from '../../../lib/planner/resources.ts';
import { tenantWeek } from '../../../lib/planner/tenant-week.ts';
import { blueprint, cellOf, evenWeek, healthy, HOUR, NOW, tenantsOf } from './fleets.ts';

const LENGTH = 8 * HOURS_PER_WEEK;
const isBusy = (hour: number): boolean => hour % 24 >= 8 && hour % 24 < 18 && hour < 120;
const CALLS = RESOURCES.indexOf('relayedCalls');

/** Calls of a tenant by the hour, a week more than the history: days and hours that differ by chance. */
function usedBy(seed: number, mean: number): Float64Array {
  const random = seededRandom(seed);
  let day = 1;
  return Float64Array.from({ length: LENGTH + HOURS_PER_WEEK }, (_, i) => {
    if (i % 24 === 0) day = Math.exp(0.12 * normal(random));
    const hour = hourOfWeek(NOW - LENGTH * HOUR + i * HOUR);
    return mean * (isBusy(hour) ? 1 : 0.2) * day * Math.exp(0.12 * normal(random));
  });
}
const historyOf = (values: Float64Array): History => ({
  ...cellOf('x', { calls: () => 1 }).history.relayedCalls!,
  values: values.subarray(0, LENGTH),
});

/** A cell of twelve tenants, of which one has a fifth of the calls. */
function cellFrom(seed: number, isMeasured: boolean) {
  const used = Array.from({ length: 12 }, (_, t) => usedBy(100 * seed + t, t === 0 ? 66 : 22));
  const tenants = used.map((values, t): FleetTenant => {
    const { relayedCalls } = tenantWeek(Object.fromEntries(RESOURCES.map((one) => [one, historyOf(values)])));
    return { id: `t${t}`, pool: 'standard', cell: 'euw1-a', use: { ...evenWeek(0), relayedCalls } };
  });
  const all = used.reduce((sum, one) => sum.map((value, i) => value + one[i]!));
  const cell = {
    ...cellOf('euw1-a', { calls: () => 0 }),
    history: { relayedCalls: historyOf(all) },
    signals: { measuredAt: undefined },
    ...(isMeasured && { tenantHistory: { t0: historyOf(used[0]!) } }),
  };
  return { used, tenants, cell };
}

/** How often the large tenant exceeds what it counts with in another cell, in the busy hours of a week. */
function exceededElsewhere(isMeasured: boolean): number {
  let [over, hours] = [0, 0];
  for (let seed = 1; seed <= 20; seed++) {
    const { used, tenants, cell } = cellFrom(seed, isMeasured);
    const one = outlook(cell, tenants, NOW, [0.99], DEFAULT_RULES, undefined);
    const load = fleetLoad([one], tenants, {
      policy: POLICIES.gradeOfService,
      quantile: 0.99,
      now: NOW,
      until: NOW + HOURS_PER_WEEK * HOUR,
      closed: () => undefined,
    });
    const row = [...load.cells[0]!.tenants].find(({ id }) => id === 't0')!;
    for (let i = 0; i < HOURS_PER_WEEK; i++) {
      const hour = hourOfWeek(NOW + i * HOUR);
      if (!isBusy(hour)) continue;
      hours++;
      if (used[0]![LENGTH + i]! > load.elsewhere(row).use[CALLS * HOURS_PER_WEEK + hour]!) over++;
    }
  }
  return over / hours;
}

describe('a tenant with a fifth of the calls of its cell', () => {
  it('exceeds its share of the 99 % quantile of the cell', () => {
    expect(exceededElsewhere(false)).toBeGreaterThan(0.04);
  });

  it('counts with its own quantile where it goes, if it is measured', () => {
    expect(exceededElsewhere(true)).toBeLessThan(0.02);
  });

  it('does not go where only its share has room', () => {
    const { tenants, cell } = cellFrom(5, true);
    const { cell: unmeasured } = cellFrom(5, false);
    const movesTo = (calls: number, given: typeof cell): string[] => {
      const other = cellOf('euw1-b', { calls: () => calls, noise: 0 });
      const overSince = new Date(NOW - 48 * HOUR).toISOString();
      const made = plan({
        now: NOW,
        cells: [{ ...given, signals: healthy(NOW, 240), provedAt: 0 }, other],
        tenants: [...tenants, ...tenantsOf('euw1-b', 5, calls)],
        blueprints: [blueprint()],
        memory: { cells: { 'euw1-a': { overSince } }, done: [] },
      });
      return made.actions.flatMap((action) => (action.kind === 'move' ? [action.tenant] : []));
    };
    expect(movesTo(120, cell)).toContain('t0');
    expect(movesTo(140, cell)).not.toContain('t0');
    expect(movesTo(140, cell)).toHaveLength(1);
    expect(movesTo(140, unmeasured)).toContain('t0');
  });
});
