import { seededRandom } from '../../lib/planner/random.ts';

/** The quantiles that are judged. */
export const LEVELS = [0.5, 0.9, 0.95, 0.99] as const;
const AT_95 = 2;

/** A series cut into days of equal length, and the days of it that are forecast. */
export interface Trial {
  /** Measured values by day. */
  readonly days: readonly Float64Array[];
  /** The first day that is forecast; and the one after the last. */
  readonly from: number;
  readonly to: number;
  /** The day that the naive forecast repeats, this number of days before or more; undefined where there is none. */
  readonly naive: (day: number, ahead: number) => Float64Array | undefined;
  /** Quantiles of a day, made from the days at least this number before it. */
  readonly forecast: (day: number, ahead: number) => readonly Float64Array[];
  /** Which times of a day count; by default all. */
  readonly counts?: (day: number, slot: number) => boolean;
}

/** Sums over forecast values. */
export interface Sums {
  absolute: number;
  naiveAbsolute: number;
  total: number;
  naivePinball: number;
  /** Pinball loss by level. */
  readonly losses: number[];
  naiveBelow: number;
  count: number;
  readonly below: number[];
}

/** A figure with the interval in which 95 of a hundred draws of the same parts lie. */
export interface Interval {
  readonly figure: number;
  readonly low: number;
  readonly high: number;
}

const DRAWS = 1000;

/** What is said of sums. */
export const FIGURES = {
  /** Of the naive forecast's WAPE so much. */
  wape: ({ absolute, naiveAbsolute }: Sums): number => absolute / naiveAbsolute,
  /** Of the pinball loss at 95 % of the naive forecast with the 95 % quantile of its own errors so much. */
  pinball: ({ losses, naivePinball }: Sums): number => losses[AT_95]! / naivePinball,
  /** Percent of the values that the quantile covers. */
  coverage: ({ below, count }: Sums): number => (100 * below[AT_95]!) / count,
} as const;

/**
 * Forecasts of trials against what came. Sums are kept by parts that are drawn again for intervals (B. Efron, The Annals of
 * Statistics 7 (1979) 1): by series where there are many, else by day, as what happens to one hour happens to its neighbours.
 */
export class Score {
  readonly #parts = new Map<string, Sums>();

  /** @param part of a day */
  add(trial: Trial, ahead: number, part: (day: number) => string): void {
    for (let day = trial.from; day < trial.to; day++) this.#addDay(trial, day, ahead, part(day));
  }

  #addDay({ days, naive, forecast, counts = () => true }: Trial, day: number, ahead: number, part: string): void {
    const actual = days[day]!;
    const repeated = naive(day, ahead);
    if (repeated === undefined) return;
    const sums = this.#part(part);
    const quantiles = forecast(day, ahead);
    const reach = naiveReach(days, naive, day, ahead);
    // Hours in which next to nothing is expected, as at night, say nothing about a forecast.
    const least = 0.05 * Math.max(...quantiles[0]!);
    for (let i = 0; i < actual.length; i++) {
      const y = actual[i]!;
      if (!counts(day, i)) continue;
      if (Number.isNaN(y) || Number.isNaN(repeated[i]!) || !(quantiles[0]![i]! > least)) continue;
      sums.total += y;
      sums.count++;
      sums.absolute += Math.abs(y - quantiles[0]![i]!);
      sums.naiveAbsolute += Math.abs(y - repeated[i]!);
      sums.naivePinball += pinball(0.95, y - repeated[i]! - reach[i]!);
      if (y <= repeated[i]! + reach[i]!) sums.naiveBelow++;
      for (const [k, quantile] of quantiles.entries()) {
        sums.losses[k]! += pinball(LEVELS[k]!, y - quantile[i]!);
        if (y <= quantile[i]!) sums.below[k]!++;
      }
    }
  }

  #part(name: string): Sums {
    let sums = this.#parts.get(name);
    if (!sums) this.#parts.set(name, (sums = nothing()));
    return sums;
  }

  get all(): Sums {
    return sumOf([...this.#parts.values()]);
  }

  /** Coverage of a quantile, percent. */
  coverage(level: (typeof LEVELS)[number]): number {
    const { below, count } = this.all;
    return (100 * below[LEVELS.indexOf(level)]!) / count;
  }

  interval(figure: (sums: Sums) => number): Interval {
    const parts = [...this.#parts.values()];
    const random = seededRandom(1);
    const drawn = Array.from({ length: DRAWS }, () =>
      figure(sumOf(parts.map(() => parts[Math.floor(random() * parts.length)]!))),
    ).sort((a, b) => a - b);
    return { figure: figure(this.all), low: drawn[0.025 * DRAWS]!, high: drawn[0.975 * DRAWS - 1]! };
  }
}

function nothing(): Sums {
  return {
    absolute: 0,
    naiveAbsolute: 0,
    total: 0,
    naivePinball: 0,
    losses: LEVELS.map(() => 0),
    naiveBelow: 0,
    count: 0,
    below: LEVELS.map(() => 0),
  };
}

function sumOf(parts: readonly Sums[]): Sums {
  const all = nothing();
  for (const one of parts) {
    all.absolute += one.absolute;
    all.naiveAbsolute += one.naiveAbsolute;
    all.total += one.total;
    all.naivePinball += one.naivePinball;
    all.naiveBelow += one.naiveBelow;
    all.count += one.count;
    for (let k = 0; k < LEVELS.length; k++) {
      all.losses[k]! += one.losses[k]!;
      all.below[k]! += one.below[k]!;
    }
  }
  return all;
}

function pinball(level: number, error: number): number {
  return Math.max(level * error, (level - 1) * error);
}

/** How far above the naive forecast the 95 % quantile of its errors lies, by time of day, from days known by then. */
function naiveReach(days: Trial['days'], naive: Trial['naive'], day: number, ahead: number): Float64Array {
  const pairs = Array.from({ length: day - ahead + 1 }, (_, d) => [days[d]!, naive(d, ahead)] as const);
  return days[day]!.map((_, i) => {
    const errors = pairs
      .flatMap(([actual, repeated]) => (repeated ? [actual[i]! - repeated[i]!] : []))
      .filter((e) => !Number.isNaN(e));
    if (errors.length === 0) return 0;
    errors.sort((a, b) => a - b);
    const at = 0.95 * (errors.length - 1);
    const low = errors[Math.floor(at)]!;
    return low + (at - Math.floor(at)) * (errors[Math.ceil(at)]! - low);
  });
}
