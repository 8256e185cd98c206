import { DAY_MS, MINUTE_MS } from '../time.ts';

/** An IANA time zone: what the clock on the wall shows at an instant. Make one a zone and share it: it remembers. */
export interface TimeZone {
  readonly name: string;
  /** Minutes to add to UTC for the local time at an instant (milliseconds since 1970 UTC). */
  offsetAt(instant: number): number;
  /** The next instant after this one at which the offset may change; up to it, it does not. At most two years on. */
  nextChange(instant: number): number;
}

/**
 * A time zone by its IANA name, from the zone data of the JavaScript runtime (`Intl`).
 *
 * @param name e.g. `Europe/Berlin`, `UTC`
 * @throws RangeError for a name the runtime does not know
 */
export function timeZone(name: string): TimeZone {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset', hourCycle: 'h23' });
  } catch {
    throw new RangeError(
      `unknown time zone "${name}"; allowed are IANA names like Europe/Berlin, America/New_York, UTC`,
    );
  }
  const read = (instant: number): number => offsetOf(format, instant);
  const years = new Map<number, Change[]>();
  const changesOf = (year: number): Change[] => {
    let changes = years.get(year);
    if (!changes) years.set(year, (changes = changesBetween(read, Date.UTC(year), Date.UTC(year + 1))));
    return changes;
  };
  return {
    name,
    offsetAt(instant) {
      const changes = changesOf(new Date(instant).getUTCFullYear());
      let offset = changes[0]!.offset;
      for (const change of changes) if (change.at <= instant) offset = change.offset;
      return offset;
    },
    nextChange(instant) {
      const year = new Date(instant).getUTCFullYear();
      for (const change of [...changesOf(year).slice(1), ...changesOf(year + 1).slice(1)]) {
        if (change.at > instant) return change.at;
      }
      return Date.UTC(year + 2);
    },
  };
}

/** From `at` on the offset holds. The first of a year is its beginning, not a change. */
interface Change {
  at: number;
  offset: number;
}

/** Offset changes between two instants, found by looking at every day and then halving the day that has one. */
function changesBetween(read: (instant: number) => number, from: number, to: number): Change[] {
  const changes: Change[] = [{ at: from, offset: read(from) }];
  for (let day = from; day < to; day += DAY_MS) {
    const before = changes.at(-1)!.offset;
    if (read(day + DAY_MS) === before) continue;
    let same = day;
    let changed = day + DAY_MS;
    while (changed - same > MINUTE_MS) {
      const middle = same + Math.floor((changed - same) / 2 / MINUTE_MS) * MINUTE_MS;
      if (read(middle) === before) same = middle;
      else changed = middle;
    }
    if (changed < to) changes.push({ at: changed, offset: read(changed) });
  }
  return changes;
}

function offsetOf(format: Intl.DateTimeFormat, instant: number): number {
  const text = format.formatToParts(instant).find((part) => part.type === 'timeZoneName')?.value ?? '';
  const match = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text);
  if (!match) throw new RangeError(`the runtime names the offset of a time zone "${text}", expected GMT+hh:mm`);
  const minutes = Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0);
  return match[1] === '-' ? -minutes : minutes;
}

/** Days since 1970-01-01 of the local date at an instant. */
export function localDay(zone: TimeZone, instant: number): number {
  return Math.floor((instant + zone.offsetAt(instant) * MINUTE_MS) / DAY_MS);
}

/** 0 for Monday to 6 for Sunday, of a day counted since 1970-01-01 (a Thursday). */
export function weekdayOf(day: number): number {
  return (((day + 3) % 7) + 7) % 7;
}

/**
 * Days since 1970-01-01 of a date.
 *
 * @param date as in ISO 8601, `2025-12-24`
 * @throws RangeError for anything else, and for days no month has
 */
export function dayOfDate(date: string): number {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(date);
  const instant = match ? Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])) : NaN;
  if (Number.isNaN(instant) || dateOfDay(instant / DAY_MS) !== date) {
    throw new RangeError(`"${date}" is not a date; allowed are dates like 2025-12-24`);
  }
  return instant / DAY_MS;
}

/** The date, `2025-12-24`, of a day counted since 1970-01-01. */
export function dateOfDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/**
 * The instant a day begins in a zone: its first minute, which is not 00:00 where clocks go forward at midnight.
 *
 * @param day days since 1970-01-01
 */
export function startOfDay(zone: TimeZone, day: number): number {
  const midnight = day * DAY_MS;
  // The offset before and after: where midnight does not exist, the later instant is the first of the day.
  const first = midnight - zone.offsetAt(midnight - DAY_MS / 2) * MINUTE_MS;
  const second = midnight - zone.offsetAt(first) * MINUTE_MS;
  if (localDay(zone, second) < day) return first;
  return second;
}
