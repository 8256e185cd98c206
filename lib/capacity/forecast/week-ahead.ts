import type { DayLevel } from './day-level.ts';

/** A day with less than this part of an ordinary one is quiet. */
const QUIET = 0.25;
/** Worth of the level's own opinion of its errors a week ahead, in days; and how far from it they can lead. */
const TRUST_DAYS = 14;
const MOST_RATIO = 3;
/** Median of the square of a normally distributed number of variance 1. */
const NORMAL_MEDIAN = 0.4549;

/**
 * Forecasts of days a week ahead, and what became of them. The level's own opinion of its errors grows with the days by
 * fixed ratios; what it got wrong on this history a week ahead corrects that.
 */
export class WeekAhead {
  readonly #foreseen: Float64Array;
  readonly #squares: number[] = [];

  constructor(days: number) {
    this.#foreseen = new Float64Array(days + 7).fill(NaN);
  }

  foresee(d: number, ln: number): void {
    this.#foreseen[d + 7] = ln;
  }

  measure(d: number, mean: number, ordinary: number): void {
    const ln = this.#foreseen[d]!;
    // On quiet days chance decides, not the level.
    if (!(Math.exp(ln) > QUIET * ordinary && mean > QUIET * ordinary)) return;
    this.#squares.push((Math.log(mean) - ln) ** 2);
  }

  /** Ratio to the variance that the level expects a week ahead; few days leave it near 1. */
  ratio(level: DayLevel): number {
    const later = level.clone();
    for (let i = 0; i < 7; i++) later.advance();
    const expected = later.expect(0, []).variance;
    const squares = this.#squares.sort((a, b) => a - b);
    // By the median, so that a week after a lasting change does not make all weeks to come look uncertain.
    const variance = (squares[squares.length >> 1] ?? 0) / NORMAL_MEDIAN;
    const ratio = ((squares.length * variance) / expected + TRUST_DAYS) / (squares.length + TRUST_DAYS);
    return Math.min(MOST_RATIO, Math.max(1 / MOST_RATIO, ratio));
  }
}
