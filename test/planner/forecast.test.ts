import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Calendar } from '../../lib/planner/forecast/calendar.ts';
import type { History } from '../../lib/planner/forecast/history.ts';
import {
  dateOfDay,
  dayOfDate,
  localDay,
  startOfDay,
  timeZone,
  weekdayOf,
} from '../../lib/planner/forecast/time-zone.ts';
import { CONTRACT_HALF_DAYS, forecast, OFFICE_WEEK } from '../../lib/planner/forecast.ts';
import { normal, seededRandom } from '../../lib/planner/random.ts';
import { generateTenants } from '../../lib/planner/tenant-generator.ts';
import { holidayDays, tenantHistory } from '../../lib/planner/tenant-history.ts';

const HOUR = 3_600_000;
const utc = timeZone('UTC');
const berlin = timeZone('Europe/Berlin');
const monday = Date.UTC(2025, 0, 6);

/** Concurrent calls of an office by local weekday and hour. */
const office = (weekday: number, hour: number): number =>
  (weekday >= 5 ? 0.05 : 1) * (weekday === 0 ? 1.2 : 1) * (hour >= 8 && hour < 18 ? 100 : 10);

/** Days of hourly values from a local midnight on, made by day and hour on the clock. */
function hourly(days: number, value: (day: number, hour: number) => number, zone = utc, start = monday): History {
  const firstDay = localDay(zone, start);
  const end = startOfDay(zone, firstDay + days);
  const values = Float64Array.from({ length: (end - start) / HOUR }, (_, i) => {
    const instant = start + i * HOUR;
    const day = localDay(zone, instant);
    return value(day, Math.floor((instant + zone.offsetAt(instant) * 60_000) / HOUR) - day * 24);
  });
  return { zone, start, stepMinutes: 60, values };
}

const median = (history: History, days: number, calendar: Calendar = {}): Float64Array =>
  forecast(history, { days, calendar }).quantiles[0]!;

describe('forecast', () => {
  it('repeats a week that never changes', () => {
    const next = median(
      hourly(56, (day, hour) => office(weekdayOf(day), hour)),
      7,
    );
    for (let i = 0; i < 168; i++) {
      expect(next[i]! / office(Math.floor(i / 24), i % 24)).toBeGreaterThan(0.97);
      expect(next[i]! / office(Math.floor(i / 24), i % 24)).toBeLessThan(1.03);
    }
  });

  it('begins where the history ends, also within a day', () => {
    const history = hourly(21, (day, hour) => office(weekdayOf(day), hour));
    const cut = { ...history, values: history.values.slice(0, 20 * 24 + 10) };
    const { start, quantiles } = forecast(cut, { days: 1 });
    expect(start).toBe(monday + (20 * 24 + 10) * HOUR);
    expect(quantiles[0]).toHaveLength(24);
    // Ten hours into a Sunday, the fifteenth hour ahead is Monday one o'clock.
    expect(quantiles[0]![14 + 9]! / quantiles[0]![0]!).toBeGreaterThan(10);
  });

  it('takes what was not measured for unknown, not for zero', () => {
    const random = seededRandom(1);
    const whole = hourly(56, (day, hour) => office(weekdayOf(day), hour));
    const holes = { ...whole, values: whole.values.map((value) => (random() < 0.3 ? NaN : value)) };
    holes.values.fill(NaN, 40 * 24, 44 * 24);
    const expected = median(whole, 7);
    for (const [i, value] of median(holes, 7).entries()) expect(value / expected[i]!).toBeCloseTo(1, 1);
  });

  it('knows nothing of hours that were never measured', () => {
    const next = median(
      hourly(28, (day, hour) => (hour < 6 ? NaN : office(weekdayOf(day), hour))),
      1,
    );
    expect(next[3]).toBeNaN();
    expect(next[10]).toBeGreaterThan(0);
  });

  it('follows the clock on the wall when summer time begins', () => {
    const start = startOfDay(berlin, dayOfDate('2025-02-03'));
    const history = hourly(54, (day, hour) => office(weekdayOf(day), hour), berlin, start);
    const { start: end, quantiles } = forecast(history, { days: 5 });
    // The history ends on Saturday; Monday 07:00 to 08:00 and 08:00 to 09:00 in summer time are 05:00 and 06:00 UTC.
    const at = (instant: number): number => quantiles[0]![(instant - end) / HOUR]!;
    expect(at(Date.UTC(2025, 2, 31, 5))).toBeLessThan(20);
    expect(at(Date.UTC(2025, 2, 31, 6))).toBeGreaterThan(90);
  });

  it('sees growth coming, and that from elsewhere besides', () => {
    const growing = hourly(56, (day, hour) => office(weekdayOf(day), hour) * 1.02 ** ((day - 20_094) / 7));
    const wednesday = 3 * 7 * 24 + 2 * 24 + 10;
    const shown = median(growing, 28)[wednesday]!;
    const last = growing.values[growing.values.length - 5 * 24 + 10]!;
    expect(shown / last).toBeGreaterThan(1.03);
    const more = forecast(growing, { days: 28, growthPerWeek: 0.1 }).quantiles[0]![wednesday]!;
    expect(more / shown).toBeCloseTo(1.1 ** (wednesday / 168), 2);
  });

  it('follows a lasting change within two days and takes one strange day for an exception', () => {
    const changed = (days: number): number => {
      const random = seededRandom(5);
      const history = hourly(42 + days, (day, hour) => office(weekdayOf(day), hour) * (day - 20_094 >= 42 ? 2 : 1));
      const noisy = history.values.map((value) => value * Math.exp(0.05 * normal(random)));
      return Math.max(...median({ ...history, values: noisy }, 1));
    };
    expect(changed(1)).toBeLessThan(130);
    expect(changed(3)).toBeGreaterThan(160);
  });

  it('gives the same bytes for the same input', () => {
    const history = hourly(30, (day, hour) => office(weekdayOf(day), hour) + ((day * 7919 + hour * 104729) % 13));
    expect(forecast(history, { days: 3 })).toEqual(forecast(history, { days: 3 }));
  });

  it('has quantiles that are finite, not negative and in order, for any history', () => {
    const value = fc.oneof(fc.constant(NaN), fc.constant(0), fc.double({ min: 0, max: 1e9, noNaN: true }));
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 800 }),
        fc.integer({ min: 0, max: 200 }),
        (values, hours) => {
          fc.pre(values.some((one) => !Number.isNaN(one)));
          const history = {
            zone: berlin,
            start: monday + hours * HOUR,
            stepMinutes: 60,
            values: Float64Array.from(values),
          };
          const { quantiles } = forecast(history, { days: 3, calendar: { holidays: ['2025-01-08', '2025-01-20'] } });
          for (let i = 0; i < 72; i++) {
            const at = quantiles.map((quantile) => quantile[i]!);
            if (at.every(Number.isNaN)) continue;
            for (const [k, one] of at.entries()) {
              expect(one).toBeGreaterThanOrEqual(k === 0 ? 0 : at[k - 1]!);
              expect(one).toBeLessThan(Infinity);
            }
          }
        },
      ),
    );
  });

  it('needs a known value or a contract', () => {
    const nothing = { zone: utc, start: monday, stepMinutes: 60, values: new Float64Array(48).fill(NaN) };
    expect(() => forecast(nothing, { days: 1 })).toThrow('at least one known value, or a contract');
    expect(() => forecast({ ...nothing, values: new Float64Array(0) }, { days: 1 })).toThrow(
      'at least one known value',
    );
  });
});

describe('options outside their range', () => {
  const history = hourly(7, (day, hour) => office(weekdayOf(day), hour));
  const event = { name: 'sale', start: monday, minutes: 0 };

  it.each([
    [{ days: 0 }, 'days must be above 0 and at most 183, got 0'],
    [{ days: NaN }, 'got NaN'],
    [{ days: 1, quantiles: [0.9, 0.5] }, 'quantiles must rise between 0 and 1, got [0.9, 0.5]'],
    [{ days: 1, quantiles: [] }, 'got []'],
    [{ days: 1, growthPerWeek: -1 }, 'growthPerWeek must be above -1, got -1'],
    [{ days: 1, contract: { peak: -5 } }, "the contract's peak must be a number >= 0, got -5"],
    [{ days: 1, contract: { peak: 5, week: new Float64Array(24) } }, 'must have 168 hours, got 24'],
    [{ days: 1, calendar: { events: [event] } }, 'the minutes of event "sale" must be above 0, got 0'],
    [{ days: 1, calendar: { holidays: ['2025-02-30'] } }, '"2025-02-30" is not a date'],
  ])('%j: %s', (options, message) => {
    expect(() => forecast(history, options)).toThrow(message);
  });

  it('a step that does not divide an hour', () => {
    expect(() => forecast({ ...history, stepMinutes: 7 }, { days: 1 })).toThrow('must divide 60, got 7');
  });
});

describe('calendar', () => {
  const history = hourly(56, (day, hour) => office(weekdayOf(day), hour));
  // The history ends with Sunday 2 March.
  const at = (values: Float64Array, date: string, hour: number): number =>
    values[(dayOfDate(date) - dayOfDate('2025-03-03')) * 24 + hour]!;

  it('makes a holiday a Sunday and the day after a free Monday a Monday', () => {
    const next = median(history, 7, { holidays: ['2025-03-03'] });
    expect(at(next, '2025-03-03', 10)).toBeLessThan(10);
    expect(at(next, '2025-03-04', 10)).toBeGreaterThan(115);
    expect(at(next, '2025-03-05', 10)).toBeLessThan(105);
  });

  it('learns what holidays of the past were like', () => {
    const holidays = ['2025-01-15', '2025-01-29', '2025-02-12'];
    const half = hourly(
      56,
      (day, hour) => office(weekdayOf(day), hour) * (holidays.includes(dateOfDay(day)) ? 0.5 : 1),
    );
    const next = median(half, 7, { holidays: [...holidays, '2025-03-05'] });
    expect(at(next, '2025-03-05', 10)).toBeGreaterThan(20);
    expect(at(next, '2025-03-06', 10) / 100).toBeCloseTo(1, 1);
  });

  it('learns a kind of day from its days in the past', () => {
    const paydays = ['2025-01-15', '2025-01-30', '2025-02-14', '2025-02-27'];
    const busy = hourly(56, (day, hour) => office(weekdayOf(day), hour) * (paydays.includes(dateOfDay(day)) ? 1.4 : 1));
    const days = [...paydays, '2025-03-06'].map((date) => ({ date, kind: 'payday' }));
    const next = median(busy, 7, { days });
    expect(at(next, '2025-03-06', 10)).toBeGreaterThan(125);
    expect(at(next, '2025-03-05', 10)).toBeLessThan(110);
  });

  it('adds announced events at their hour, unsure as they are, and forgets those of the past', () => {
    const campaign = (date: string, hour: number) => ({
      name: 'campaign',
      start: dayOfDate(date) * 24 * HOUR + hour * HOUR,
      minutes: 60,
    });
    const spiked = hourly(56, (day, hour) => office(weekdayOf(day), hour) + (day % 7 === 0 && hour === 10 ? 400 : 0));
    const past = [...new Set(Array.from({ length: 56 }, (_, i) => 20_094 + i).filter((day) => day % 7 === 0))];
    const calendar = {
      events: [
        ...past.map((day) => campaign(dateOfDay(day), 10)),
        { ...campaign('2025-03-05', 14), add: 300, uncertainty: 0.2 },
        { ...campaign('2025-03-06', 14.5), times: 3 },
      ],
    };
    const { quantiles } = forecast(spiked, { days: 7, calendar });
    expect(at(quantiles[0]!, '2025-03-06', 10)).toBeLessThan(110);
    expect(at(quantiles[0]!, '2025-03-05', 14) / 400).toBeCloseTo(1, 1);
    expect(at(quantiles[2]!, '2025-03-05', 14)).toBeGreaterThan(470);
    // Half of an hour at three times the ordinary.
    expect(at(quantiles[0]!, '2025-03-06', 14) / 200).toBeCloseTo(1, 1);
    expect(at(quantiles[0]!, '2025-03-05', 15)).toBeLessThan(110);
  });
});

describe('contract', () => {
  const nothing = { zone: berlin, start: monday, stepMinutes: 60, values: new Float64Array(0) };

  it('is the forecast of a tenant without history, in its local office hours', () => {
    const { quantiles } = forecast(nothing, { days: 7, contract: { peak: 50 } });
    for (const quantile of quantiles) {
      // 09:00 UTC is 10:00 in Berlin.
      expect(quantile[9]).toBe(50);
      expect(quantile[0]).toBe(50 * OFFICE_WEEK[1]!);
      expect(quantile[5 * 24 + 12]).toBe(5);
    }
  });

  it('counts half after two weeks and less and less then', () => {
    const used = (days: number): number => {
      const history = hourly(days, (day, hour) => office(weekdayOf(day), hour) / 10, utc);
      const next = forecast(history, { days: 7, contract: { peak: 50 } }).quantiles[0]!;
      return Math.max(...next);
    };
    expect(CONTRACT_HALF_DAYS).toBe(14);
    expect(used(14)).toBeCloseTo((50 + 12) / 2, 0);
    expect(used(3)).toBeGreaterThan(used(7));
    expect(used(7)).toBeGreaterThan(used(28));
    expect(used(126)).toBeLessThan(17);
  });

  it('stands in for hours that were never measured', () => {
    const history = hourly(28, (day, hour) => (hour < 12 ? NaN : office(weekdayOf(day), hour)));
    expect(forecast(history, { days: 1, contract: { peak: 50 } }).quantiles[0]![10]).toBe(50);
  });
});

describe('on generated tenants', () => {
  it('has as much below its quantiles as they say, a day and weeks ahead, and beats last week', () => {
    const start = Date.UTC(2025, 0, 6);
    const origin = 56;
    const below = { day: [0, 0, 0, 0], weeks: [0, 0, 0, 0] };
    const count = { day: 0, weeks: 0 };
    let error = 0;
    let naiveError = 0;
    for (const tenant of generateTenants({ count: 250, seed: 11 })) {
      const whole = tenantHistory(tenant, 'relayedCalls', { start, days: origin + 28, stepMinutes: 60 });
      const firstDay = localDay(tenant.zone, start);
      const holidays = [...holidayDays(tenant, firstDay, origin + 30)].map(dateOfDay);
      const past = { ...whole, values: whole.values.slice(0, origin * 24) };
      const { quantiles } = forecast(past, { days: 28, calendar: { holidays } });
      const busy = 0.25 * quantiles[0]!.reduce((sum, value) => Math.max(sum, value), 0);
      for (let i = 0; i < 28 * 24; i++) {
        const actual = whole.values[origin * 24 + i]!;
        if (quantiles[0]![i]! < busy) continue;
        const span = i < 48 ? 'day' : 'weeks';
        count[span]++;
        for (const [k, quantile] of quantiles.entries()) if (actual <= quantile[i]!) below[span][k]!++;
        if (i >= 168) continue;
        error += Math.abs(actual - quantiles[0]![i]!) / busy;
        naiveError += Math.abs(actual - whole.values[(origin - 7) * 24 + i]!) / busy;
      }
    }
    for (const [k, level] of [0.5, 0.9, 0.95, 0.99].entries()) {
      const nearTolerance = level === 0.5 ? 0.04 : 0.015;
      expect(Math.abs(below.day[k]! / count.day - level)).toBeLessThan(nearTolerance);
      // Weeks ahead the forecast allows for growth, which these tenants do not have.
      expect(below.weeks[k]! / count.weeks).toBeGreaterThan(level - nearTolerance);
      expect(below.weeks[k]! / count.weeks).toBeLessThan(level + 0.04);
    }
    expect(error / naiveError).toBeLessThan(0.8);
  });
});

it('is as unsure of the weeks ahead as it was wrong, where demand wanders', () => {
  const random = seededRandom(5);
  const known = 56;
  let below = 0;
  let count = 0;
  for (let series = 0; series < 200; series++) {
    let [ln, day] = [5, 0];
    const values = Float64Array.from({ length: (known + 28) * 24 }, (_, hour) => {
      // One part of a day's difference stays for ever, another is gone the next day.
      if (hour % 24 === 0) [ln, day] = [ln + 0.01 * normal(random), 0.02 * normal(random)];
      return Math.exp(ln + day + 0.01 * normal(random)) * (hour % 24 < 12 ? 1 : 2);
    });
    const past = {
      zone: timeZone('UTC'),
      start: Date.UTC(2025, 0, 6),
      stepMinutes: 60,
      values: values.slice(0, known * 24),
    };
    const [quantile] = forecast(past, { days: 28, quantiles: [0.95] }).quantiles;
    for (let hour = 7 * 24; hour < 28 * 24; hour++) if (values[known * 24 + hour]! <= quantile![hour]!) below++;
    count += 21 * 24;
  }
  expect(below / count).toBeGreaterThan(0.9);
  expect(below / count).toBeLessThan(0.98);
});
