/** The calendar file: holidays, days of a kind, and announced events, in the time of those who call. */
import { z } from 'zod';
import { instantOf, yearProblem } from '../planner/forecast/instant.ts';
import { dateOfDay, dayOfDate, timeZone } from '../planner/forecast/time-zone.ts';
import { HOLIDAY_COUNTRIES, holidayStates, publicHolidays, weekendOf, type CountryCode } from '../planner/holidays.ts';
import type { AnnouncedLoad } from '../planner/plan/input.ts';
import type { Calendar } from '../planner/forecast/calendar.ts';
import { label, text } from '../config-file/fields.ts';
import type { CellSpec } from '../fleet/schema/cell.ts';
import type { Path } from '../config-file/finding.ts';
import type { Violation } from '../config-file/rule.ts';
import { unknownZone } from './planning-rules.ts';
import { zoneName } from './values.ts';
import { DAY_MS } from '../planner/time.ts';

const date = text(/^\d{4}-\d\d-\d\d$/, 'must be a date, for example 2026-12-24');
const cells = z
  .array(label(20, 'euw1-a'))
  .min(1)
  .optional()
  .describe('Cells whose callers it concerns. Default: all cells.');

const event = z.strictObject({
  name: z.string().min(1).max(100).describe('What it is.'),
  at: text(/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d$/, 'must be a local time, for example 2026-03-10 10:00').describe(
    'When it begins, on the clock of its zone.',
  ),
  zone: zoneName.describe('Time zone of that clock.'),
  minutes: z.number().min(1).max(100_000).describe('How long it lasts, in minutes.'),
  people: z.int().min(0).max(1_000_000_000).default(0).describe('People who hear of it, counted.'),
  calling: z
    .number()
    .min(0)
    .max(100)
    .default(0.1)
    .describe('Calls that each of them makes in that time: 0.1 is a call by every tenth.'),
  callSeconds: z.number().min(1).max(36_000).default(180).describe('Mean length of these calls in seconds.'),
  processedShare: z.number().min(0).max(1).default(0).describe('Share of these calls that FreeSWITCH takes part in.'),
  times: z.number().min(0).max(1000).default(1).describe('Times the ordinary demand, a ratio, besides those calls.'),
  uncertainty: z
    .number()
    .min(0)
    .max(5)
    .default(0.3)
    .describe('How unsure it is: standard deviation as a share of what it adds.'),
  cells,
  tenants: z
    .array(label(48, 'acme'))
    .min(1)
    .optional()
    .describe('Tenants that it concerns, wherever they are. Default: the cells are named, or it is for all.'),
});

export const calendarSchema = z
  .strictObject({
    holidays: z
      .array(
        z.strictObject({
          country: z.enum(HOLIDAY_COUNTRIES as [CountryCode, ...CountryCode[]]).describe('ISO 3166 code of a country.'),
          state: text(/^[A-Z0-9]{1,4}$/, 'must be the part of an ISO 3166-2 code after the country, for example BY')
            .optional()
            .describe(
              'Part of the country that has holidays of its own: ENG of GB. Default: those of the whole country.',
            ),
          cells,
        }),
      )
      .default([])
      .describe(
        'Public holidays by country. The first one of a cell also says which days are its weekend, by CLDR. Default: Saturday and Sunday.',
      ),
    days: z
      .array(
        z.strictObject({
          date: date.describe('Local date.'),
          kind: label(32, 'payday').describe(
            'holiday: like the last day of a weekend; any other kind is learned from its earlier days.',
          ),
          cells,
        }),
      )
      .default([])
      .describe('Days of a kind: holidays of your own, paydays, sales.'),
    events: z.array(event).default([]).describe('Campaigns and the like, at an hour.'),
  })
  .meta({ title: 'Cellstamp calendar', description: 'Days and hours that are not like the others.' });

export type CalendarFile = z.output<typeof calendarSchema>;
type Event = CalendarFile['events'][number];

export function* calendarRules(calendar: CalendarFile): Iterable<Violation> {
  for (const [at, { country, state }] of calendar.holidays.entries()) {
    const states = holidayStates(country);
    if (state === undefined || states.includes(state)) continue;
    const allowed = states.length > 0 ? states.join(', ') : `no state, as all of ${country} has the same holidays`;
    yield {
      path: ['holidays', at, 'state'],
      message: `${country} has no state ${state} with holidays of its own`,
      allowed,
    };
  }
  for (const [at, day] of calendar.days.entries()) {
    const path: Path = ['days', at, 'date'];
    try {
      const problem = yearProblem(dayOfDate(day.date) * DAY_MS);
      if (problem !== undefined) yield { path, message: `${day.date} ${problem}`, allowed: 'a year in that range' };
    } catch {
      yield { path, message: `there is no day ${day.date}`, allowed: 'a day that its month has' };
    }
  }
  for (const [at, one] of calendar.events.entries()) {
    const path: Path = ['events', at];
    const zone = [...unknownZone(one.zone, [...path, 'zone'])];
    yield* zone;
    if (zone.length === 0) yield* eventTime(one, [...path, 'at']);
    if (one.people === 0 && one.times === 1) {
      yield { path, message: `${one.name} changes nothing`, allowed: 'people who call, or times the ordinary demand' };
    }
    if (one.cells !== undefined && one.tenants !== undefined) {
      yield { path: [...path, 'tenants'], message: 'cells are named too', allowed: 'cells or tenants' };
    }
  }
}

function* eventTime({ at, zone }: Event, path: Path): Iterable<Violation> {
  const clock = timeZone(zone);
  const first = instantOf(at, clock, -Infinity);
  if (typeof first === 'string') {
    const what = first === 'skipped hour' ? `does not exist in ${zone}, as clocks go forward` : 'is not a time';
    yield { path, message: `${at} ${what}`, allowed: 'a time on the clock of the zone' };
  } else if (yearProblem(first) !== undefined) {
    yield { path, message: `${at} ${yearProblem(first)}`, allowed: 'a year in that range' };
  } else if (instantOf(at, clock, first) !== first) {
    yield { path, message: `${at} comes twice in ${zone}, as clocks go back`, allowed: 'a time that comes once' };
  }
}

/** What concerns one cell. */
export interface CellCalendar {
  readonly calendar: Calendar;
  readonly announced: readonly AnnouncedLoad[];
}

/**
 * @param years first and last for which holidays are wanted
 * @param tenants of the cell
 */
export function calendarOf(
  file: CalendarFile,
  cell: CellSpec,
  tenants: ReadonlySet<string>,
  years: readonly [number, number],
): CellCalendar {
  const concerns = ({ cells: named }: { readonly cells?: readonly string[] | undefined }): boolean =>
    named === undefined || named.includes(cell.name);
  const countries = file.holidays.filter(concerns);
  const holidays = new Set<string>();
  for (const { country, state } of countries) {
    for (let year = years[0]; year <= years[1]; year++) {
      for (const { date } of publicHolidays(country, year, state)) holidays.add(date);
    }
  }
  const days: { date: string; kind: string }[] = [];
  for (const day of file.days.filter(concerns)) {
    if (day.kind === 'holiday') holidays.add(day.date);
    else days.push({ date: day.date, kind: day.kind });
  }
  const events = file.events.filter(
    (one) => concerns(one) && (one.tenants === undefined || one.tenants.some((name) => tenants.has(name))),
  );
  const weekend = countries[0] && weekendOf(countries[0].country);
  return {
    calendar: { ...(weekend && { weekend }), holidays: [...holidays].sort(), days },
    announced: events.map(announcedLoad),
  };
}

/** @example 50,000 people of whom every tenth calls within an hour: 1.39 set-ups/s, and 250 calls at once of 3 minutes each */
function announcedLoad(event: Event): AnnouncedLoad {
  const { name, minutes, people, calling, callSeconds, processedShare, times, uncertainty } = event;
  const setups = (people * calling) / (minutes * 60);
  const relayedCalls = setups * callSeconds;
  return {
    name,
    start: instantOf(event.at, timeZone(event.zone), -Infinity) as number,
    minutes,
    times,
    uncertainty,
    // Every call is recorded when it starts and when it ends.
    add: { setups, relayedCalls, mediaSessions: relayedCalls * processedShare, recordEvents: 2 * setups },
  };
}

/** The years that hold two instants and the weeks around them. */
export const yearsAround = (from: number, to: number): readonly [number, number] => [
  Number(dateOfDay(Math.floor(from / DAY_MS)).slice(0, 4)),
  Number(dateOfDay(Math.floor(to / DAY_MS)).slice(0, 4)),
];
