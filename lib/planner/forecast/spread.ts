import { DecayingHistogram } from './decaying-histogram.ts';
import type { ExpectedDay } from './day-level.ts';

const DAY_LEFT = 0.5 ** (1 / 60);
const VARIANCE_LEFT = 0.5 ** (1 / 30);
/**
 * Intervals below this part of an ordinary one count less, so that closed hours do not pass for good forecasts. So do those in which
 * chance brings most of what comes, as with a call in a hundred hours: their errors are like those of no busy hour.
 */
const FULL_WEIGHT = 0.25;
/** Distance of the first and the last tenth of a normal distribution, in standard deviations. */
const NORMAL_TENTHS = 2.563;
/** Below this part of an ordinary interval the standard deviation does not fall further. */
const FLOOR = 0.01;

/**
 * How far from its forecast the demand of an interval falls. Its variance is a F + (b + v) F^2 for a forecast F: chance,
 * shape, and the day's level with variance v. Measured errors divided by that standard deviation are kept in a decaying
 * histogram, whose quantiles make the forecast's: no distribution is assumed (conformal prediction: V. Vovk, A.
 * Gammerman, G. Shafer, Algorithmic Learning in a Random World (2005)).
 */
export class Spread {
  readonly #errors = new DecayingHistogram();
  // Sums for the least-squares fit of r^2 / F = a + b F.
  #count = 0;
  #f = 0;
  #ff = 0;
  #rrOverF = 0;
  #rr = 0;

  /** Variance over mean of an interval's value by chance. */
  get dispersion(): number {
    return this.#fit().chance;
  }

  /** Learns how the intervals of a day lie about its shape, the day's level being known. */
  learnVariance(values: Float64Array, shape: Float64Array, level: number): void {
    this.#count *= VARIANCE_LEFT;
    this.#f *= VARIANCE_LEFT;
    this.#ff *= VARIANCE_LEFT;
    this.#rrOverF *= VARIANCE_LEFT;
    this.#rr *= VARIANCE_LEFT;
    for (let slot = 0; slot < values.length; slot++) {
      const expected = level * shape[slot]!;
      if (!(expected > level * FLOOR) || Number.isNaN(values[slot]!)) continue;
      const square = (values[slot]! - expected) ** 2;
      this.#count += 1;
      this.#f += expected;
      this.#ff += expected * expected;
      this.#rrOverF += square / expected;
      this.#rr += square;
    }
  }

  /** Standard deviation of an interval. */
  deviation(expected: number, ordinary: number, variance: number): number {
    const { chance, proportional } = this.#fit();
    const f = Math.max(expected, FLOOR * ordinary);
    return Math.sqrt(chance * f + (proportional + variance) * f * f);
  }

  /** Variance of the sum of neighbouring intervals, which lie on the same side of the shape. */
  commonVariance(expected: number): number {
    const { chance, proportional } = this.#fit();
    return chance * expected + proportional * expected * expected;
  }

  /**
   * Learns the errors of a day that was forecast. What its level is off they have in common: the more of the variance that is, the fewer
   * independent errors they are worth.
   */
  learnErrors(values: Float64Array, shape: Float64Array, day: ExpectedDay, ordinary: number): void {
    const level = Math.exp(day.ln);
    const full = Math.max(this.dispersion, FULL_WEIGHT * ordinary);
    const weights = values.map((value, slot) => {
      const weight = Math.min(1, (level * shape[slot]!) / full);
      return weight > 0 && !Number.isNaN(value) ? weight : 0;
    });
    const count = weights.reduce((sum, weight) => sum + weight, 0);
    const common = (day.variance * level ** 2) / this.deviation(level, level, day.variance) ** 2;
    const independent = 1 / (1 + Math.max(0, count - 1) * common);
    this.#errors.decay(DAY_LEFT);
    for (const [slot, weight] of weights.entries()) {
      if (weight === 0) continue;
      const expected = level * shape[slot]!;
      const error = (values[slot]! - expected) / this.deviation(expected, ordinary, day.variance);
      this.#errors.add(error, weight * independent);
    }
  }

  /** How many standard deviations above the forecast a quantile lies. */
  quantile(share: number): number {
    return this.#errors.quantile(share);
  }

  /** How wide the errors are, in standard deviations: 1 where {@link deviation} was right. */
  get scale(): number {
    return (this.quantile(0.9) - this.quantile(0.1)) / NORMAL_TENTHS;
  }

  #fit(): { chance: number; proportional: number } {
    const determinant = this.#count * this.#ff - this.#f * this.#f;
    let chance = determinant > 0 ? (this.#rrOverF * this.#ff - this.#rr * this.#f) / determinant : 0;
    let proportional = determinant > 0 ? (this.#count * this.#rr - this.#f * this.#rrOverF) / determinant : 0;
    if (chance < 0 || determinant <= 0) {
      chance = 0;
      proportional = this.#ff > 0 ? this.#rr / this.#ff : 1;
    } else if (proportional < 0) {
      proportional = 0;
      chance = this.#count > 0 ? this.#rrOverF / this.#count : 0;
    }
    return { chance, proportional };
  }
}
