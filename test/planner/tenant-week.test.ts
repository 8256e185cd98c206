import { describe, expect, it } from 'vitest';
import { timeZone } from '../../lib/planner/forecast/time-zone.ts';
import { evenDemand } from '../../lib/planner/resources.ts';
import { tenantWeek } from '../../lib/planner/tenant-week.ts';

/** Monday 2026-01-05, 00:00 UTC. */
const MONDAY = Date.UTC(2026, 0, 5);
const hourly = (values: ArrayLike<number>) => ({
  zone: timeZone('UTC'),
  start: MONDAY,
  stepMinutes: 60,
  values: Float64Array.from(values),
});
const relayedCalls = (values: ArrayLike<number>, sold?: number) => {
  const contract = evenDemand(sold ?? 0);
  return tenantWeek({ relayedCalls: hourly(values) }, contract).relayedCalls;
};

describe('tenantWeek', () => {
  it('without history is the contract', () => {
    expect(tenantWeek({}, evenDemand(7)).setups).toEqual(new Float64Array(168).fill(7));
  });

  it('leans half on the contract after two weeks, and less later', () => {
    const weeks = (count: number) => relayedCalls(new Float64Array(168 * count).fill(10), 20)[30]!;
    expect(weeks(2)).toBeCloseTo(15, 9);
    expect(weeks(6)).toBeCloseTo(12.5, 9);
  });

  it('knows the hours of the week, Monday first', () => {
    const history = { relayedCalls: hourly(Array.from({ length: 336 }, (_, i) => i % 168)) };
    const others = {
      setups: history.relayedCalls,
      registrations: history.relayedCalls,
      mediaSessions: history.relayedCalls,
    };
    const rest = { recordEvents: history.relayedCalls, databaseWrites: history.relayedCalls };
    const { relayedCalls: week } = tenantWeek({ ...history, ...others, ...rest });
    expect([...week].map((value) => Number(value.toPrecision(12)))).toEqual(Array.from({ length: 168 }, (_, h) => h));
  });

  it('takes hours without measurement for unknown, never for zero', () => {
    const values = Array.from({ length: 336 }, (_, i) => (i % 2 === 0 ? 10 : NaN));
    const week = relayedCalls(values, 10);
    expect(Math.min(...week)).toBeCloseTo(10, 9);
  });

  it('refuses a resource of which nothing is known', () => {
    expect(() => tenantWeek({})).toThrow('setups has neither a history with a known value nor a contract');
  });
});
