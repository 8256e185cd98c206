/** Of a weekday's shape, what is left after a day of that weekday. */
const LEFT = 0.5 ** (1 / 5);
/** A day tells of its shape only if at least this part of it is known. */
const KNOWN_PART = 0.5;
/** Up to this step neighbouring times are alike enough to be averaged where a weekday differs from the others. */
const SMOOTH_STEP_MINUTES = 15;

/**
 * How the demand of a day is spread over its hours: a shape of the weekdays that are alike, and of every weekday as much of its
 * own as stands out from chance (W. James, C. Stein (1961)). Older days count less.
 */
export class DayShape {
  readonly #slots: number;
  readonly #smooth: boolean;
  /** By weekday and time of day: sums of demand and of what it is compared with, and the one over the other. */
  readonly #demand: readonly Float64Array[];
  readonly #expected: readonly Float64Array[];
  readonly #own: readonly Float64Array[];
  /** Days that count in a weekday's shape; those of them that were compared with earlier ones; and how far they were apart, as sums of mean squares. */
  readonly #days = new Float64Array(7);
  readonly #compared = new Float64Array(7);
  readonly #apart = new Float64Array(7);
  readonly #shapes: (Float64Array | undefined)[] = new Array<undefined>(7);

  constructor(slots: number) {
    this.#slots = slots;
    this.#smooth = 1440 / slots <= SMOOTH_STEP_MINUTES;
    this.#demand = Array.from({ length: 7 }, () => new Float64Array(slots));
    this.#expected = Array.from({ length: 7 }, () => new Float64Array(slots));
    this.#own = Array.from({ length: 7 }, () => new Float64Array(slots).fill(NaN));
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
    const [demand, expected, own] = [this.#demand[weekday]!, this.#expected[weekday]!, this.#own[weekday]!];
    let distance = 0;
    let count = 0;
    for (let slot = 0; slot < this.#slots; slot++) {
      const value = values[slot]!;
      if (Number.isNaN(value)) continue;
      if (!Number.isNaN(own[slot]!)) {
        distance += (value / level - own[slot]!) ** 2;
        count++;
      }
      demand[slot] = demand[slot]! * LEFT + value;
      expected[slot] = expected[slot]! * LEFT + level;
      own[slot] = demand[slot]! / expected[slot]!;
    }
    const days = this.#days[weekday]!;
    if (count > 0) {
      // The mean of the days before differs by chance, too.
      this.#apart[weekday] = this.#apart[weekday]! * LEFT + (distance / count) * (days / (days + 1));
      this.#compared[weekday] = this.#compared[weekday]! * LEFT + 1;
    }
    this.#days[weekday] = days * LEFT + 1;
    this.#shapes.fill(undefined);
  }

  #make(weekday: number): Float64Array {
    const slots = this.#slots;
    const demand = new Float64Array(slots);
    const expected = new Float64Array(slots);
    for (let other = 0; other < 7; other++) {
      const alike = this.#likeness(weekday, other);
      for (let slot = 0; slot < slots; slot++) {
        demand[slot]! += alike * this.#demand[other]![slot]!;
        expected[slot]! += alike * this.#expected[other]![slot]!;
      }
    }
    const shape = new Float64Array(slots);
    const own = new Float64Array(slots);
    for (let slot = 0; slot < slots; slot++) {
      shape[slot] = demand[slot]! / expected[slot]!;
      const difference = this.#own[weekday]![slot]! - shape[slot]!;
      own[slot] = Number.isNaN(difference) ? 0 : difference;
    }
    const difference = this.#smooth ? smoothed(own) : own;
    let size = 0;
    let count = 0;
    for (let slot = 0; slot < slots; slot++) {
      if (Number.isNaN(shape[slot]!)) continue;
      size += difference[slot]! ** 2;
      count++;
    }
    const chance = this.#chance(weekday) * (this.#smooth ? 0.375 : 1);
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

  /**
   * How much a day of another weekday tells of a weekday's shape, 0 to 1: less, the more their shapes are apart than chance explains.
   */
  #likeness(weekday: number, other: number): number {
    if (other === weekday || this.#days[weekday] === 0) return 1;
    const [one, two] = [this.#own[weekday]!, this.#own[other]!];
    let size = 0;
    let count = 0;
    for (let slot = 0; slot < this.#slots; slot++) {
      const difference = one[slot]! - two[slot]!;
      if (Number.isNaN(difference)) continue;
      size += difference * difference;
      count++;
    }
    const chance = (this.#chance(weekday) + this.#chance(other)) * count;
    // Weights of means are as 1 over their variances: half of the chance, and for the other what is beyond chance.
    return size > chance ? chance / (2 * size - chance) : 1;
  }

  /**
   * What chance does to a time of a weekday's shape, as a mean square: from the days of that weekday, and for want of them from all.
   */
  #chance(weekday: number): number {
    let [apart, compared] = [0, 0];
    for (let other = 0; other < 7; other++) {
      apart += this.#apart[other]!;
      compared += this.#compared[other]!;
    }
    const ofAll = apart / Math.max(1, compared);
    const ofDay = (this.#apart[weekday]! + ofAll) / (this.#compared[weekday]! + 1);
    return ofDay / Math.max(1, this.#days[weekday]!);
  }
}

/** Each value with its neighbours, 1 2 1; of independent values the variance left is 0.375. */
function smoothed(values: Float64Array): Float64Array {
  const last = values.length - 1;
  return values.map((value, i) => (values[Math.max(0, i - 1)]! + 2 * value + values[Math.min(last, i + 1)]!) / 4);
}
