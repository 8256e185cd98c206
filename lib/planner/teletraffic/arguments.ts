/** Checks of the numbers that teletraffic functions are given. Each throws a RangeError that says what is allowed. */

export function requireNonNegative(name: string, value: number): void {
  if (!(value >= 0 && value < Infinity)) throw new RangeError(`${name} must be a finite number >= 0, got ${value}`);
}

export function requirePositive(name: string, value: number): void {
  if (!(value > 0 && value < Infinity)) throw new RangeError(`${name} must be a finite number > 0, got ${value}`);
}

export function requireAtMost(name: string, value: number, most: number): void {
  if (!(value <= most)) throw new RangeError(`${name} must be at most ${most}, got ${value}`);
}

/** A probability that can be aimed at: neither never nor always. */
export function requireTarget(name: string, value: number): void {
  if (!(value > 0 && value < 1)) throw new RangeError(`${name} must lie between 0 and 1, got ${value}`);
}

export function requireWhole(name: string, value: number): void {
  if (!(Number.isSafeInteger(value) && value >= 0))
    throw new RangeError(`${name} must be a whole number >= 0, got ${value}`);
}
