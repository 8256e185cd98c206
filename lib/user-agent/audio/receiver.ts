import { SAMPLE_RATE } from './g711.ts';
import { codecOf } from '../sip/offer-answer.ts';
import { Reception, type ReceptionCounts } from './reception.ts';
import { type ReceptionReport, senderReportTime } from './rtcp.ts';
import { isRtcp, parseRtp } from './rtp.ts';
import type { CodecName, PayloadFormat } from '../sip/sdp.ts';
import { type HeardTone, ToneDetector } from './tone.ts';

/** What came in on a stream since it was opened. */
export interface ReceivedAudio extends ReceptionCounts {
  readonly tone: HeardTone;
  /** Longest time between two packets while audio had to come, milliseconds. */
  readonly longestGapMs: number;
  /** Packets by the address they came from, `10.0.3.10:30002`. */
  readonly sources: Readonly<Record<string, number>>;
  /** Packets in a format that was not agreed on, telephone events included, and those that are not RTP at all. */
  readonly otherPackets: number;
  readonly rtcpPackets: number;
  /** The source heard last and the highest sequence number of it. */
  readonly ssrc: number | undefined;
  readonly highestSequence: number | undefined;
}

/** Counts and listens to the packets of one stream. */
export class AudioReceiver {
  readonly #receptions = new Map<number, Reception>();
  readonly #ended: ReceptionCounts[] = [];
  readonly #detector: ToneDetector;
  readonly #sources = new Map<string, number>();
  #codecs = new Map<number, CodecName>();
  #ssrc: number | undefined;
  #lastArrival: number | undefined;
  #longestGap = 0;
  #otherPackets = 0;
  #rtcpPackets = 0;
  #senderReport = { time: 0, arrived: 0 };

  /** @param expectedTone Hz */
  constructor(expectedTone: number) {
    this.#detector = new ToneDetector(expectedTone);
  }

  /** The payload types that may come: those this side described. */
  set formats(formats: readonly PayloadFormat[]) {
    for (const format of formats) {
      const codec = codecOf(format);
      if (codec !== undefined) this.#codecs.set(format.type, codec);
    }
  }

  /** Whether audio has to come now changed: the silence until here is not a gap, nor is half a block. */
  restart(): void {
    this.#lastArrival = undefined;
    this.#detector.skip();
  }

  /** @param now milliseconds on a clock that does not jump */
  receive(bytes: Buffer, source: string, now: number): void {
    if (isRtcp(bytes)) {
      this.#rtcpPackets++;
      const time = senderReportTime(bytes);
      if (time !== undefined) this.#senderReport = { time, arrived: now };
      return;
    }
    const packet = parseRtp(bytes);
    const codec = this.#codecs.get(packet?.payloadType ?? -1);
    if (packet === undefined || codec === undefined) {
      this.#otherPackets++;
      return;
    }
    this.#sources.set(source, (this.#sources.get(source) ?? 0) + 1);
    if (this.#lastArrival !== undefined) this.#longestGap = Math.max(this.#longestGap, now - this.#lastArrival);
    this.#lastArrival = now;

    let order = this.#receptionOf(packet.ssrc).note(packet.sequence, packet.timestamp, now);
    if (order === 'restart') {
      this.#endReception(packet.ssrc);
      order = this.#receptionOf(packet.ssrc).note(packet.sequence, packet.timestamp, now);
    }
    if (packet.ssrc !== this.#ssrc) this.#detector.skip();
    this.#ssrc = packet.ssrc;
    if (order === 'late' || order === 'duplicate') return; // its place in the audio is gone
    if (order === 'gap') this.#detector.skip();
    this.#detector.push(packet.payload, codec);
  }

  get audio(): ReceivedAudio {
    const all = [...this.#ended, ...[...this.#receptions.values()].map((reception) => reception.counts)];
    const sum = (count: (counts: ReceptionCounts) => number) => all.reduce((total, each) => total + count(each), 0);
    const last = this.#ssrc === undefined ? undefined : this.#receptions.get(this.#ssrc);
    return {
      received: sum((counts) => counts.received),
      lost: sum((counts) => counts.lost),
      reordered: sum((counts) => counts.reordered),
      duplicates: sum((counts) => counts.duplicates),
      jitterMs: last?.counts.jitterMs ?? 0,
      tone: this.#detector.heard,
      longestGapMs: this.#longestGap,
      sources: Object.fromEntries(this.#sources),
      otherPackets: this.#otherPackets,
      rtcpPackets: this.#rtcpPackets,
      ssrc: this.#ssrc,
      highestSequence: last?.highestSequence,
    };
  }

  /** What RTCP tells the other side about the source heard last; undefined before the first packet. */
  takeReport(now: number): ReceptionReport | undefined {
    const reception = this.#ssrc === undefined ? undefined : this.#receptions.get(this.#ssrc);
    if (reception === undefined || this.#ssrc === undefined) return undefined;
    return {
      ssrc: this.#ssrc,
      fractionLost: reception.takeFractionLost(),
      lost: reception.counts.lost,
      highestSequence: reception.highestSequence ?? 0,
      jitter: reception.jitter,
      lastReport: this.#senderReport.time,
      sinceLastReport: (now - this.#senderReport.arrived) / 1000,
    };
  }

  #receptionOf(ssrc: number): Reception {
    let reception = this.#receptions.get(ssrc);
    if (reception === undefined) {
      reception = new Reception(SAMPLE_RATE);
      this.#receptions.set(ssrc, reception);
    }
    return reception;
  }

  #endReception(ssrc: number): void {
    this.#ended.push(this.#receptionOf(ssrc).counts);
    this.#receptions.delete(ssrc);
  }
}
