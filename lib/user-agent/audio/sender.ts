import { randomBytes } from 'node:crypto';
import { type Ticking, FRAME_MS } from './rtp-clock.ts';
import { SAMPLE_RATE } from './g711.ts';
import { formatRtp } from './rtp.ts';
import type { CodecName } from '../sip/sdp.ts';
import { BLOCK, encodedTone } from './tone.ts';

/** Samples a packet. */
const FRAME = (SAMPLE_RATE * FRAME_MS) / 1000;

/** What an {@link AudioSender} encodes with, and whether it sends at all. */
export interface Sending {
  readonly codec: CodecName;
  readonly payloadType: number;
}

/** Sends one tone, a packet a tick. */
export class AudioSender implements Ticking {
  readonly ssrc = randomBytes(4).readUInt32BE();
  readonly #tone: number;
  readonly #send: (packet: Buffer) => void;
  readonly #firstTimestamp = randomBytes(4).readUInt32BE();
  #sequence = randomBytes(2).readUInt16BE();
  #sending: Sending | undefined;
  #talkspurt = true;
  #packets = 0;
  #frame = 0;

  /** @param tone Hz, a multiple of 10 */
  constructor(tone: number, send: (packet: Buffer) => void) {
    this.#tone = tone;
    this.#send = send;
  }

  /** Sends from the next tick on in this way; undefined: stays silent. Time goes on, so timestamps stay true. */
  set sending(sending: Sending | undefined) {
    if (this.#sending === undefined) this.#talkspurt = true;
    this.#sending = sending;
  }

  tick(frame: number): void {
    this.#frame = frame;
    if (this.#sending === undefined) return;
    const { codec, payloadType } = this.#sending;
    const offset = (frame * FRAME) % BLOCK;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#packets++;
    this.#send(
      formatRtp({
        payloadType,
        marker: this.#talkspurt, // the first packet after silence (RFC 3551 section 4.1)
        sequence: this.#sequence,
        timestamp: this.timestamp,
        ssrc: this.ssrc,
        payload: encodedTone(this.#tone, codec).subarray(offset, offset + FRAME),
      }),
    );
    this.#talkspurt = false;
  }

  /** Of the current frame. */
  get timestamp(): number {
    return (this.#firstTimestamp + this.#frame * FRAME) % 2 ** 32;
  }

  get packets(): number {
    return this.#packets;
  }

  get octets(): number {
    return this.#packets * FRAME;
  }

  /** Number of the last packet sent. */
  get lastSequence(): number {
    return this.#sequence;
  }
}
