import type { History } from './history.ts';
import { localDay } from './time-zone.ts';
import { DAY_MS, MINUTE_MS } from '../time.ts';

/** A history cut into local days: one row a day, one column a time on the clock. */
export interface DayGrid {
  /** Times a day: 24 for hours, 288 for five minutes. */
  slots: number;
  /** Days since 1970-01-01 of the first row. */
  firstDay: number;
  days: number;
  /** Row by row; NaN where nothing is known, also for the hour that is skipped when clocks go forward. */
  values: Float64Array;
}

/** Cuts a history into local days. The hour that comes twice when clocks go back is averaged. */
export function dayGrid({ zone, start, stepMinutes, values }: History): DayGrid {
  const step = stepMinutes * MINUTE_MS;
  const slots = 1440 / stepMinutes;
  const end = start + values.length * step;
  const firstDay = localDay(zone, start);
  const days = values.length === 0 ? 0 : localDay(zone, end - step) - firstDay + 1;
  const grid = new Float64Array(days * slots).fill(NaN);
  for (let i = 0; i < values.length;) {
    const instant = start + i * step;
    const local = instant + zone.offsetAt(instant) * MINUTE_MS;
    const until = Math.min(values.length, i + Math.ceil((zone.nextChange(instant) - instant) / step));
    // Between two changes of the clock the local time runs on evenly.
    let cell = Math.floor((local - firstDay * DAY_MS) / step);
    for (; i < until; i++, cell++) {
      const before = grid[cell]!;
      grid[cell] = Number.isNaN(before) ? values[i]! : Number.isNaN(values[i]!) ? before : (before + values[i]!) / 2;
    }
  }
  return { slots, firstDay, days, values: grid };
}
