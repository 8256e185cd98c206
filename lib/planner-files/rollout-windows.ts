/** When no cell of a roll-out is begun. */
import { dayOfDate, localDay, startOfDay, weekdayOf, type TimeZone } from '../planner/forecast/time-zone.ts';
import { DAY_MS, MINUTE_MS } from '../planner/time.ts';
import { WEEKDAYS, type RolloutSettings } from './rollout-schema.ts';

export interface RolloutWindow {
  readonly kind: 'freeze' | 'blackout';
  /** For people: `the freeze end of year`. */
  readonly called: string;
  /** First instant after it, milliseconds since 1970. */
  readonly until: number;
}

type Windows = Pick<RolloutSettings, 'freezes' | 'blackouts'>;

const WEEK_MINUTES = 7 * 24 * 60;
/** One whose clock is never set. */
const anyZone: TimeZone = { name: 'UTC', offsetAt: () => 0, nextChange: () => Infinity };

/** The window that an instant lies in, a freeze before a black-out; freezes that meet are one, as black-outs are. */
export function windowAt({ freezes, blackouts }: Windows, zone: TimeZone, at: number): RolloutWindow | undefined {
  const freezeOn = (day: number) =>
    freezes.find(({ from, until }) => dayOfDate(from) <= day && day <= dayOfDate(until));
  const freeze = freezeOn(localDay(zone, at));
  if (freeze !== undefined) {
    let after = dayOfDate(freeze.until) + 1;
    for (let next = freezeOn(after); next !== undefined; next = freezeOn(after)) after = dayOfDate(next.until) + 1;
    return { kind: 'freeze', called: `the freeze ${freeze.name}`, until: startOfDay(zone, after) };
  }
  const blackout = blackoutAt(blackouts, zone, at);
  if (blackout === undefined) return undefined;
  // By the clock on the wall, which may be set within it; whole minutes, as the times are.
  let until = Math.floor(at / MINUTE_MS) * MINUTE_MS;
  for (let minute = 0; minute < WEEK_MINUTES && blackoutAt(blackouts, zone, until) !== undefined; minute++) {
    until += MINUTE_MS;
  }
  return { kind: 'blackout', called: `the black-out ${blackout.name}`, until };
}

/** Whether there is no minute of a week outside of them. */
export function isWholeWeek(blackouts: Windows['blackouts']): boolean {
  for (let minute = 0; minute < WEEK_MINUTES; minute++) {
    if (blackoutAt(blackouts, anyZone, minute * MINUTE_MS) === undefined) return false;
  }
  return true;
}

function blackoutAt(
  blackouts: Windows['blackouts'],
  zone: TimeZone,
  at: number,
): Windows['blackouts'][number] | undefined {
  const today = localDay(zone, at);
  const minute = Math.floor((at + zone.offsetAt(at) * MINUTE_MS - today * DAY_MS) / MINUTE_MS);
  return blackouts.find(({ days, from, until }) => {
    const isDay = (day: number) => days.includes(WEEKDAYS[weekdayOf(day)]!);
    const [begin, end] = [minuteOf(from), minuteOf(until)];
    if (begin < end) return isDay(today) && begin <= minute && minute < end;
    return (isDay(today) && begin <= minute) || (isDay(today - 1) && minute < end);
  });
}

function minuteOf(time: string): number {
  const [hours, minutes] = time.split(':').map(Number);
  return hours! * 60 + minutes!;
}
