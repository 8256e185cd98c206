/** How numbers and times are written in reasons and excuses. */

export const HOUR_MS = 3_600_000;

/** Four digits: `7500`, `0.04217`. */
export const amount = (value: number): string => String(Number(value.toPrecision(4)));

export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** Four digits, for shares that may be small: `0.04217 %`. */
export const finePercent = (share: number): string => `${amount(share * 100)} %`;

/** `2026-03-02T09:00:00.000Z`. */
export const iso = (instant: number): string => new Date(instant).toISOString();

/** `2026-03-02 09:00 UTC`. */
export const when = (instant: number): string => `${iso(instant).slice(0, 16).replace('T', ' ')} UTC`;

/** Six digits, so that the last bits of an addition are not in the plan. */
export const rounded = (value: number): number => Number(value.toPrecision(6));
