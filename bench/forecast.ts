import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { forecast } from '../lib/planner/forecast.ts';
import type { History } from '../lib/planner/forecast/history.ts';
import { dateOfDay, timeZone } from '../lib/planner/forecast/time-zone.ts';
import { generateTenants } from '../lib/planner/tenant-generator.ts';
import { holidayDays, tenantHistory } from '../lib/planner/tenant-history.ts';
import { FIGURES, type Interval, Score, type Trial } from './forecast/score.ts';
import { HELD_OUT, makeSeries, type MadeSeries } from './forecast/shapes.ts';
import { AHEADS, bankCalls, type BankTrials, bankTrials, madeTrial, withinDay } from './forecast/trials.ts';
import { type BenchRow, rowLines } from './row.ts';

export const about =
  'Every day that has enough days before it is forecast from these alone; nothing is left out of a window. Constants of ' +
  'the forecast are chosen by `bench/forecast/tune.ts` on eight shapes of made-up traffic and the first half of the ' +
  "bank's days. What stands here is of the bank's second half, of nine other shapes with other parameters and seeds, and " +
  'of generated tenants, none of which chose a constant. Figures of many series are for all of them together. Intervals: 95 % ' +
  'of 1,000 bootstrap draws, of days where there is one series, else of series.';

/** Seeds of the held-out series: no constant was ever chosen by them. */
const HELD_OUT_SEED = 90_000;
const EACH = 6;
const WINDOW_DAYS = 40;
/** A bank's forecast needs four weeks before its first day. */
const BANK_FIRST = 20;

type Parts = (name: string, day: number) => string;
const bySeries: Parts = (name) => name;
const byDay: Parts = (_, day) => String(day);

interface Named {
  readonly name: string;
  readonly trial: Trial;
}

function scored(trials: readonly Named[], ahead: number, parts: Parts): Score {
  const score = new Score();
  for (const { name, trial } of trials) score.add(trial, ahead, (day) => parts(name, day));
  return score;
}

interface Goals {
  readonly wape?: number;
  readonly pinball?: number;
  readonly coverage?: readonly [number, number];
}

function rowsOf(score: Score, what: string, baseline: string, goals: Goals = {}): BenchRow[] {
  const { absolute, naiveAbsolute, total, naiveBelow, count } = score.all;
  const [wape, pinball, coverage] = [FIGURES.wape, FIGURES.pinball, FIGURES.coverage].map((one) => score.interval(one));
  const naiveCovers = ((100 * naiveBelow) / count).toFixed(1);
  const others = ([0.5, 0.9, 0.99] as const).map((level) => `${level * 100} %: ${score.coverage(level).toFixed(1)}`);
  return [
    {
      what: `${what}: WAPE ${percent(absolute / total)}, as part of the naive one's`,
      figure: wape!.figure,
      unit: '',
      baseline: `${baseline}, ${percent(naiveAbsolute / total)}; interval ${range(wape!, 3)}`,
      ...(goals.wape !== undefined && { goal: { atMost: goals.wape } }),
    },
    {
      what: `${what}: pinball loss at 95 %, as part of the naive one's`,
      figure: pinball!.figure,
      unit: '',
      baseline: `with the 95 % quantile of its own errors at that time of day, which covers ${naiveCovers} %; interval ${range(pinball!, 3)}`,
      ...(goals.pinball !== undefined && { goal: { atMost: goals.pinball } }),
    },
    {
      what: `${what}: coverage of the 95 % quantile (${others.join(', ')})`,
      figure: coverage!.figure,
      unit: '%',
      baseline: `interval ${range(coverage!, 1)}`,
      ...(goals.coverage && { goal: { atLeast: goals.coverage[0], atMost: goals.coverage[1] } }),
    },
  ];
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const range = ({ low, high }: Interval, digits: number): string => `${low.toFixed(digits)} to ${high.toFixed(digits)}`;

const KNOWN_BY_THEN = 'the last such weekday known by then';

function bankRows(calls: Float64Array[]): BenchRow[] {
  const half = calls.length >> 1;
  const { byRow, byDate } = bankTrials(forecast, calls, [half, calls.length]);
  const what = "a bank's calls, second half";
  const named = (trial: Trial): Named[] => [{ name: 'bank', trial }];
  const blind = bankTrials(forecast, calls, [half, calls.length], false).byRow;
  return [
    ...rowsOf(scored(named(byRow), 1, byDay), `${what}, 1 day ahead`, 'weekly seasonal naive (five rows before)', {
      wape: 0.62,
      pinball: 0.72,
      coverage: [94, 96],
    }),
    ...windowRows(bankTrials(forecast, calls, [BANK_FIRST, calls.length])),
    ...rowsOf(
      scored(named(byDate), 1, byDay),
      `${what}, 1 day ahead`,
      'naive by date (same weekday, a week before or more)',
    ).slice(0, 2),
    ...rowsOf(scored(named(blind), 1, byDay), `${what}, 1 day ahead, without a calendar`, KNOWN_BY_THEN),
    ...Object.entries({ '2 days': 2, '1 week': 5, '2 weeks': 10, '4 weeks': 20 }).flatMap(([text, ahead]) =>
      rowsOf(scored(named(byRow), ahead, byDay), `${what}, ${text} ahead`, KNOWN_BY_THEN),
    ),
  ];
}

/** Coverage in every window of this number of days, all days of the bank but the first ones together. */
function windowRows({ byRow }: BankTrials): BenchRow[] {
  const covered = Array.from({ length: byRow.to - byRow.from - WINDOW_DAYS + 1 }, (_, first) => {
    const from = byRow.from + first;
    const window: Named = { name: 'bank', trial: { ...byRow, from, to: from + WINDOW_DAYS } };
    return scored([window], 1, byDay).coverage(0.95);
  });
  return [Math.min(...covered), Math.max(...covered)].map((figure, i) => ({
    what: `a bank's calls, 1 day ahead: coverage of the 95 % quantile in the ${i === 0 ? 'least' : 'most'} covered of ${covered.length} windows of ${WINDOW_DAYS} days`,
    figure,
    unit: '%',
    goal: i === 0 ? { atLeast: 91 } : { atMost: 98 },
  }));
}

function seriesRows(series: readonly MadeSeries[], what: string, baseline: string, parts: Parts): BenchRow[] {
  const trials = series.map((one) => ({ name: one.name, one, trial: madeTrial(forecast, one) }));
  const within = trials.map(({ name, one, trial }): Named => ({ name, trial: withinDay(forecast, one, trial) }));
  const aheadText = (ahead: number): string => (ahead === 1 ? '1 day' : `${ahead} days`);
  return [
    ...rowsOf(scored(within, 1, parts), `${what}, the next 6 hours`, baseline),
    ...AHEADS.flatMap((ahead) => rowsOf(scored(trials, ahead, parts), `${what}, ${aheadText(ahead)} ahead`, baseline)),
  ];
}

/** Generated tenants of all sizes, their concurrent calls by the hour over 18 weeks, holidays in the calendar. */
function generatedTenants(): MadeSeries[] {
  const start = Date.UTC(2024, 11, 9);
  const days = 18 * 7;
  return generateTenants({ count: 60, seed: 20 }).map((tenant) => {
    const firstDay = Math.floor(start / 86_400_000) - 1;
    return {
      name: tenant.name,
      history: tenantHistory(tenant, 'relayedCalls', { start, days, stepMinutes: 60, growthPerWeek: 0.005 }),
      calendar: { holidays: [...holidayDays(tenant, firstDay, days + 2)].map(dateOfDay) },
    };
  });
}

/**
 * A series of your own: `npm run bench -- forecast --series FILE`, a CSV file with a header and two columns, time (by the
 * clock of those who call) and value, in equal steps that divide an hour.
 */
function ownSeries(path: string): MadeSeries {
  const rows = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
  const times = rows.map(([time]) => Date.parse(`${time!.trim().replace(' ', 'T')}Z`));
  const stepMinutes = (times[1]! - times[0]!) / 60_000;
  const start = Math.ceil(times[0]! / 86_400_000) * 86_400_000;
  const values = new Float64Array(Math.floor((times.at(-1)! - start) / 60_000 / stepMinutes) + 1).fill(NaN);
  for (const [i, time] of times.entries()) {
    const slot = (time - start) / 60_000 / stepMinutes;
    if (slot >= 0) values[slot] = Number(rows[i]![1]);
  }
  const history: History = { zone: timeZone('UTC'), start, stepMinutes, values };
  return { name: basename(path), history, calendar: {} };
}

function speedRow(): BenchRow {
  const series = generateTenants({ count: 500, seed: 3 }).map((tenant) =>
    tenantHistory(tenant, 'relayedCalls', { start: Date.UTC(2025, 0, 6), days: 56, stepMinutes: 60 }),
  );
  // Processor time: others use the machine, too.
  const begin = process.cpuUsage();
  for (let i = 0; i < 10_000; i++) forecast(series[i % series.length]!, { days: 42 });
  const { user, system } = process.cpuUsage(begin);
  return {
    what: '10,000 series of 8 weeks hourly, forecast 6 weeks ahead: processor time (500 different series)',
    figure: (user + system) / 1e6,
    unit: 's',
    goal: { atMost: 30 },
  };
}

export function run(): Promise<BenchRow[]> {
  const own = process.env.CELLSTAMP_SERIES;
  if (own !== undefined) {
    return Promise.resolve(seriesRows([ownSeries(own)], basename(own), KNOWN_BY_THEN, byDay));
  }
  const calls = bankCalls();
  return Promise.resolve([
    ...(calls ? bankRows(calls) : []),
    ...seriesRows(
      makeSeries(HELD_OUT, EACH, HELD_OUT_SEED),
      `${HELD_OUT.length * EACH} held-out series`,
      KNOWN_BY_THEN,
      bySeries,
    ),
    ...seriesRows(generatedTenants(), '60 generated tenants', KNOWN_BY_THEN, bySeries),
    speedRow(),
  ]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(rowLines(await run()));
