import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayOfDate, weekdayOf } from '../../lib/planner/forecast/time-zone.ts';
import { HOLIDAY_COUNTRIES, publicHolidays, type CountryCode } from '../../lib/planner/holidays.ts';

const dates = (country: CountryCode, year: number): string[] => publicHolidays(country, year).map(({ date }) => date);

describe('public holidays', () => {
  it('are the days the countries published', () => {
    expect(dates('DE', 2025)).toEqual([
      '2025-01-01',
      '2025-04-18',
      '2025-04-21',
      '2025-05-01',
      '2025-05-29',
      '2025-06-09',
      '2025-10-03',
      '2025-12-25',
      '2025-12-26',
    ]);
    expect(dates('US', 2003)).toEqual([
      '2003-01-01',
      '2003-01-20',
      '2003-02-17',
      '2003-05-26',
      '2003-07-04',
      '2003-09-01',
      '2003-10-13',
      '2003-11-11',
      '2003-11-27',
      '2003-12-25',
    ]);
  });

  it('move off the weekend where the country moves them', () => {
    expect(dates('GB', 2021).slice(-2)).toEqual(['2021-12-27', '2021-12-28']);
    expect(dates('GB', 2022)[0]).toBe('2022-01-03');
    expect(dates('US', 2020)).toContain('2020-07-03');
    expect(dates('US', 2021)).toContain('2021-07-05');
    expect(dates('DE', 2022)).toContain('2022-01-01');
  });

  it('know since when a day is kept', () => {
    expect(dates('US', 2020)).not.toContain('2020-06-19');
    expect(dates('US', 2023)).toContain('2023-06-19');
    expect(dates('IT', 2025)).not.toContain('2025-10-04');
    expect(dates('IT', 2026)).toContain('2026-10-04');
  });

  it.each([
    [1961, '1961-04-02'],
    [2000, '2000-04-23'],
    [2008, '2008-03-23'],
    [2038, '2038-04-25'],
  ])('have Easter of %d on %s', (year, easter) => {
    const monday = publicHolidays('DE', year).find(({ name }) => name === 'Easter Monday')!;
    expect(dayOfDate(monday.date)).toBe(dayOfDate(easter) + 1);
  });

  it('are in order and never fall on a weekend where they are moved', () => {
    fc.assert(
      fc.property(fc.constantFrom(...HOLIDAY_COUNTRIES), fc.integer({ min: 1990, max: 2090 }), (country, year) => {
        const days = publicHolidays(country, year).map(({ date }) => dayOfDate(date));
        expect(days).toEqual(days.toSorted((a, b) => a - b));
        if (country === 'GB' || country === 'US') expect(days.every((day) => weekdayOf(day) < 5)).toBe(true);
      }),
    );
  });
});
