/** Counts of one direction of audio, by sequence number (RFC 3550 appendix A.3). */
export interface ReceptionCounts {
  /** Packets that came, each once. */
  readonly received: number;
  /** Packets missing between the first and the highest that came. */
  readonly lost: number;
  /** Packets that came after one with a higher number. */
  readonly reordered: number;
  readonly duplicates: number;
  /** Interarrival jitter (section 6.4.1), milliseconds. This process' own delays are in it. */
  readonly jitterMs: number;
}

/** How many sequence numbers back a packet is recognised as one that came before. */
const MEMORY = 1024;

/** A jump of the sequence number that means a new stream, not lost packets (MAX_DROPOUT of RFC 3550 appendix A.1). */
const RESTART = 3000;

/** Counts the packets of one source. */
export class Reception {
  readonly #samplesPerMs: number;
  /** The extended sequence number last seen at each place. */
  readonly #seen = new Int32Array(MEMORY).fill(-1);
  #first = -1;
  #highest = -1;
  #received = 0;
  #reordered = 0;
  #duplicates = 0;
  #jitter = 0;
  #lastTransit: number | undefined;
  #reported = { expected: 0, received: 0 };

  /** @param sampleRate timestamps a second */
  constructor(sampleRate: number) {
    this.#samplesPerMs = sampleRate / 1000;
  }

  /**
   * Notes a packet.
   *
   * @param arrivedMs on any clock that does not jump
   * @returns whether it is the one that had to come `next`, came after a `gap`, `late`, or a second time; `restart` when
   *   its number has nothing to do with those before: then it is not counted, and belongs to a new {@link Reception}
   */
  note(sequence: number, timestamp: number, arrivedMs: number): 'next' | 'gap' | 'late' | 'duplicate' | 'restart' {
    const extended = this.#extend(sequence);
    if (this.#first < 0) this.#first = extended;
    else if (Math.abs(extended - this.#highest) > RESTART) return 'restart';
    else if (this.#seen[extended % MEMORY] === extended) {
      this.#duplicates++;
      return 'duplicate';
    }
    this.#received++;
    this.#seen[extended % MEMORY] = extended;
    if (extended < this.#highest) {
      this.#reordered++;
      // One that left before the first that came was expected too.
      this.#first = Math.min(this.#first, extended);
      return 'late';
    }
    this.#noteTransit(timestamp, arrivedMs);
    const follows = this.#highest < 0 || extended === this.#highest + 1;
    this.#highest = extended;
    return follows ? 'next' : 'gap';
  }

  get counts(): ReceptionCounts {
    return {
      received: this.#received,
      lost: this.#expected - this.#received,
      reordered: this.#reordered,
      duplicates: this.#duplicates,
      jitterMs: this.#jitter / this.#samplesPerMs,
    };
  }

  /** The highest number that came, with its cycles; undefined before the first. */
  get highestSequence(): number | undefined {
    return this.#highest < 0 ? undefined : this.#highest - 65_536;
  }

  /** In samples. */
  get jitter(): number {
    return this.#jitter;
  }

  /** The share lost since the last call of this function, 0 to 1. */
  takeFractionLost(): number {
    const expected = this.#expected - this.#reported.expected;
    const received = this.#received - this.#reported.received;
    this.#reported = { expected: this.#expected, received: this.#received };
    return expected <= 0 ? 0 : Math.max(0, (expected - received) / expected);
  }

  get #expected(): number {
    return this.#first < 0 ? 0 : this.#highest - this.#first + 1;
  }

  /** The number with its cycles: the one nearest to the highest so far. One cycle is put below the first packet. */
  #extend(sequence: number): number {
    if (this.#highest < 0) return sequence + 65_536;
    const difference = ((sequence - this.#highest) << 16) >> 16;
    return this.#highest + difference;
  }

  #noteTransit(timestamp: number, arrivedMs: number): void {
    const transit = arrivedMs * this.#samplesPerMs - timestamp;
    if (this.#lastTransit !== undefined) {
      // Both clocks may wrap or pause: a difference beyond a minute is not jitter.
      const difference = Math.abs(transit - this.#lastTransit);
      if (difference < 60_000 * this.#samplesPerMs) this.#jitter += (difference - this.#jitter) / 16;
    }
    this.#lastTransit = transit;
  }
}
