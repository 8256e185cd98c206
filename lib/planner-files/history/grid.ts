import type { History } from '../../planner/forecast/history.ts';
import type { TimeZone } from '../../planner/forecast/time-zone.ts';
import { MINUTE_MS } from '../../planner/time.ts';

/** Equal intervals up to the plan's moment, the same for every series. */
export interface Grid {
  /** Instant the first interval begins, milliseconds since 1970 UTC. */
  readonly start: number;
  readonly stepMinutes: number;
  /** Number of intervals. */
  readonly length: number;
}

/** Whole intervals that end at or before an instant. */
export function gridBefore(now: number, stepMinutes: number, weeks: number): Grid {
  const step = stepMinutes * MINUTE_MS;
  const length = (weeks * 7 * 1440) / stepMinutes;
  return { start: Math.floor(now / step) * step - length * step, stepMinutes, length };
}

export const gridEnd = ({ start, stepMinutes, length }: Grid): number => start + length * stepMinutes * MINUTE_MS;

/** The interval that an instant lies in; negative, or the length and more, outside the grid. */
export const intervalAt = ({ start, stepMinutes }: Grid, instant: number): number =>
  Math.floor((instant - start) / (stepMinutes * MINUTE_MS));

/** Values of one series, an interval each; NaN is unknown. Seven digits are more than any measurement has. */
export type Values = Float32Array;

export const unknownValues = ({ length }: Grid): Values => new Float32Array(length).fill(NaN);

/** First and last interval with a known value; undefined where there is none. */
export function knownBounds(values: Values): { readonly first: number; readonly last: number } | undefined {
  const first = values.findIndex((value) => !Number.isNaN(value));
  return first === -1 ? undefined : { first, last: values.findLastIndex((value) => !Number.isNaN(value)) };
}

/** From the first known value to the last. Undefined where nothing is known. */
export function historyOf(values: Values, { start, stepMinutes }: Grid, zone: TimeZone): History | undefined {
  const bounds = knownBounds(values);
  if (bounds === undefined) return undefined;
  return {
    zone,
    start: start + bounds.first * stepMinutes * MINUTE_MS,
    stepMinutes,
    values: Float64Array.from(values.subarray(bounds.first, bounds.last + 1)),
  };
}
