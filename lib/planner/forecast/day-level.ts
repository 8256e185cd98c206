const SLOW_DRIFT = 0.1;
const QUICK_DRIFT = 2;
const QUICK_LEFT = 0.75;
const SLOPE_DRIFT = 2e-5;
/** A slope does not last: this much of it is left the next day. */
const SLOPE_LEFT = 0.998;
/** Looking ahead, growth fades: this much of it is left the day after. */
const GROWTH_LEFT = 0.99;
/** Growth is believed as far as the level grew from a week to the one this many days later, and what is beyond fades so much a day. */
const GROWTH_DAYS = 21;
const DOUBT = 0.05;
const WEEKDAY_DRIFT = 1e-2;
const START = { slow: 4, quick: 2, slope: 0.02, seenWeekday: 1, unseenWeekday: 60, kind: 50, holiday: 300 };
/**
 * A day farther off than this many standard deviations is strange and pulls only in proportion: P. J. Huber (1964). It may be
 * a break, after which demand stays there, or returns from there.
 */
const STRANGE = 4;
/**
 * How likely the level is to stay where a strange busy day was, and to return to where it was before a strange quiet one.
 * A busy day that is not repeated was an exception. A quiet one can still be the first of several: its odds only halve.
 */
const STAYS = { share: 0.25, left: 0 };
const RETURNS = { share: 0.25, left: 0.5 };
/** Below this share a possible return is no longer planned for. */
const LEAST_SHARE = 0.005;
/** Squared standard deviations: a day farther off than this does not widen the day-to-day variance further. */
const MOST_SURPRISE = 6;
/**
 * Added on both sides before a logarithm is taken, as a share of an ordinary day: a day without calls must not become minus infinity.
 * What was ordinary once is forgotten by half in this many days, or nothing would be small after weeks without calls.
 */
const PSEUDO = 0.01;
const REMEMBERED = 0.5 ** (1 / 28);

/** A kind of day never seen could be anything; its forecast is not made wider than a third for that. */
const MOST_KIND_VARIANCE = 0.1;

const SLOW = 0;
const SLOPE = 1;
const QUICK = 2;
const WEEKDAY = 3;
const KIND = WEEKDAY + 7;
/** The first kind, whose days are far from what they would be otherwise. */
const HOLIDAY = 0;
const NO_KINDS: readonly number[] = [];

/** What is expected of a day: the logarithm of its mean demand, and the variance of that. */
export interface ExpectedDay {
  ln: number;
  variance: number;
}

/** A level above the expected one that demand may have instead, and how likely that is. */
export interface HigherLevel {
  /** How much higher, as a difference of logarithms. */
  rise: number;
  /** Above 0, at most a half. */
  share: number;
  /** Variance of the logarithm of a day's mean there: as sure as days were before the break. */
  variance: number;
}

/** {@link HigherLevel} as it is remembered: by the level itself, as the expected one moves. */
interface Remembered {
  level: number;
  share: number;
  variance: number;
  /** What is left of the share after a day that is not like it. */
  left: number;
}

/**
 * How busy a day is, as the logarithm of its mean demand: a slow level with a slope, a quick part of which most is left
 * the next day, an effect of the weekday, and one of each kind of day in the calendar. A Kalman filter (R. E. Kalman,
 * Journal of Basic Engineering 82 (1960) 35; A. C. Harvey, Forecasting, Structural Time Series Models (1989)) follows
 * them from day to day and says how sure it is; days without measurement only make it less sure.
 *
 * All variances are in units of the day-to-day variance, which is learned, so that one set of ratios serves quiet and
 * noisy tenants. The ratios were chosen on the tuning set of `bench/forecast/tune.ts`; near them the error is flat.
 */
export class DayLevel {
  readonly #size: number;
  readonly #mean: Float64Array;
  readonly #covariance: Float64Array;
  readonly #product: Float64Array;
  readonly #seen: Uint8Array;
  /** Variance of the logarithm from day to day that one unit stands for. */
  #unit = 0.003;
  #updates = 0;
  /** Direction in which the last day was strange, 0 if it was not; and the level that it had. */
  #strange = 0;
  #strangeLevel = 0;
  #higher: Remembered | undefined;
  /** Mean demand of an ordinary day, now or in the weeks before. */
  #ordinary: number;
  #slopeLeft = SLOPE_LEFT;
  /** The level of the last four weeks, day by day. */
  readonly #lately: number[] = [];

  /**
   * @param dayMeans mean demand by weekday of the first weeks, NaN for a weekday not seen
   * @param kinds number of kinds of days
   */
  constructor(dayMeans: Float64Array, kinds: number) {
    const known = dayMeans.filter((mean) => !Number.isNaN(mean));
    this.#ordinary = known.reduce((sum, mean) => sum + mean, 0) / Math.max(1, known.length);
    if (!(this.#ordinary > 0)) this.#ordinary = 1e-9;
    this.#size = KIND + kinds;
    this.#mean = new Float64Array(this.#size);
    this.#covariance = new Float64Array(this.#size * this.#size);
    this.#product = new Float64Array(this.#size);
    this.#seen = Uint8Array.from(dayMeans, (mean) => (Number.isNaN(mean) ? 0 : 1));
    const least = 0.1 * PSEUDO * this.#ordinary;
    this.#mean[SLOW] = Math.log(this.#ordinary);
    this.#set(SLOW, START.slow);
    this.#set(SLOPE, START.slope);
    this.#set(QUICK, START.quick);
    for (let weekday = 0; weekday < 7; weekday++) {
      const seen = this.#seen[weekday] === 1;
      if (seen) this.#mean[WEEKDAY + weekday] = Math.log(Math.max(dayMeans[weekday]!, least) / this.#ordinary);
      this.#set(WEEKDAY + weekday, seen ? START.seenWeekday : START.unseenWeekday);
    }
    for (let kind = 0; kind < kinds; kind++) this.#set(KIND + kind, kind === HOLIDAY ? START.holiday : START.kind);
  }

  clone(): DayLevel {
    const copy = new DayLevel(new Float64Array(7), this.#size - KIND);
    copy.#mean.set(this.#mean);
    copy.#covariance.set(this.#covariance);
    copy.#seen.set(this.#seen);
    copy.#unit = this.#unit;
    copy.#updates = this.#updates;
    copy.#strange = this.#strange;
    copy.#strangeLevel = this.#strangeLevel;
    copy.#higher = this.#higher && { ...this.#higher };
    copy.#ordinary = this.#ordinary;
    copy.#slopeLeft = this.#slopeLeft;
    copy.#lately.push(...this.#lately);
    return copy;
  }

  /** The level for looking ahead: growth that the last weeks don't show does not go on. */
  ahead(): DayLevel {
    const copy = this.clone();
    copy.#mean[SLOPE] = this.#lastingSlope;
    copy.#slopeLeft = GROWTH_LEFT;
    // What is foreseen shows no growth.
    copy.#lately.length = 0;
    return copy;
  }

  /** Mean demand of an ordinary day now. */
  get ordinary(): number {
    return Math.exp(this.#mean[SLOW]!);
  }

  /**
   * What demand may be after a break: a strange busy day may be the first of many, and after strange quiet days the old
   * level may return. Undefined where nothing of the kind happened lately.
   */
  get higher(): HigherLevel | undefined {
    if (this.#higher === undefined) return undefined;
    const rise = this.#higher.level - this.#now;
    const { share, variance } = this.#higher;
    return rise > 0 ? { rise, share, variance } : undefined;
  }

  /** Effect of a weekday on the logarithm; NaN where it was never seen. */
  weekdayEffect(weekday: number): number {
    return this.#seen[weekday] === 1 ? this.#mean[WEEKDAY + weekday]! : NaN;
  }

  /** One day later. */
  advance(): void {
    const mean = this.#mean;
    this.#ordinary = Math.max(this.ordinary, REMEMBERED * this.#ordinary);
    this.#lately.push(this.#now);
    if (this.#lately.length > GROWTH_DAYS + 7) this.#lately.shift();
    mean[SLOPE]! += DOUBT * (this.#lastingSlope - mean[SLOPE]!);
    const covariance = this.#covariance;
    const size = this.#size;
    mean[SLOW]! += mean[SLOPE]!;
    if (this.#higher) this.#higher.level += mean[SLOPE]!;
    mean[SLOPE]! *= this.#slopeLeft;
    mean[QUICK]! *= QUICK_LEFT;
    for (let j = 0; j < size; j++) covariance[SLOW * size + j]! += covariance[SLOPE * size + j]!;
    for (let i = 0; i < size; i++) covariance[i * size + SLOW]! += covariance[i * size + SLOPE]!;
    this.#scale(SLOPE, this.#slopeLeft);
    this.#scale(QUICK, QUICK_LEFT);
    covariance[SLOW * size + SLOW]! += SLOW_DRIFT;
    covariance[SLOPE * size + SLOPE]! += SLOPE_DRIFT;
    covariance[QUICK * size + QUICK]! += QUICK_DRIFT;
    for (let i = WEEKDAY; i < KIND; i++) covariance[i * size + i]! += WEEKDAY_DRIFT;
  }

  /** What a day that is like a weekday, and of some kinds, is expected to be. */
  expect(weekday: number, kinds: readonly number[]): ExpectedDay {
    const variance = (this.#uncertainty(weekday, NO_KINDS) + 1) * this.#unit;
    if (kinds.length === 0) return { ln: this.#sum(weekday, kinds), variance };
    const ofKind = (this.#uncertainty(weekday, kinds) + 1) * this.#unit;
    return { ln: this.#sum(weekday, kinds), variance: Math.max(variance, Math.min(ofKind, MOST_KIND_VARIANCE)) };
  }

  /** What a day some days ahead is expected to be, as a logarithm. */
  foresee(days: number, weekday: number, kinds: readonly number[]): number {
    const slope = (this.#lastingSlope * (1 - GROWTH_LEFT ** days)) / (1 - GROWTH_LEFT);
    return this.#sum(weekday, kinds) + slope + this.#mean[QUICK]! * (QUICK_LEFT ** days - 1);
  }

  /**
   * Learns from a day.
   *
   * @param total what was measured in the known intervals
   * @param mass what a day of mean demand 1 has in these intervals
   * @param dispersion variance over mean of an interval's value: what chance alone does to the total
   * @returns how many standard deviations the day was off
   */
  update(weekday: number, kinds: readonly number[], total: number, mass: number, dispersion: number): number {
    const size = this.#size;
    const pseudo = PSEUDO * this.#ordinary * mass;
    const before = this.#compare(weekday, kinds, total, mass, pseudo, dispersion);
    const { off } = before;
    const strange = off > STRANGE ? Math.sign(before.error) : 0;
    const level = this.#now;
    const rise = before.error / before.slope;
    const returned = strange > 0 && this.#higher?.left === RETURNS.left && this.#isAt(this.#higher.level, rise);
    const stayed = strange !== 0 && strange === this.#strange && this.#isAt(this.#strangeLevel, rise);
    const isBreak = (returned || stayed) && kinds.length === 0;
    if (isBreak) {
      this.#mean[SLOW] = returned ? this.#higher!.level : this.#strangeLevel;
      this.#mean[QUICK] = 0;
      if (returned) this.#higher = undefined;
    }
    const { error, slope, own, chance, surprise } = isBreak
      ? this.#compare(weekday, kinds, total, mass, pseudo, dispersion)
      : before;
    // One strange day is an exception; a second one in the same direction, or one the calendar names, is news.
    const exception = !isBreak && strange !== 0 && strange !== this.#strange && kinds.length === 0;
    const weight = exception ? off / STRANGE : 1;
    const gain = slope / ((own + chance) * weight);
    const product = this.#product;
    for (let i = 0; i < size; i++) this.#mean[i]! += product[i]! * gain * error;
    const shrink = (slope * slope) / ((own + chance) * weight);
    for (let i = 0; i < size; i++) {
      const factor = product[i]! * shrink;
      if (factor !== 0) for (let j = 0; j < size; j++) this.#covariance[i * size + j]! -= factor * product[j]!;
    }
    const expected = { level, variance: (own / slope ** 2) * this.#unit };
    if (!returned) this.#rememberHigher(strange, expected, level + rise, kinds);
    this.#strange = isBreak || kinds.length > 0 ? 0 : strange;
    this.#strangeLevel = level + rise;
    this.#seen[weekday] = 1;
    this.#updates++;
    // What chance explains says nothing about the unit.
    const learning = Math.max(1 / (this.#updates + 6), 0.03) * (own / (own + chance));
    this.#unit = Math.min(1, Math.max(1e-4, this.#unit * (1 + learning * (Math.min(surprise, MOST_SURPRISE) - 1))));
    return off;
  }

  /** How far a day is from what is expected of it, in the logarithm; leaves the covariances with the sum in #product. */
  #compare(
    weekday: number,
    kinds: readonly number[],
    total: number,
    mass: number,
    pseudo: number,
    dispersion: number,
  ): { error: number; slope: number; own: number; chance: number; surprise: number; off: number } {
    const mean = Math.exp(this.#sum(weekday, kinds)) * mass;
    const apart = Math.log((total + pseudo) / (mean + pseudo));
    // Where next to nothing is expected, the tangent would make thousands of times as much of a day with some calls.
    const slope = Math.max(mean / (mean + pseudo), total > mean ? apart / Math.log(total / mean) : 0);
    const chance = (dispersion * mean) / (mean + pseudo) ** 2 / this.#unit;
    // The mean of a logarithm lies below the logarithm of the mean by half the variance.
    const error = apart + Math.min(0.5, (chance * this.#unit) / 2);
    const own = slope * slope * (this.#uncertainty(weekday, kinds) + 1);
    const surprise = (error * error) / this.#unit / (own + chance);
    return { error, slope, own, chance, surprise, off: Math.sqrt(surprise) };
  }

  /** Whether a day above or below what was expected is nearer to another level: demand is there, and not strange. */
  #isAt(level: number, rise: number): boolean {
    return Math.abs(rise - (level - this.#now)) < Math.abs(rise) / 2;
  }

  /**
   * @param strange direction in which the day was strange
   * @param expected the level it was expected to have, and how sure that was
   * @param measured the level that it had
   */
  #rememberHigher(
    strange: number,
    expected: { level: number; variance: number },
    measured: number,
    kinds: readonly number[],
  ): void {
    if (this.#higher) {
      this.#higher.share *= this.#higher.left;
      if (this.#higher.share < LEAST_SHARE) this.#higher = undefined;
    }
    // What a kind of day does shows in its effect.
    if (strange === 0 || kinds.length > 0) return;
    // Of several quiet days the first says where demand came from.
    if (strange < 0 && this.#higher) return;
    const possible = strange > 0 ? { ...expected, level: measured, ...STAYS } : { ...expected, ...RETURNS };
    if (!(this.#higher && this.#higher.level > possible.level)) this.#higher = possible;
  }

  /** The slope, or what the level showed of it in the last weeks where that is less. */
  get #lastingSlope(): number {
    const slope = this.#mean[SLOPE]!;
    if (this.#lately.length < GROWTH_DAYS + 7) return slope;
    let grown = 0;
    for (let day = 0; day < 7; day++) grown += this.#lately[GROWTH_DAYS + day]! - this.#lately[day]!;
    const shown = grown / 7 / GROWTH_DAYS;
    return slope > 0 ? Math.max(0, Math.min(slope, shown)) : Math.min(0, Math.max(slope, shown));
  }

  /** The level of the day, without what its weekday and kinds do to it. */
  get #now(): number {
    return this.#mean[SLOW]! + this.#mean[QUICK]!;
  }

  #sum(weekday: number, kinds: readonly number[]): number {
    let ln = this.#mean[SLOW]! + this.#mean[QUICK]! + this.#mean[WEEKDAY + weekday]!;
    for (const kind of kinds) ln += this.#mean[KIND + kind]!;
    return ln;
  }

  /** Variance of the sum, in units; leaves the covariance of every part with the sum in #product. */
  #uncertainty(weekday: number, kinds: readonly number[]): number {
    const size = this.#size;
    const covariance = this.#covariance;
    const product = this.#product;
    for (let i = 0; i < size; i++) {
      const row = i * size;
      let sum = covariance[row + SLOW]! + covariance[row + QUICK]! + covariance[row + WEEKDAY + weekday]!;
      for (const kind of kinds) sum += covariance[row + KIND + kind]!;
      product[i] = sum;
    }
    let variance = product[SLOW]! + product[QUICK]! + product[WEEKDAY + weekday]!;
    for (const kind of kinds) variance += product[KIND + kind]!;
    return variance;
  }

  #set(part: number, variance: number): void {
    this.#covariance[part * this.#size + part] = variance;
  }

  #scale(part: number, factor: number): void {
    const size = this.#size;
    for (let j = 0; j < size; j++) this.#covariance[part * size + j]! *= factor;
    for (let i = 0; i < size; i++) this.#covariance[i * size + part]! *= factor;
  }
}
