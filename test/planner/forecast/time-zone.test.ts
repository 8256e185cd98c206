import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dateOfDay,
  dayOfDate,
  localDay,
  startOfDay,
  timeZone,
  weekdayOf,
} from '../../../lib/planner/forecast/time-zone.ts';

const berlin = timeZone('Europe/Berlin');

describe('time zone', () => {
  it('knows summer time to the minute', () => {
    const change = Date.UTC(2025, 2, 30, 1);
    expect(berlin.offsetAt(change - 1)).toBe(60);
    expect(berlin.offsetAt(change)).toBe(120);
    expect(berlin.nextChange(Date.UTC(2025, 0, 1))).toBe(change);
    expect(berlin.nextChange(change)).toBe(Date.UTC(2025, 9, 26, 1));
    expect(berlin.nextChange(Date.UTC(2025, 11, 1))).toBe(Date.UTC(2026, 2, 29, 1));
  });

  it('knows zones off the full hour, west of Greenwich, and without summer time', () => {
    expect(timeZone('Asia/Kathmandu').offsetAt(0)).toBe(330);
    expect(timeZone('Asia/Kathmandu').offsetAt(Date.UTC(2025, 0))).toBe(345);
    expect(timeZone('America/New_York').offsetAt(Date.UTC(2025, 0))).toBe(-300);
    expect(timeZone('UTC').offsetAt(Date.UTC(2025, 5))).toBe(0);
    expect(timeZone('UTC').nextChange(Date.UTC(2025, 5))).toBe(Date.UTC(2027));
  });

  it('begins a day at its first minute, also where midnight is skipped', () => {
    expect(startOfDay(berlin, dayOfDate('2025-03-31'))).toBe(Date.UTC(2025, 2, 30, 22));
    // In Beirut clocks went from 2024-03-31 00:00 to 01:00.
    const beirut = timeZone('Asia/Beirut');
    expect(startOfDay(beirut, dayOfDate('2024-03-31'))).toBe(Date.UTC(2024, 2, 30, 22));
  });

  it.each(['Europe/Berlin', 'America/New_York', 'Asia/Beirut', 'Australia/Lord_Howe', 'Asia/Kathmandu'])(
    'puts the start of every day of %s into that day and the minute before into another',
    (name) => {
      const zone = timeZone(name);
      fc.assert(
        fc.property(fc.integer({ min: dayOfDate('2023-01-02'), max: dayOfDate('2026-12-30') }), (day) => {
          expect(localDay(zone, startOfDay(zone, day))).toBe(day);
          expect(localDay(zone, startOfDay(zone, day) - 60_000)).toBe(day - 1);
        }),
      );
    },
  );

  it('names what is not a zone', () => {
    expect(() => timeZone('Europe/Atlantis')).toThrow('unknown time zone "Europe/Atlantis"');
  });
});

describe('dates', () => {
  it('count from 1970 and back', () => {
    fc.assert(
      fc.property(fc.integer({ min: -10_000, max: 60_000 }), (day) => {
        expect(dayOfDate(dateOfDay(day))).toBe(day);
      }),
    );
    expect(weekdayOf(dayOfDate('2025-12-22'))).toBe(0);
    expect(weekdayOf(dayOfDate('1969-12-28'))).toBe(6);
  });

  it('refuses what no calendar has', () => {
    expect(() => dayOfDate('2025-02-30')).toThrow('"2025-02-30" is not a date');
    expect(() => dayOfDate('24.12.2025')).toThrow('is not a date');
  });
});
