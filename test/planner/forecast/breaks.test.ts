import { describe, expect, it } from 'vitest';
import { forecast, QUANTILES } from '../../../lib/planner/forecast.ts';
import type { History } from '../../../lib/planner/forecast/history.ts';
import { timeZone } from '../../../lib/planner/forecast/time-zone.ts';
import { normal, seededRandom } from '../../../lib/planner/random.ts';

const monday = Date.UTC(2025, 0, 6);
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/** Concurrent calls in an hour counted from the first Monday: an office of 800 calls. */
const office = (hour: number): number => {
  const ofDay = hour % 24;
  const weekend = Math.floor(hour / 24) % 7 >= 5;
  return 800 * (weekend ? 0.2 : 1) * (ofDay >= 8 && ofDay < 18 ? 1 : ofDay === 7 || ofDay === 18 ? 0.5 : 0.1);
};

/** Hours from the first Monday on, with days and hours that differ by chance, times what `factor` makes of an hour. */
function measured(hours: number, seed: number, factor: (hour: number) => number): History {
  const random = seededRandom(seed);
  let day = 1;
  const values = Float64Array.from({ length: hours }, (_, hour) => {
    if (hour % 24 === 0) day = Math.exp(0.04 * normal(random));
    return office(hour) * day * Math.exp(0.04 * normal(random)) * factor(hour);
  });
  return { zone: timeZone('UTC'), start: monday, stepMinutes: 60, values };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The highest of a quantile in so many hours, beginning so many hours after the history's end. */
function highest(history: History, level: (typeof QUANTILES)[number], from: number, hours: number): number {
  const { quantiles } = forecast(history, { days: (from + hours) / 24 });
  return Math.max(...quantiles[QUANTILES.indexOf(level)]!.subarray(from, from + hours));
}

describe('a lasting step of 40 %', () => {
  const step = 43 * 24;
  const stepped = (days: number, seed: number): History =>
    measured(step + days * 24, seed, (hour) => (hour >= step ? 1.4 : 1));

  it('is within the 99 % quantile after one day, and every day from then on', () => {
    for (const seed of SEEDS) {
      for (const days of [1, 2, 3]) expect(highest(stepped(days, seed), 0.99, 0, 24)).toBeGreaterThan(1.4 * 800);
    }
  });

  it('is the median after two days', () => {
    const medians = SEEDS.map((seed) => highest(stepped(2, seed), 0.5, 0, 24) / (1.4 * 800));
    expect(mean(medians)).toBeGreaterThan(0.9);
    expect(mean(medians)).toBeLessThan(1.05);
  });

  it('was an exception if the next day is ordinary again', () => {
    const once = (seed: number): History =>
      measured(step + 48, seed, (hour) => (hour >= step && hour < step + 24 ? 1.4 : 1));
    expect(mean(SEEDS.map((seed) => highest(once(seed), 0.99, 0, 24)))).toBeLessThan(1.3 * 800);
  });
});

describe('two days at 10 % that nobody announced', () => {
  const fall = 43 * 24;
  const fallen = (hours: number, seed: number): History =>
    measured(fall + hours, seed, (hour) => (hour >= fall && hour < fall + 48 ? 0.1 : 1));

  it('do not take the return out of the 99 % quantile', () => {
    for (const seed of SEEDS) {
      expect(highest(fallen(48, seed), 0.99, 0, 24)).toBeGreaterThan(800);
    }
  });

  it('and however deep the fall was, what may return is no more than there was', () => {
    for (const left of [0.3, 0.1, 0.01]) {
      for (const days of [1, 2, 3]) {
        const quiet = (hour: number): number => (hour >= fall && hour < fall + days * 24 ? left : 1);
        const most = SEEDS.map((seed) => highest(measured(fall + days * 24, seed, quiet), 0.99, 0, 24));
        expect(mean(most) / 800).toBeGreaterThan(1);
        expect(mean(most) / 800).toBeLessThan(1.15);
      }
    }
  });

  it('are over when a day is ordinary again', () => {
    for (const seed of SEEDS) {
      expect(highest(fallen(72, seed), 0.5, 0, 24) / 800).toBeGreaterThan(0.9);
      expect(highest(fallen(72, seed), 0.5, 0, 24) / 800).toBeLessThan(1.12);
    }
  });

  it('become the new level if they last', () => {
    for (const seed of SEEDS) {
      const lasting = measured(fall + 9 * 24, seed, (hour) => (hour >= fall ? 0.1 : 1));
      expect(highest(lasting, 0.99, 24, 24)).toBeLessThan(0.2 * 800);
    }
  });
});

describe('a day that is not as it was expected', () => {
  const today = 43 * 24;
  /** So many hours into a day that is so many times the ordinary from 08:00 on. */
  const upTo = (hour: number, seed: number, times: number): History =>
    measured(today + hour, seed, (at) => (at >= today + 8 ? times : 1));
  /** Quantile of the hour that begins so many hours into the day, seen after some of them. */
  const ahead = (history: History, level: (typeof QUANTILES)[number], hour: number): number =>
    highest(history, level, today + hour - history.values.length, 1);

  it('is three times as busy for the rest of it by the 99 % quantile after one such hour, by the median after two', () => {
    for (const seed of SEEDS) {
      for (const hour of [11, 14, 17]) {
        expect(ahead(upTo(9, seed, 3), 0.99, hour)).toBeGreaterThan(2400);
        expect(ahead(upTo(9, seed, 3), 0.5, hour)).toBeLessThan(1000);
        expect(ahead(upTo(10, seed, 3), 0.5, hour) / 2400).toBeGreaterThan(0.85);
        expect(ahead(upTo(10, seed, 3), 0.5, hour) / 2400).toBeLessThan(1.15);
      }
    }
  });

  it('is quieter for the rest of it after two hours, though only by the median', () => {
    for (const seed of SEEDS) {
      expect(ahead(upTo(10, seed, 0.3), 0.5, 14) / 240).toBeGreaterThan(0.8);
      expect(ahead(upTo(10, seed, 0.3), 0.5, 14) / 240).toBeLessThan(1.3);
      expect(ahead(upTo(10, seed, 0.3), 0.99, 14)).toBeGreaterThan(800);
    }
  });

  it('is as before the fall within an hour of the return after two quiet days', () => {
    for (const seed of SEEDS) {
      const returned = measured(today + 9, seed, (hour) => (hour >= today - 48 && hour < today ? 0.1 : 1));
      expect(ahead(returned, 0.5, 14) / 800).toBeGreaterThan(0.85);
      expect(ahead(returned, 0.99, 14)).toBeGreaterThan(800);
    }
  });

  it('does not make a whole day of a few calls at night', () => {
    const calls = measured(today + 4, 1, () => 1);
    // Ten times what is expected at that hour, and as much as a tenth of the office hours.
    const odd = { ...calls, values: calls.values.map((value, hour) => (hour === today + 3 ? 400 : value)) };
    expect(ahead(odd, 0.5, 10)).toBeLessThan(1000);
    expect(ahead(odd, 0.99, 10)).toBeGreaterThan(1000);
    expect(ahead(odd, 0.99, 10)).toBeLessThan(2 * (800 + 2 * 400));
  });

  it('is followed over midnight', () => {
    const evening = measured(today, 1, (hour) => (hour >= today - 2 ? 4 : 1));
    expect(ahead(evening, 0.5, 0)).toBeGreaterThan(3 * 80);
    expect(ahead(evening, 0.5, 12)).toBeLessThan(1.2 * 800);
  });
});
