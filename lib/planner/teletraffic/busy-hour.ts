import { requireAtMost, requireNonNegative, requirePositive } from './arguments.ts';

/** What ITU-T E.506 Annex A makes busy-hour traffic of. */
export interface MonthlyTraffic {
  /** M: minutes of calls in the month, 0 to 1e100. */
  minutes: number;
  /** d: share of the month that falls on a normal day, e.g. 1/22 with 22 working days. > 0, at most 1. */
  dayToMonth: number;
  /** h: share of the day that falls into its busy hour, > 0, at most 1. */
  busyHourToDay: number;
  /**
   * e: share of the time lines are taken that is counted in the minutes, 1e-100 to 1.
   * @default 1
   */
  efficiency?: number;
}

/** Busy-hour traffic in erlangs from a month's minutes: M d h / (60 e). ITU-T E.506 Annex A. */
export function busyHourFromMonth({ minutes, dayToMonth, busyHourToDay, efficiency = 1 }: MonthlyTraffic): number {
  requireNonNegative('minutes', minutes);
  requireAtMost('minutes', minutes, 1e100);
  for (const [name, share] of Object.entries({ dayToMonth, busyHourToDay, efficiency })) {
    requirePositive(name, share);
    requireAtMost(name, share, 1);
  }
  if (efficiency < 1e-100) throw new RangeError(`efficiency must be at least 1e-100, got ${efficiency}`);
  return (minutes / (60 * efficiency)) * dayToMonth * busyHourToDay;
}

export interface BusyHour {
  /** First interval of the hour, counted from the start of the day. */
  start: number;
  /** Mean over the hour, in the unit of the measurement. */
  intensity: number;
}

/** The reference traffic of a set of days, ITU-T E.500. Undefined where no day has a whole hour measured. */
export interface ReferenceTraffic {
  /** Each day's own busiest hour; undefined for a day without a whole measured hour. */
  daily: (BusyHour | undefined)[];
  /** Average daily peak hour: the mean of the days' own busiest hours. */
  averageDailyPeak: number;
  /** Time-consistent busy hour: the same clock hour on all days, the one with the highest mean. */
  timeConsistent: BusyHour;
  /** Normal load: mean of the 30 highest daily peaks, of all days if there are fewer. */
  normalLoad: number;
  /** High load: mean of the 5 highest daily peaks. */
  highLoad: number;
}

/**
 * Busy hours from measured days. An hour may start at every interval, so that with quarter hours it is any four
 * consecutive ones. Unknown intervals (NaN) are unknown, not zero: an hour that holds one is not looked at.
 *
 * @param days intensities of equal intervals, the same number for every day
 * @param intervalsPerHour 1 for hourly values, 4 for quarter hours, 12 for five minutes
 * @throws RangeError for days of different length, and for an intensity below 0 or above 1e300
 */
export function busyHours(days: readonly Float64Array[], intervalsPerHour: number): ReferenceTraffic | undefined {
  const length = days[0]?.length ?? 0;
  const odd = days.findIndex((day) => day.length !== length);
  if (odd >= 0) {
    throw new RangeError(`every day must have ${length} intervals like the first, day ${odd} has ${days[odd]!.length}`);
  }
  if (!(Number.isSafeInteger(intervalsPerHour) && intervalsPerHour >= 1)) {
    throw new RangeError(`intervalsPerHour must be a whole number >= 1, got ${intervalsPerHour}`);
  }
  for (const [d, day] of days.entries()) {
    const wrong = day.findIndex((intensity) => intensity < 0 || intensity > MOST);
    if (wrong < 0) continue;
    throw new RangeError(
      `intensity of interval ${wrong} of day ${d} must be 0 to ${MOST}, or NaN where unknown, got ${day[wrong]}`,
    );
  }
  const hours = days.map((day) => hourlyMeans(day, intervalsPerHour));
  const daily = hours.map(busiest);
  const peaks = daily.flatMap((hour) => (hour ? [hour.intensity] : [])).sort((a, b) => b - a);
  if (peaks.length === 0) return undefined;
  return {
    daily,
    averageDailyPeak: mean(peaks),
    timeConsistent: busiest(meanOfDays(hours))!,
    normalLoad: mean(peaks.slice(0, 30)),
    highLoad: mean(peaks.slice(0, 5)),
  };
}

/** A year of them can still be added up. */
const MOST = 1e300;

/**
 * Mean of the hour that starts at each interval; NaN where an interval of it is unknown. An hour is the end of one block of
 * `intervalsPerHour` and the beginning of the next, so that each interval is added twice, and none is taken away again.
 */
function hourlyMeans(day: Float64Array, intervalsPerHour: number): Float64Array {
  const starts = Math.max(0, day.length - intervalsPerHour + 1);
  const fromStart = Float64Array.from(day);
  for (let i = 1; i < day.length; i++) if (i % intervalsPerHour !== 0) fromStart[i]! += fromStart[i - 1]!;
  const toEnd = Float64Array.from(day);
  for (let i = day.length - 2; i >= 0; i--) if ((i + 1) % intervalsPerHour !== 0) toEnd[i]! += toEnd[i + 1]!;
  return Float64Array.from({ length: starts }, (_, start) => {
    const aligned = start % intervalsPerHour === 0;
    return ((aligned ? 0 : toEnd[start]!) + fromStart[start + intervalsPerHour - 1]!) / intervalsPerHour;
  });
}

function busiest(hours: Float64Array): BusyHour | undefined {
  let best: BusyHour | undefined;
  for (const [start, intensity] of hours.entries()) {
    if (!Number.isNaN(intensity) && (!best || intensity > best.intensity)) best = { start, intensity };
  }
  return best;
}

/** For each start the mean over the days on which that hour was measured. */
function meanOfDays(hours: readonly Float64Array[]): Float64Array {
  return Float64Array.from({ length: hours[0]!.length }, (_, start) =>
    mean(hours.map((day) => day[start]!).filter((intensity) => !Number.isNaN(intensity))),
  );
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
