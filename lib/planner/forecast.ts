import type { AnnouncedEvent, Calendar } from './forecast/calendar.ts';
import { likeWeekday } from './forecast/calendar.ts';
import { type DaySoFar, SURGE_SHARE } from './forecast/day-so-far.ts';
import { DecayingHistogram } from './forecast/decaying-histogram.ts';
import { type DemandModel, fitDemand } from './forecast/demand-model.ts';
import type { History } from './forecast/history.ts';
import type { Spread } from './forecast/spread.ts';
import { weekdayOf } from './forecast/time-zone.ts';
import { ratioAt } from './forecast/weeks-ahead.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from './time.ts';

/** The quantiles a plan works with. */
export const QUANTILES = [0.5, 0.9, 0.95, 0.99] as const;

/** A forecast reaches no farther than half a year: what is known of a tenant says nothing beyond. */
export const MOST_DAYS = 183;

/** What the day so far tells holds for the rest of it, and for this many hours where less are left. */
const SO_FAR_HOURS = 6;

/** What was sold to a tenant, for as long as its history says little. */
export interface Contract {
  /** Demand in the busiest hour, in the unit of the history. */
  peak: number;
  /**
   * Demand in the 168 local hours of a week from Monday 00:00 on, relative to the busiest.
   * @default OFFICE_WEEK
   */
  week?: Float64Array;
}

export interface ForecastOptions {
  /** How far to look ahead, days: above 0, at most MOST_DAYS. */
  days: number;
  /**
   * Between 0 and 1, rising.
   * @default QUANTILES
   */
  quantiles?: readonly number[];
  /** @default - no holidays, no events */
  calendar?: Calendar;
  /** @default - none; then a history without a known value is an error */
  contract?: Contract;
  /**
   * Growth known from elsewhere (signed contracts), a week, as a ratio less 1, besides what the history shows.
   * @default 0
   */
  growthPerWeek?: number;
}

export interface Forecast {
  /** Instant the first interval begins: the end of the history. */
  start: number;
  stepMinutes: number;
  /** The quantiles given, as asked for. */
  levels: readonly number[];
  /** For each level one value an interval, never falling from level to level. NaN at times of day never measured. */
  quantiles: Float64Array[];
}

/** After this many days with data, half of a forecast is the tenant's own and half its contract. */
export const CONTRACT_HALF_DAYS = 14;

/** Offices on weekdays: what a contract is assumed to mean where nothing else is said. */
export const OFFICE_WEEK: Float64Array = Float64Array.from({ length: 168 }, (_, hour) => {
  if (hour >= 120) return 0.1;
  const ofDay = hour % 24;
  return ofDay >= 8 && ofDay < 18 ? 1 : ofDay === 7 || ofDay === 18 ? 0.5 : 0.1;
});

/**
 * Demand ahead, from what was measured: level and trend, time of week, holidays, kinds of days, announced events, and
 * quantiles that held on the history itself.
 *
 * @throws RangeError where nothing is known and there is no contract, and for options outside their range
 */
export function forecast(history: History, options: ForecastOptions): Forecast {
  const { days, calendar = {}, contract, quantiles: levels = QUANTILES, growthPerWeek = 0 } = options;
  requireOptions(history, options);
  const model = fitDemand(history, calendar);
  if (model.lastDay === undefined && !contract) {
    throw new RangeError('a forecast needs a history with at least one known value, or a contract');
  }
  const { zone, stepMinutes } = history;
  const step = stepMinutes * MINUTE_MS;
  const start = history.start + history.values.length * step;
  const intervals = Math.round((days * 1440) / stepMinutes);
  const quantiles = levels.map(() => new Float64Array(intervals));
  const own = model.knownDays / (model.knownDays + CONTRACT_HALF_DAYS);
  const reach = levels.map((level) => model.spread.quantile(level));
  const share = model.level.higher?.share;
  const reachHigher = levels.map((level) => share && reachIn(model.spread, level, share));
  const reachSurge = levels.map((level) => reachIn(model.spread, level, SURGE_SHARE));
  const { soFar } = model;
  const soFarUntil = soFar ? endOfSoFar(model.lastDay!, soFar, stepMinutes) : -Infinity;
  const normal = levels.map((level) => (calendar.events?.length ? new DecayingHistogram().quantile(level) : 0));
  const ahead = daysAhead(model, 1440 / stepMinutes);
  const growth = Math.log1p(growthPerWeek) / 7;
  let change = start;
  let offset = 0;
  for (let i = 0; i < intervals; i++) {
    const instant = start + i * step;
    if (instant >= change) {
      offset = zone.offsetAt(instant) * MINUTE_MS;
      change = zone.nextChange(instant);
    }
    const local = instant + offset;
    const day = Math.floor(local / DAY_MS);
    const { expected, deviation, higher } = ahead(day);
    const slot = Math.floor((local - day * DAY_MS) / step);
    const grown = Math.exp((growth * (instant - start)) / DAY_MS);
    const usual = expected[slot]! * grown;
    const spread = deviation[slot]! * grown;
    // Falls wait for the day to end: until then they are in the median and below.
    const tells = soFar && local < soFarUntil && usual > 0;
    const lasting = tells ? Math.min(soFar.times, 1 + soFar.mostRise / usual) : 1;
    const surge = tells ? Math.min(soFar.surge, 1 + soFar.mostRise / usual) : 1;
    const extra = announced(calendar.events, instant, step, usual * Math.max(1, lasting));
    const sold = contract ? contractAt(contract, day, local) + extra.mean : 0;
    for (let k = 0; k < levels.length; k++) {
      const byEvents = normal[k]! * extra.deviation;
      const corrected = levels[k]! > 0.5 ? Math.max(1, lasting) : lasting;
      let learned = Math.max(0, corrected * usual + extra.mean + joined(reach[k]! * corrected * spread, byEvents));
      const farSurge = reachSurge[k];
      if (farSurge !== undefined && surge > lasting) {
        learned = Math.max(learned, surge * usual + extra.mean + joined(farSurge * surge * spread, byEvents));
      }
      const far = reachHigher[k];
      if (far !== undefined && higher !== undefined) {
        const reached = joined(far * higher.deviation[slot]! * grown, byEvents);
        learned = Math.max(learned, higher.times * usual + extra.mean + reached);
      }
      quantiles[k]![i] = !contract ? learned : Number.isNaN(learned) ? sold : own * learned + (1 - own) * sold;
    }
  }
  return { start, stepMinutes, levels, quantiles };
}

function requireOptions({ stepMinutes }: History, options: ForecastOptions): void {
  const { days, contract, quantiles = QUANTILES, growthPerWeek = 0, calendar = {} } = options;
  const require = (holds: boolean, rule: string, given: unknown): void => {
    if (!holds) throw new RangeError(`${rule}, got ${String(given)}`);
  };
  require(stepMinutes >= 1 && 60 % stepMinutes === 0, "the history's stepMinutes must divide 60", stepMinutes);
  require(days > 0 && days <= MOST_DAYS, `days must be above 0 and at most ${MOST_DAYS}`, days);
  const rising = quantiles.every((level, k) => level > (k === 0 ? 0 : quantiles[k - 1]!) && level < 1);
  require(quantiles.length > 0 && rising, 'quantiles must rise between 0 and 1', `[${quantiles.join(', ')}]`);
  require(growthPerWeek > -1 && growthPerWeek < Infinity, 'growthPerWeek must be above -1', growthPerWeek);
  if (contract) {
    require(contract.peak >= 0 && contract.peak < Infinity, "the contract's peak must be a number >= 0", contract.peak);
    const hours = contract.week?.length ?? 168;
    require(hours === 168, "the contract's week must have 168 hours", hours);
  }
  for (const { name, minutes } of calendar.events ?? []) {
    require(minutes > 0, `the minutes of event "${name}" must be above 0`, minutes);
  }
}

/**
 * How many standard deviations above a much higher level, which demand has with a share, the quantile of the whole lies: what is
 * above it is all from there. Undefined where the quantile lies below all of it.
 */
function reachIn(spread: Spread, level: number, share: number): number | undefined {
  const within = 1 - (1 - level) / share;
  return within > 0 ? spread.quantile(within) : undefined;
}

/** The distances of a quantile from the mean for two independent causes, made one. */
function joined(learned: number, announced: number): number {
  return learned + Math.sign(announced) * (Math.hypot(learned, announced) - Math.abs(learned));
}

/** Local time until which the last hours of a day tell something. */
function endOfSoFar(day: number, { lastSlot }: DaySoFar, stepMinutes: number): number {
  const measuredUntil = day * DAY_MS + (lastSlot + 1) * stepMinutes * MINUTE_MS;
  return Math.max((day + 1) * DAY_MS, measuredUntil + SO_FAR_HOURS * HOUR_MS);
}

/** The forecast of a local day: expected demand and its standard deviation at every time of day. */
interface DayAhead {
  expected: Float64Array;
  deviation: Float64Array;
  /** At the level that demand may have instead after a break: times what is expected, and the standard deviation there. */
  higher: { times: number; deviation: Float64Array } | undefined;
}

/** Forecasts of days that are asked for in order. */
function daysAhead(model: DemandModel, slots: number): (day: number) => DayAhead {
  const nothing = new Float64Array(slots).fill(NaN);
  const unknown = { expected: nothing, deviation: nothing, higher: undefined };
  if (model.lastDay === undefined) return () => unknown;
  const { shape, spread, kinds } = model;
  const level = model.level.ahead();
  let reached = model.lastDay;
  let made: DayAhead | undefined;
  return (day) => {
    if (made && day === reached) return made;
    for (; reached < day; reached++) level.advance();
    const weekday = likeWeekday(kinds, day, (other) => level.weekdayEffect(other));
    const { ln, variance: expectedVariance } = level.expect(weekday, kinds.of(day));
    // What is known of a day says how it is.
    const open = day === model.lastDay ? 1 - (model.soFar?.part ?? 0) : 1;
    const ratio = ratioAt(model.weeksAhead, day - model.lastDay!);
    const mean = Math.exp(ln);
    const expected = shape.of(weekday).map((share) => share * mean);
    const deviationAt = (rise: number, variance: number): Float64Array =>
      expected.map((value) => spread.deviation(rise * value, rise * level.ordinary, variance * ratio));
    const { higher } = level;
    const times = Math.exp(higher?.rise ?? 0);
    return (made = {
      expected,
      deviation: deviationAt(1, expectedVariance * open),
      higher: higher && { times, deviation: deviationAt(times, higher.variance) },
    });
  };
}

/** What announced events add to an interval, and how unsure that is. */
function announced(
  events: readonly AnnouncedEvent[] | undefined,
  instant: number,
  step: number,
  ordinary: number,
): { mean: number; deviation: number } {
  let mean = 0;
  let variance = 0;
  for (const { start, minutes, times = 1, add = 0, uncertainty = 0.3 } of events ?? []) {
    const overlap = Math.min(instant + step, start + minutes * MINUTE_MS) - Math.max(instant, start);
    if (overlap <= 0) continue;
    const extra = ((times === 1 ? 0 : (times - 1) * ordinary) + add) * (overlap / step);
    mean += extra;
    variance += (uncertainty * extra) ** 2;
  }
  return { mean, deviation: Math.sqrt(variance) };
}

function contractAt({ peak, week = OFFICE_WEEK }: Contract, day: number, local: number): number {
  const hour = Math.floor((local - day * DAY_MS) / HOUR_MS);
  return peak * week[weekdayOf(day) * 24 + hour]!;
}
