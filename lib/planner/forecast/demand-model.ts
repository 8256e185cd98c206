import { type Calendar, dayKinds, type DayKinds, likeWeekday } from './calendar.ts';
import { type DayGrid, dayGrid } from './day-grid.ts';
import { DayLevel } from './day-level.ts';
import { type DaySoFar, daySoFar } from './day-so-far.ts';
import { DayShape } from './day-shape.ts';
import type { History } from './history.ts';
import { Spread } from './spread.ts';
import { weekdayOf } from './time-zone.ts';
import { DISTANCES, WeeksAhead } from './weeks-ahead.ts';
import { MINUTE_MS } from '../time.ts';

/** Days the first estimate is made from, before the forecast is tried on the days after. */
const FIRST_DAYS = 14;
/** With less history than three weeks, one week has to do. */
const FIRST_DAYS_OF_FEW = 7;
/** A day of which less is known does not move the level. */
const LEAST_PART = 0.25;

/**
 * A day farther off than this many standard deviations is a break (users moved in, a site closed), not an error of the
 * forecast: taken for one, it would widen the quantiles for months.
 */
const BREAK = 5;

/** What was learned from a history, as it stands at the end of its last day. */
export interface DemandModel {
  level: DayLevel;
  shape: DayShape;
  spread: Spread;
  /** How the errors weeks ahead compare with what the level expects of itself: ratios of variances at the distances. */
  weeksAhead: readonly number[];
  kinds: DayKinds;
  /** Last day of the history, counted since 1970-01-01; undefined if nothing is known. */
  lastDay: number | undefined;
  /** How the last day went lately, with the level as it is; undefined where nothing is known of it. */
  soFar: DaySoFar | undefined;
  /** Days on which anything is known. */
  knownDays: number;
}

/**
 * Goes through a history day by day: forecasts each day from those before it, measures the error, then learns from it.
 */
export function fitDemand(history: History, calendar: Calendar): DemandModel {
  const kinds = dayKinds(calendar);
  const grid = dayGrid(withoutEvents(history, calendar));
  const rows = Array.from({ length: grid.days }, (_, d) => grid.values.subarray(d * grid.slots, (d + 1) * grid.slots));
  const known = rows.map((row) => row.some((value) => !Number.isNaN(value)));
  const used = rows.map((row) => row.some((value) => value > 0));
  // Before its first calls nobody was there: that says nothing of demand.
  const begin = Math.max(0, used.indexOf(true), known.indexOf(true));
  const knownDays = known.slice(begin).filter(Boolean).length;
  const first = Math.min(rows.length, begin + (rows.length - begin < 21 ? FIRST_DAYS_OF_FEW : FIRST_DAYS));

  const shape = new DayShape(grid.slots);
  const spread = new Spread();
  const dayMeans = firstEstimate(grid, rows.slice(begin, first), begin, kinds, shape, spread);
  const level = new DayLevel(dayMeans, kinds.names.length);
  const weeksAhead = new WeeksAhead(rows.length);
  for (let d = begin; d < rows.length; d++) {
    const day = grid.firstDay + d;
    if (d > begin) level.advance();
    if (!known[d]) continue;
    const weekday = likeWeekday(kinds, day, (other) => level.weekdayEffect(other));
    const form = shape.of(weekday);
    const { total, mass, part } = measured(rows[d]!, form);
    if (part < LEAST_PART) continue;
    weeksAhead.measure(d, total / mass, level.ordinary);
    const expected = level.expect(weekday, kinds.of(day));
    const ordinary = level.ordinary;
    const off = level.update(weekday, kinds.of(day), total, mass, spread.dispersion);
    if (d < first) continue;
    const lns = DISTANCES.map((distance) => {
      const next = likeWeekday(kinds, day + distance, (other) => level.weekdayEffect(other));
      return level.foresee(distance, next, kinds.of(day + distance));
    });
    weeksAhead.foresee(d, lns);
    if (off < BREAK) spread.learnErrors(rows[d]!, form, expected, ordinary);
    spread.learnVariance(rows[d]!, form, total / mass);
    shape.learn(weekday, rows[d]!, total / mass, part);
  }
  const ratios = weeksAhead.ratios(level, spread.scale);
  if (knownDays === 0) {
    return { level, shape, spread, weeksAhead: ratios, kinds, lastDay: undefined, soFar: undefined, knownDays };
  }
  const lastDay = grid.firstDay + grid.days - 1;
  const weekday = likeWeekday(kinds, lastDay, (other) => level.weekdayEffect(other));
  const expected = level.expect(weekday, kinds.of(lastDay));
  const form = shape.of(weekday);
  const soFar = daySoFar(rows.at(-1)!, form, expected, level.ordinary, spread, measured(rows.at(-1)!, form).part);
  return { level, shape, spread, weeksAhead: ratios, kinds, lastDay, soFar, knownDays };
}

/** Learns shape and variance of the first days; returns the mean demand of each weekday in them, NaN where unknown. */
function firstEstimate(
  grid: DayGrid,
  rows: readonly Float64Array[],
  begin: number,
  kinds: DayKinds,
  shape: DayShape,
  spread: Spread,
): Float64Array {
  const mean = meanRow(rows, grid.slots);
  const sums = new Float64Array(7);
  const counts = new Float64Array(7);
  const levels = rows.map((row, d) => {
    const { total, mass, part } = measured(row, mean);
    const day = grid.firstDay + begin + d;
    if (part < LEAST_PART || kinds.isHoliday(day)) return NaN;
    sums[weekdayOf(day)]! += total / mass;
    counts[weekdayOf(day)]! += 1;
    shape.learn(weekdayOf(day), row, total / mass, part);
    return total / mass;
  });
  for (const [d, row] of rows.entries()) {
    const weekday = weekdayOf(grid.firstDay + begin + d);
    if (!Number.isNaN(levels[d]!)) spread.learnVariance(row, shape.of(weekday), levels[d]!);
  }
  return sums.map((sum, weekday) => sum / counts[weekday]!);
}

/** Mean of the known values at every time of day, scaled to mean 1; NaN where nothing is known. */
function meanRow(rows: readonly Float64Array[], slots: number): Float64Array {
  const sums = new Float64Array(slots);
  const counts = new Float64Array(slots);
  for (const row of rows) {
    for (let slot = 0; slot < slots; slot++) {
      if (Number.isNaN(row[slot]!)) continue;
      sums[slot]! += row[slot]!;
      counts[slot]! += 1;
    }
  }
  let total = 0;
  let seen = 0;
  for (let slot = 0; slot < slots; slot++) {
    sums[slot]! /= counts[slot]!;
    if (counts[slot]! > 0) {
      total += sums[slot]!;
      seen++;
    }
  }
  return sums.map((value) => (total > 0 ? (value * seen) / total : Number.isNaN(value) ? NaN : 1));
}

/** What is known of a day: the total, the shape's mass in the known times, and that as part of the whole. */
function measured(row: Float64Array, shape: Float64Array): { total: number; mass: number; part: number } {
  let total = 0;
  let mass = 0;
  let whole = 0;
  for (let slot = 0; slot < row.length; slot++) {
    const weight = shape[slot]!;
    if (Number.isNaN(weight)) continue;
    whole += weight;
    if (Number.isNaN(row[slot]!)) continue;
    total += row[slot]!;
    mass += weight;
  }
  return { total, mass, part: whole > 0 ? mass / whole : 0 };
}

/** The history with the hours of announced events made unknown. */
function withoutEvents(history: History, { events = [] }: Calendar): History {
  if (events.length === 0) return history;
  const step = history.stepMinutes * MINUTE_MS;
  const values = history.values.slice();
  for (const { start, minutes } of events) {
    const from = Math.max(0, Math.floor((start - history.start) / step));
    values.fill(NaN, from, Math.max(from, Math.ceil((start + minutes * MINUTE_MS - history.start) / step)));
  }
  return { ...history, values };
}
