import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DayLevel } from '../../../lib/planner/forecast/day-level.ts';
import { normal, seededRandom } from '../../../lib/planner/random.ts';

const MEANS = [130, 110, 100, 100, 95, 10, 5];
const NONE: number[] = [];

/** A level that saw some weeks of MEANS, times what `factor` makes of a day. */
function after(days: number, factor: (day: number) => number, kinds: (day: number) => number[] = () => NONE): DayLevel {
  const level = new DayLevel(Float64Array.from(MEANS), 1);
  for (let day = 0; day < days; day++) {
    level.update(day % 7, kinds(day), 24 * MEANS[day % 7]! * factor(day), 24, 0);
    level.advance();
  }
  return level;
}

describe('day level', () => {
  it('expects every weekday as it was', () => {
    const level = after(28, () => 1);
    for (let weekday = 0; weekday < 7; weekday++) {
      expect(Math.exp(level.expect(weekday, NONE).ln)).toBeCloseTo(MEANS[weekday]!, 0);
    }
  });

  it('follows growth and sees more of it coming', () => {
    const level = after(56, (day) => 1.003 ** day);
    expect(Math.exp(level.expect(0, NONE).ln) / (MEANS[0]! * 1.003 ** 56)).toBeCloseTo(1, 1);
    for (let day = 0; day < 28; day++) level.advance();
    expect(Math.exp(level.expect(0, NONE).ln)).toBeGreaterThan(MEANS[0]! * 1.003 ** 75);
  });

  it('learns what a kind of day does and keeps it apart from the level', () => {
    const level = after(
      56,
      (day) => (day % 10 === 3 ? 1.5 : 1),
      (day) => (day % 10 === 3 ? [0] : NONE),
    );
    const ordinary = level.expect(2, NONE).ln;
    expect(Math.exp(level.expect(2, [0]).ln - ordinary)).toBeCloseTo(1.5, 1);
    expect(Math.exp(ordinary) / MEANS[2]!).toBeCloseTo(1, 1);
  });

  it('takes one strange day for an exception and a second for a change', () => {
    const random = seededRandom(1);
    const ordinary = after(35, () => Math.exp(0.03 * normal(random)));
    const before = ordinary.expect(1, NONE).ln;
    ordinary.update(0, NONE, 24 * MEANS[0]! * 2, 24, 0);
    ordinary.advance();
    expect(Math.exp(ordinary.expect(1, NONE).ln - before)).toBeLessThan(1.2);
    ordinary.update(1, NONE, 24 * MEANS[1]! * 2, 24, 0);
    ordinary.advance();
    expect(Math.exp(ordinary.expect(2, NONE).ln) / MEANS[2]!).toBeGreaterThan(1.5);
  });

  it('is less sure with every day that is not measured, and moves nowhere', () => {
    const level = after(28, () => 1);
    let { ln, variance } = level.expect(3, NONE);
    for (let day = 0; day < 10; day++) {
      level.advance();
      const later = level.expect(3, NONE);
      expect(later.variance).toBeGreaterThan(variance);
      expect(later.ln).toBeCloseTo(ln, 2);
      ({ ln, variance } = later);
    }
  });

  it('believes a day of few calls less where chance explains it', () => {
    const moved = (dispersion: number): number => {
      const level = after(28, () => 1);
      const before = level.expect(0, NONE).ln;
      level.update(0, NONE, 24 * MEANS[0]! * 1.2, 24, dispersion);
      return level.expect(0, NONE).ln - before;
    };
    expect(moved(300)).toBeLessThan(moved(0) / 3);
  });

  it('stays finite and unsure by a positive variance for any days', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { maxLength: 60 }), (totals) => {
        const level = new DayLevel(Float64Array.from(MEANS), 1);
        for (const [day, total] of totals.entries()) {
          level.update(day % 7, day % 11 === 0 ? [0] : NONE, total, 24, 1);
          level.advance();
        }
        const { ln, variance } = level.expect(0, [0]);
        expect(Number.isFinite(ln)).toBe(true);
        expect(variance).toBeGreaterThan(0);
        expect(variance).toBeLessThan(1e6);
      }),
    );
  });

  it('is not moved by what its copy learns', () => {
    const level = after(14, () => 1);
    const before = level.expect(0, NONE);
    const copy = level.clone();
    copy.advance();
    copy.update(0, NONE, 1e5, 24, 0);
    expect(level.expect(0, NONE)).toEqual(before);
  });
});
