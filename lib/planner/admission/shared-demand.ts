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
  // The sum of Poisson variables is one: tenants without a guarantee are as one, and need no convolution.
  const unguaranteed = traffic.reduce((sum, one) => sum + (one.guaranteedCalls === 0 ? one.erlangs : 0), 0);
  const guaranteed = traffic.filter(({ erlangs, guaranteedCalls }) => erlangs > 0 && guaranteedCalls > 0);
  let parts = guaranteed.map(({ erlangs, guaranteedCalls }) => excess(erlangs, guaranteedCalls, most));
  if (unguaranteed > 0) parts.push(excess(unguaranteed, 0, most));
  // In pairs, so that long ones are few.
  while (parts.length > 1) {
    parts = Array.from({ length: Math.ceil(parts.length / 2) }, (_, i) => {
      const [one, other] = [parts[2 * i]!, parts[2 * i + 1]];
      return other === undefined ? one : convolve(one, other, most);
    });
  }
  return parts[0] ?? Float64Array.of(1);
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
  // Tails of many parties would make the support as long as the limit allows without being of any weight. Where the limit cuts
  // the support off below the mean, the end is not the tail but the heaviest part.
  let heaviest = 0;
  for (const weight of sum) if (weight > heaviest) heaviest = weight;
  const negligible = heaviest * NEGLIGIBLE * 1e-10;
  let length = sum.length;
  while (length > 1 && sum[length - 1]! < negligible) length--;
  return sum.slice(0, length);
}
