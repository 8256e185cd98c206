import { dateOfDay, weekdayOf } from './forecast/time-zone.ts';
import { DAY_MS } from './time.ts';

/** A day on which most offices of a country are closed. */
export interface Holiday {
  /** `2025-12-25` */
  date: string;
  name: string;
}

interface Rule {
  name: string;
  /** Month and day, days from Easter Sunday, or the nth (-1: the last) weekday (0 Monday) of a month. */
  on: readonly [month: number, day: number] | { easter: number } | { nth: number; weekday: number; month: number };
  /** First year it is kept. */
  since?: number;
}

interface Country {
  /** What happens to a holiday that falls on a weekend. */
  weekend: 'stays' | 'nearest working day' | 'next working day';
  rules: readonly Rule[];
}

const NEW_YEAR: Rule = { name: "New Year's Day", on: [1, 1] };
const GOOD_FRIDAY: Rule = { name: 'Good Friday', on: { easter: -2 } };
const EASTER_MONDAY: Rule = { name: 'Easter Monday', on: { easter: 1 } };
const LABOUR_DAY: Rule = { name: 'Labour Day', on: [5, 1] };
const ASCENSION: Rule = { name: 'Ascension Day', on: { easter: 39 } };
const WHIT_MONDAY: Rule = { name: 'Whit Monday', on: { easter: 50 } };
const ASSUMPTION: Rule = { name: 'Assumption Day', on: [8, 15] };
const ALL_SAINTS: Rule = { name: "All Saints' Day", on: [11, 1] };
const CHRISTMAS: Rule = { name: 'Christmas Day', on: [12, 25] };
const BOXING_DAY: Rule = { name: 'Boxing Day', on: [12, 26] };
const EPIPHANY: Rule = { name: 'Epiphany', on: [1, 6] };
const IMMACULATE_CONCEPTION: Rule = { name: 'Immaculate Conception', on: [12, 8] };

/**
 * Public holidays kept in all of a country, by its ISO 3166 code; those of single states are a calendar file's business.
 * Sources: the countries' holiday laws; for the United States 5 U.S.C. 6103, for Great Britain (England) the Banking and
 * Financial Dealings Act 1971.
 *
 * Written by hand: the package date-holidays (3.37) takes 45 MB in 14 packages, with data under CC-BY, and says the same of these
 * countries from 2024 to 2030 but for days on which offices are closed anyway, and for Great Britain's day in August.
 */
const COUNTRIES = {
  DE: {
    weekend: 'stays',
    rules: [
      NEW_YEAR,
      GOOD_FRIDAY,
      EASTER_MONDAY,
      LABOUR_DAY,
      ASCENSION,
      WHIT_MONDAY,
      { name: 'German Unity Day', on: [10, 3] },
      CHRISTMAS,
      BOXING_DAY,
    ],
  },
  ES: {
    weekend: 'stays',
    rules: [
      NEW_YEAR,
      EPIPHANY,
      GOOD_FRIDAY,
      LABOUR_DAY,
      ASSUMPTION,
      { name: 'National Day', on: [10, 12] },
      ALL_SAINTS,
      { name: 'Constitution Day', on: [12, 6] },
      IMMACULATE_CONCEPTION,
      CHRISTMAS,
    ],
  },
  FR: {
    weekend: 'stays',
    rules: [
      NEW_YEAR,
      EASTER_MONDAY,
      LABOUR_DAY,
      { name: 'Victory Day', on: [5, 8] },
      ASCENSION,
      WHIT_MONDAY,
      { name: 'Bastille Day', on: [7, 14] },
      ASSUMPTION,
      ALL_SAINTS,
      { name: 'Armistice Day', on: [11, 11] },
      CHRISTMAS,
    ],
  },
  GB: {
    weekend: 'next working day',
    rules: [
      NEW_YEAR,
      GOOD_FRIDAY,
      EASTER_MONDAY,
      { name: 'Early May bank holiday', on: { nth: 1, weekday: 0, month: 5 } },
      { name: 'Spring bank holiday', on: { nth: -1, weekday: 0, month: 5 } },
      { name: 'Summer bank holiday', on: { nth: -1, weekday: 0, month: 8 } },
      CHRISTMAS,
      BOXING_DAY,
    ],
  },
  IT: {
    weekend: 'stays',
    rules: [
      NEW_YEAR,
      EPIPHANY,
      EASTER_MONDAY,
      { name: 'Liberation Day', on: [4, 25] },
      LABOUR_DAY,
      { name: 'Republic Day', on: [6, 2] },
      ASSUMPTION,
      // Law of 8 October 2025, no. 151.
      { name: 'Saint Francis of Assisi', on: [10, 4], since: 2026 },
      ALL_SAINTS,
      IMMACULATE_CONCEPTION,
      CHRISTMAS,
      BOXING_DAY,
    ],
  },
  US: {
    weekend: 'nearest working day',
    rules: [
      NEW_YEAR,
      { name: 'Martin Luther King Day', on: { nth: 3, weekday: 0, month: 1 } },
      { name: "Washington's Birthday", on: { nth: 3, weekday: 0, month: 2 } },
      { name: 'Memorial Day', on: { nth: -1, weekday: 0, month: 5 } },
      { name: 'Juneteenth', on: [6, 19], since: 2021 },
      { name: 'Independence Day', on: [7, 4] },
      { name: 'Labor Day', on: { nth: 1, weekday: 0, month: 9 } },
      { name: 'Columbus Day', on: { nth: 2, weekday: 0, month: 10 } },
      { name: 'Veterans Day', on: [11, 11] },
      { name: 'Thanksgiving', on: { nth: 4, weekday: 3, month: 11 } },
      CHRISTMAS,
    ],
  },
} as const satisfies Record<string, Country>;

export type CountryCode = keyof typeof COUNTRIES;

/** Countries whose public holidays are known here. */
export const HOLIDAY_COUNTRIES = Object.keys(COUNTRIES) as CountryCode[];

/** The public holidays of a country in a year, in order; where one falls on a weekend, the day it is kept on. */
export function publicHolidays(country: CountryCode, year: number): Holiday[] {
  const { weekend, rules }: Country = COUNTRIES[country];
  const taken = new Set<number>();
  const holidays = rules
    .filter(({ since }) => since === undefined || year >= since)
    .map((rule) => {
      const day = keptOn(dayOf(rule, year), weekend, taken);
      taken.add(day);
      return { day, name: rule.name };
    });
  return holidays.sort((a, b) => a.day - b.day).map(({ day, name }) => ({ date: dateOfDay(day), name }));
}

function dayOf({ on }: Rule, year: number): number {
  if (!('easter' in on || 'nth' in on)) return Date.UTC(year, on[0] - 1, on[1]) / DAY_MS;
  if ('easter' in on) return easterSunday(year) + on.easter;
  const first = Date.UTC(year, on.month - 1, 1) / DAY_MS;
  if (on.nth > 0) return first + ((on.weekday - weekdayOf(first) + 7) % 7) + 7 * (on.nth - 1);
  const last = Date.UTC(year, on.month, 0) / DAY_MS;
  return last - ((weekdayOf(last) - on.weekday + 7) % 7) + 7 * (on.nth + 1);
}

function keptOn(day: number, weekend: Country['weekend'], taken: ReadonlySet<number>): number {
  if (weekend === 'stays' || weekdayOf(day) < 5) return day;
  if (weekend === 'nearest working day') return weekdayOf(day) === 5 ? day - 1 : day + 1;
  let kept = day;
  while (weekdayOf(kept) >= 5 || taken.has(kept)) kept++;
  return kept;
}

/** Easter Sunday of the Gregorian calendar as days since 1970: the anonymous algorithm (Nature 13 (1876) 487). */
function easterSunday(year: number): number {
  const golden = year % 19;
  const century = Math.floor(year / 100);
  const inCentury = year % 100;
  const correction = Math.floor((century - Math.floor((century + 8) / 25) + 1) / 3);
  const epact = (19 * golden + century - Math.floor(century / 4) - correction + 15) % 30;
  const weekday = (32 + 2 * (century % 4) + 2 * Math.floor(inCentury / 4) - epact - (inCentury % 4)) % 7;
  const late = Math.floor((golden + 11 * epact + 22 * weekday) / 451);
  const days = epact + weekday - 7 * late + 114;
  return Date.UTC(year, Math.floor(days / 31) - 1, (days % 31) + 1) / DAY_MS;
}
