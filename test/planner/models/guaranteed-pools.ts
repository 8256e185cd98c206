import { requireAtMost, requireNonNegative, requireWhole } from '../../../lib/planner/teletraffic/arguments.ts';
import { lnPoisson } from '../../../lib/planner/teletraffic/poisson.ts';

/** Someone who has a part of a group for itself and competes for the shared part. */
export interface Party {
  /** Offered traffic in calls, erlangs, 0 to 1e9. */
  erlangs: number;
  /** Calls that are always taken, whole, >= 0. Capacity for them is set aside and not lent out. */
  guaranteed: number;
  /**
   * Most concurrent calls, whole, >= guaranteed.
   * @default - no limit but the shared part
   */
  limit?: number;
  /**
   * What one call above the guarantee takes of the shared part, whole, >= 1.
   * @default 1
   */
  slots?: number;
}

/** What is lighter than this part of a party's heaviest state is left out; blocking of 1e-20 is still exact. */
const NEGLIGIBLE = 1e-32;

/** Some ten seconds. */
const MOST_STEPS = 1e10;

/**
 * Share of every party's calls that is lost when a call is taken if its party is below its guarantee, or below its limit
 * while the shared part has room for it.
 *
 * The calls above the guarantees form a coordinate-convex set of states, so that the probabilities have product form and
 * the blocking is exact for any distribution of the call's length: J. M. Aein, IEEE Transactions on Communications 26
 * (1978) 1297; J. S. Kaufman, the same 29 (1981) 1474. Computed by convolution of the parties' excess calls (V. B.
 * Iversen, 1987), leaving each party out in turn by halving the list.
 *
 * Time grows with parties x log(parties) x shared x the width of a party's distribution: 500 parties on 5,000 shared
 * slots take seconds.
 *
 * @param shared slots of the shared part, whole, >= 0; times the parties at most 1,000,000, and so few that it takes seconds
 * @returns blocking in the order of the parties
 * @throws RangeError for a limit below the guarantee, a number that is not whole, or so much to do that it would take minutes
 */
export function guaranteedPoolsBlocking(shared: number, parties: readonly Party[]): number[] {
  requireWhole('shared', shared);
  for (const [i, party] of parties.entries()) requireParty(i, party);
  requireAtMost('shared x parties', shared * parties.length, 1e6);
  const excess = parties.map((party) => excessWeights(shared, party));
  const states = excess.reduce((sum, { weights }) => sum + weights.length, 0);
  const steps = states * (shared + 1) * Math.ceil(Math.log2(parties.length + 1));
  if (steps > MOST_STEPS) {
    throw new RangeError(
      `shared x states of the parties must be so few that it takes ${MOST_STEPS} steps, got ${steps}`,
    );
  }
  const blocking = new Array<number>(parties.length);
  const visit = (from: number, to: number, others: Float64Array): void => {
    if (to - from === 1) {
      blocking[from] = lostShare(shared, parties[from]!, excess[from]!, others);
      return;
    }
    const middle = (from + to) >> 1;
    visit(from, middle, addParties(others, excess, middle, to, shared));
    visit(middle, to, addParties(others, excess, from, middle, shared));
  };
  if (parties.length > 0) visit(0, parties.length, Float64Array.of(1));
  return blocking;
}

function requireParty(index: number, { erlangs, guaranteed, limit, slots = 1 }: Party): void {
  requireNonNegative(`erlangs of party ${index}`, erlangs);
  requireAtMost(`erlangs of party ${index}`, erlangs, 1e9);
  requireWhole(`guaranteed of party ${index}`, guaranteed);
  requireWhole(`slots of party ${index}`, slots);
  if (slots === 0) throw new RangeError(`slots of party ${index} must be at least 1, got 0`);
  if (limit === undefined) return;
  requireWhole(`limit of party ${index}`, limit);
  if (limit < guaranteed) {
    throw new RangeError(`limit of party ${index} must be at least its guarantee of ${guaranteed}, got ${limit}`);
  }
}

/** A party alone: how its states weigh, by calls above the guarantee. */
interface Excess {
  slots: number;
  /** Weight of e calls above the guarantee; index 0 holds all states up to the guarantee. Sums to 1. */
  weights: Float64Array;
  /** Weight of the state with exactly the guaranteed calls: below it no call is ever lost. */
  atGuarantee: number;
}

function excessWeights(shared: number, { erlangs, guaranteed, limit = Infinity, slots = 1 }: Party): Excess {
  if (erlangs === 0) return { slots, weights: Float64Array.of(1), atGuarantee: guaranteed === 0 ? 1 : 0 };
  const most = guaranteed + Math.min(limit - guaranteed, Math.floor(shared / slots));
  // All weights are relative to the heaviest state there is, so that none overflows.
  const heaviest = Math.min(Math.floor(erlangs), most);
  const lnHeaviest = lnPoisson(heaviest, erlangs);
  const weight = (calls: number): number => Math.exp(lnPoisson(calls, erlangs) - lnHeaviest);
  const weights = [0];
  for (let calls = Math.min(heaviest, guaranteed), w = weight(calls); w > NEGLIGIBLE; w *= calls-- / erlangs) {
    weights[0]! += w;
  }
  for (let calls = heaviest + 1, w = 1; calls <= guaranteed && w > NEGLIGIBLE; calls++) {
    w *= erlangs / calls;
    weights[0]! += w;
  }
  for (let calls = guaranteed + 1; calls <= most; calls++) {
    const w = weight(calls);
    if (w < NEGLIGIBLE && calls > heaviest) break;
    weights.push(w);
  }
  const total = weights.reduce((sum, w) => sum + w, 0);
  return { slots, weights: Float64Array.from(weights, (w) => w / total), atGuarantee: weight(guaranteed) / total };
}

/** The shared part's occupancy with the parties from `from` up to `to` added. */
function addParties(
  occupancy: Float64Array,
  excess: readonly Excess[],
  from: number,
  to: number,
  shared: number,
): Float64Array {
  let sum = occupancy;
  for (let i = from; i < to; i++) sum = convolve(sum, excess[i]!, shared);
  return sum;
}

function convolve(occupancy: Float64Array, { slots, weights }: Excess, shared: number): Float64Array {
  if (weights.length === 1) return occupancy.map((weight) => weight * weights[0]!);
  const length = Math.min(shared, occupancy.length - 1 + (weights.length - 1) * slots) + 1;
  const sum = new Float64Array(length);
  for (let e = 0; e < weights.length; e++) {
    const weight = weights[e]!;
    const shift = e * slots;
    const end = Math.min(occupancy.length, length - shift);
    for (let s = 0; s < end; s++) sum[s + shift]! += weight * occupancy[s]!;
  }
  return sum;
}

/** The share of a party's calls that meets a full shared part or the party's own limit, given what all others use. */
function lostShare(shared: number, { guaranteed, limit = Infinity }: Party, own: Excess, others: Float64Array): number {
  const { slots, weights, atGuarantee } = own;
  const upTo = Float64Array.from(others);
  for (let s = 1; s < upTo.length; s++) upTo[s]! += upTo[s - 1]!;
  let lost = 0;
  let all = 0;
  for (let e = 0; e < weights.length; e++) {
    const free = shared - e * slots;
    const fits = upTo[Math.min(free, upTo.length - 1)]!;
    let blocked = guaranteed + e === limit ? fits : 0;
    if (blocked === 0) {
      for (let s = Math.max(0, free - slots + 1); s <= free && s < others.length; s++) blocked += others[s]!;
    }
    all += weights[e]! * fits;
    lost += (e === 0 ? atGuarantee : weights[e]!) * blocked;
  }
  return lost / all;
}
