import { requireNonNegative, requirePositive, requireTarget } from './arguments.ts';
import { lnPoisson } from './poisson.ts';
import { risingRoot, smallestWhole } from './search.ts';

/**
 * Erlang's formulas for a group of n lines that is offered A erlangs of Poisson traffic: A. K. Erlang (1917), in
 * E. Brockmeyer, H. L. Halstrom, A. Jensen, The Life and Works of A. K. Erlang (1948). The number of lines may be real
 * (the continuation of D. L. Jagerman, Bell System Technical Journal 53 (1974) 525: 1/B is the integral of
 * A e^(-A t) (1 + t)^n over t > 0), which Hayward's approximation needs.
 *
 * The integral is e^A A^-n times the upper incomplete gamma function of (n + 1, A). Both ways of computing it below are
 * sums or fractions of positive terms, take about sqrt(n) steps, and neither overflows nor cancels:
 * - A < n + 2: the series of the lower function, NIST DLMF 8.11.4;
 * - A >= n + 2: Legendre's continued fraction of the upper one, NIST DLMF 8.9.2.
 */

/** Mean number of idle lines, n - A(1 - B), for A >= n + 2; Legendre's fraction evaluated by Lentz's method. */
function idleByFraction(lines: number, erlangs: number): number {
  if (lines === 0) return 0;
  let denominator = erlangs - lines + 2;
  let c = denominator;
  let d = 0;
  let idle = lines / denominator;
  for (let i = 2; ; i++) {
    const numerator = i * (lines + 1 - i);
    denominator += 2;
    d = 1 / (denominator + numerator * d);
    c = denominator + numerator / c;
    const factor = c * d;
    idle /= factor;
    if (Math.abs(factor - 1) <= Number.EPSILON) return idle;
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

function lnBlocking(lines: number, erlangs: number): number {
  if (lines === 0) return 0;
  if (erlangs === 0) return -Infinity;
  if (erlangs >= lines + 2) return Math.log(blocking(lines, erlangs));
  const ln = lnPoisson(lines, erlangs);
  return ln - Math.log1p(-Math.exp(ln) * tailSeries(lines, erlangs));
}

function blocking(lines: number, erlangs: number): number {
  if (lines === 0) return 1;
  if (erlangs < lines + 2) return Math.exp(lnBlocking(lines, erlangs));
  return (erlangs - lines + idleByFraction(lines, erlangs)) / erlangs;
}

function requireGroup(lines: number, erlangs: number): void {
  requireNonNegative('lines', lines);
  requireNonNegative('erlangs', erlangs);
}

/**
 * Erlang B: the share of calls that find all lines busy and are lost.
 *
 * @param lines number of lines, >= 0, may be real
 * @param erlangs offered traffic, >= 0
 * @returns 0 to 1; 0 where it is below the smallest double (see {@link lnErlangB})
 * @throws RangeError for a negative or infinite argument
 * @example erlangB(30, 25) // 0.0526
 */
export function erlangB(lines: number, erlangs: number): number {
  requireGroup(lines, erlangs);
  return blocking(lines, erlangs);
}

/** Natural logarithm of {@link erlangB}, for blocking that no double can hold. */
export function lnErlangB(lines: number, erlangs: number): number {
  requireGroup(lines, erlangs);
  return lnBlocking(lines, erlangs);
}

/**
 * Mean number of idle lines, n - A(1 - B), computed without subtracting nearly equal numbers: with A far above n only a
 * tiny part of a line is idle, and the moments of overflow depend on that part.
 */
export function idleLines(lines: number, erlangs: number): number {
  requireGroup(lines, erlangs);
  if (erlangs >= lines + 2) return idleByFraction(lines, erlangs);
  return lines - erlangs + erlangs * blocking(lines, erlangs);
}

/**
 * Natural logarithm of {@link erlangC}. C = n B / (n - A (1 - B)), Erlang (1917); R. B. Cooper, Introduction to Queueing
 * Theory (1981), section 3.4.
 */
export function lnErlangC(lines: number, erlangs: number): number {
  requireGroup(lines, erlangs);
  if (erlangs >= lines) return 0;
  return Math.log(lines) + lnBlocking(lines, erlangs) - Math.log(idleLines(lines, erlangs));
}

/**
 * Erlang C: the share of calls that have to wait when nobody gives up.
 *
 * @param lines number of agents or lines, >= 0, may be real
 * @param erlangs offered traffic, >= 0; from `lines` on the queue grows without end and every call waits
 * @returns 0 to 1
 */
export function erlangC(lines: number, erlangs: number): number {
  return Math.exp(lnErlangC(lines, erlangs));
}

/** The traffic below `most` at which `ln` (rising in traffic) reaches `lnTarget`. */
function trafficWhere(ln: (erlangs: number) => number, lnTarget: number, most: number): number {
  const high = Math.log(most);
  let step = 1;
  while (ln(Math.exp(high - step)) > lnTarget) step *= 2;
  return Math.exp(risingRoot((x) => ln(Math.exp(x)) - lnTarget, high - step, high));
}

/**
 * The fewest whole lines that lose no more than a share of the calls.
 *
 * @param erlangs offered traffic, >= 0
 * @param target blocking, between 0 and 1
 * @example linesForErlangB(33.33, 0.01) // 45
 */
export function linesForErlangB(erlangs: number, target: number): number {
  requireNonNegative('erlangs', erlangs);
  requireTarget('target blocking', target);
  if (erlangs === 0) return 0;
  // What is carried, at least A (1 - target), fits on the lines.
  return smallestWhole((lines) => lnBlocking(lines, erlangs), Math.log(target), Math.floor(erlangs * (1 - target)));
}

/**
 * The traffic that loses exactly a share of its calls on a group: the group's capacity at that grade of service.
 *
 * @param lines number of lines, >= 0, may be real
 * @param target blocking, between 0 and 1
 * @returns erlangs
 */
export function trafficForErlangB(lines: number, target: number): number {
  requireNonNegative('lines', lines);
  requireTarget('target blocking', target);
  if (lines === 0) return 0;
  // A (1 - B) < n bounds the traffic from above.
  return trafficWhere((erlangs) => lnBlocking(lines, erlangs), Math.log(target), lines / (1 - target));
}

/** The fewest whole agents with whom no more than a share of the calls has to wait. */
export function linesForErlangC(erlangs: number, target: number): number {
  requireNonNegative('erlangs', erlangs);
  requireTarget('target share of waiting calls', target);
  if (erlangs === 0) return 0;
  return smallestWhole((lines) => lnErlangC(lines, erlangs), Math.log(target), Math.floor(erlangs));
}

/** The traffic of which exactly a share has to wait for one of `lines` agents. */
export function trafficForErlangC(lines: number, target: number): number {
  requirePositive('lines', lines);
  requireTarget('target share of waiting calls', target);
  return trafficWhere((erlangs) => lnErlangC(lines, erlangs), Math.log(target), lines);
}

/** What Extended Erlang B finds: the traffic with its repeated attempts, and the share of attempts that fail. */
export interface RetriedTraffic {
  /** Offered traffic, first and repeated attempts together, erlangs. */
  erlangs: number;
  /** Share of all attempts that is blocked. */
  blocking: number;
}

/**
 * Extended Erlang B: a share of the blocked calls tries again, so that the offered traffic E solves
 * E = E0 + R E B(n, E). R. Jewett, J. Shrago, B. Yomtov, Designing Optimal Voice Networks for Businesses, Government and
 * Telephone Companies (1980). Solved by root finding rather than by repeating the equation, which is slow near full load.
 *
 * @param lines number of lines, >= 0
 * @param firstAttempts E0, erlangs of first attempts
 * @param retryShare R, 0 to 1: share of blocked attempts that is made again
 * @returns with R = 1 and no fewer first attempts than lines, infinite traffic and blocking 1: no load is stable
 */
export function extendedErlangB(lines: number, firstAttempts: number, retryShare: number): RetriedTraffic {
  requireGroup(lines, firstAttempts);
  if (!(retryShare >= 0 && retryShare <= 1)) throw new RangeError(`retryShare must be 0 to 1, got ${retryShare}`);
  if (retryShare === 1 && firstAttempts >= lines) return { erlangs: Infinity, blocking: 1 };
  const missing = (erlangs: number): number => erlangs * (1 - retryShare * blocking(lines, erlangs)) - firstAttempts;
  let most = firstAttempts;
  while (missing(most) < 0) most *= 2;
  const erlangs = most === firstAttempts ? most : risingRoot(missing, firstAttempts, most);
  return { erlangs, blocking: blocking(lines, erlangs) };
}
