import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DayShape } from '../../../lib/planner/forecast/day-shape.ts';
import { normal, poisson, seededRandom } from '../../../lib/planner/random.ts';

const hours = (busy: (hour: number) => number): Float64Array =>
  Float64Array.from({ length: 24 }, (_, hour) => busy(hour));
const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const office = hours((hour) => (hour >= 8 && hour < 18 ? 10 : 1));
const evening = hours((hour) => (hour >= 18 ? 10 : 1));

describe('day shape', () => {
  it('is the mean of the days, scaled to mean 1', () => {
    const shape = new DayShape(24);
    for (let day = 0; day < 10; day++) shape.learn(day % 5, office, mean(office), 1);
    expect(mean(shape.of(0))).toBeCloseTo(1, 12);
    for (let hour = 0; hour < 24; hour++) expect(shape.of(0)[hour]).toBeCloseTo(office[hour]! / mean(office), 9);
  });

  it('lets a weekday be different where it is, and alike where only chance is', () => {
    const random = seededRandom(2);
    const shape = new DayShape(24);
    for (let day = 0; day < 56; day++) {
      const weekday = day % 7;
      const values = (weekday === 5 ? evening : office).map((value) => poisson(random, 20 * value) / 20);
      shape.learn(weekday, values, mean(values), 1);
    }
    expect(shape.of(5)[20]! / shape.of(5)[10]!).toBeGreaterThan(7);
    // Two ordinary weekdays differ less from each other than the chance in a mean of eight days would make them.
    const apart = Math.hypot(...shape.of(1).map((value, hour) => value - shape.of(2)[hour]!));
    const chance = Math.hypot(...office.map((value) => Math.sqrt((2 * value) / 20 / 8) / mean(office)));
    expect(apart).toBeLessThan(chance);
  });

  it('does not take weekends for chance, nor lets them flatten other days, after two weeks', () => {
    const flat = hours(() => 2);
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed);
      const shape = new DayShape(24);
      for (let day = 0; day < 14; day++) {
        const values = (day % 7 >= 5 ? flat : office).map((value) => value * Math.exp(0.05 * normal(random)));
        shape.learn(day % 7, values, mean(values), 1);
      }
      const busy = (weekday: number): number => mean(shape.of(weekday).subarray(8, 18));
      expect(busy(5)).toBeGreaterThan(0.95);
      expect(busy(5)).toBeLessThan(1.05);
      expect(busy(0) / (10 / mean(office))).toBeGreaterThan(0.99);
    }
  });

  it('does not take an hour that was not measured for a quiet one', () => {
    const shape = new DayShape(24);
    for (let day = 0; day < 20; day++) {
      const values = office.slice();
      if (day % 2 === 0) values.fill(NaN, 9, 12);
      shape.learn(day % 5, values, mean(office), 0.8);
    }
    expect(shape.of(3)[10]! / shape.of(3)[14]!).toBeCloseTo(1, 9);
  });

  it('knows nothing of an hour never measured, and learns nothing from a day of which little is known', () => {
    const shape = new DayShape(24);
    const values = office.slice();
    values[3] = NaN;
    shape.learn(0, values, mean(office), 0.95);
    expect(shape.of(0)[3]).toBeNaN();
    shape.learn(0, evening, mean(evening), 0.2);
    expect(shape.of(0)[20]! / shape.of(0)[10]!).toBeCloseTo(0.1, 9);
  });

  it('is never negative and of mean 1 over what was seen, for any days', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 30 }), (seed, days) => {
        const random = seededRandom(seed);
        const shape = new DayShape(288);
        for (let day = 0; day < days; day++) {
          const values = Float64Array.from({ length: 288 }, () => Math.exp(2 * normal(random)));
          shape.learn(day % 7, values, mean(values), 1);
        }
        for (let weekday = 0; weekday < 7; weekday++) {
          expect(mean(shape.of(weekday))).toBeCloseTo(1, 9);
          expect(shape.of(weekday).every((value) => value >= 0)).toBe(true);
        }
      }),
      { numRuns: 20 },
    );
  });
});
