import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DayLevel } from '../../../lib/planner/forecast/day-level.ts';
import { DISTANCES, ratioAt, WeeksAhead } from '../../../lib/planner/forecast/weeks-ahead.ts';

const level = new DayLevel(new Float64Array(7).fill(100), 1);
/** Variance that the level expects of a day so far ahead. */
function expectedAt(distance: number): number {
  const later = level.clone();
  for (let day = 0; day < distance; day++) later.advance();
  return later.expect(0, []).variance;
}

/** Many days, each off by so many of the standard deviations that the level expects so far ahead. */
function ratiosAfter(days: number, off: readonly number[], scale = 1): number[] {
  const weeks = new WeeksAhead(days);
  for (let d = 0; d < days; d++) {
    weeks.measure(d, 100, 100);
    weeks.foresee(
      d,
      DISTANCES.map((distance, k) => Math.log(100) - off[k]! * Math.sqrt(0.4549 * expectedAt(distance))),
    );
  }
  return weeks.ratios(level, scale);
}

describe('errors weeks ahead', () => {
  it('leave the level its opinion where there are none', () => {
    expect(ratiosAfter(7, [2, 2, 2])).toEqual([1, 1, 1]);
  });

  it('correct it the more, the more there are', () => {
    const [few, many] = [ratiosAfter(40, [1.3, 1.3, 1.3]), ratiosAfter(400, [1.3, 1.3, 1.3])];
    for (const k of DISTANCES.keys()) {
      expect(few[k]).toBeGreaterThan(1);
      expect(few[k]).toBeLessThan(many[k]!);
      expect(many[k]).toBeCloseTo(1.69, 0);
    }
  });

  it('are kept apart by distance, and those that came first stand for those that did not come yet', () => {
    expect(ratiosAfter(400, [1, 1, 1.5])[2]).toBeGreaterThan(1.9);
    expect(ratiosAfter(400, [1, 1, 1.5])[1]).toBeCloseTo(1, 5);
    const [week, , month] = ratiosAfter(28, [1.5, 1, 1.5]);
    expect(week).toBeGreaterThan(1.2);
    expect(month).toBeGreaterThan(1.1);
  });

  it('are measured against those a day ahead, which the quantiles know', () => {
    // Half as wide as the level says a day ahead, and as wide as it says weeks ahead: four times the variance, at most three.
    expect(ratiosAfter(400, [1, 1, 1], 0.5)).toEqual([3, 3, 3]);
    expect(ratiosAfter(400, [0.5, 0.5, 0.5], 0.5)[2]).toBeCloseTo(1, 5);
  });

  it('count in proportion between the distances', () => {
    expect([1, 4, 7, 14, 21, 28, 100].map((days) => ratioAt([2, 4, 1], days))).toEqual([1, 1.5, 2, 4, 2.5, 1, 1]);
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1 / 3, max: 3, noNaN: true }), { minLength: 3, maxLength: 3 }),
        fc.integer({ min: 0, max: 183 }),
        (ratios, days) => {
          const ratio = ratioAt(ratios, days);
          expect(ratio).toBeGreaterThanOrEqual(Math.min(1, ...ratios) - 1e-9);
          expect(ratio).toBeLessThanOrEqual(Math.max(1, ...ratios) + 1e-9);
        },
      ),
    );
  });
});
