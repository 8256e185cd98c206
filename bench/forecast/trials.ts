import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { forecast } from '../../lib/planner/forecast.ts';
import type { Calendar } from '../../lib/planner/forecast/calendar.ts';
import { dateOfDay, dayOfDate, startOfDay, timeZone, weekdayOf } from '../../lib/planner/forecast/time-zone.ts';
import { publicHolidays } from '../../lib/planner/holidays.ts';
import { LEVELS, type Trial } from './score.ts';
import type { MadeSeries } from './shapes.ts';

export type Forecaster = typeof forecast;

/** How far ahead a plan looks: a scale, a move, and what a stamp takes. */
export const AHEADS = [1, 7, 28] as const;
/** A series has this number of days before the first one that is forecast. */
const FIRST_FORECAST = 35;
const WITHIN_HOURS = 6;

/** Every day of a series by the hour from the sixth week on, as far ahead as it is known. */
export function madeTrial(forecast: Forecaster, { history, calendar }: MadeSeries): Trial {
  const perDay = 1440 / history.stepMinutes;
  const count = Math.floor(history.values.length / perDay);
  const days = Array.from({ length: count }, (_, d) => history.values.subarray(d * perDay, (d + 1) * perDay));
  const most = Math.max(...AHEADS);
  const made = new Map<number, Float64Array[]>();
  const from = (first: number): Float64Array[] => {
    let ahead = made.get(first);
    if (!ahead) {
      const past = { ...history, values: history.values.subarray(0, first * perDay) };
      made.set(first, (ahead = forecast(past, { days: most, calendar, quantiles: LEVELS }).quantiles));
    }
    return ahead;
  };
  return {
    days,
    from: FIRST_FORECAST,
    to: count,
    naive: (day, ahead) => days[day - 7 * Math.ceil(ahead / 7)],
    forecast: (day, ahead) =>
      from(day - ahead + 1).map((quantile) => quantile.subarray((ahead - 1) * perDay, ahead * perDay)),
  };
}

/** The same with every day forecast within it: six hours ahead, from 08:00 to 16:00 in turns. */
export function withinDay(forecast: Forecaster, { history, calendar }: MadeSeries, whole: Trial): Trial {
  const perDay = 1440 / history.stepMinutes;
  const seen = (day: number): number => ((8 + ((day * 5) % 9)) * perDay) / 24;
  return {
    ...whole,
    counts: (day, slot) => slot >= seen(day) && slot < seen(day) + (WITHIN_HOURS * perDay) / 24,
    forecast: (day) => {
      const past = { ...history, values: history.values.subarray(0, day * perDay + seen(day)) };
      const ahead = forecast(past, { days: 1, calendar, quantiles: LEVELS }).quantiles;
      return ahead.map((quantile) => {
        const values = new Float64Array(perDay).fill(NaN);
        values.set(quantile.subarray(0, perDay - seen(day)), seen(day));
        return values.map((value) => (Number.isNaN(value) ? 0 : value));
      });
    },
  };
}

/**
 * Real calls: `calls` of the R package fpp2, a bank in North America, 169 five-minute counts from 07:00 on weekdays from
 * 3 March 2003 on. The file numbers the working days; it is not part of this project. Given by the environment variable
 * CELLSTAMP_CALLS_CSV, or beside the project.
 */
export function bankCalls(): Float64Array[] | undefined {
  const beside = fileURLToPath(new URL('../../../shared/data/calls-5min.csv', import.meta.url));
  const path = process.env.CELLSTAMP_CALLS_CSV ?? beside;
  if (!existsSync(path)) return undefined;
  const days: Float64Array[] = [];
  for (const line of readFileSync(path, 'utf8').trim().split('\n').slice(1)) {
    const [day, interval, calls] = line.split(',').map(Number) as [number, number, number];
    (days[day - 1] ??= new Float64Array(169).fill(NaN))[interval - 1] = calls;
  }
  return days;
}

const BANK_FIRST_DATE = '2003-03-03';
/**
 * The series has 164 days where the dates have 170 weekdays. Four of the six missing are the bank's holidays. The other
 * two lie in early April: Mondays, the busiest day by a sixth, come two rows early from then on.
 */
const BANK_MISSING = ['2003-04-04', '2003-04-07'];

/** The date of every row, and what a bank knows of dates beforehand: holidays and the turn of the month. */
function bankCalendar(rows: number): { dates: number[]; calendar: Calendar } {
  const holidays = publicHolidays('US', 2003).map(({ date }) => date);
  const dates: number[] = [];
  for (let day = dayOfDate(BANK_FIRST_DATE); dates.length < rows + 2; day++) {
    const date = dateOfDay(day);
    if (weekdayOf(day) < 5 && !holidays.includes(date) && !BANK_MISSING.includes(date)) dates.push(day);
  }
  const month = (row: number): string => (row < 0 ? '' : dateOfDay(dates[row]!).slice(0, 7));
  const days = dates.slice(0, rows).flatMap((day, row) => {
    const kinds = [
      ...(month(row - 1) !== month(row) ? ['first working day'] : []),
      ...(month(row - 1) === month(row) && month(row - 2) !== month(row) ? ['second working day'] : []),
      ...(month(row + 1) !== month(row) ? ['last working day'] : []),
    ];
    return kinds.map((kind) => ({ date: dateOfDay(day), kind }));
  });
  return { dates, calendar: { holidays, days } };
}

export interface BankTrials {
  /** Against five rows before. */
  readonly byRow: Trial;
  /** Against the same weekday. */
  readonly byDate: Trial;
}

/** @param rows that are forecast, from the first to before the last */
export function bankTrials(
  forecast: Forecaster,
  calls: Float64Array[],
  [from, to]: readonly [number, number],
  calendarKnown = true,
): BankTrials {
  const zone = timeZone('America/New_York');
  const { dates, calendar } = bankCalendar(calls.length);
  const stepMinutes = 5;
  const opening = (7 * 60) / stepMinutes;
  const start = startOfDay(zone, dates[0]!);
  const at = (row: number): number => (startOfDay(zone, dates[row]!) - start) / (stepMinutes * 60_000);
  const forecastRow = (row: number, ahead: number): Float64Array[] => {
    const first = row - ahead + 1;
    const values = new Float64Array(at(first)).fill(NaN);
    for (let before = 0; before < first; before++) values.set(calls[before]!, at(before) + opening);
    const days = dates[row]! - dates[first]! + 1;
    const { quantiles } = forecast(
      { zone, start, stepMinutes, values },
      { days, quantiles: LEVELS, ...(calendarKnown && { calendar }) },
    );
    const begin = at(row) - at(first) + opening;
    return quantiles.map((quantile) => quantile.subarray(begin, begin + 169));
  };
  const byRow: Trial = {
    days: calls,
    from,
    to,
    naive: (row, ahead) => calls[row - 5 * Math.ceil(ahead / 5)],
    forecast: forecastRow,
  };
  const rowOf = new Map(dates.map((day, row) => [day, row]));
  const sameWeekday = (row: number): Float64Array | undefined => {
    for (let day = dates[row]! - 7; day >= dates[0]!; day -= 7) if (rowOf.has(day)) return calls[rowOf.get(day)!];
    return undefined;
  };
  return { byRow, byDate: { ...byRow, naive: sameWeekday } };
}
