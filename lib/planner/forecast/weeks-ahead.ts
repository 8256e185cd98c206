import type { DayLevel } from './day-level.ts';

/** Days ahead at which forecasts are compared with what came. */
export const DISTANCES = [7, 14, 28] as const;
/** A day with less than this part of an ordinary one is quiet. */
const QUIET = 0.25;
/**
 * Worth of what is known without errors so far ahead, in days of them, times the distance: errors of neighbouring days so
 * far ahead are nearly the same. And how far from it they can lead.
 */
const TRUST = 2;
const MOST_RATIO = 3;
/** Median of the square of a normally distributed number of variance 1. */
const NORMAL_MEDIAN = 0.4549;

/**
 * Forecasts of days one, two and four weeks ahead, and what became of them. The level's own opinion of its errors grows with
 * the days by fixed ratios; what it got wrong on this history so far ahead corrects that.
 */
export class WeeksAhead {
  readonly #foreseen: readonly Float64Array[];
  readonly #squares: readonly number[][] = DISTANCES.map(() => []);

  constructor(days: number) {
    this.#foreseen = DISTANCES.map((distance) => new Float64Array(days + distance).fill(NaN));
  }

  /** @param lns what the days at the distances after day `d` are expected to be, as logarithms */
  foresee(d: number, lns: readonly number[]): void {
    for (const [k, distance] of DISTANCES.entries()) this.#foreseen[k]![d + distance] = lns[k]!;
  }

  measure(d: number, mean: number, ordinary: number): void {
    for (let k = 0; k < DISTANCES.length; k++) {
      const ln = this.#foreseen[k]![d]!;
      // On quiet days chance decides, not the level.
      if (!(Math.exp(ln) > QUIET * ordinary && mean > QUIET * ordinary)) continue;
      this.#squares[k]!.push((Math.log(mean) - ln) ** 2);
    }
  }

  /**
   * Ratios to the variance that the level expects at the distances. Few days leave a ratio near that of the distance before,
   * and the first one near 1.
   *
   * @param scale how wide errors are a day ahead, in standard deviations of the level's own opinion: quantiles learned from
   * them have that in them already
   */
  ratios(level: DayLevel, scale: number): number[] {
    const later = level.clone();
    let reached = 0;
    let nearer = 1;
    return DISTANCES.map((distance, k) => {
      for (; reached < distance; reached++) later.advance();
      const expected = later.expect(0, []).variance * scale ** 2;
      const squares = this.#squares[k]!.sort((a, b) => a - b);
      // By the median, so that weeks after a lasting change do not make all weeks to come look uncertain.
      const variance = (squares[squares.length >> 1] ?? 0) / NORMAL_MEDIAN;
      const trust = TRUST * distance;
      const ratio = ((squares.length * variance) / expected + nearer * trust) / (squares.length + trust);
      nearer = Math.min(MOST_RATIO, Math.max(1 / MOST_RATIO, ratio));
      return nearer;
    });
  }
}

/** The ratio this many days ahead: 1 for the next day, between the distances in proportion, and beyond the last as there. */
export function ratioAt(ratios: readonly number[], days: number): number {
  let from = 1;
  let ratio = 1;
  for (const [k, distance] of DISTANCES.entries()) {
    if (days < distance) return ratio + ((ratios[k]! - ratio) * Math.max(0, days - from)) / (distance - from);
    from = distance;
    ratio = ratios[k]!;
  }
  return ratio;
}
