/** Numbers in findings, to four digits. */
export const amount = (value: number): string => String(Number(value.toPrecision(4)));
export const percent = (share: number): string => `${amount(share * 100)} %`;
