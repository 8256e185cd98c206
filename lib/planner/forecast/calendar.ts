import { dayOfDate, weekdayOf } from './time-zone.ts';

/** What is known beforehand about days to come and days past, in the local time of those who call. */
export interface Calendar {
  /**
   * Days of the week on which offices are closed, 0 Monday to 6 Sunday, in order.
   * @default [5, 6]
   */
  weekend?: readonly number[];
  /**
   * Dates (`2025-12-25`) that are like the last day of a weekend, as far as the history does not show otherwise; the next working day
   * is like the busiest of the days it stands in for.
   */
  holidays?: readonly string[];
  /** Days of a kind whose effect is learned from the days of that kind in the history: payday, month's end, sale. */
  days?: readonly { date: string; kind: string }[];
  /** Campaigns and the like at an hour. What they did to the past is not taken for the ordinary. */
  events?: readonly AnnouncedEvent[];
}

/** Calls that are expected besides the ordinary ones. */
export interface AnnouncedEvent {
  name: string;
  /** Instant it begins, milliseconds since 1970 UTC. */
  start: number;
  /** How long it lasts, > 0. */
  minutes: number;
  /**
   * Times the ordinary demand.
   * @default 1
   */
  times?: number;
  /**
   * Demand on top, in the unit of the history: with 50,000 people of whom 10 % call within the hour, 1.39 set-ups/s.
   * @default 0
   */
  add?: number;
  /**
   * How sure the figure is: standard deviation of what it adds, as a share of it.
   * @default 0.3
   */
  uncertainty?: number;
}

/** The kinds of days a calendar has, with holidays as the first. */
export interface DayKinds {
  names: readonly string[];
  /** The kinds (places in `names`) of a day counted since 1970-01-01. */
  of(day: number): readonly number[];
  isHoliday(day: number): boolean;
  /** Day of the week, 0 Monday, that holidays are like. */
  restDay: number;
}

const HOLIDAY = 0;
const WEEKEND = [5, 6];
const NONE: readonly number[] = [];

/** @throws RangeError for a date that is none */
export function dayKinds({ weekend = WEEKEND, holidays = [], days = [] }: Calendar): DayKinds {
  const names = ['holiday', ...new Set(days.map(({ kind }) => kind))];
  const kinds = new Map<number, number[]>();
  const mark = (date: string, kind: number): void => {
    const day = dayOfDate(date);
    const marked = kinds.get(day);
    if (!marked) kinds.set(day, [kind]);
    else if (!marked.includes(kind)) marked.push(kind);
  };
  for (const date of holidays) mark(date, HOLIDAY);
  for (const { date, kind } of days) mark(date, names.indexOf(kind, 1));
  return {
    names,
    of: (day) => kinds.get(day) ?? NONE,
    isHoliday: (day) => kinds.get(day)?.includes(HOLIDAY) ?? false,
    restDay: weekend.at(-1)!,
  };
}

/** A weekday with less than half the calls of another is not a working day that could stand in for it. */
const STANDS_IN = Math.log(2);

/**
 * Which day of the week a day is like. A holiday is like the last day of a weekend, if such days were seen. The working day after holidays
 * is like the busiest of the days it stands in for: after a free Monday, Tuesday is a Monday; after a free Friday,
 * Saturday stays what it is.
 *
 * @param effect how busy each weekday is, as a logarithm; NaN for one never seen
 */
export function likeWeekday(kinds: DayKinds, day: number, effect: (weekday: number) => number): number {
  const own = weekdayOf(day);
  if (kinds.isHoliday(day)) return Number.isNaN(effect(kinds.restDay)) ? own : kinds.restDay;
  let like = own;
  for (let before = day - 1; kinds.isHoliday(before); before--) {
    const busier = effect(weekdayOf(before));
    if (busier > effect(like) && busier < effect(own) + STANDS_IN) like = weekdayOf(before);
  }
  return like;
}
