import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Finding, readHistory, type Sample } from '../../../lib/planner/forecast/history.ts';
import { timeZone } from '../../../lib/planner/forecast/time-zone.ts';

const HOUR = 3_600_000;
const berlin = timeZone('Europe/Berlin');
const utc = timeZone('UTC');
const start = Date.UTC(2025, 0, 6);
const kinds = (findings: readonly Finding[]): string[] => findings.map(({ kind, count }) => `${count} ${kind}`);

/** Local times written by a clock on the wall, hour after hour, with or without a `Z` that is a lie. */
function wallClock(from: number, hours: number, suffix: string): Sample[] {
  return Array.from({ length: hours }, (_, i) => {
    const instant = from + i * HOUR;
    const shown = new Date(instant + berlin.offsetAt(instant) * 60_000).toISOString().slice(0, 16);
    return { at: `${shown}${suffix}`, value: i };
  });
}

describe('reading a history', () => {
  it('places what is in order without a finding', () => {
    const samples = Array.from({ length: 50 }, (_, i) => ({ at: start + i * HOUR, value: i }));
    const { history, findings } = readHistory(samples, utc, 60);
    expect(findings).toEqual([]);
    expect(history).toMatchObject({ start, stepMinutes: 60 });
    expect([...history!.values]).toEqual(samples.map(({ value }) => value));
  });

  it('reports everything odd at once and makes it unknown, not zero', () => {
    const at = (hour: number): number => start + hour * HOUR;
    const { history, findings } = readHistory(
      [
        { at: at(0), value: 1 },
        { at: at(1), value: -5 },
        { at: at(2), value: Infinity },
        { at: at(3), value: null },
        { at: at(7), value: 4 },
        { at: at(7), value: 4 },
        { at: at(8), value: 5 },
        { at: at(8), value: 6 },
        { at: at(9) + 120_000, value: 7 },
        { at: 'yesterday', value: 8 },
        { at: at(6), value: 9 },
        { at: at(10), value: 0 },
      ],
      utc,
      60,
    );
    expect([...history!.values]).toEqual([1, NaN, NaN, NaN, NaN, NaN, 9, 4, NaN, NaN, 0]);
    expect(kinds(findings)).toEqual([
      '1 unreadable time',
      '1 negative',
      '1 no number',
      '3 gap',
      '1 out of order',
      '2 duplicate',
      '1 gap',
      '1 off the grid',
    ]);
    expect(findings.filter(({ severity }) => severity === 'error').map(({ kind }) => kind)).toEqual([
      'unreadable time',
      'off the grid',
    ]);
    expect(findings[3]!.message).toBe('3 intervals from 2025-01-06T03:00:00.000Z on: not measured; unknown, not zero');
  });

  it('has no history where nothing is usable', () => {
    expect(readHistory([], utc, 60)).toEqual({ history: undefined, findings: [] });
    expect(readHistory([{ at: NaN, value: 1 }], utc, 60).history).toBeUndefined();
  });

  it('keeps every value of any samples on the grid, whatever their order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 500 }), { minLength: 1 }), (hours) => {
        const { history } = readHistory(
          hours.map((hour) => ({ at: start + hour * HOUR, value: hour })),
          utc,
          60,
        );
        const first = Math.min(...hours);
        for (const hour of hours) expect(history!.values[hour - first]).toBe(hour);
        expect(history!.values.filter((value) => !Number.isNaN(value)).length).toBe(hours.length);
      }),
    );
  });

  it('refuses times in seconds among times in milliseconds', () => {
    const samples = [start, 1_736_100_000].map((at) => ({ at, value: 1 }));
    expect(() => readHistory(samples, utc, 5)).toThrow('must be milliseconds since 1970');
  });

  it('refuses a step that does not divide an hour', () => {
    expect(() => readHistory([], utc, 7)).toThrow('stepMinutes must divide 60, got 7');
  });
});

describe('clocks that change', () => {
  const spring = Date.UTC(2025, 2, 29);
  const autumn = Date.UTC(2025, 9, 25);

  it.each([
    ['forward', spring],
    ['back', autumn],
  ])('local times of a clock that goes %s are the instants they mean', (_, from) => {
    const { history, findings } = readHistory(wallClock(from, 60, ''), berlin, 60);
    expect(findings).toEqual([]);
    expect(history!.start).toBe(from);
    expect([...history!.values]).toEqual(Array.from({ length: 60 }, (_, i) => i));
  });

  it('offsets in the text are believed', () => {
    const { history } = readHistory(
      [
        { at: '2025-03-30T01:00+01:00', value: 1 },
        { at: '2025-03-30T03:00:00+0200', value: 2 },
        { at: '2025-03-30T02:00:00.000Z', value: 3 },
      ],
      utc,
      60,
    );
    expect(history!.start).toBe(Date.UTC(2025, 2, 30));
    expect([...history!.values]).toEqual([1, 2, 3]);
  });

  it('a local time that did not exist, and one that came twice but is there three times, are not used', () => {
    const skipped = readHistory([{ at: '2025-03-30T02:30', value: 1 }], berlin, 30);
    expect(kinds(skipped.findings)).toEqual(['1 skipped hour']);
    const again = { at: '2025-10-26T02:00', value: 1 };
    const repeated = readHistory([again, again, again], berlin, 60);
    expect(kinds(repeated.findings)).toEqual(['1 repeated hour']);
    expect([...repeated.history!.values]).toEqual([1, 1]);
  });

  it.each([
    ['forward', spring],
    ['back', autumn],
  ])('local times that claim to be UTC are found out when the clock goes %s', (_, from) => {
    const { findings } = readHistory(wallClock(from, 72, 'Z'), berlin, 60);
    expect(findings.filter(({ kind }) => kind === 'clock jump')).toMatchObject([{ severity: 'error', count: 1 }]);
  });

  it('a real gap of an hour elsewhere is no clock jump', () => {
    const samples = Array.from({ length: 72 }, (_, i) => ({ at: spring + i * HOUR, value: 1 })).filter(
      (_, i) => i !== 30,
    );
    expect(kinds(readHistory(samples, berlin, 60).findings)).toEqual(['1 gap']);
  });

  it('texts that are no times are said to be none', () => {
    for (const at of ['2025-13-01T00:00Z', '2025-02-30T00:00', '2025-01-01T24:30', '1.1.2025', '']) {
      expect(kinds(readHistory([{ at, value: 1 }], berlin, 60).findings)).toEqual(['1 unreadable time']);
    }
  });
});
