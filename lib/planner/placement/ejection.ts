import type { Random } from '../random.ts';

/** Vectors to be packed into as few equal bins as possible. */
export interface VectorItems {
  readonly count: number;
  readonly dimensions: number;
  /** `dimensions` values of every item in turn, as shares of a bin. The dimensions that are the fullest come first. */
  readonly sizes: Float64Array;
  /** Items of one family never share a bin; -1 for none. */
  readonly families: Int32Array;
}

/** What may be spent, counted in compared numbers: the same everywhere, whatever the machine. */
export interface Budget {
  left: number;
}

/** Shares are sums that are added to and taken from again and again. */
const FULL = 1 + 9e-7;

/** Every this many swaps tried at random shake the bins after an ejection. */
const SHAKES = 40;

/** Bins and what is in them. */
class Bins {
  readonly items: VectorItems;
  readonly members: number[][];
  readonly load: Float64Array;
  readonly binOf: Int32Array;
  readonly #budget: Budget;

  constructor(items: VectorItems, members: readonly (readonly number[])[], budget: Budget) {
    const { dimensions: d, sizes } = items;
    this.items = items;
    this.members = members.map((some) => [...some]);
    this.load = new Float64Array(members.length * d);
    this.binOf = new Int32Array(items.count).fill(-1);
    this.#budget = budget;
    for (const [b, some] of members.entries()) {
      for (const i of some) {
        this.binOf[i] = b;
        for (let k = 0; k < d; k++) this.load[b * d + k]! += sizes[i * d + k]!;
      }
    }
  }

  /** True where the item fits into the bin once `out` and `out2` (-1 for none) have left it. */
  fits(item: number, b: number, out = -1, out2 = -1): boolean {
    const { dimensions: d, sizes, families } = this.items;
    const { load } = this;
    const family = families[item]!;
    if (family >= 0) {
      for (const other of this.members[b]!) {
        if (other !== out && other !== out2 && families[other] === family) return false;
      }
    }
    const at = b * d;
    const from = item * d;
    let k = 0;
    if (out < 0) {
      while (k < d && load[at + k]! + sizes[from + k]! <= FULL) k++;
    } else if (out2 < 0) {
      const less = out * d;
      while (k < d && load[at + k]! + sizes[from + k]! - sizes[less + k]! <= FULL) k++;
    } else {
      const less = out * d;
      const less2 = out2 * d;
      while (k < d && load[at + k]! + sizes[from + k]! - sizes[less + k]! - sizes[less2 + k]! <= FULL) k++;
    }
    this.#budget.left -= k + 4;
    return k === d;
  }

  put(item: number, b: number): void {
    this.members[b]!.push(item);
    this.#add(item, b, 1);
    this.binOf[item] = b;
  }

  take(item: number): void {
    const b = this.binOf[item]!;
    const members = this.members[b]!;
    members[members.indexOf(item)] = members.at(-1)!;
    members.pop();
    this.#add(item, b, -1);
    this.binOf[item] = -1;
  }

  #add(item: number, b: number, sign: 1 | -1): void {
    const { dimensions: d, sizes } = this.items;
    this.#budget.left -= d;
    for (let k = 0; k < d; k++) this.load[b * d + k]! += sign * sizes[item * d + k]!;
  }
}

/**
 * The same items in fewer bins, as few as the budget finds: bin after bin is taken away, and its items are put into the others,
 * each where it fits or where it pushes out what was pushed out least often, which then waits in its place. After Y. Nagata,
 * O. Braysy, Operations Research Letters 37 (2009) 333, where routes are what bins are here.
 */
export function fewerBins(
  items: VectorItems,
  start: readonly (readonly number[])[],
  fewest: number,
  random: Random,
  budget: Budget,
): readonly (readonly number[])[] {
  let best = start;
  const weight = weightsOf(items);
  while (best.length > fewest && budget.left > 0) {
    const bins = new Bins(items, best, budget);
    const emptied = lightest(bins, weight);
    const waiting = [...bins.members[emptied]!].sort((a, b) => weight[a]! - weight[b]!);
    const others = best.filter((_, b) => b !== emptied);
    const found = placeAll(new Bins(items, others, budget), waiting, weight, random, budget);
    if (found === undefined) break;
    best = found;
  }
  return best;
}

/** What an item takes of all dimensions, each counted by how scarce it is. */
function weightsOf({ count, dimensions: d, sizes }: VectorItems): Float64Array {
  const totals = new Float64Array(d);
  for (let i = 0; i < count * d; i++) totals[i % d]! += sizes[i]!;
  const most = totals.reduce((a, b) => Math.max(a, b), 0);
  const weight = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < d; k++) weight[i]! += (sizes[i * d + k]! * totals[k]!) / most;
  }
  return weight;
}

function lightest({ members }: Bins, weight: Float64Array): number {
  let best = 0;
  let least = Infinity;
  for (const [b, some] of members.entries()) {
    const sum = some.reduce((total, i) => total + weight[i]!, 0);
    if (sum < least) [best, least] = [b, sum];
  }
  return best;
}

/** All waiting items in the bins, or undefined where the budget ends before. */
function placeAll(
  bins: Bins,
  waiting: number[],
  weight: Float64Array,
  random: Random,
  budget: Budget,
): readonly (readonly number[])[] | undefined {
  const pushed = new Float64Array(bins.items.count).fill(1);
  const count = bins.members.length;
  while (waiting.length > 0) {
    const item = waiting.pop()!;
    const b = roomFor(bins, item, random);
    if (budget.left <= 0) return undefined;
    if (b >= 0) {
      bins.put(item, b);
      continue;
    }
    pushed[item]! += 1;
    const cost = (i: number): number => pushed[i]! * (0.2 + weight[i]!);
    let least = Infinity;
    let into = -1;
    let out: readonly number[] = [];
    const offset = Math.floor(random() * count);
    for (let n = 0; n < count; n++) {
      const candidate = (n + offset) % count;
      const members = bins.members[candidate]!;
      for (let x = 0; x < members.length; x++) {
        const first = members[x]!;
        const one = cost(first);
        if (one >= least) continue;
        if (budget.left <= 0) return undefined;
        if (bins.fits(item, candidate, first)) {
          least = one;
          into = candidate;
          out = [first];
          continue;
        }
        for (let y = 0; y < x; y++) {
          const second = members[y]!;
          const both = one + cost(second);
          if (both < least && bins.fits(item, candidate, first, second)) {
            least = both;
            into = candidate;
            out = [first, second];
          }
        }
      }
    }
    if (into < 0) return undefined;
    for (const i of out) bins.take(i);
    bins.put(item, into);
    waiting.push(...out);
    shake(bins, random);
  }
  return bins.members;
}

/** A bin with room for the item, the first from a random one on; -1 for none. */
function roomFor(bins: Bins, item: number, random: Random): number {
  const count = bins.members.length;
  const offset = Math.floor(random() * count);
  for (let n = 0; n < count; n++) {
    const b = (n + offset) % count;
    if (bins.fits(item, b)) return b;
  }
  return -1;
}

/** Moves items to other bins, or exchanges two, at random where that keeps all within their bins. */
function shake(bins: Bins, random: Random): void {
  const { count } = bins.items;
  for (let n = 0; n < SHAKES; n++) {
    const a = Math.floor(random() * count);
    const from = bins.binOf[a]!;
    if (from < 0) continue;
    const b = Math.floor(random() * count);
    const to = bins.binOf[b]!;
    if (to < 0 || to === from) continue;
    if (bins.fits(a, to)) {
      bins.take(a);
      bins.put(a, to);
    } else if (bins.fits(a, to, b) && bins.fits(b, from, a)) {
      bins.take(a);
      bins.take(b);
      bins.put(a, to);
      bins.put(b, from);
    }
  }
}
