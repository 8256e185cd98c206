import type { History } from './forecast/history.ts';
import { dateOfDay, weekdayOf } from './forecast/time-zone.ts';
import { publicHolidays } from './holidays.ts';
import { normal, poisson, seededRandom, seedOf } from './random.ts';
import { HOURS_PER_WEEK, type Resource } from './resources.ts';
import type { GeneratedTenant } from './tenant-generator.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from './time.ts';

export interface HistoryOptions {
  /** Instant of the first interval; the start of an hour. */
  start: number;
  days: number;
  /** Length of an interval, 1 to 60, a divisor of 60. */
  stepMinutes: number;
  /**
   * Growth a week from `start` on, as a ratio less 1.
   * @default 0
   */
  growthPerWeek?: number;
  /**
   * Times the noise from day to day and hour to hour; 0 leaves only the chance of single calls.
   * @default 1
   */
  noise?: number;
}

/** An hour in which everybody calls. */
export interface Campaign {
  /** Local day, counted since 1970-01-01, and hour. */
  day: number;
  hour: number;
  /** Times the ordinary use of that hour. */
  times: number;
}

/** What is drawn for a tenant and a day; each has its own numbers, so that one does not change with another. */
const PARTS = { days: 1, intervals: 2, campaigns: 3 } as const;

/**
 * What a generated tenant used: its week in local time with summer time, holidays, campaigns, growth, days that differ
 * from day to day (half of which stays the next day), and the chance of single calls. A day is the same in whatever part of
 * the history it is asked for, if that begins at midnight UTC and growth is 0; all resources of an interval follow the
 * same calls.
 */
export function tenantHistory(tenant: GeneratedTenant, resource: Resource, options: HistoryOptions): History {
  const { start, days, stepMinutes, growthPerWeek = 0, noise = 1 } = options;
  const { zone, industry } = tenant;
  const intervals = (days * 1440) / stepMinutes;
  const values = new Float64Array(intervals);
  const seconds = stepMinutes * 60;
  let chance = seededRandom(seedOf(tenant.seed + Math.floor(start / DAY_MS), PARTS.intervals));
  const firstDay = Math.floor((start + zone.offsetAt(start) * MINUTE_MS) / DAY_MS);
  const levels = dayLevels(tenant, firstDay, days + 2, noise);
  const holidays = holidayDays(tenant, firstDay, days + 2);
  const campaigns = new Map(
    tenantCampaigns(tenant, firstDay, days + 2).map((one) => [one.day * 24 + one.hour, one.times]),
  );
  // `week` is in UTC at the reference's offset, which is the zone's standard one.
  const standard = zone.offsetAt(Date.UTC(2025, 0, 6));
  let change = start;
  let offset = 0;
  for (let i = 0; i < intervals; i++) {
    const instant = start + i * stepMinutes * MINUTE_MS;
    if (instant >= change) {
      offset = zone.offsetAt(instant);
      change = zone.nextChange(instant);
    }
    if (i > 0 && instant % DAY_MS === 0) chance = seededRandom(seedOf(tenant.seed + instant / DAY_MS, PARTS.intervals));
    const localHour = Math.floor((instant + offset * MINUTE_MS) / HOUR_MS);
    const day = Math.floor(localHour / 24);
    const isHoliday = holidays.has(day);
    // On a holiday the hours are those of a Wednesday, the amount is the industry's.
    const weekday = isHoliday ? 2 : weekdayOf(day);
    const hourOfWeek = weekday * 24 + (localHour - day * 24) - Math.round(standard / 60);
    const hour = (hourOfWeek + HOURS_PER_WEEK) % HOURS_PER_WEEK;
    const setups =
      tenant.week.setups[hour]! *
      levels[day - firstDay]! *
      (isHoliday ? industry.holiday : 1) *
      (campaigns.get(localHour) ?? 1) *
      (1 + growthPerWeek) ** ((instant - start) / (7 * DAY_MS));
    const calls = poisson(chance, setups * Math.exp(0.04 * noise * normal(chance)) * seconds);
    const scale = tenant.week.setups[hour]! > 0 ? calls / seconds / tenant.week.setups[hour]! : 0;
    values[i] = resource === 'registrations' ? contacts(tenant, hour, isHoliday) : tenant.week[resource][hour]! * scale;
  }
  return { zone, start, stepMinutes, values };
}

/** Phones stay registered whether they ring or not. */
function contacts(tenant: GeneratedTenant, hour: number, isHoliday: boolean): number {
  const { registrations } = tenant.week;
  return Math.round(isHoliday ? registrations.reduce((least, value) => Math.min(least, value)) : registrations[hour]!);
}

/** How busy each day is: they differ less with a large tenant, and half of a day's difference stays with the next. */
function dayLevels(tenant: GeneratedTenant, firstDay: number, days: number, noise: number): Float64Array {
  const spread = noise * (0.04 + 0.3 / Math.sqrt(tenant.users));
  // What happened ten days earlier weighs a thousandth: from there on the level no longer depends on where it began.
  let level = 0;
  for (let day = firstDay - 10; day < firstDay; day++) level = 0.5 * level + surpriseOf(tenant, day);
  return Float64Array.from({ length: days }, (_, i) => {
    level = 0.5 * level + surpriseOf(tenant, firstDay + i);
    return Math.exp(spread * level);
  });
}

function surpriseOf(tenant: GeneratedTenant, day: number): number {
  return Math.sqrt(0.75) * normal(seededRandom(seedOf(tenant.seed + day, PARTS.days)));
}

/** Local days, counted since 1970-01-01, that are public holidays where the tenant is. */
export function holidayDays(tenant: GeneratedTenant, firstDay: number, days: number): Set<number> {
  const years = new Set([firstDay, firstDay + days].map((day) => Number(dateOfDay(day).slice(0, 4))));
  const dates = new Set([...years].flatMap((year) => publicHolidays(tenant.country, year).map(({ date }) => date)));
  const found = new Set<number>();
  for (let day = firstDay; day < firstDay + days; day++) if (dates.has(dateOfDay(day))) found.add(day);
  return found;
}

/** The tenant's campaigns: on working days at 10 or 14 o'clock, two to eight times the ordinary use of that hour. */
export function tenantCampaigns(tenant: GeneratedTenant, firstDay: number, days: number): Campaign[] {
  const campaigns: Campaign[] = [];
  for (let day = firstDay; day < firstDay + days; day++) {
    const random = seededRandom(seedOf(tenant.seed + day, PARTS.campaigns));
    if (weekdayOf(day) >= 5 || random() >= tenant.industry.campaigns / 21) continue;
    campaigns.push({ day, hour: random() < 0.5 ? 10 : 14, times: 2 + 6 * random() });
  }
  return campaigns;
}
