/** A G.711 packet holds 20 ms of audio. */
export const FRAME_MS = 20;

/** Streams are spread over these parts of a frame, so that 200 streams do not send in one burst. */
const SLOTS = 4;
const SLOT_MS = FRAME_MS / SLOTS;

/** After a longer standstill the time is lost for good: sending it all at once would overrun every buffer. */
const MAXIMUM_CATCH_UP_MS = 500;

export interface Ticking {
  /** Called once for each frame, with the frame's number: numbers that are left out are time that was lost. */
  tick(frame: number): void;
}

/**
 * One timer for all streams. Every wake-up runs each slot that is due by the clock, however late the timer was, so the
 * pace does not drift and a late wake-up is made good.
 */
export class RtpClock {
  readonly #now: () => number;
  readonly #slots: Set<Ticking>[] = Array.from({ length: SLOTS }, () => new Set<Ticking>());
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;
  /** Slots run or given up since the start. */
  #done = 0;
  #worstDelayMs = 0;
  #lostMs = 0;

  /** @param now milliseconds on a clock that does not jump */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Starts to call the stream; it goes where the fewest are. Returns how to stop. */
  add(stream: Ticking): () => void {
    const slot = this.#slots.reduce((least, each) => (each.size < least.size ? each : least));
    slot.add(stream);
    if (this.#timer === undefined) {
      this.#startedAt = this.#now() - this.#done * SLOT_MS;
      this.#schedule();
    }
    return () => {
      slot.delete(stream);
      if (this.#slots.every((each) => each.size === 0)) {
        clearTimeout(this.#timer);
        this.#timer = undefined;
      }
    };
  }

  /** The latest wake-up, and the time that was given up: over 20 and over 0 the machine was too busy to judge jitter. */
  get lateness(): { readonly worstMs: number; readonly lostMs: number } {
    return { worstMs: this.#worstDelayMs, lostMs: this.#lostMs };
  }

  /** Runs what is due. The clock's own timer calls it. */
  wake(): void {
    const due = Math.floor((this.#now() - this.#startedAt) / SLOT_MS);
    this.#worstDelayMs = Math.max(this.#worstDelayMs, (due - this.#done - 1) * SLOT_MS);
    const surplus = due - this.#done - MAXIMUM_CATCH_UP_MS / SLOT_MS;
    if (surplus > 0) {
      this.#done += surplus;
      this.#lostMs += surplus * SLOT_MS;
    }
    while (this.#done < due) {
      const frame = Math.floor(this.#done / SLOTS);
      for (const stream of this.#slots[this.#done % SLOTS] ?? []) stream.tick(frame);
      this.#done++;
    }
  }

  #schedule(): void {
    clearTimeout(this.#timer); // a stream may have come while the last one was leaving
    const next = this.#startedAt + (this.#done + 1) * SLOT_MS - this.#now();
    this.#timer = setTimeout(
      () => {
        this.wake();
        if (this.#timer !== undefined) this.#schedule();
      },
      Math.max(1, next),
    );
  }
}
