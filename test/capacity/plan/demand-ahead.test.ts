import { describe, expect, it } from 'vitest';
import { timeZone } from '../../../lib/capacity/forecast/time-zone.ts';
import { demandAhead, type CellAhead } from '../../../lib/capacity/plan/demand-ahead.ts';
import type { PlanInput } from '../../../lib/capacity/plan/input.ts';
import { POLICIES } from '../../../lib/capacity/policy.ts';
import { erlangB } from '../../../lib/capacity/teletraffic/erlang.ts';
import { parseCell } from '../../../lib/spec/cell.ts';

const HOUR = 3_600_000;
const now = Date.UTC(2026, 0, 5);

/** A cell measured every half hour for four weeks: so many calls at the full hour, half as many after it. */
function input(calls: (hour: number) => number): PlanInput {
  const start = now - 28 * 24 * HOUR;
  const values = Float64Array.from({ length: 28 * 48 }, (_, i) => calls(Math.floor(i / 2)) * (i % 2 === 0 ? 1 : 0.5));
  const history = { relayedCalls: { zone: timeZone('UTC'), start, stepMinutes: 30, values } };
  const spec = parseCell({ name: 'euw1-a', region: 'eu-west-1' });
  return { now, cells: [{ spec, history, signals: { measuredAt: now } }], tenants: [], blueprints: [] };
}

/** The one resource of the one cell. */
const demandOf = (calls: (hour: number) => number, measuredDays: number) =>
  demandAhead(input(calls), measuredDays)[0]!.resources[0]!;

describe('the demand ahead of a cell', () => {
  it('is what was measured, and goes on as the forecast without a gap', () => {
    const [{ cell, resources }] = demandAhead(
      input((hour) => 100 + (hour % 24)),
      7,
    ) as [CellAhead];
    expect(cell).toBe('euw1-a');
    expect(resources.map(({ resource }) => resource)).toEqual(['relayedCalls']);
    const { hours, measured, median, quantile } = resources[0]!;
    expect(hours[0]).toBe(now - 7 * 24 * HOUR);
    expect([...hours].every((hour, i) => hour === hours[0]! + i * HOUR)).toBe(true);
    hours.forEach((hour, i) => {
      expect(Number.isNaN(measured[i]!)).toBe(hour >= now);
      expect(Number.isNaN(median[i]!)).toBe(hour < now);
      expect(quantile[i]! >= median[i]! || hour < now).toBe(true);
    });
    // The most of the hour, not what was last in it.
    expect(measured[5]).toBe(105);
  });

  it('stands against what the cell carries and what the policy lets it reach', () => {
    const { limit, usable } = demandOf(() => 100, 1);
    expect(limit).toBe(7500);
    // So many erlangs lose one call in a hundred on so many lines.
    expect(erlangB(limit!, usable!)).toBeCloseTo(POLICIES.gradeOfService.blocking, 6);
  });

  it('has a hole where nothing was measured', () => {
    const { measured } = demandOf((hour) => (hour % 24 === 3 ? NaN : 100), 1);
    expect(measured[3]).toBeNaN();
    expect(measured[4]).toBe(100);
  });
});
