import { DECODED, SAMPLE_RATE, encode } from './g711.ts';
import type { CodecName } from '../sip/sdp.ts';

/** Samples that are judged at once, 100 ms: tones that are multiples of 10 Hz do not disturb one another in it. */
export const BLOCK = 800;

/** 10 dB below full scale: no clipping, far above what G.711 adds as noise. */
const AMPLITUDE = 10_000;

/** Mean power below this is silence: 50 dB under the tone. */
const SILENCE = (AMPLITUDE / 316) ** 2 / 2;

/** A tone is heard when it holds this share of a block's power; G.711 leaves more than 0.99 to a clean one. */
const SHARE = 0.8;

/** Tones of one side: 32, 80 Hz apart, from 400 Hz. The callee's lie half way between the caller's. */
const TONES = 32;

/** The tone in Hz that one side of a call sends. Calls 32 apart share theirs: 1 in 32 mixed-up calls goes unseen. */
export function toneOf(callIndex: number, side: 'caller' | 'callee'): number {
  return 400 + 80 * (callIndex % TONES) + (side === 'callee' ? 40 : 0);
}

const ALL_TONES = Array.from({ length: 2 * TONES }, (_, index) => 400 + 40 * index);

const encodedTones = new Map<string, Buffer>();

/** One block of a tone in a codec's codes. A multiple of 10 Hz: the block can be repeated without a click. */
export function encodedTone(frequency: number, codec: CodecName): Buffer {
  const key = `${codec} ${frequency}`;
  let codes = encodedTones.get(key);
  if (codes === undefined) {
    const sample = (at: number) => Math.round(AMPLITUDE * Math.sin((2 * Math.PI * frequency * at) / SAMPLE_RATE));
    codes = Buffer.from(Array.from({ length: BLOCK }, (_, at) => encode(codec, sample(at))));
    encodedTones.set(key, codes);
  }
  return codes;
}

/** Power of one frequency in a block by the Goertzel recurrence, scaled so that a pure tone gives its mean power. */
export function powerAt(frequency: number, block: Float32Array): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequency) / SAMPLE_RATE);
  let before = 0;
  let last = 0;
  for (let at = 0; at < block.length; at++) {
    const next = (block[at] ?? 0) + coefficient * last - before;
    before = last;
    last = next;
  }
  return (2 * (last * last + before * before - coefficient * last * before)) / (block.length * block.length);
}

function meanPower(block: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < block.length; at++) sum += (block[at] ?? 0) ** 2;
  return sum / block.length;
}

/** What was heard, in blocks of 100 ms without a gap. */
export interface HeardTone {
  readonly blocks: number;
  /** Blocks that were the expected tone. */
  readonly matching: number;
  /** Hz of other tones of ours that were heard instead: audio of another call, or one's own. */
  readonly others: readonly number[];
}

/** Listens for one tone in a stream of codes. */
export class ToneDetector {
  readonly #expected: number;
  readonly #block = new Float32Array(BLOCK);
  readonly #others = new Set<number>();
  #filled = 0;
  #blocks = 0;
  #matching = 0;

  constructor(expected: number) {
    this.#expected = expected;
  }

  get heard(): HeardTone {
    return { blocks: this.#blocks, matching: this.#matching, others: [...this.#others] };
  }

  push(codes: Uint8Array, codec: CodecName): void {
    const decoded = DECODED[codec];
    for (let at = 0; at < codes.length; at++) {
      this.#block[this.#filled++] = decoded[codes[at] ?? 0] ?? 0;
      if (this.#filled === BLOCK) this.#judge();
    }
  }

  /** A packet is missing: a block across the gap would sound like noise. */
  skip(): void {
    this.#filled = 0;
  }

  #judge(): void {
    this.#filled = 0;
    this.#blocks++;
    const power = meanPower(this.#block);
    if (power < SILENCE) return;
    if (powerAt(this.#expected, this.#block) > SHARE * power) this.#matching++;
    else {
      const other = ALL_TONES.find((frequency) => powerAt(frequency, this.#block) > SHARE * power);
      if (other !== undefined) this.#others.add(other);
    }
  }
}
