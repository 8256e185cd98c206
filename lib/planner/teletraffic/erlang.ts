import { counted } from '../../config-file/counted.ts';
import { requireNonNegative, requirePositive, requireTarget } from './arguments.ts';
import { blocking, carriedShare, idle, lnBlocking } from './loss-group.ts';
import { risingRoot, smallestWhole } from './search.ts';

function requireGroup(lines: number, erlangs: number): void {
  requireNonNegative('lines', lines);
  requireNonNegative('erlangs', erlangs);
}

/**
 * Erlang B: the share of calls that find all lines busy and are lost.
 *
 * @param lines number of lines, >= 0, may be real
 * @param erlangs offered traffic, >= 0
 * @returns 0 to 1; 0 where it is below the smallest double (see `lnErlangB`)
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
  return idle(lines, erlangs);
}

/**
 * Natural logarithm of {@link erlangC}. C = n B / (n - A (1 - B)), Erlang (1917); R. B. Cooper, Introduction to Queueing
 * Theory (1981), section 3.4.
 */
export function lnErlangC(lines: number, erlangs: number): number {
  requireGroup(lines, erlangs);
  if (erlangs >= lines) return 0;
  return Math.log(lines) + lnBlocking(lines, erlangs) - Math.log(idle(lines, erlangs));
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

/**
 * The traffic below `most` at which `ln` (rising in traffic) reaches `lnTarget`; 0 where it is below the smallest double.
 * Undefined where it is above the largest.
 */
function trafficWhere(ln: (erlangs: number) => number, lnTarget: number, most: number): number | undefined {
  const high = Math.min(Math.log(most), LN_LARGEST);
  if (ln(Math.exp(high)) < lnTarget) return most > LARGEST ? undefined : most;
  let step = 1;
  while (high - step > LN_SMALLEST && ln(Math.exp(high - step)) > lnTarget) step *= 2;
  const low = Math.max(high - step, LN_SMALLEST);
  if (ln(Math.exp(low)) > lnTarget) return 0;
  return Math.exp(risingRoot((x) => ln(Math.exp(x)) - lnTarget, low, high));
}

/** Traffic above this counts as infinite: nearly the largest double. */
const LARGEST = 1.7e308;
const LN_LARGEST = Math.log(LARGEST);
/** The logarithm of the smallest double above 0. */
const LN_SMALLEST = -744.4;

function finiteLines(erlangs: number, lines: number): number {
  if (lines < Infinity) return lines;
  throw new RangeError(`erlangs must be so few that a double can hold the number of lines for them, got ${erlangs}`);
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
  return finiteLines(
    erlangs,
    smallestWhole((lines) => lnBlocking(lines, erlangs), Math.log(target), Math.floor(erlangs * (1 - target))),
  );
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
  const erlangs = trafficWhere((a) => lnBlocking(lines, a), Math.log(target), lines / (1 - target));
  if (erlangs !== undefined) return erlangs;
  throw new RangeError(
    `lines must be so few that a traffic of at most ${LARGEST} erlangs loses ${target} on them, got ${lines}`,
  );
}

/**
 * The traffic of which a group carries so much: A (1 - B(n, A)), by Erlang B. What is lost was offered, too.
 *
 * @param lines number of lines, > 0, may be real
 * @param carried erlangs, >= 0 and below `lines`
 * @returns erlangs
 * @example offeredForCarried(30, 23.7) // 25
 */
export function offeredForCarried(lines: number, carried: number): number {
  requirePositive('lines', lines);
  requireNonNegative('carried', carried);
  if (carried >= lines) throw new RangeError(`carried must be below the ${counted(lines, 'line')}, got ${carried}`);
  if (carried === 0) return 0;
  // Of nearly full lines by those that are idle, which can be given exactly.
  const missing = (lnErlangs: number): number => {
    const erlangs = Math.exp(lnErlangs);
    return carried < lines / 2
      ? erlangs * carriedShare(lines, erlangs) - carried
      : lines - carried - idle(lines, erlangs);
  };
  const low = Math.log(carried);
  if (missing(low) >= 0) return carried;
  let step = 1e-3;
  while (missing(low + step) < 0) step *= 2;
  return Math.exp(risingRoot(missing, low, low + step));
}

/** The fewest whole agents with whom no more than a share of the calls has to wait. */
export function linesForErlangC(erlangs: number, target: number): number {
  requireNonNegative('erlangs', erlangs);
  requireTarget('target share of waiting calls', target);
  if (erlangs === 0) return 0;
  return finiteLines(
    erlangs,
    smallestWhole((lines) => lnErlangC(lines, erlangs), Math.log(target), Math.floor(erlangs)),
  );
}

/** The traffic of which exactly a share has to wait for one of `lines` agents. */
export function trafficForErlangC(lines: number, target: number): number {
  requirePositive('lines', lines);
  requireTarget('target share of waiting calls', target);
  return trafficWhere((erlangs) => lnErlangC(lines, erlangs), Math.log(target), lines)!;
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
 * @returns infinite traffic and blocking 1 with R = 1 and no fewer first attempts than lines, where no load is stable, and
 * where the traffic is above the largest double
 */
export function extendedErlangB(lines: number, firstAttempts: number, retryShare: number): RetriedTraffic {
  requireGroup(lines, firstAttempts);
  if (!(retryShare >= 0 && retryShare <= 1)) throw new RangeError(`retryShare must be 0 to 1, got ${retryShare}`);
  if (firstAttempts === 0) return { erlangs: 0, blocking: lines === 0 ? 1 : 0 };
  if (retryShare === 1 && firstAttempts >= lines) return { erlangs: Infinity, blocking: 1 };
  const missing = firstAttempts - lines;
  const excessWith = (repeats: number): number => missing + repeats;
  // Repeats less what is blocked and comes back, as a share of all. Where nearly all of it comes back: what does not, which is
  // given up or carried, less the first attempts. Where nearly no line is idle: by the idle lines.
  const surplus = (repeats: number): number => {
    const erlangs = firstAttempts + repeats;
    const excess = excessWith(repeats);
    const lost = blocking(lines, erlangs, excess);
    if (lost < 0.5) return repeats / erlangs - retryShare * lost;
    const share = carriedShare(lines, erlangs, excess);
    return share * erlangs > lines / 2
      ? ((1 - retryShare) * excess - missing - retryShare * idle(lines, erlangs, excess)) / erlangs
      : 1 - retryShare + retryShare * share - firstAttempts / erlangs;
  };
  const result = (repeats: number): RetriedTraffic => ({
    erlangs: firstAttempts + repeats,
    blocking: blocking(lines, firstAttempts + repeats, excessWith(repeats)),
  });
  // No fewer than of the first attempts alone.
  const least = retryShare * firstAttempts * blocking(lines, firstAttempts);
  if (least === 0 || surplus(least) >= 0) return result(least);
  const most = LARGEST - firstAttempts;
  if (least >= most || surplus(most) < 0) return { erlangs: Infinity, blocking: 1 };
  const low = Math.log(least);
  let high = Math.log(most);
  for (let step = 1; low + step < high; step *= 2) if (surplus(Math.exp(low + step)) >= 0) high = low + step;
  return result(Math.exp(risingRoot((x) => surplus(Math.exp(x)), low, high)));
}
