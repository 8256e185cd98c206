import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayOfDate } from '../../lib/planner/forecast/time-zone.ts';
import {
  HOLIDAY_COUNTRIES,
  holidayStates,
  publicHolidays,
  weekendOf,
  type CountryCode,
} from '../../lib/planner/holidays.ts';

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

  it('are also the days on which a country keeps those of a weekend', () => {
    expect(dates('GB', 2021).slice(-4)).toEqual(['2021-12-25', '2021-12-26', '2021-12-27', '2021-12-28']);
    expect(dates('GB', 2022)).toContain('2022-01-03');
    expect(dates('US', 2020)).toContain('2020-07-03');
    expect(dates('US', 2021)).toContain('2021-07-05');
    expect(dates('DE', 2022)).toContain('2022-01-01');
  });

  it('are more in a part of a country', () => {
    expect(dates('GB', 2025)).not.toContain('2025-08-25');
    expect(publicHolidays('GB', 2025, 'ENG').map(({ date }) => date)).toContain('2025-08-25');
    expect(publicHolidays('DE', 2025, 'BY').map(({ date }) => date)).toContain('2025-01-06');
    expect(holidayStates('DE')).toContain('BY');
    expect(holidayStates('FI')).toEqual([]);
  });

  it('are known of countries beyond Europe and America, all days of each', () => {
    expect(dates('SA', 2025)).toEqual(expect.arrayContaining(['2025-09-23', '2025-06-06', '2025-06-07', '2025-06-08']));
    expect(dates('JP', 2025)).toContain('2025-05-05');
    expect(dates('IL', 2025)).toContain('2025-10-02');
    // Half of the 8th of March is free for women.
    expect(dates('CN', 2026)).not.toContain('2026-03-08');
    expect(HOLIDAY_COUNTRIES.length).toBeGreaterThan(200);
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

  it('are in order, each day once, and named', () => {
    fc.assert(
      fc.property(fc.constantFrom(...HOLIDAY_COUNTRIES), fc.integer({ min: 2000, max: 2060 }), (country, year) => {
        const days = publicHolidays(country, year).map(({ date }) => dayOfDate(date));
        expect(days).toEqual([...new Set(days)].toSorted((a, b) => a - b));
        expect(publicHolidays(country, year).every(({ name }) => name !== '')).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});

describe('the weekend of a country', () => {
  it('is what CLDR says', () => {
    expect(weekendOf('DE')).toEqual([5, 6]);
    expect(weekendOf('IL')).toEqual([4, 5]);
    expect(weekendOf('EG')).toEqual([4, 5]);
    expect(weekendOf('IR')).toEqual([4]);
    expect(weekendOf('AE')).toEqual([5, 6]);
    expect(weekendOf('IN')).toEqual([6]);
  });
});
