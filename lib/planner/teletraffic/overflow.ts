import { requireAtMost, requireNonNegative, requirePositive, requireTarget } from './arguments.ts';
import { blocking, burstiness, lnBlocking } from './loss-group.ts';
import { risingRoot, smallestWhole } from './search.ts';

/**
 * Traffic described by the number of calls it would keep up on a group without limit. Its peakedness is
 * variance / mean: 1 for Poisson traffic, more for what overflows in bursts, less for what was smoothed.
 */
export interface Stream {
  /** Mean number of simultaneous calls, erlangs, > 0; 1e-100 to 1e100 where it is offered to lines. */
  mean: number;
  /** Variance of that number, > 0; 1e-100 to 1e100 times the mean where it is offered to lines. */
  variance: number;
}

/** Beyond this, and below its inverse, squares would leave the range of a double. */
const MOST = 1e100;

function requireStream({ mean, variance }: Stream): void {
  requirePositive('mean', mean);
  requirePositive('variance', variance);
}

function requireOffered(stream: Stream): void {
  requireStream(stream);
  const peakedness = stream.variance / stream.mean;
  for (const [name, value] of Object.entries({ mean: stream.mean, 'peakedness (variance / mean)': peakedness })) {
    if (!(value >= 1 / MOST && value <= MOST)) {
      throw new RangeError(`${name} must lie between ${1 / MOST} and ${MOST}, got ${value}`);
    }
  }
}

function requireLines(lines: number): void {
  requireNonNegative('lines', lines);
  requireAtMost('lines', lines, MOST);
}

/**
 * What a group of lines turns away of Poisson traffic: mean m = A B and variance m (1 - m + A / (n + 1 - A + m)).
 * R. I. Wilkinson, Bell System Technical Journal 35 (1956) 421, appendix by J. Riordan.
 *
 * @param lines n, >= 0, may be real
 * @param erlangs A, > 0
 */
export function overflow(lines: number, erlangs: number): Stream {
  requireNonNegative('lines', lines);
  requirePositive('erlangs', erlangs);
  const mean = erlangs * blocking(lines, erlangs);
  return { mean, variance: mean * (1 + burstiness(lines, erlangs)) };
}

/** Millions of them can be added up. */
const SUMMABLE = 1e300;

/** Independent streams together: means and variances add. */
export function joinStreams(streams: readonly Stream[]): Stream {
  for (const stream of streams) {
    requireStream(stream);
    requireAtMost('mean', stream.mean, SUMMABLE);
    requireAtMost('variance', stream.variance, SUMMABLE);
  }
  return {
    mean: streams.reduce((sum, stream) => sum + stream.mean, 0),
    variance: streams.reduce((sum, stream) => sum + stream.variance, 0),
  };
}

/** Poisson traffic and a group of real size whose overflow is a given stream. */
export interface EquivalentRandom {
  erlangs: number;
  lines: number;
}

/**
 * The equivalent random method: which traffic A* on which group n* overflows with this mean m and variance (Wilkinson
 * 1956). With h idle lines and the peakedness 1 + e, both follow exactly from h: n* = e + h (m + e + 1) and
 * A* = (m + e) (1 + h) (Y. Rapp, Ericsson Technics 20 (1964) 77, rewritten so that nothing cancels); h is found to the
 * last bits where Rapp only approximates it.
 *
 * @param stream a stream of peakedness >= 1
 * @throws RangeError for smooth traffic, which no group overflows with; use {@link haywardBlocking}
 */
export function equivalentRandom(stream: Stream): EquivalentRandom {
  const { erlangs, lines } = equivalentGroup(stream);
  return { erlangs, lines };
}

/** With the excess A* - n*, which the other two may be too large to give. */
function equivalentGroup(stream: Stream): EquivalentRandom & { readonly excess: number } {
  requireOffered(stream);
  const { mean, variance } = stream;
  const e = (variance - mean) / mean;
  if (e < 0) {
    throw new RangeError(
      `the equivalent random method needs a peakedness (variance / mean) >= 1, got ${variance / mean}`,
    );
  }
  if (e === 0) return { erlangs: mean, lines: 0, excess: mean };
  const groupOf = (h: number): EquivalentRandom & { readonly excess: number } => ({
    lines: e + h * (mean + e + 1),
    erlangs: (mean + e) * (1 + h),
    excess: mean - h,
  });
  // Of a group with h lines idle both moments are right. Under overload the mean says next to nothing of h, else the variance.
  const tooMany = (lnIdle: number): number => {
    const { lines, erlangs, excess } = groupOf(Math.exp(lnIdle));
    return excess > 0
      ? Math.log(burstiness(lines, erlangs, excess)) - Math.log(e)
      : Math.log(mean / erlangs) - lnBlocking(lines, erlangs, excess);
  };
  let low = Math.log(e) - Math.log1p(mean + e);
  for (let step = 1; tooMany(low) > 0; step *= 2) low -= step;
  let step = 1;
  while (tooMany(low + step) < 0) step *= 2;
  return groupOf(Math.exp(risingRoot(tooMany, low, low + step)));
}

/**
 * Share of a peaked stream's calls that a group loses, by the equivalent random method: the stream is what n* lines
 * turn away of A* erlangs, so that what n* + n lines turn away is lost.
 *
 * @param lines n, >= 0
 */
export function equivalentRandomBlocking(lines: number, stream: Stream): number {
  requireLines(lines);
  return Math.exp(lnLost(lines, stream, equivalentGroup(stream)));
}

function lnLost(lines: number, { mean }: Stream, group: ReturnType<typeof equivalentGroup>): number {
  if (lines === 0) return 0;
  return Math.log(group.erlangs / mean) + lnBlocking(group.lines + lines, group.erlangs, group.excess - lines);
}

/**
 * Share of a stream's calls that a group loses, by Hayward's approximation: Erlang B with lines and traffic divided by
 * the peakedness z. A. A. Fredericks, Bell System Technical Journal 59 (1980) 805. Good within some percent, and unlike
 * the equivalent random method also for smooth traffic.
 *
 * @param lines number of lines, >= 0
 */
export function haywardBlocking(lines: number, stream: Stream): number {
  requireLines(lines);
  requireOffered(stream);
  return Math.exp(lnHayward(lines, stream));
}

function lnHayward(lines: number, { mean, variance }: Stream): number {
  const peakedness = variance / mean;
  return lnBlocking(lines / peakedness, mean / peakedness, (mean - lines) / peakedness);
}

/** The fewest whole lines that lose no more than a share of a stream's calls, by Hayward's approximation. */
export function linesForHayward(stream: Stream, target: number): number {
  requireOffered(stream);
  requireTarget('target blocking', target);
  const least = Math.floor(stream.mean * (1 - target));
  return smallestWhole((lines) => lnHayward(lines, stream), Math.log(target), least);
}

/** The fewest whole lines that lose no more than a share of a peaked stream's calls, by the equivalent random method. */
export function linesForEquivalentRandom(stream: Stream, target: number): number {
  requireTarget('target blocking', target);
  const group = equivalentGroup(stream);
  const least = Math.floor(stream.mean * (1 - target));
  return smallestWhole((lines) => lnLost(lines, stream, group), Math.log(target), least);
}
