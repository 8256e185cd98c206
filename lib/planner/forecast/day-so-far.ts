import type { ExpectedDay } from './day-level.ts';
import type { Spread } from './spread.ts';

/** Against nothing a ratio is endless: this share of an ordinary interval is added on both sides. */
const PSEUDO = 0.01;
/** An hour farther off than this many standard deviations is not what chance makes of the day. */
const STRANGE = 3;
/** Of the variance between days, so much is expected from one part of a day to the next. */
const WITHIN_DAY = 0.6;
/** The hours at night tell little about a busy day: it rises at most this many times as far as they did. */
const MOST_RISE = 2;

/** How likely the hours after one strange hour are to be like it. */
export const SURGE_SHARE = 0.25;

/** How the last hours of a day were, against what is expected of it. */
export interface DaySoFar {
  /** Of what they would be, the hours that follow are expected to be so much. */
  times: number;
  /** What they are if the last hour was not an exception. */
  surge: number;
  /** The most that either adds to an interval. */
  mostRise: number;
  /** Last interval of the day that was measured. */
  lastSlot: number;
  /** What part of the day's demand is known by then, 0 to 1. */
  part: number;
}

/**
 * Compares the last two hours that were measured of a day with what is expected of them. One strange hour is an exception, though
 * it may be the first of many; two of them are news.
 *
 * @param shape of the day, as `day` gives its mean
 * @param ordinary mean of an ordinary day
 * @param part what part of the day's demand is known
 * @returns undefined where nothing was measured
 */
export function daySoFar(
  values: Float64Array,
  shape: Float64Array,
  day: ExpectedDay,
  ordinary: number,
  spread: Spread,
  part: number,
): DaySoFar | undefined {
  const lastSlot = values.findLastIndex((value, slot) => !Number.isNaN(value) && !Number.isNaN(shape[slot]!));
  if (lastSlot < 0) return undefined;
  const perHour = values.length / 24;
  const level = Math.exp(day.ln);
  /** An hour against what is expected of it: the ratio's logarithm without what chance explains, and the rise of an interval. */
  const against = (until: number): { ln: number; rise: number } => {
    let [measured, expected, count] = [0, 0, 0];
    for (let slot = Math.max(0, until - perHour); slot < until; slot++) {
      if (Number.isNaN(values[slot]!) || Number.isNaN(shape[slot]!)) continue;
      measured += values[slot]!;
      expected += level * shape[slot]!;
      count++;
    }
    if (count === 0) return { ln: 0, rise: 0 };
    const pseudo = PSEUDO * ordinary * count;
    const noise = spread.commonVariance(expected) / (expected + pseudo) ** 2;
    const ln = Math.log((measured + pseudo) / (expected + pseudo));
    const variance = ln * ln > STRANGE ** 2 * noise ? ln * ln - noise : WITHIN_DAY * day.variance;
    return { ln: variance > 0 ? (ln * variance) / (variance + noise) : 0, rise: (measured - expected) / count };
  };
  const last = against(lastSlot + 1);
  const before = against(lastSlot + 1 - perHour);
  const nearer = Math.abs(last.ln) < Math.abs(before.ln) ? last : before;
  const lasting = last.ln * before.ln > 0 ? nearer.ln : 0;
  return {
    times: Math.exp(lasting),
    surge: Math.exp(Math.max(0, last.ln)),
    mostRise: MOST_RISE * Math.max(0, last.rise),
    lastSlot,
    part,
  };
}
