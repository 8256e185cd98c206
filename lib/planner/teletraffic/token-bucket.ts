import { requireNonNegative, requirePositive, requireTarget } from './arguments.ts';
import { risingRoot } from './search.ts';

/** A limit on a rate: a call takes a token, and is refused if there is none. */
export interface TokenBucket {
  /** Tokens that come back per second, > 0. */
  rate: number;
  /** Tokens that the full bucket holds, whole, 1 to 100,000. */
  burst: number;
}

/** The deepest bucket whose refusals are computed. */
export const MOST_TOKENS = 1e5;

function requireBucket({ rate, burst }: TokenBucket): void {
  requirePositive('rate', rate);
  if (!(Number.isInteger(burst) && burst >= 1 && burst <= MOST_TOKENS)) {
    throw new RangeError(`burst must be a whole number from 1 to ${MOST_TOKENS}, got ${burst}`);
  }
}

/**
 * The share of Poisson calls that a token bucket refuses.
 *
 * What the bucket lacks is the work of a queue whose service takes 1/rate: a call adds one service, and finds no token if
 * `burst` services are not done. So the bucket refuses what a queue M/D/1 with room for `burst` loses (A. W. Berger, IEEE
 * Journal on Selected Areas in Communications 9 (1991) 165).
 *
 * The SBC's clock counts milliseconds, which tells for a bucket of a token or two whose tokens come back within some: of 150
 * calls a second, one token at 200 a second refuses 5.8 % fewer in a simulation.
 *
 * @param perSecond calls per second, >= 0
 * @returns 0 to 1
 * @example refusedShare(50, { rate: 50, burst: 50 }) // 0.0100
 */
export function refusedShare(perSecond: number, bucket: TokenBucket): number {
  requireNonNegative('perSecond', perSecond);
  requireBucket(bucket);
  return lostByQueue(perSecond / bucket.rate, bucket.burst);
}

/**
 * The calls per second of which a token bucket refuses exactly a share: the inverse of {@link refusedShare}.
 *
 * @param target share that is refused, between 0 and 1
 * @example rateForRefused({ rate: 50, burst: 50 }, 0.01) // 50.0: Erlang B would have said 37.9
 */
export function rateForRefused(bucket: TokenBucket, target: number): number {
  requireBucket(bucket);
  requireTarget('target share', target);
  // What passes, load (1 - target), is at most the rate.
  const high = Math.log(1 / (1 - target));
  const tooMuch = (lnLoad: number): number => Math.log(lostByQueue(Math.exp(lnLoad), bucket.burst)) - Math.log(target);
  if (tooMuch(high) <= 0) return bucket.rate / (1 - target);
  let step = 1;
  while (tooMuch(high - step) > 0) step *= 2;
  return bucket.rate * Math.exp(risingRoot(tooMuch, high - step, high));
}

/**
 * The share that M/D/1 with room for `room`, the call in service among them, loses at a load: 1 - 1 / (p + load), where p is
 * the share of departures that leave it empty (H. C. Tijms, A First Course in Stochastic Models (2003), section 9.8). The
 * weights of what departures leave behind follow from one another: as often as it rises above j it falls back to j.
 */
function lostByQueue(load: number, room: number): number {
  if (load === 0 || load === Infinity) return load === 0 ? 0 : 1;
  if (room === 1) return load / (1 + load);
  // A departure leaves it empty less often than once in e^load.
  if (load > 40) return 1 - 1 / load;
  const { below, from } = weightsAround(room, load);
  const overload = 1 / below + load - 1;
  // At light load 1 / below is 1 - load but for the last digits, and what is lost lies in the weights from `room` on.
  const excess = load < 1 && overload < 0.1 * (1 - load) ? ((1 - load) * from) / below : overload;
  return excess / (excess + 1);
}

/** Sums of the weights of 0 to room - 1 left behind, and, for a load below 1, of `room` and more; the weight of 0 is 1. */
function weightsAround(room: number, load: number): { below: number; from: number } {
  const { none, atLeast } = arrivalsInService(load);
  const weights = [1];
  let below = 0;
  let from = 0;
  let ratio = 0;
  for (let j = 0; ; j++) {
    const weight = weights[j]!;
    if (j < room) below += weight;
    else from += weight;
    if (weight === 0 || below > 1e300) return { below, from };
    let rises = atLeast[j + 1] ?? 0;
    for (let i = Math.max(1, j + 3 - atLeast.length); i <= j; i++) rises += weights[i]! * atLeast[j + 2 - i]!;
    const next = rises / none;
    const change = Math.abs(next / weight - ratio);
    ratio = next / weight;
    weights.push(next);
    // From here on the weights are a geometric series.
    if (change > 1e-14 * ratio) continue;
    const more = room - 1 - j;
    if (more <= 0) return { below, from: from + next / (1 - ratio) };
    return {
      below: below + weight * ratio * geometricSum(ratio, more),
      from: (weight * ratio ** (more + 1)) / (1 - ratio),
    };
  }
}

/** 1 + q + ... + q^(terms - 1). */
function geometricSum(q: number, terms: number): number {
  const ln = Math.log(q);
  return ln === 0 ? terms : Math.expm1(terms * ln) / Math.expm1(ln);
}

/** Probabilities that no call comes while one is served, and that at least k do, as far as they count. */
function arrivalsInService(load: number): { none: number; atLeast: readonly number[] } {
  const exactly = [Math.exp(-load)];
  for (let k = 1; k <= load || exactly[k - 1]! > 1e-30; k++) exactly.push((exactly[k - 1]! * load) / k);
  const atLeast = [...exactly];
  for (let k = atLeast.length - 2; k >= 0; k--) atLeast[k]! += atLeast[k + 1]!;
  return { none: exactly[0]!, atLeast };
}
