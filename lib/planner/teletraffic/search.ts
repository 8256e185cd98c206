/**
 * Where a function that rises through 0 does so, between `low` (f <= 0) and `high` (f >= 0), to the last bits of a
 * double. Inverse quadratic interpolation where it is safe, bisection where it is not: T. R. Chandrupatla, Advances in
 * Engineering Software 28 (1997) 145.
 */
export function risingRoot(f: (x: number) => number, low: number, high: number): number {
  let a = low;
  let b = high;
  let fa = f(a);
  let fb = f(b);
  let c = a;
  let fc = fa;
  let step = 0.5;
  for (let i = 0; i < 200; i++) {
    const x = a + step * (b - a);
    const fx = f(x);
    if (fx > 0 === fa > 0) {
      c = a;
      fc = fa;
    } else {
      c = b;
      b = a;
      fc = fb;
      fb = fa;
    }
    a = x;
    fa = fx;
    const best = Math.abs(fa) < Math.abs(fb) ? a : b;
    const tolerance = (2 * Number.EPSILON * Math.abs(best) + Number.MIN_VALUE) / Math.abs(b - a);
    if (tolerance > 0.5 || fa === 0) return best;
    const xi = (a - b) / (c - b);
    const phi = (fa - fb) / (fc - fb);
    const interpolates = phi * phi < xi && (1 - phi) * (1 - phi) < 1 - xi;
    step = interpolates
      ? (fa / (fb - fa)) * (fc / (fb - fc)) + ((c - a) / (b - a)) * (fa / (fc - fa)) * (fb / (fc - fb))
      : 0.5;
    step = Math.min(Math.max(step, tolerance), 1 - tolerance);
  }
  return Math.abs(fa) < Math.abs(fb) ? a : b;
}

/**
 * The smallest whole number from `start` on for which a falling function is at most `target`; above 2^53 the smallest of
 * those that a double can hold. Infinity where that is above the largest double.
 */
export function smallestWhole(falling: (x: number) => number, target: number, start: number): number {
  let low = start;
  if (falling(low) <= target) return low;
  // What is needed beyond a mean is of the order of its square root.
  let step = Math.max(1, Math.floor(Math.sqrt(start)));
  while (low + step < Infinity && falling(low + step) > target) {
    low += step;
    step *= 2;
  }
  let high = Math.min(low + step, Number.MAX_VALUE);
  if (falling(high) > target) return Infinity;
  for (;;) {
    const middle = Math.floor(low + (high - low) / 2);
    if (middle <= low || middle >= high) return high;
    if (falling(middle) > target) low = middle;
    else high = middle;
  }
}
