import { lnPoisson } from './poisson.ts';

/**
 * A group of n lines that is offered A erlangs of Poisson traffic and loses what finds all lines busy: A. K. Erlang
 * (1917), in E. Brockmeyer, H. L. Halstrom, A. Jensen, The Life and Works of A. K. Erlang (1948). The number of lines may
 * be real (the continuation of D. L. Jagerman, Bell System Technical Journal 53 (1974) 525): 1/B is the integral of
 * A e^(-A t) (1 + t)^n over t > 0, which is e^A A^-n times the upper incomplete gamma function of (n + 1, A).
 *
 * Every way of computing it below takes some hundred steps at most, and none overflows or cancels:
 * - far overloaded: Legendre's continued fraction of the upper function, NIST DLMF 8.9.2;
 * - else, up to 100,000 lines: the series of the lower function, NIST DLMF 8.11.4, of about sqrt(n) terms;
 * - else, above 100,000 lines: the integral itself, which is then close to a piece of the normal distribution;
 * - less than a thousandth of a line: what is carried, A (1 - B), from the series of the exponential integral.
 *
 * All take the excess A - n beside A, because A may be known too coarsely to give it: at 10^18 erlangs two neighbouring
 * doubles are 128 lines apart.
 */

/** From here on the integral is used: the series would take more than a thousand terms. */
const MANY_LINES = 1e5;
/** Less than this is next to no line: B is so close to 1 that 1 - B has to be computed for itself. */
const NEXT_TO_NONE = 1e-3;

/** True where the continued fraction converges in some hundred steps. */
const isFarOverloaded = (lines: number, excess: number): boolean =>
  excess >= (lines < MANY_LINES ? 2 : 10 * Math.sqrt(lines));

/** ln B. */
export function lnBlocking(lines: number, erlangs: number, excess = erlangs - lines): number {
  if (lines === 0) return 0;
  if (erlangs === 0) return -Infinity;
  if (isFarOverloaded(lines, excess)) {
    const idle = idleByFraction(lines, excess);
    const lost = (excess + idle) / erlangs;
    return lost < 0.5 ? Math.log(lost) : Math.log1p(-(lines - idle) / erlangs);
  }
  if (lines >= MANY_LINES) return lnBlockingOfMany(lines, erlangs, excess);
  if (lines < NEXT_TO_NONE) return -Math.log1p(carriedOverLost(lines, erlangs));
  const ln = lnPoisson(lines, erlangs);
  return ln - Math.log1p(-Math.exp(ln) * tailSeries(lines, erlangs));
}

/** B, the share of the calls that is lost. */
export function blocking(lines: number, erlangs: number, excess = erlangs - lines): number {
  if (lines === 0) return 1;
  if (isFarOverloaded(lines, excess)) return (excess + idleByFraction(lines, excess)) / erlangs;
  return Math.exp(lnBlocking(lines, erlangs, excess));
}

/** The mean number of idle lines, n - A (1 - B). */
export function idle(lines: number, erlangs: number, excess = erlangs - lines): number {
  if (lines === 0 || erlangs === 0) return lines;
  if (isFarOverloaded(lines, excess)) return idleByFraction(lines, excess);
  if (excess > 0 && lines >= MANY_LINES) return idleOfMany(lines, excess);
  if (lines < NEXT_TO_NONE) return Math.max(0, lines - erlangs * carriedShare(lines, erlangs, excess));
  return erlangs * blocking(lines, erlangs, excess) - excess;
}

/** 1 - B, the share of the calls that is carried. */
export function carriedShare(lines: number, erlangs: number, excess = erlangs - lines): number {
  if (lines === 0) return 0;
  if (isFarOverloaded(lines, excess)) return (lines - idleByFraction(lines, excess)) / erlangs;
  if (lines >= NEXT_TO_NONE) return -Math.expm1(lnBlocking(lines, erlangs, excess));
  const ratio = carriedOverLost(lines, erlangs);
  return ratio / (1 + ratio);
}

/**
 * How much burstier than Poisson traffic the lost calls are: variance / mean less 1, by J. Riordan in the appendix of R. I.
 * Wilkinson, Bell System Technical Journal 35 (1956) 421: (y - m h) / (1 + h) with y busy and h idle lines and m = A B.
 * With the rest r of the continued fraction, h = n / (A - n + 2 + r), it is h (1 + r - h) / (1 + h), which does not cancel
 * under overload.
 */
export function burstiness(lines: number, erlangs: number, excess = erlangs - lines): number {
  if (lines === 0 || erlangs === 0) return 0;
  const h = idle(lines, erlangs, excess);
  if (h === 0) return 0;
  if (excess <= 0) {
    const lost = erlangs * blocking(lines, erlangs, excess);
    return (erlangs * carriedShare(lines, erlangs, excess) - lost * h) / (1 + h);
  }
  const rest = isFarOverloaded(lines, excess) ? fractionRest(lines, excess) : lines / h - excess - 2;
  return (h / (1 + h)) * (1 + rest - h);
}

const idleByFraction = (lines: number, excess: number): number => lines / (excess + 2 + fractionRest(lines, excess));

/**
 * 2 (n - 1) / (b_2 + 3 (n - 2) / (b_3 + ...)) with b_i = A - n + 2 i: Legendre's fraction from its second step on, by
 * Lentz's method. Divided by sqrt(n) throughout, so that no number of lines makes it overflow.
 */
function fractionRest(lines: number, excess: number): number {
  const unit = lines > 1 ? Math.sqrt(lines) : 1;
  const numerator = (i: number): number => i * ((lines + 1 - i) / unit / unit);
  const denominator = (i: number): number => excess / unit + (2 * i) / unit;
  let value = denominator(2);
  let c = value;
  let d = 0;
  for (let i = 3; ; i++) {
    d = 1 / (denominator(i) + numerator(i) * d);
    c = denominator(i) + numerator(i) / c;
    const factor = c * d;
    value *= factor;
    if (!(Math.abs(factor - 1) > 4 * Number.EPSILON)) return (numerator(2) / value) * unit;
  }
}

/** Sum of A^k / ((n+1)(n+2)...(n+k)) over k >= 1: what the Poisson tail above n weighs against its term at n. */
function tailSeries(lines: number, erlangs: number): number {
  let term = 1;
  let sum = 0;
  for (let k = 1; ; k++) {
    term *= erlangs / (lines + k);
    sum += term;
    if (term <= sum * 1e-17) return sum;
  }
}

/** lnGamma(1 + x) / x for x < 0.001: Euler's constant and zeta(2)/2 to zeta(5)/5, after NIST DLMF 5.7.3. */
const lnFactorialOverX = (x: number): number =>
  -0.5772156649015329 +
  x * (0.8224670334241132 - x * (0.40068563438653143 - x * (0.27058080842778454 - x * 0.20738555102867398)));

/**
 * (1 - B) / B = n e^A A^-n Gamma(n, A) for next to no line and A < 3, by Gamma(n, A) = Gamma(n) less the series of the
 * lower function, NIST DLMF 8.7.1. For n = 0 the factor of n is e^A E1(A).
 */
function carriedOverLost(lines: number, erlangs: number): number {
  const whole = Math.expm1(lines * (lnFactorialOverX(lines) - Math.log(erlangs)));
  let term = 1;
  let sum = 0;
  for (let k = 1; ; k++) {
    term *= -erlangs / k;
    const next = sum + term / (lines + k);
    if (next === sum) return Math.exp(erlangs) * (whole - lines * sum);
    sum = next;
  }
}

/** n (x - ln(1 + x)) at x = w / sqrt(n): what a normal distribution has as w^2 / 2. For |x| < 0.2. */
function nearlyNormal(w: number, root: number): number {
  const x = w / root;
  const r = x / (2 + x);
  const r2 = r * r;
  const series = 1 / 3 + r2 * (1 / 5 + r2 * (1 / 7 + r2 * (1 / 9 + r2 * (1 / 11 + r2 / 13))));
  return (w * w) / (2 + x) - 2 * (r * root) * (r2 * root) * series;
}

/** The steps of the double exponential rule for a half line: H. Takahasi, M. Mori, Publications of RIMS 9 (1974) 721. */
const NODES = Array.from({ length: 113 }, (_, i) => {
  const t = -3.5 + i / 16;
  const distance = Math.exp(t - Math.exp(-t));
  return { distance, weight: (distance * (1 + Math.exp(-t))) / 16 };
});

/** What lies further from the peak, in units of sqrt(n), is below e^-70 of it. */
const FAR = 12;

/** The integral of f(w) e^(-k w - nearlyNormal(w)) over w from `from`. */
function integral(root: number, k: number, from: number, f: (w: number) => number): number {
  let sum = 0;
  for (const { distance, weight } of NODES) {
    if (distance > 3 * FAR) break;
    const w = from + distance;
    sum += weight * f(w) * Math.exp(-k * w - nearlyNormal(w, root));
  }
  return sum;
}

const one = (): number => 1;

function lnBlockingOfMany(lines: number, erlangs: number, excess: number): number {
  const root = Math.sqrt(lines);
  const k = excess / root;
  if (excess >= 0) return -Math.log((root + k) * integral(root, k, 0, one));
  return -deviance(lines, erlangs, excess) - Math.log(root * integral(root, 0, Math.max(k, -FAR), one));
}

/** n ln(n / A) - (n - A) for A < n. */
function deviance(lines: number, erlangs: number, excess: number): number {
  const root = Math.sqrt(lines);
  if (excess > -0.1 * lines) return nearlyNormal(excess / root, root);
  return lines * (Math.log(lines) - Math.log(erlangs)) + excess;
}

/** n E[x / (1 + x)] with x distributed as in the integral: 1 / A less than it is what the lines carry. */
function idleOfMany(lines: number, excess: number): number {
  const root = Math.sqrt(lines);
  const k = excess / root;
  return (root * integral(root, k, 0, (w) => w / (1 + w / root))) / integral(root, k, 0, one);
}
