import { describe, expect, it } from 'vitest';
import type { History } from '../../../lib/planner/forecast/history.ts';
import { hourOfWeek } from '../../../lib/planner/hour-of-week.ts';
import type { FleetCell, FleetTenant } from '../../../lib/planner/plan/input.ts';
import { outlook } from '../../../lib/planner/plan/outlook.ts';
import { DEFAULT_RULES } from '../../../lib/planner/plan/rules.ts';
import { tenantShares } from '../../../lib/planner/plan/shares.ts';
import { normal, seededRandom } from '../../../lib/planner/random.ts';
import { HOURS_PER_WEEK } from '../../../lib/planner/resources.ts';
import { tenantWeek } from '../../../lib/planner/tenant-week.ts';
import { cellOf, HOUR, NOW, specOf } from './fleets.ts';

const WEEKS = 8;
const LENGTH = WEEKS * HOURS_PER_WEEK;
const TENANTS = 12;
const isBusy = (hour: number): boolean => hour % 24 >= 8 && hour % 24 < 18 && hour < 120;

/** Calls of a tenant by the hour: a week more than the history, days and hours that differ by chance. */
function usedBy(seed: number): Float64Array {
  const random = seededRandom(seed);
  let day = 1;
  return Float64Array.from({ length: LENGTH + HOURS_PER_WEEK }, (_, i) => {
    if (i % 24 === 0) day = Math.exp(0.12 * normal(random));
    const hour = hourOfWeek(NOW - LENGTH * HOUR + i * HOUR);
    return 20 * (isBusy(hour) ? 1 : 0.2) * day * Math.exp(0.12 * normal(random));
  });
}

const historyOf = (values: Float64Array): History => ({
  ...cellOf('x', { calls: () => 1, weeks: WEEKS }).history.relayedCalls!,
  values: values.subarray(0, LENGTH),
});
const sumOf = (all: readonly Float64Array[]): Float64Array =>
  all.reduce((sum, one) => sum.map((value, i) => value + one[i]!));

/** How often, in the busy hours of the week to come, pools exceed what the plan counts with for their tenants at 99 %. */
function exceeded(pools: Readonly<Record<string, readonly number[]>>, poolsMeasured: boolean): Record<string, number> {
  const over: Record<string, number> = { standard: 0, 'high-volume': 0, all: 0 };
  let hours = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const used = Array.from({ length: TENANTS }, (_, t) => usedBy(100 * seed + t));
    const poolOf = (t: number): string => (t === 0 ? 'high-volume' : 'standard');
    const tenants = used.map((values, t): FleetTenant => ({
      id: `t${t}`,
      pool: poolOf(t),
      cell: 'euw1-a',
      use: tenantWeek({
        ...Object.fromEntries(
          ['setups', 'registrations', 'mediaSessions', 'recordEvents', 'databaseWrites'].map((name) => [
            name,
            historyOf(values),
          ]),
        ),
        relayedCalls: historyOf(values),
      }),
    }));
    const members = (pool: string) => used.filter((_, t) => pool === 'all' || poolOf(t) === pool);
    const cell: FleetCell = {
      ...cellOf('euw1-a', { calls: () => 0 }),
      spec: specOf('euw1-a', { media: { hosts: 4, relay: { calls: 300 }, pools } }),
      history: { relayedCalls: historyOf(sumOf(used)) },
      signals: { measuredAt: undefined },
      ...(poolsMeasured && {
        poolHistory: Object.fromEntries(
          ['standard', 'high-volume'].map((pool) => [pool, { relayedCalls: historyOf(sumOf(members(pool))) }]),
        ),
      }),
    };
    const one = outlook(cell, tenants, NOW, [0.99], DEFAULT_RULES, undefined);
    const shareOf = tenantShares(one, tenants, { quantile: 0.99, now: NOW, until: NOW + HOURS_PER_WEEK * HOUR });
    for (let i = 0; i < HOURS_PER_WEEK; i++) {
      const hour = hourOfWeek(NOW + i * HOUR);
      if (!isBusy(hour)) continue;
      hours++;
      for (const pool of Object.keys(over)) {
        const counted = tenants
          .filter((tenant) => pool === 'all' || tenant.pool === pool)
          .reduce((sum, tenant) => sum + tenant.use.relayedCalls[hour]! * shareOf(tenant).times.relayedCalls[hour]!, 0);
        if (sumOf(members(pool))[LENGTH + i]! > counted) over[pool]!++;
      }
    }
  }
  return Object.fromEntries(Object.entries(over).map(([pool, count]) => [pool, count / hours]));
}

describe('a pool of one tenant in a cell of twelve', () => {
  const apart = { standard: [1, 2], 'high-volume': [3, 4] };
  const nested = { standard: [1, 2, 3, 4], 'high-volume': [3, 4] };

  it('exceeds its share of the 99 % quantile of the cell in one busy hour of five', () => {
    expect(exceeded(apart, false)['high-volume']).toBeGreaterThan(0.15);
  });

  it.each([apart, nested])(
    'exceeds what is counted on as its own forecast would, where pools are measured',
    (pools) => {
      const { 'high-volume': one, all } = exceeded(pools, true);
      expect(one).toBeLessThan(0.02);
      expect(all).toBeLessThan(0.02);
    },
  );

  it('leaves the cell its own quantile where the pools share hosts', () => {
    const [shared, whole] = [exceeded(nested, true).all!, exceeded(nested, false).all!];
    expect(Math.abs(shared - whole)).toBeLessThan(0.005);
  });
});
