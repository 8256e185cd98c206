/** How numbers and times are written in reasons and excuses. */

/** Four digits: `7500`, `0.04217`. */
export const amount = (value: number): string => String(Number(value.toPrecision(4)));

export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** Four digits, for shares that may be small: `0.04217 %`. */
export const finePercent = (share: number): string => `${amount(share * 100)} %`;

/** Six digits, so that the last bits of an addition are not in the plan. */
export const rounded = (value: number): number => Number(value.toPrecision(6));
