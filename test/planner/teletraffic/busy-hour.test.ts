import { describe, expect, it } from 'vitest';
import { busyHourFromMonth, busyHours } from '../../../lib/planner/teletraffic/busy-hour.ts';

describe('busy hour from a month', () => {
  it('is M d h / (60 e)', () => {
    const erlangs = busyHourFromMonth({ minutes: 660_000, dayToMonth: 1 / 22, busyHourToDay: 0.15, efficiency: 0.9 });
    expect(erlangs).toBeCloseTo(83.333333, 6);
  });

  it('refuses a share above 1', () => {
    expect(() => busyHourFromMonth({ minutes: 1, dayToMonth: 22, busyHourToDay: 0.1 })).toThrow(
      'dayToMonth must be at most 1, got 22',
    );
  });
});

describe('busy hours of measured days', () => {
  const day = (...values: number[]): Float64Array => Float64Array.from(values);

  it('averages the peaks of the days, and tells them from the hour that is best on all days', () => {
    const found = busyHours([day(1, 9, 2, 6), day(1, 3, 8, 6), day(0, 3, 2, 6)], 1)!;
    expect(found.daily.map((hour) => hour?.start)).toEqual([1, 2, 3]);
    expect(found.averageDailyPeak).toBeCloseTo((9 + 8 + 6) / 3, 12);
    expect(found.timeConsistent).toEqual({ start: 3, intensity: 6 });
  });

  it('finds an hour that begins at any quarter', () => {
    const found = busyHours([day(0, 0, 4, 8, 8, 4, 0, 0)], 4)!;
    expect(found.daily[0]).toEqual({ start: 2, intensity: 6 });
  });

  it('takes normal and high load from the 30 and the 5 highest days', () => {
    const days = Array.from({ length: 40 }, (_, i) => day(i, 0));
    const found = busyHours(days, 1)!;
    expect(found.normalLoad).toBeCloseTo((10 + 39) / 2, 12);
    expect(found.highLoad).toBe(37);
  });

  it('never counts what was not measured as zero', () => {
    const found = busyHours([day(NaN, 5, 1), day(7, NaN, 3), day(NaN, NaN, NaN)], 1)!;
    expect(found.daily).toEqual([{ start: 1, intensity: 5 }, { start: 0, intensity: 7 }, undefined]);
    expect(found.averageDailyPeak).toBe(6);
    expect(found.timeConsistent).toEqual({ start: 0, intensity: 7 });
    expect(busyHours([day(NaN)], 1)).toBeUndefined();
  });

  it('refuses days of different length', () => {
    expect(() => busyHours([day(1, 2), day(1)], 1)).toThrow(
      'every day must have 2 intervals like the first, day 1 has 1',
    );
  });
});
