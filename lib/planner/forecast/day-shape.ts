const COMMON_LEFT = 0.5 ** (1 / 15);
const OWN_LEFT = 0.5 ** (1 / 5);
/** A day tells of its shape only if at least this part of it is known. */
const KNOWN_PART = 0.5;
/** Up to this step neighbouring times are alike enough to be averaged where a weekday differs from the others. */
const SMOOTH_STEP_MINUTES = 15;

/**
 * How the demand of a day is spread over its hours: a shape of all days together, and of every weekday as much of its
 * own as stands out from chance (W. James, C. Stein (1961)). Older days count less.
 */
export class DayShape {
  readonly #slots: number;
  readonly #smooth: boolean;
  /** Sums of demand and of what it is compared with, by time of day: for all days, then for each weekday. */
  readonly #demand: Float64Array[];
  readonly #expected: Float64Array[];
  /** Days that count in a weekday's own shape, and the mean square of their distance from what was expected. */
  readonly #days = new Float64Array(7);
  readonly #distance = new Float64Array(7);
  readonly #shapes: (Float64Array | undefined)[] = new Array<undefined>(7);

  constructor(slots: number) {
    this.#slots = slots;
    this.#smooth = 1440 / slots <= SMOOTH_STEP_MINUTES;
    this.#demand = Array.from({ length: 8 }, () => new Float64Array(slots));
    this.#expected = Array.from({ length: 8 }, () => new Float64Array(slots));
  }

  /** The shape of a weekday: mean 1 over the times ever seen, NaN at the others. */
  of(weekday: number): Float64Array {
    return (this.#shapes[weekday] ??= this.#make(weekday));
  }

  /**
   * Learns from a day.
   *
   * @param values the day's demand, NaN where unknown
   * @param level its mean demand over all times, measured or estimated
   * @param knownMass part of the day's demand that is known, 0 to 1
   */
  learn(weekday: number, values: Float64Array, level: number, knownMass: number): void {
    if (knownMass < KNOWN_PART || !(level > 0)) return;
    const before = this.of(weekday);
    let distance = 0;
    let count = 0;
    for (let slot = 0; slot < this.#slots; slot++) {
      const value = values[slot]!;
      if (Number.isNaN(value)) continue;
      this.#add(0, slot, value, level, COMMON_LEFT);
      this.#add(1 + weekday, slot, value, level, OWN_LEFT);
      if (Number.isNaN(before[slot]!)) continue;
      distance += (value / level - before[slot]!) ** 2;
      count++;
    }
    const days = this.#days[weekday]! * OWN_LEFT + 1;
    if (count > 0) this.#distance[weekday]! += (distance / count - this.#distance[weekday]!) / days;
    this.#days[weekday] = days;
    this.#shapes.fill(undefined);
  }

  #add(set: number, slot: number, value: number, level: number, left: number): void {
    this.#demand[set]![slot] = this.#demand[set]![slot]! * left + value;
    this.#expected[set]![slot] = this.#expected[set]![slot]! * left + level;
  }

  #make(weekday: number): Float64Array {
    const slots = this.#slots;
    const shape = new Float64Array(slots);
    for (let slot = 0; slot < slots; slot++) shape[slot] = this.#demand[0]![slot]! / this.#expected[0]![slot]!;
    const own = new Float64Array(slots);
    for (let slot = 0; slot < slots; slot++) {
      const expected = this.#expected[1 + weekday]![slot]!;
      own[slot] = expected > 0 ? this.#demand[1 + weekday]![slot]! / expected - shape[slot]! : 0;
    }
    const difference = this.#smooth ? smoothed(own) : own;
    let size = 0;
    let count = 0;
    for (let slot = 0; slot < slots; slot++) {
      if (Number.isNaN(shape[slot]!)) continue;
      size += difference[slot]! ** 2;
      count++;
    }
    const chance = (this.#distance[weekday]! / Math.max(1, this.#days[weekday]!)) * (this.#smooth ? 0.375 : 1);
    const kept = size > 0 ? Math.max(0, 1 - (chance * count) / size) : 0;
    let sum = 0;
    for (let slot = 0; slot < slots; slot++) {
      if (Number.isNaN(shape[slot]!)) continue;
      shape[slot] = Math.max(0, shape[slot]! + kept * difference[slot]!);
      sum += shape[slot]!;
    }
    if (sum > 0) for (let slot = 0; slot < slots; slot++) shape[slot]! *= count / sum;
    return shape;
  }
}

/** Each value with its neighbours, 1 2 1; of independent values the variance left is 0.375. */
function smoothed(values: Float64Array): Float64Array {
  const last = values.length - 1;
  return values.map((value, i) => (values[Math.max(0, i - 1)]! + 2 * value + values[Math.min(last, i + 1)]!) / 4);
}
