import { describe, expect, it } from 'vitest';
import { forecast } from '../../../lib/planner/forecast.ts';
import { timeZone } from '../../../lib/planner/forecast/time-zone.ts';
import { normal, seededRandom } from '../../../lib/planner/random.ts';

const WEEK = 168;
const LENGTH = 8 * WEEK;
const SEEDS = 150;
const isBusy = (hour: number): boolean => hour % 24 >= 8 && hour % 24 < 18 && hour % WEEK < 120;

/** What part of the busy hours of the week after eight is above the 99 % quantile; days and hours differ by chance. */
function exceeded(daySpread: number, hourSpread: number): number {
  let [over, hours] = [0, 0];
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seededRandom(seed);
    let day = 1;
    const values = Float64Array.from({ length: LENGTH + WEEK }, (_, hour) => {
      if (hour % 24 === 0) day = Math.exp(daySpread * normal(random));
      return 20 * (isBusy(hour) ? 1 : 0.2) * day * Math.exp(hourSpread * normal(random));
    });
    const history = { zone: timeZone('UTC'), start: Date.UTC(2025, 0, 6), stepMinutes: 60 };
    const ahead = forecast({ ...history, values: values.subarray(0, LENGTH) }, { days: 7, quantiles: [0.99] })
      .quantiles[0]!;
    for (let hour = 0; hour < WEEK; hour++) {
      if (!isBusy(hour)) continue;
      hours++;
      if (values[LENGTH + hour]! > ahead[hour]!) over++;
    }
  }
  return over / hours;
}

describe('one busy hour in a hundred is above the 99 % quantile', () => {
  it.each([
    { what: 'hours', daySpread: 0.02, hourSpread: 0.12 },
    { what: 'days', daySpread: 0.12, hourSpread: 0.02 },
    { what: 'both', daySpread: 0.12, hourSpread: 0.12 },
  ])('where $what differ', ({ daySpread, hourSpread }) => {
    const share = exceeded(daySpread, hourSpread);
    expect(share).toBeGreaterThan(0.004);
    expect(share).toBeLessThan(0.0135);
  });
});
