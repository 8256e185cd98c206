import { lnPoisson } from '../teletraffic/poisson.ts';

/** Traffic that has a guarantee and otherwise competes for a shared part. */
export interface GuaranteedTraffic {
  /** Offered traffic in calls, erlangs. */
  readonly erlangs: number;
  /** Calls that are always taken. */
  readonly guaranteedCalls: number;
}

/** What is less likely than this is left out. */
const NEGLIGIBLE = 1e-15;

/**
 * Probability that the calls above all guarantees would be s, s from 0 to `most`, if nothing were ever blocked: the
 * convolution of the excess of independent Poisson variables.
 *
 * With S shared places the same probabilities, cut off at S and scaled up, are those of the real system (the admitted
 * states are coordinate-convex: J. S. Kaufman, IEEE Transactions on Communications 29 (1981) 1474), so one convolution
 * answers for every S.
 */
export function sharedDemand(traffic: readonly GuaranteedTraffic[], most: number): Float64Array {
  let sum = Float64Array.of(1);
  for (const { erlangs, guaranteedCalls } of traffic) {
    if (erlangs > 0) sum = convolve(sum, excess(erlangs, guaranteedCalls, most), most);
  }
  return sum;
}

/** The share of time that `shared` places are all taken, by {@link sharedDemand}: no tenant's loss for this is larger. */
export function timeCongestion(demand: Float64Array, shared: number): number {
  if (shared >= demand.length) return 0;
  let upTo = 0;
  for (let s = 0; s <= shared; s++) upTo += demand[s]!;
  return upTo === 0 ? 1 : demand[shared]! / upTo;
}

/** The fewest shared places, up to `most`, that are all taken no more than the share `target` of the time. */
export function sharedPlacesFor(demand: Float64Array, target: number, most: number): number | undefined {
  let upTo = 0;
  let fewest: number | undefined;
  for (let s = 0; s <= most; s++) {
    const here = demand[s] ?? 0;
    upTo += here;
    const good = upTo > 0 && here <= target * upTo;
    if (!good) fewest = undefined;
    else fewest ??= s;
  }
  return fewest;
}

/** Probability of e calls above the guarantee. */
function excess(erlangs: number, guaranteed: number, most: number): Float64Array {
  const weights = [0];
  for (let calls = 0; calls <= guaranteed; calls++) weights[0]! += Math.exp(lnPoisson(calls, erlangs));
  for (let calls = guaranteed + 1; calls - guaranteed <= most; calls++) {
    const weight = Math.exp(lnPoisson(calls, erlangs));
    if (weight < NEGLIGIBLE && calls > erlangs) break;
    weights.push(weight);
  }
  return Float64Array.from(weights);
}

function convolve(a: Float64Array, b: Float64Array, most: number): Float64Array<ArrayBuffer> {
  const sum = new Float64Array(Math.min(most, a.length + b.length - 2) + 1);
  for (let i = 0; i < b.length; i++) {
    const weight = b[i]!;
    if (weight === 0) continue;
    const end = Math.min(a.length, sum.length - i);
    for (let j = 0; j < end; j++) sum[i + j]! += weight * a[j]!;
  }
  // Tails of many parties would make the support as long as the limit allows without being of any weight.
  let length = sum.length;
  while (length > 1 && sum[length - 1]! < NEGLIGIBLE * 1e-10) length--;
  return sum.slice(0, length);
}
