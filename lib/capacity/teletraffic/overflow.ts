import { requireNonNegative, requirePositive, requireTarget } from './arguments.ts';
import { erlangB, idleLines, lnErlangB } from './erlang.ts';
import { risingRoot, smallestWhole } from './search.ts';

/**
 * Traffic described by the number of calls it would keep up on a group without limit. Its peakedness is
 * variance / mean: 1 for Poisson traffic, more for what overflows in bursts, less for what was smoothed.
 */
export interface Stream {
  /** Mean number of simultaneous calls, erlangs, > 0. */
  mean: number;
  /** Variance of that number, > 0. */
  variance: number;
}

function requireStream({ mean, variance }: Stream): void {
  requirePositive('mean', mean);
  requirePositive('variance', variance);
}

/**
 * What a group of lines turns away of Poisson traffic: mean m = A B and variance m (1 - m + A / (n + 1 - A + m)).
 * R. I. Wilkinson, Bell System Technical Journal 35 (1956) 421, appendix by J. Riordan.
 *
 * With h idle and y busy lines in the mean, variance / mean is written 1 + (y - m h) / (1 + h), which does not cancel
 * under heavy overload.
 *
 * @param lines n, >= 0, may be real
 * @param erlangs A, > 0
 */
export function overflow(lines: number, erlangs: number): Stream {
  requireNonNegative('lines', lines);
  requirePositive('erlangs', erlangs);
  const mean = erlangs * erlangB(lines, erlangs);
  const idle = idleLines(lines, erlangs);
  return { mean, variance: mean * (1 + (lines - idle - mean * idle) / (1 + idle)) };
}

/** Independent streams together: means and variances add. */
export function joinStreams(streams: readonly Stream[]): Stream {
  for (const stream of streams) requireStream(stream);
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
 * The equivalent random method: which traffic A* on which group n* overflows with this mean and variance (Wilkinson
 * 1956). n* follows from A* exactly (Y. Rapp, Ericsson Technics 20 (1964) 77: n* = A*(m + z)/(m + z - 1) - m - 1), and
 * A* is found to the last bits where Rapp only approximates it.
 *
 * @param stream a stream of peakedness >= 1
 * @throws RangeError for smooth traffic, which no group overflows with; use {@link haywardBlocking}
 */
export function equivalentRandom(stream: Stream): EquivalentRandom {
  requireStream(stream);
  const { mean, variance } = stream;
  const peakedness = variance / mean;
  if (peakedness < 1) {
    throw new RangeError(`the equivalent random method needs a peakedness (variance / mean) >= 1, got ${peakedness}`);
  }
  if (peakedness === 1) return { erlangs: mean, lines: 0 };
  const sum = mean + peakedness;
  const linesOf = (erlangs: number): number => Math.max(0, (erlangs * sum) / (sum - 1) - mean - 1);
  const excess = (erlangs: number): number => Math.log(mean / erlangs) - lnErlangB(linesOf(erlangs), erlangs);
  const least = ((mean + 1) * (sum - 1)) / sum;
  let most = variance + 3 * peakedness * (peakedness - 1);
  while (excess(most) < 0) most *= 2;
  const erlangs = risingRoot(excess, least, most);
  return { erlangs, lines: linesOf(erlangs) };
}

/**
 * Share of a peaked stream's calls that a group loses, by the equivalent random method: the stream is what n* lines
 * turn away of A* erlangs, so that what n* + n lines turn away is lost.
 *
 * @param lines n, >= 0
 */
export function equivalentRandomBlocking(lines: number, stream: Stream): number {
  requireNonNegative('lines', lines);
  const group = equivalentRandom(stream);
  return (group.erlangs * erlangB(group.lines + lines, group.erlangs)) / stream.mean;
}

/**
 * Share of a stream's calls that a group loses, by Hayward's approximation: Erlang B with lines and traffic divided by
 * the peakedness z. A. A. Fredericks, Bell System Technical Journal 59 (1980) 805. Good within some percent, and unlike
 * the equivalent random method also for smooth traffic.
 *
 * @param lines number of lines, >= 0
 */
export function haywardBlocking(lines: number, stream: Stream): number {
  requireNonNegative('lines', lines);
  requireStream(stream);
  const peakedness = stream.variance / stream.mean;
  return erlangB(lines / peakedness, stream.mean / peakedness);
}

/** The fewest whole lines that lose no more than a share of a stream's calls, by Hayward's approximation. */
export function linesForHayward(stream: Stream, target: number): number {
  requireStream(stream);
  requireTarget('target blocking', target);
  const peakedness = stream.variance / stream.mean;
  const ln = (lines: number): number => lnErlangB(lines / peakedness, stream.mean / peakedness);
  return smallestWhole(ln, Math.log(target), Math.floor(stream.mean * (1 - target)));
}

/** The fewest whole lines that lose no more than a share of a peaked stream's calls, by the equivalent random method. */
export function linesForEquivalentRandom(stream: Stream, target: number): number {
  requireTarget('target blocking', target);
  const group = equivalentRandom(stream);
  const lnShare = Math.log(group.erlangs / stream.mean);
  const ln = (lines: number): number => lnShare + lnErlangB(group.lines + lines, group.erlangs);
  return smallestWhole(ln, Math.log(target), Math.floor(stream.mean * (1 - target)));
}
