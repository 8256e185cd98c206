import { describe, expect, it } from 'vitest';
import { forecast } from '../../../lib/planner/forecast.ts';
import type { History } from '../../../lib/planner/forecast/history.ts';
import { timeZone } from '../../../lib/planner/forecast/time-zone.ts';
import { normal, seededRandom } from '../../../lib/planner/random.ts';

const office = (hour: number): number =>
  (Math.floor(hour / 24) % 7 >= 5 ? 0.2 : 1) * (hour % 24 >= 8 && hour % 24 < 18 ? 1 : 0.1);

/** 13 weeks of which the first eight grow by so much a week up to 700 calls, and the others stay there. */
function levelled(growth: number, seed: number): History {
  const random = seededRandom(seed);
  let day = 1;
  const values = Float64Array.from({ length: 13 * 168 }, (_, hour) => {
    if (hour % 24 === 0) day = Math.exp(0.03 * normal(random));
    const grown = 700 * (1 + growth) ** Math.min(0, (hour - 8 * 168) / 168);
    return grown * office(hour) * day * Math.exp(0.03 * normal(random));
  });
  return { zone: timeZone('UTC'), start: Date.UTC(2025, 0, 6), stepMinutes: 60, values };
}

describe('growth that ended five weeks ago', () => {
  it.each([5, 10, 20])('of %i % a week does not go on', (percent) => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { quantiles } = forecast(levelled(percent / 100, seed), { days: 42 });
      expect(Math.max(...quantiles[0]!)).toBeLessThan(1.2 * 700);
      expect(Math.max(...quantiles[3]!)).toBeLessThan(2 * 700);
    }
  });
});
