import { requireAtMost, requireNonNegative, requireWhole } from '../../../lib/planner/teletraffic/arguments.ts';

/** Calls of one size that share a group with calls of other sizes. */
export interface CallClass {
  /** Offered traffic in calls, erlangs, 0 to 1e15. */
  erlangs: number;
  /** What one call takes of the group, a whole number >= 1. */
  slots: number;
  /**
   * Trunk reservation: a call is taken only if this many slots stay free for others after it. Whole, >= 0.
   * @default 0
   */
  reserved?: number;
}

export interface SharedGroup {
  /** Share of the calls that is lost, for every class in the order given. */
  blocking: number[];
  /** Probability that j slots are busy, j from 0 to the capacity. */
  occupancy: Float64Array;
}

const MOST_SLOTS = 1e6;
const MOST_STEPS = 1e7;

/** Above this the running weights are scaled down: what then leaves the range of a double weighs less than 1e-250. */
const LARGE = 1e250;

/**
 * Blocking of calls of different sizes on one group: j q(j) = sum of a_k b_k q(j - b_k). J. S. Kaufman, IEEE Transactions
 * on Communications 29 (1981) 1474; J. W. Roberts, in Performance of Data Communication Systems (1981). Exact for any
 * distribution of the call's length. With trunk reservation a class adds nothing to states it may not enter (J. W.
 * Roberts, ITC 10 (1983)): exact for one size and one mean length, else an approximation.
 *
 * @param capacity slots of the group, whole, 0 to 1,000,000; takes time and memory in proportion to it and to the classes, so
 * that capacity x classes is at most 10,000,000: some 50 ms
 * @throws RangeError for a size below 1 or a number that is not whole
 * @example kaufmanRoberts(20, [{ erlangs: 5, slots: 1 }, { erlangs: 2, slots: 4 }]).blocking // [0.0326, 0.166]
 */
export function kaufmanRoberts(capacity: number, classes: readonly CallClass[]): SharedGroup {
  requireWhole('capacity', capacity);
  requireAtMost('capacity', capacity, Math.min(MOST_SLOTS, Math.floor(MOST_STEPS / Math.max(1, classes.length))));
  for (const [k, { erlangs, slots, reserved = 0 }] of classes.entries()) {
    requireNonNegative(`erlangs of class ${k}`, erlangs);
    requireAtMost(`erlangs of class ${k}`, erlangs, 1e15);
    requireWhole(`slots of class ${k}`, slots);
    requireWhole(`reserved of class ${k}`, reserved);
    if (slots === 0) throw new RangeError(`slots of class ${k} must be at least 1, got 0`);
  }
  const occupancy = new Float64Array(capacity + 1);
  occupancy[0] = 1;
  // The first state that is not so much lighter than the heaviest that it was scaled down to 0.
  let first = 0;
  for (let j = 1; j <= capacity; j++) {
    let sum = 0;
    for (const { erlangs, slots, reserved = 0 } of classes) {
      if (j >= slots && j + reserved <= capacity) sum += erlangs * slots * occupancy[j - slots]!;
    }
    occupancy[j] = sum / j;
    if (sum <= LARGE) continue;
    for (let i = first; i <= j; i++) occupancy[i]! /= sum;
    while (occupancy[first] === 0) first++;
  }
  const total = occupancy.reduce((sum, weight) => sum + weight, 0);
  for (let j = first; j <= capacity; j++) occupancy[j]! /= total;
  const blocking = classes.map(({ slots, reserved = 0 }) => {
    let sum = 0;
    for (let j = capacity; j > capacity - slots - reserved && j >= first; j--) sum += occupancy[j]!;
    return sum;
  });
  return { blocking, occupancy };
}
