import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayGrid } from '../../../lib/planner/forecast/day-grid.ts';
import { dayOfDate, startOfDay, timeZone } from '../../../lib/planner/forecast/time-zone.ts';

const berlin = timeZone('Europe/Berlin');
const numbered = (length: number): Float64Array => Float64Array.from({ length }, (_, i) => i);

describe('a history cut into local days', () => {
  it('has a row a day and leaves unknown what lies before its start', () => {
    const start = Date.UTC(2025, 0, 6, 22);
    const grid = dayGrid({ zone: berlin, start, stepMinutes: 60, values: numbered(26) });
    expect(grid).toMatchObject({ slots: 24, firstDay: dayOfDate('2025-01-06'), days: 3 });
    expect([...grid.values.subarray(21, 26)]).toEqual([NaN, NaN, 0, 1, 2]);
    expect(grid.values[48]).toBe(25);
  });

  it('leaves the skipped hour unknown and averages the one that comes twice', () => {
    const spring = startOfDay(berlin, dayOfDate('2025-03-30'));
    const forward = dayGrid({ zone: berlin, start: spring, stepMinutes: 60, values: numbered(23) });
    expect([...forward.values.subarray(0, 5)]).toEqual([0, 1, NaN, 2, 3]);
    expect(forward.days).toBe(1);
    const autumn = startOfDay(berlin, dayOfDate('2025-10-26'));
    const back = dayGrid({ zone: berlin, start: autumn, stepMinutes: 60, values: numbered(25) });
    expect([...back.values.subarray(0, 5)]).toEqual([0, 1, 2.5, 4, 5]);
    expect(back.values[23]).toBe(24);
  });

  it('keeps the known one of two values for the hour that comes twice', () => {
    const values = numbered(25);
    values[2] = NaN;
    const start = startOfDay(berlin, dayOfDate('2025-10-26'));
    expect(dayGrid({ zone: berlin, start, stepMinutes: 60, values }).values[2]).toBe(3);
  });

  it('loses nothing away from changes of the clock, at any start and step', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 200 }),
        fc.integer({ min: 0, max: 400 }),
        fc.constantFrom(5, 15, 60),
        (begin, length, stepMinutes) => {
          const start = Date.UTC(2025, 5, 1) + begin * stepMinutes * 60_000;
          const { values } = dayGrid({ zone: berlin, start, stepMinutes, values: numbered(length) });
          expect([...values].filter((value) => !Number.isNaN(value))).toEqual([...numbered(length)]);
        },
      ),
    );
  });
});
