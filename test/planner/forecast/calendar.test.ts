import { describe, expect, it } from 'vitest';
import { dayKinds, likeWeekday } from '../../../lib/planner/forecast/calendar.ts';
import { dayOfDate } from '../../../lib/planner/forecast/time-zone.ts';

const [MONDAY, TUESDAY, FRIDAY, SATURDAY, SUNDAY] = [0, 1, 4, 5, 6];
/** Monday a little busier than the other working days, a quiet weekend. */
const office = (weekday: number): number => [0.1, 0.05, 0, 0, -0.1, -3, -4][weekday]!;

describe('kinds of days', () => {
  const kinds = dayKinds({
    holidays: ['2025-04-21', '2025-04-21'],
    days: [
      { date: '2025-04-30', kind: 'payday' },
      { date: '2025-04-21', kind: 'sale' },
      { date: '2025-05-30', kind: 'payday' },
    ],
  });

  it('are numbered with holidays first, and a day can be of several', () => {
    expect(kinds.names).toEqual(['holiday', 'payday', 'sale']);
    expect(kinds.of(dayOfDate('2025-04-21'))).toEqual([0, 2]);
    expect(kinds.of(dayOfDate('2025-05-30'))).toEqual([1]);
    expect(kinds.of(dayOfDate('2025-05-31'))).toEqual([]);
    expect(kinds.isHoliday(dayOfDate('2025-04-21'))).toBe(true);
    expect(kinds.isHoliday(dayOfDate('2025-04-30'))).toBe(false);
  });

  it('need dates', () => {
    expect(() => dayKinds({ holidays: ['Easter'] })).toThrow('"Easter" is not a date');
  });
});

describe('the weekday a day is like', () => {
  // Good Friday and Easter Monday 2025.
  const easter = dayKinds({ holidays: ['2025-04-18', '2025-04-21'] });
  const like = (date: string, effect = office): number => likeWeekday(easter, dayOfDate(date), effect);

  it('is Sunday for a holiday', () => {
    expect(like('2025-04-18')).toBe(SUNDAY);
    expect(like('2025-04-21')).toBe(SUNDAY);
  });

  it('is Saturday for a holiday where weeks begin on Sunday, and Friday where that alone is free', () => {
    const likeIn = (weekend: number[]): number =>
      likeWeekday(dayKinds({ weekend, holidays: ['2025-04-22'] }), dayOfDate('2025-04-22'), () => 0);
    expect(likeIn([FRIDAY, SATURDAY])).toBe(SATURDAY);
    expect(likeIn([FRIDAY])).toBe(FRIDAY);
  });

  it('is its own for a holiday where no Sunday was ever seen', () => {
    expect(like('2025-04-18', (weekday) => (weekday === SUNDAY ? NaN : office(weekday)))).toBe(FRIDAY);
  });

  it('is Monday for the Tuesday after a free Monday', () => {
    expect(like('2025-04-22')).toBe(MONDAY);
  });

  it('stays Tuesday where Mondays are quieter', () => {
    expect(like('2025-04-22', (weekday) => (weekday === MONDAY ? -0.2 : office(weekday)))).toBe(TUESDAY);
  });

  it('stays Saturday after a free Friday', () => {
    expect(like('2025-04-19')).toBe(SATURDAY);
  });
});
