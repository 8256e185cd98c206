/** Lengths of time in milliseconds, and how an instant is written. */
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** `2026-03-02T09:00:00.000Z`. */
export const iso = (instant: number): string => new Date(instant).toISOString();

/** `2026-03-02 09:00 UTC`. */
export const when = (instant: number): string => `${iso(instant).slice(0, 16).replace('T', ' ')} UTC`;
