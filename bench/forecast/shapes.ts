import type { Calendar } from '../../lib/planner/forecast/calendar.ts';
import type { History } from '../../lib/planner/forecast/history.ts';
import { dateOfDay, timeZone } from '../../lib/planner/forecast/time-zone.ts';
import { exponential, normal, poisson, type Random, seededRandom, seedOf } from '../../lib/planner/random.ts';

/** A made-up series of concurrent calls by the hour, and what its owner knew beforehand. */
export interface MadeSeries {
  readonly name: string;
  readonly history: History;
  readonly calendar: Calendar;
}

/** What a day is, before chance: mean calls in the busiest hour, and 24 hours as parts of that. */
interface Day {
  readonly level: number;
  readonly hours: readonly number[];
}

/** A kind of traffic: given chance, the days of a series, and how its hours differ by chance. */
interface Shape {
  readonly name: string;
  make(random: Random, days: number): Made;
}

interface Made {
  day(index: number): Day;
  /** Standard deviation of an hour's logarithm. */
  readonly hourNoise: number;
  /** Hours in which something else happened: times the ordinary. */
  readonly hours?: ReadonlyMap<number, number>;
  readonly holidays?: readonly number[];
}

const DAYS = 15 * 7;
/** A Monday. */
const FIRST_DAY = 20_094;

const OFFICE = [
  0, 0, 0, 0, 0, 0.01, 0.08, 0.35, 0.8, 1, 1, 0.95, 0.65, 0.75, 0.95, 0.95, 0.75, 0.4, 0.12, 0.05, 0.02, 0.01, 0, 0,
];
const LONG = [
  0.05, 0.03, 0.02, 0.02, 0.03, 0.06, 0.15, 0.4, 0.75, 0.95, 1, 1, 0.92, 0.9, 0.95, 0.95, 0.92, 0.85, 0.7, 0.5, 0.35,
  0.22, 0.14, 0.08,
];
const SPLIT = [
  0, 0, 0, 0, 0, 0, 0.02, 0.1, 0.45, 0.9, 1, 0.98, 0.85, 0.4, 0.15, 0.12, 0.45, 0.85, 0.9, 0.7, 0.3, 0.08, 0.02, 0,
];
const ROUND = Array.from({ length: 24 }, (_, hour) => 0.55 + 0.45 * Math.sin(((hour - 9) * Math.PI) / 12));
const EVENING = [
  0.3, 0.15, 0.08, 0.05, 0.05, 0.08, 0.12, 0.2, 0.25, 0.3, 0.35, 0.5, 0.6, 0.45, 0.35, 0.4, 0.55, 0.8, 1, 1, 0.9, 0.75,
  0.6, 0.45,
];

const between = (random: Random, low: number, high: number): number => low + (high - low) * random();
const logBetween = (random: Random, low: number, high: number): number =>
  Math.exp(between(random, Math.log(low), Math.log(high)));
const whole = (random: Random, low: number, high: number): number => Math.floor(between(random, low, high + 1));
const shiftedBy = (hours: readonly number[], by: number): number[] => hours.map((_, h) => hours[(h - by + 24) % 24]!);

/** Logarithms by day of which so much stays the next day. */
function wander(random: Random, days: number, stays: number, spread: number): Float64Array {
  let now = spread * normal(random);
  const step = spread * Math.sqrt(1 - stays * stays);
  return Float64Array.from({ length: days }, () => (now = stays * now + step * normal(random)));
}

function walk(random: Random, days: number, step: number): Float64Array {
  let now = 0;
  return Float64Array.from({ length: days }, () => (now += step * normal(random)));
}

/** Days on which something begins, this number on average in a hundred, each with what `make` gives it. */
function strewn<T>(random: Random, days: number, mean: number, make: () => T): Map<number, T> {
  const found = new Map<number, T>();
  for (let day = exponential(random, 100 / mean); day < days; day += exponential(random, 100 / mean)) {
    found.set(Math.floor(day), make());
  }
  return found;
}

/** From each of some days on, another factor; the product of those before it. */
function steps(days: number, at: ReadonlyMap<number, number>): Float64Array {
  let now = 1;
  return Float64Array.from({ length: days }, (_, day) => (now *= at.get(day) ?? 1));
}

/** For some days from each of some on, another factor. */
function spans(days: number, at: ReadonlyMap<number, readonly number[]>): Float64Array {
  const factors = new Float64Array(days).fill(1);
  for (const [day, values] of at)
    for (const [i, value] of values.entries()) if (day + i < days) factors[day + i] = value;
  return factors;
}

const week = (random: Random, days: readonly number[], spread: number): number[] =>
  days.map((value) => value * Math.exp(spread * normal(random)));

const WORKING = [1.05, 1, 1, 1, 0.9, 0.06, 0.03];
const OPEN = [1.15, 1.02, 0.98, 0.97, 1, 0.5, 0.25];

/** Shapes that constants are chosen on. */
export const TUNING: readonly Shape[] = [
  {
    name: 'office',
    make(random, days) {
      const peak = logBetween(random, 5, 600);
      const own = week(random, WORKING, 0.05);
      const level = wander(random, days, 0.5, between(random, 0.03, 0.12));
      return { day: (d) => ({ level: peak * own[d % 7]! * Math.exp(level[d]!), hours: OFFICE }), hourNoise: 0.04 };
    },
  },
  {
    name: 'contact centre',
    make(random, days) {
      const peak = logBetween(random, 30, 1500);
      const own = week(random, OPEN, 0.06);
      const slow = walk(random, days, between(random, 0.005, 0.02));
      const level = wander(random, days, 0.6, between(random, 0.04, 0.1));
      return {
        day: (d) => ({ level: peak * own[d % 7]! * Math.exp(slow[d]! + level[d]!), hours: LONG }),
        hourNoise: between(random, 0.04, 0.1),
      };
    },
  },
  {
    name: 'growth that ends',
    make(random, days) {
      const peak = logBetween(random, 20, 300);
      const own = week(random, WORKING, 0.04);
      const perDay = Math.log1p(between(random, 0.02, 0.12)) / 7;
      const ends = whole(random, 40, 110);
      const level = wander(random, days, 0.5, 0.04);
      return {
        day: (d) => ({ level: peak * own[d % 7]! * Math.exp(perDay * Math.min(d, ends) + level[d]!), hours: OFFICE }),
        hourNoise: 0.04,
      };
    },
  },
  {
    name: 'steps',
    make(random, days) {
      const peak = logBetween(random, 30, 900);
      const own = week(random, OPEN, 0.05);
      const at = strewn(random, days, 2.5, () => Math.exp((random() < 0.6 ? 1 : -1) * between(random, 0.2, 0.6)));
      const factor = steps(days, at);
      const level = wander(random, days, 0.5, 0.05);
      return {
        day: (d) => ({ level: peak * factor[d]! * own[d % 7]! * Math.exp(level[d]!), hours: LONG }),
        hourNoise: 0.05,
      };
    },
  },
  {
    name: 'quiet days',
    make(random, days) {
      const peak = logBetween(random, 30, 900);
      const own = week(random, WORKING, 0.05);
      const quiet = strewn(random, days, 3, () =>
        Array.from({ length: whole(random, 1, 3) }, () => between(random, 0.05, 0.3)),
      );
      const factor = spans(days, quiet);
      const level = wander(random, days, 0.5, 0.05);
      return {
        day: (d) => ({ level: peak * factor[d]! * own[d % 7]! * Math.exp(level[d]!), hours: OFFICE }),
        hourNoise: 0.05,
      };
    },
  },
  {
    name: 'busy days and hours',
    make(random, days) {
      const peak = logBetween(random, 30, 900);
      const own = week(random, OPEN, 0.05);
      const factor = spans(
        days,
        strewn(random, days, 3, () => [between(random, 1.3, 3)]),
      );
      const hours = new Map<number, number>();
      for (const [day, times] of strewn(random, days, 8, () => between(random, 1.5, 4))) {
        const [first, lasts] = [day * 24 + whole(random, 8, 15), whole(random, 1, 5)];
        for (let hour = first; hour < first + lasts; hour++) hours.set(hour, times);
      }
      const level = wander(random, days, 0.5, 0.05);
      return {
        day: (d) => ({ level: peak * factor[d]! * own[d % 7]! * Math.exp(level[d]!), hours: LONG }),
        hourNoise: 0.05,
        hours,
      };
    },
  },
  {
    name: 'holidays',
    make(random, days) {
      const peak = logBetween(random, 20, 600);
      const own = week(random, WORKING, 0.05);
      const holidays = [...strewn(random, days, 5, () => 1).keys()];
      const level = wander(random, days, 0.5, 0.05);
      return {
        day: (d) => ({
          level: peak * (holidays.includes(d) ? 0.05 : own[d % 7]!) * Math.exp(level[d]!),
          hours: OFFICE,
        }),
        hourNoise: 0.04,
        holidays,
      };
    },
  },
  {
    name: 'few calls',
    make(random, days) {
      const peak = logBetween(random, 0.5, 5);
      const own = week(random, WORKING, 0.1);
      const level = wander(random, days, 0.4, 0.2);
      return { day: (d) => ({ level: peak * own[d % 7]! * Math.exp(level[d]!), hours: OFFICE }), hourNoise: 0.1 };
    },
  },
];

/** Other shapes, which are only ever reported. */
export const HELD_OUT: readonly Shape[] = [
  {
    name: 'split days',
    make(random, days) {
      const peak = logBetween(random, 8, 400);
      const own = week(random, [1, 1.02, 1, 1.04, 1.1, 0.55, 0.02], 0.07);
      const level = wander(random, days, 0.3, between(random, 0.05, 0.15));
      return { day: (d) => ({ level: peak * own[d % 7]! * Math.exp(level[d]!), hours: SPLIT }), hourNoise: 0.06 };
    },
  },
  {
    name: 'round the clock',
    make(random, days) {
      const peak = logBetween(random, 10, 800);
      const own = week(random, [1, 0.97, 0.96, 0.98, 1.08, 1.2, 1.12], 0.04);
      const level = wander(random, days, 0.8, between(random, 0.04, 0.12));
      const shift = whole(random, -6, 6);
      return {
        day: (d) => ({ level: peak * own[d % 7]! * Math.exp(level[d]!), hours: shiftedBy(ROUND, shift) }),
        hourNoise: between(random, 0.05, 0.15),
      };
    },
  },
  {
    name: 'seasons',
    make(random, days) {
      const peak = logBetween(random, 15, 300);
      const own = week(random, [0.7, 0.72, 0.8, 0.95, 1.2, 1.3, 1], 0.05);
      const [phase, length, height] = [days * random(), between(random, 80, 200), between(random, 0.2, 0.6)];
      const level = wander(random, days, 0.5, 0.08);
      const season = (d: number): number => height * Math.sin((2 * Math.PI * (d + phase)) / length);
      return {
        day: (d) => ({ level: peak * own[d % 7]! * Math.exp(season(d) + level[d]!), hours: EVENING }),
        hourNoise: 0.08,
      };
    },
  },
  {
    name: 'ramps',
    make(random, days) {
      const peak = logBetween(random, 30, 1200);
      const own = week(random, [1.2, 1.05, 1, 0.95, 0.9, 0.3, 0.2], 0.05);
      const begins = whole(random, 35, 80);
      const takes = whole(random, 4, 20);
      const by = (random() < 0.65 ? 1 : -1) * between(random, 0.25, 0.8);
      const level = wander(random, days, 0.4, 0.06);
      const ramp = (d: number): number => by * Math.min(1, Math.max(0, (d - begins) / takes));
      return {
        day: (d) => ({ level: peak * own[d % 7]! * Math.exp(ramp(d) + level[d]!), hours: SPLIT }),
        hourNoise: 0.06,
      };
    },
  },
  {
    name: 'bills at the turn of the month',
    make(random, days) {
      const peak = logBetween(random, 40, 900);
      const own = week(random, [1.3, 1.1, 1, 0.95, 0.95, 0.4, 0.1], 0.05);
      const rise = between(random, 0.2, 0.5);
      const level = wander(random, days, 0.5, 0.06);
      const bill = (d: number): number => {
        const ofMonth = Number(dateOfDay(FIRST_DAY + d).slice(8));
        return ofMonth <= 3 ? rise / ofMonth : 0;
      };
      return {
        day: (d) => ({ level: peak * own[d % 7]! * Math.exp(bill(d) + level[d]!), hours: LONG }),
        hourNoise: 0.07,
      };
    },
  },
  {
    name: 'closures and what follows them',
    make(random, days) {
      const peak = logBetween(random, 25, 700);
      const own = week(random, [1.1, 1, 1, 1, 0.85, 0.15, 0.08], 0.06);
      const closures = strewn(random, days, 2, () => [
        ...Array.from({ length: whole(random, 2, 8) }, () => between(random, 0.02, 0.4)),
        between(random, 1, 1.6),
        between(random, 1, 1.25),
      ]);
      const factor = spans(days, closures);
      const level = wander(random, days, 0.4, 0.07);
      return {
        day: (d) => ({ level: peak * factor[d]! * own[d % 7]! * Math.exp(level[d]!), hours: SPLIT }),
        hourNoise: 0.07,
      };
    },
  },
  {
    name: 'churn',
    make(random, days) {
      const peak = logBetween(random, 100, 1000);
      const own = week(random, [1.05, 1, 1, 1, 0.95, 0.2, 0.1], 0.05);
      const perDay = Math.log1p(-between(random, 0.01, 0.06)) / 7;
      const level = wander(random, days, 0.5, 0.07);
      return {
        day: (d) => ({ level: peak * own[d % 7]! * Math.exp(perDay * d + level[d]!), hours: EVENING }),
        hourNoise: 0.08,
      };
    },
  },
  {
    name: 'weeks from Sunday on, with bursts',
    make(random, days) {
      const peak = logBetween(random, 20, 500);
      const own = week(random, [1, 1, 0.98, 0.9, 0.1, 0.25, 1.15], 0.06);
      const hours = new Map<number, number>();
      for (const [day, times] of strewn(random, days, 25, () => Math.exp(Math.abs(0.6 * normal(random))))) {
        const [first, lasts] = [day * 24 + whole(random, 0, 22), whole(random, 1, 3)];
        for (let hour = first; hour < first + lasts; hour++) hours.set(hour, times);
      }
      const level = wander(random, days, 0.6, 0.09);
      return {
        day: (d) => ({ level: peak * own[d % 7]! * Math.exp(level[d]!), hours: OFFICE }),
        hourNoise: between(random, 0.08, 0.2),
        hours,
      };
    },
  },
  {
    name: 'wild days',
    make(random, days) {
      const peak = logBetween(random, 20, 500);
      const own = week(random, OPEN, 0.05);
      // A tail as Student's t with three degrees of freedom has it.
      const wild = Float64Array.from({ length: days }, () => {
        const chi = Math.hypot(normal(random), normal(random), normal(random));
        return (0.07 * normal(random) * Math.sqrt(3)) / chi;
      });
      return {
        day: (d) => ({ level: peak * own[d % 7]! * Math.exp(Math.min(1.5, Math.max(-1.5, wild[d]!))), hours: EVENING }),
        hourNoise: 0.06,
      };
    },
  },
];

/** Series of some shapes, this number of each. Another seed gives others. */
export function makeSeries(shapes: readonly Shape[], each: number, seed: number): MadeSeries[] {
  return shapes.flatMap((shape, s) =>
    Array.from({ length: each }, (_, n) => oneOf(shape, seededRandom(seedOf(seed + n, s)), `${shape.name} ${n + 1}`)),
  );
}

function oneOf(shape: Shape, random: Random, name: string): MadeSeries {
  const { day, hourNoise, hours, holidays = [] } = shape.make(random, DAYS);
  const values = Float64Array.from({ length: DAYS * 24 }, (_, hour) => {
    const { level, hours: form } = day(Math.floor(hour / 24));
    const mean = level * form[hour % 24]! * (hours?.get(hour) ?? 1) * Math.exp(hourNoise * normal(random));
    // The mean of an hour, of calls that last three minutes, has a tenth of the variance of their number at one moment.
    return poisson(random, 10 * mean) / 10;
  });
  const history = { zone: timeZone('UTC'), start: FIRST_DAY * 86_400_000, stepMinutes: 60, values };
  return { name, history, calendar: { holidays: holidays.map((d) => dateOfDay(FIRST_DAY + d)) } };
}
