const LOWEST = -6;
const HIGHEST = 14;
const WIDTH = 0.125;
const BINS = (HIGHEST - LOWEST) / WIDTH;

/** Standard normal distribution, before anything was measured: worth this many independent values. */
const PRIOR_WEIGHT = 30;

/**
 * Values by size, older ones counting less, begun as a normal distribution. Values beyond -6 and 14 count as these.
 * A quantile costs the same however many values there were, and an eighth is the width of a bin.
 */
export class DecayingHistogram {
  readonly #weights = new Float64Array(BINS);
  #total = 0;

  constructor() {
    for (let bin = 0; bin < BINS; bin++) {
      const middle = LOWEST + (bin + 0.5) * WIDTH;
      this.#weights[bin] = (PRIOR_WEIGHT * WIDTH * Math.exp((-middle * middle) / 2)) / Math.sqrt(2 * Math.PI);
      this.#total += this.#weights[bin]!;
    }
  }

  decay(left: number): void {
    for (let bin = 0; bin < BINS; bin++) this.#weights[bin]! *= left;
    this.#total *= left;
  }

  add(value: number, weight: number): void {
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor((value - LOWEST) / WIDTH)));
    this.#weights[bin]! += weight;
    this.#total += weight;
  }

  /** The value below which a share of the weight lies, evenly spread within a bin. */
  quantile(share: number): number {
    let left = share * this.#total;
    for (let bin = 0; bin < BINS; bin++) {
      const weight = this.#weights[bin]!;
      if (weight >= left) return LOWEST + (bin + (weight > 0 ? left / weight : 0)) * WIDTH;
      left -= weight;
    }
    return HIGHEST;
  }
}
