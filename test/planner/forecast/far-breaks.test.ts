import { describe, expect, it } from 'vitest';
import { forecast } from '../../../lib/planner/forecast.ts';
import { timeZone } from '../../../lib/planner/forecast/time-zone.ts';
import { normal, type Random, seededRandom } from '../../../lib/planner/random.ts';

const CALLS = 120;
const SEEDS = [1, 2, 3, 4, 5];

/** The highest of each quantile (50, 90, 95 and 99 %) in the week after days whose hours `use` draws. */
function weekAfter(days: number, seed: number, use: (day: number, random: Random) => number): number[] {
  const random = seededRandom(seed);
  const values = Float64Array.from({ length: days * 24 }, (_, hour) => use(Math.floor(hour / 24), random));
  const history = { zone: timeZone('UTC'), start: Date.UTC(2025, 0, 6), stepMinutes: 60, values };
  return forecast(history, { days: 7 }).quantiles.map((quantile) => Math.max(...quantile));
}
const calls = (random: Random, mean = CALLS): number => mean * (1 + 0.03 * normal(random));

describe('a history that begins without a call', () => {
  it.each([5, 13, 21, 46])('for %i days is that of the days after', (days) => {
    for (const seed of SEEDS) {
      for (const busy of [1, 2, 3, 5, 7, 14]) {
        const [median, , , high] = weekAfter(days + busy, seed, (day, random) => (day < days ? 0 : calls(random)));
        expect(median! / CALLS).toBeGreaterThan(0.9);
        expect(median! / CALLS).toBeLessThan(1.2);
        expect(high! / CALLS).toBeGreaterThan(1.05);
        expect(high! / CALLS).toBeLessThan(2.5);
      }
    }
  });
});

describe('weeks without a call', () => {
  it.each([7, 14, 28])('for %i days are over with the second day of calls', (days) => {
    for (const seed of SEEDS) {
      for (const busy of [2, 3, 5, 10]) {
        const silent = (day: number): boolean => day >= 40 && day < 40 + days;
        const [median, , , high] = weekAfter(40 + days + busy, seed, (day, random) =>
          silent(day) ? 0 : calls(random),
        );
        expect(median! / CALLS).toBeGreaterThan(0.8);
        expect(median! / CALLS).toBeLessThan(1.2);
        expect(high! / CALLS).toBeLessThan(1.5);
      }
    }
  });
});

describe('a lasting step to many times as much', () => {
  it.each([4, 12, 120, 12_000])('to %i times is the median from the second day on', (times) => {
    for (const seed of SEEDS) {
      for (const busy of [2, 3, 5, 7, 10, 14]) {
        const [median, , , high] = weekAfter(46 + busy, seed, (day, random) =>
          calls(random, day < 46 ? CALLS / times : CALLS),
        );
        expect(median! / CALLS).toBeGreaterThan(0.9);
        expect(median! / CALLS).toBeLessThan(1.2);
        expect(high! / CALLS).toBeGreaterThan(1.05);
        expect(high! / CALLS).toBeLessThan(1.5);
      }
    }
  });
});

it('one call in a hundred hours does not become thousands', () => {
  for (const seed of SEEDS) {
    const [median, , , high] = weekAfter(56, seed, (_, random) => (random() < 0.01 ? 1 : 0));
    expect(median).toBeLessThan(1);
    expect(high).toBeLessThan(3);
  }
});
