import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { forecast } from '../lib/planner/forecast.ts';
import type { Calendar } from '../lib/planner/forecast/calendar.ts';
import { dateOfDay, dayOfDate, startOfDay, timeZone, weekdayOf } from '../lib/planner/forecast/time-zone.ts';
import { publicHolidays } from '../lib/planner/holidays.ts';
import { generateTenants } from '../lib/planner/tenant-generator.ts';
import { holidayDays, tenantHistory } from '../lib/planner/tenant-history.ts';
import { type BenchRow, rowLines } from './row.ts';

const LEVELS = [0.5, 0.9, 0.95, 0.99] as const;
const NAIVE_LEVEL = 2;
const TEST_DAYS = 40;

/** A series cut into days of equal length, and where a day is forecast from those so many days before it. */
interface Trial {
  /** Measured values by day. */
  days: Float64Array[];
  /** The day that the naive forecast repeats, so many days before or more; undefined where there is none. */
  naive: (day: number, ahead: number) => Float64Array | undefined;
  /** Quantiles of a day, made from the days at least so many before it. */
  forecast: (day: number, ahead: number) => Float64Array[];
}

/** Sums over all forecast values, of the model and of the naive forecast. */
class Score {
  #absolute = 0;
  #naiveAbsolute = 0;
  #total = 0;
  #pinball = 0;
  #naivePinball = 0;
  #naiveBelow = 0;
  #count = 0;
  readonly #below = LEVELS.map(() => 0);

  /** Forecasts the last days of a trial, each so many days ahead. */
  add(trial: Trial, ahead: number): void {
    const { days } = trial;
    for (let day = days.length - TEST_DAYS; day < days.length; day++) {
      const actual = days[day]!;
      const quantiles = trial.forecast(day, ahead);
      const naive = trial.naive(day, ahead)!;
      const reach = naiveReach(trial, day, ahead);
      // Hours in which next to nothing is expected, as at night, say nothing about a forecast.
      const least = 0.05 * Math.max(...quantiles[0]!);
      for (let i = 0; i < actual.length; i++) {
        const y = actual[i]!;
        if (Number.isNaN(y) || quantiles[0]![i]! <= least) continue;
        this.#total += y;
        this.#count++;
        this.#absolute += Math.abs(y - quantiles[0]![i]!);
        this.#naiveAbsolute += Math.abs(y - naive[i]!);
        this.#pinball += pinball(y - quantiles[NAIVE_LEVEL]![i]!);
        this.#naivePinball += pinball(y - naive[i]! - reach[i]!);
        if (y <= naive[i]! + reach[i]!) this.#naiveBelow++;
        for (const [k, quantile] of quantiles.entries()) if (y <= quantile[i]!) this.#below[k]!++;
      }
    }
  }

  /** Of days that are not the next one: all levels in one row. */
  rowsAhead(what: string, baseline: string): BenchRow[] {
    const others = [0, 1, 3].map((k) => `${LEVELS[k]! * 100} %: ${this.#coverage(k).toFixed(1)}`);
    const naive = (100 * this.#naiveBelow) / this.#count;
    return [
      {
        what: `${what}: WAPE ${percent(this.#absolute / this.#total)}, as part of the naive one's`,
        figure: this.#absolute / this.#naiveAbsolute,
        unit: '',
        baseline: `${baseline}, ${percent(this.#naiveAbsolute / this.#total)}`,
      },
      {
        what: `${what}: pinball loss at 95 %, as part of the naive one's`,
        figure: this.#pinball / this.#naivePinball,
        unit: '',
        baseline: `the same with the 95 % quantile of its own errors, which covers ${naive.toFixed(1)} %`,
        goal: { atMost: 1 },
      },
      {
        what: `${what}: coverage of the 95 % quantile (${others.join(', ')})`,
        figure: this.#coverage(2),
        unit: '%',
        goal: { atLeast: 93, atMost: 97 },
      },
    ];
  }

  #coverage(k: number): number {
    return (100 * this.#below[k]!) / this.#count;
  }

  rows(what: string, baseline: string, goals: boolean): BenchRow[] {
    const goal = <T>(value: T): { goal?: T } => (goals ? { goal: value } : {});
    return [
      {
        what: `${what}: WAPE ${percent(this.#absolute / this.#total)}, as part of the naive one's`,
        figure: this.#absolute / this.#naiveAbsolute,
        unit: '',
        baseline: `${baseline}, ${percent(this.#naiveAbsolute / this.#total)}`,
        ...goal({ atMost: 0.75 }),
      },
      {
        what: `${what}: pinball loss at 95 %, as part of the naive one's`,
        figure: this.#pinball / this.#naivePinball,
        unit: '',
        baseline: `${baseline} with the 95 % quantile of its own errors at that time of day`,
        ...goal({ atMost: 0.72 }),
      },
      {
        what: `${what}: coverage of the 95 % quantile`,
        figure: this.#coverage(2),
        unit: '%',
        ...goal({ atLeast: 94, atMost: 96 }),
      },
      ...[0, 1, 3].map((k) => ({
        what: `${what}: coverage of the ${LEVELS[k]! * 100} % quantile`,
        figure: this.#coverage(k),
        unit: '%',
      })),
    ];
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function pinball(error: number): number {
  return Math.max(0.95 * error, -0.05 * error);
}

/** How far above the naive forecast the 95 % quantile of its errors lies, by time of day, from days known by then. */
function naiveReach({ days, naive }: Trial, day: number, ahead: number): Float64Array {
  const pairs = Array.from({ length: day - ahead + 1 }, (_, d) => [days[d]!, naive(d, ahead)] as const);
  return days[day]!.map((_, i) => {
    const errors = pairs
      .flatMap(([actual, repeated]) => (repeated ? [actual[i]! - repeated[i]!] : []))
      .filter((e) => !Number.isNaN(e));
    errors.sort((a, b) => a - b);
    const at = 0.95 * (errors.length - 1);
    const low = errors[Math.floor(at)]!;
    return low + (at - Math.floor(at)) * (errors[Math.ceil(at)]! - low);
  });
}

/**
 * Real calls: `calls` of the R package fpp2, a bank in North America, 169 five-minute counts from 07:00 on weekdays,
 * 3 March to 24 October 2003. The file numbers the working days; it is not part of this project. Given by the
 * environment variable CELLSTAMP_CALLS_CSV, or beside the project.
 */
function bankCalls(): Float64Array[] | undefined {
  const beside = fileURLToPath(new URL('../../shared/data/calls-5min.csv', import.meta.url));
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

function bankRows(calls: Float64Array[]): BenchRow[] {
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
    const { quantiles } = forecast({ zone, start, stepMinutes, values }, { days, calendar, quantiles: LEVELS });
    const begin = at(row) - at(first) + opening;
    return quantiles.map((quantile) => quantile.subarray(begin, begin + 169));
  };
  const byRow: Trial = {
    days: calls,
    naive: (row, ahead) => calls[row - 5 * Math.ceil(ahead / 5)],
    forecast: forecastRow,
  };
  const rowOf = new Map(dates.map((day, row) => [day, row]));
  const sameWeekday = (row: number): Float64Array | undefined => {
    for (let day = dates[row]! - 7; day >= dates[0]!; day -= 7) if (rowOf.has(day)) return calls[rowOf.get(day)!];
    return undefined;
  };
  const byDate: Trial = { ...byRow, naive: sameWeekday };
  const what = "a bank's calls";
  return [
    ...scored([byRow], 1).rows(`${what} one day ahead, last 40 days`, 'weekly seasonal naive (five rows before)', true),
    ...scored([byDate], 1)
      .rows(`${what} one day ahead, last 40 days`, 'naive by date (same weekday, a week before or more)', false)
      .slice(0, 2),
    ...aheadRows([byRow], what, 5),
  ];
}

/** What is decided by a forecast of two days is a move, of weeks a stamp. */
function aheadRows(trials: readonly Trial[], what: string, daysPerWeek: number): BenchRow[] {
  const aheads = { '2 days': 2, '1 week': daysPerWeek, '2 weeks': 2 * daysPerWeek, '4 weeks': 4 * daysPerWeek };
  return Object.entries(aheads).flatMap(([text, ahead]) =>
    scored(trials, ahead).rowsAhead(`${what} ${text} ahead, last 40 days`, 'the last such weekday known by then'),
  );
}

function scored(trials: readonly Trial[], ahead: number): Score {
  const score = new Score();
  for (const trial of trials) score.add(trial, ahead);
  return score;
}

/** Generated tenants of all sizes, their concurrent calls by the hour over 18 weeks, holidays in the calendar. */
function generatedRows(goals: boolean): BenchRow[] {
  const start = Date.UTC(2024, 11, 9);
  const days = 18 * 7;
  const trials = generateTenants({ count: 60, seed: 20 }).map((tenant): Trial => {
    const history = tenantHistory(tenant, 'relayedCalls', { start, days, stepMinutes: 60, growthPerWeek: 0.005 });
    const firstDay = Math.floor(start / 86_400_000) - 1;
    const calendar = { holidays: [...holidayDays(tenant, firstDay, days + 2)].map(dateOfDay) };
    const rows = Array.from({ length: days }, (_, d) => history.values.subarray(d * 24, (d + 1) * 24));
    return {
      days: rows,
      naive: (day, ahead) => rows[day - 7 * Math.ceil(ahead / 7)],
      forecast: (day, ahead) => {
        const past = { ...history, values: history.values.subarray(0, (day - ahead + 1) * 24) };
        const { quantiles } = forecast(past, { days: ahead, calendar, quantiles: LEVELS });
        return quantiles.map((quantile) => quantile.subarray(-24));
      },
    };
  });
  const what = '60 generated tenants';
  return [
    ...scored(trials, 1).rows(`${what} one day ahead, last 40 days`, 'weekly seasonal naive', goals),
    ...aheadRows(trials, what, 7),
  ];
}

function speedRow(): BenchRow {
  const series = generateTenants({ count: 500, seed: 3 }).map((tenant) =>
    tenantHistory(tenant, 'relayedCalls', { start: Date.UTC(2025, 0, 6), days: 56, stepMinutes: 60 }),
  );
  const begin = performance.now();
  for (let i = 0; i < 10_000; i++) forecast(series[i % series.length]!, { days: 42 });
  return {
    what: '10,000 series of 8 weeks hourly, forecast 6 weeks ahead, one core (500 different series)',
    figure: (performance.now() - begin) / 1000,
    unit: 's',
    goal: { atMost: 30 },
  };
}

export async function run(): Promise<BenchRow[]> {
  const calls = bankCalls();
  return [...(calls ? bankRows(calls) : []), ...generatedRows(calls === undefined), speedRow()];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(rowLines(await run()));
