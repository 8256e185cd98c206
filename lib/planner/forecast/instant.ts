import { type TimeZone } from './time-zone.ts';
import { DAY_MS, MINUTE_MS } from '../time.ts';

/** An instant, or why a text is none. */
export type InstantOrProblem = number | 'unreadable time' | 'skipped hour' | 'repeated hour';

const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?$/i;

/** Of any clock from UTC, in minutes: Kiribati is 14 hours ahead. */
const FARTHEST_OFFSET = 14 * 60;

/** Years that a time of ours can be in: 1970 is a clock that was never set or a count of something else, 9999 stands for never. */
const YEARS = [2000, 2099] as const;

/** Why an instant is too far away to be meant, with the years that can be; undefined for one that is not. */
export function yearProblem(instant: number): string | undefined {
  const year = new Date(instant).getUTCFullYear();
  return year >= YEARS[0] && year <= YEARS[1]
    ? undefined
    : `must be in a year from ${YEARS.join(' to ')}, not in ${year}`;
}

/**
 * The instant an ISO 8601 text means. Without an offset it is the time on the clock of a zone; in the hour that comes
 * twice when clocks go back it is the first of the two, and the second where the text before was not earlier on the
 * clock, as in a file written in order.
 *
 * @param before instant of the text before, -Infinity for the first
 */
export function instantOf(text: string, zone: TimeZone, before: number): InstantOrProblem {
  const match = ISO.exec(text.trim());
  if (!match) return 'unreadable time';
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0));
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const shown = Date.UTC(year!, month! - 1, day, hour, minute, second, milliseconds);
  const isDate =
    new Date(shown).getUTCFullYear() === year &&
    new Date(shown).getUTCDate() === day &&
    new Date(shown).getUTCMonth() === month! - 1;
  if (!isDate || hour! > 23 || minute! > 59 || second! > 59) return 'unreadable time';
  const offset = match[8]?.toUpperCase();
  if (offset === 'Z') return shown;
  if (offset) {
    const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2));
    if (minutes > FARTHEST_OFFSET || Number(offset.slice(-2)) > 59) return 'unreadable time';
    return shown + (offset.startsWith('-') ? minutes : -minutes) * MINUTE_MS;
  }
  return instantOnClock(shown, zone, before);
}

/** The instant at which the clock of a zone shows `shown` (written as if it were UTC). */
function instantOnClock(shown: number, zone: TimeZone, before: number): InstantOrProblem {
  const offsets = new Set([zone.offsetAt(shown - DAY_MS), zone.offsetAt(shown + DAY_MS)]);
  const instants = [...offsets]
    .map((offset) => ({ instant: shown - offset * MINUTE_MS, offset }))
    .filter(({ instant, offset }) => zone.offsetAt(instant) === offset)
    .map(({ instant }) => instant)
    .sort((a, b) => a - b);
  if (instants.length === 0) return 'skipped hour';
  if (instants.length === 1) return instants[0]!;
  const [first, second] = instants as [number, number];
  // In a file in order, the last text was an interval earlier: in the first of the two hours or before it, or in it.
  if (before < first) return first;
  return before < second ? second : 'repeated hour';
}
