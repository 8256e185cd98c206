import { HOURS_PER_WEEK } from './resources.ts';
import { HOUR_MS } from './time.ts';

const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const;

/** Hour 0 is `Monday 00:00 UTC`, hour 167 `Sunday 23:00 UTC`. */
export function hourOfWeekName(hour: number): string {
  const inWeek = ((hour % HOURS_PER_WEEK) + HOURS_PER_WEEK) % HOURS_PER_WEEK;
  return `${DAYS[Math.floor(inWeek / 24)]} ${String(inWeek % 24).padStart(2, '0')}:00 UTC`;
}

const EPOCH_HOUR = 72;

/** Hour of the week, 0 for Monday 00:00 UTC, of an instant. */
export const hourOfWeek = (instant: number): number => (Math.floor(instant / HOUR_MS) + EPOCH_HOUR) % HOURS_PER_WEEK;
