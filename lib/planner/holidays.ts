import Holidays from './date-holidays.ts';
import { dateOfDay, dayOfDate } from './forecast/time-zone.ts';
import { DAY_MS } from './time.ts';

/** A day on which most offices of a country are closed. */
export interface Holiday {
  /** `2025-12-25` */
  date: string;
  name: string;
}

/** ISO 3166-1, for example `DE`. */
export type CountryCode = string;

const all = new Holidays();

/** Countries whose public holidays the library date-holidays knows. */
export const HOLIDAY_COUNTRIES: readonly CountryCode[] = Object.keys(all.getCountries()).sort();

/** Parts of a country with holidays of their own, by ISO 3166-2 without the country, for example `BY` of `DE`. */
export const holidayStates = (country: CountryCode): string[] => Object.keys(all.getStates(country) ?? {}).sort();

/** To make them takes up to a tenth of a second, and the tenants of a fleet are in few countries. */
const made = new Map<string, readonly Holiday[]>();

/**
 * The public holidays of a country, or of a part of it, in a year, in order. Where a country keeps one that falls on a weekend on
 * another day, both are among them.
 *
 * @param state for days that only a part of the country keeps
 * @example publicHolidays('DE', 2026, 'BY')
 */
export function publicHolidays(country: CountryCode, year: number, state?: string): readonly Holiday[] {
  const key = `${country} ${state} ${year}`;
  let known = made.get(key);
  if (known === undefined) made.set(key, (known = holidaysOf(country, year, state)));
  return known;
}

function holidaysOf(country: CountryCode, year: number, state: string | undefined): Holiday[] {
  const calendar = state === undefined ? new Holidays(country) : new Holidays(country, state);
  const names = new Map<number, string>();
  for (const { type, date, start, end, name } of calendar.getHolidays(year, 'en')) {
    const days = Math.round((end.getTime() - start.getTime()) / DAY_MS - 0.1);
    // Half a day is not a day on which offices are closed.
    if (type !== 'public' || days < 1) continue;
    const first = dayOfDate(date.slice(0, 10));
    for (let day = first; day < first + days; day++) if (!names.has(day)) names.set(day, name);
  }
  return [...names].sort(([a], [b]) => a - b).map(([day, name]) => ({ date: dateOfDay(day), name }));
}

/** As engines have it, and as newer ones do. */
interface WeekInfo {
  /** 1 Monday to 7 Sunday. */
  readonly weekend: readonly number[];
}
type LocaleWithWeek = Intl.Locale & { readonly weekInfo?: WeekInfo; getWeekInfo?(): WeekInfo };

/** Days of the week on which offices of a country are closed, 0 Monday to 6 Sunday, by the CLDR that the engine has. */
export function weekendOf(country: CountryCode): number[] {
  const locale = new Intl.Locale(`und-${country}`) as LocaleWithWeek;
  const { weekend } = locale.getWeekInfo?.() ?? locale.weekInfo!;
  return weekend.map((day) => day - 1);
}
