import { HOURS_PER_WEEK } from './resources.ts';

const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const;

/** Hour 0 is `Monday 00:00 UTC`, hour 167 `Sunday 23:00 UTC`. */
export function hourOfWeekName(hour: number): string {
  const inWeek = ((hour % HOURS_PER_WEEK) + HOURS_PER_WEEK) % HOURS_PER_WEEK;
  return `${DAYS[Math.floor(inWeek / 24)]} ${String(inWeek % 24).padStart(2, '0')}:00 UTC`;
}
