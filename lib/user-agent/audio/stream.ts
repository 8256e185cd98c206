import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:dgram';
import { AudioReceiver, type ReceivedAudio } from './receiver.ts';
import { AudioSender } from './sender.ts';
import type { MediaPorts } from './media-ports.ts';
import {
  type LocalAudio,
  agreeDirection,
  checkAnswer,
  chooseCodec,
  makeAnswer,
  makeOffer,
  receives,
  sends,
} from '../sip/offer-answer.ts';
import { formatSenderReport } from './rtcp.ts';
import { FRAME_MS, type RtpClock } from './rtp-clock.ts';
import {
  type AudioMedia,
  type CodecName,
  type Direction,
  type PayloadFormat,
  SdpError,
  type SessionDescription,
  audioOf,
  formatSdp,
  parseSdp,
} from '../sip/sdp.ts';
import { formatHostPort } from '../sip/uri.ts';
import type { Address } from '../sip/transport.ts';

/**
 * Frames between two sender reports: one second. RFC 3550 section 6.2 recommends 5 s, and lets a session that can
 * afford it report more often; a test call of a few seconds would never report otherwise, and a relay would know no
 * loss, jitter or round trip of it.
 */
const REPORT_FRAMES = 1000 / FRAME_MS;

/** How long packets to a port that was given up may still arrive, milliseconds. */
const PORT_LINGER = 250;

export interface AudioStreamOptions {
  readonly ports: MediaPorts;
  readonly clock: RtpClock;
  /** Most wanted first. */
  readonly codecs: readonly CodecName[];
  /** Described beside them, and never sent. Default: none. */
  readonly idleFormats?: readonly PayloadFormat[] | undefined;
  /** The address in its descriptions. Default: that of its ports. */
  readonly describedAddress?: string | undefined;
  /** Hz, multiples of 10: what is sent, and what is listened for. */
  readonly sendTone: number;
  readonly expectTone: number;
}

/** What a new offer changes; what is not named stays. */
export interface OfferChange {
  readonly direction?: Direction;
  readonly codecs?: readonly CodecName[];
  /** Receive on another port from now on. */
  readonly newPort?: boolean;
}

/** What a stream has agreed on, sent and received so far. */
export interface AudioSnapshot {
  /** When it was taken, milliseconds of `performance.now()`. */
  readonly at: number;
  readonly direction: Direction;
  readonly codec: CodecName | undefined;
  /** Where the other side wants its audio: the media host, if one is in between. */
  readonly remote: Address | undefined;
  readonly sent: number;
  readonly ssrc: number;
  readonly lastSequence: number;
  readonly received: ReceivedAudio;
}

/** How one side receives: replaced as a whole when an offer is accepted. */
interface LocalState {
  readonly socket: Socket;
  readonly direction: Direction;
  readonly codecs: readonly CodecName[];
}

/** One side's audio: its port, its session descriptions, its sender and receiver. */
export class AudioStream {
  readonly #options: AudioStreamOptions;
  readonly #sender: AudioSender;
  readonly #receiver: AudioReceiver;
  readonly #sessionId = String(randomBytes(6).readUIntBE(0, 6));
  readonly #cname: string;
  #local: LocalState;
  #version = 1;
  #described = '';
  #offer:
    { readonly state: LocalState; readonly description: SessionDescription; accepted: string | undefined } | undefined;
  #remote: AudioMedia | undefined;
  #sending: { readonly codec: CodecName; readonly payloadType: number } | undefined;
  #direction: Direction = 'inactive';
  #stop: (() => void) | undefined;
  #muted = false;
  #reports = true;

  private constructor(options: AudioStreamOptions, socket: Socket) {
    this.#options = options;
    this.#cname = `${randomBytes(6).toString('hex')}@${options.ports.address}`;
    this.#local = { socket, direction: 'sendrecv', codecs: options.codecs };
    this.#sender = new AudioSender(options.sendTone, (packet) => this.#send(packet, this.#remote?.port));
    this.#receiver = new AudioReceiver(options.expectTone);
    this.#listen(socket);
  }

  /** Takes a port. @throws Error when there is none */
  static async open(options: AudioStreamOptions): Promise<AudioStream> {
    return new AudioStream(options, await options.ports.open());
  }

  get #address(): string {
    return this.#options.describedAddress ?? this.#options.ports.address;
  }

  /** An offer. Nothing changes until {@link accept}; {@link withdraw} drops it. @throws Error when no port is free */
  async offer(change: OfferChange = {}): Promise<string> {
    this.withdraw();
    const { direction, codecs, socket } = this.#local;
    const state = {
      socket: change.newPort === true ? await this.#options.ports.open() : socket,
      direction: change.direction ?? direction,
      codecs: change.codecs ?? codecs,
    };
    if (state.socket !== socket) this.#listen(state.socket);
    const description = this.#describe((version) => makeOffer(this.#describable(state, version)));
    this.#receiver.formats = audioOf(description).formats;
    this.#offer = { state, description, accepted: undefined };
    return formatSdp(description);
  }

  /**
   * Takes an answer to the last offer: the same one again changes nothing, that of another fork replaces it.
   *
   * @throws SdpError when it does not answer the offer
   */
  accept(answer: string): void {
    if (this.#offer === undefined || this.#offer.accepted === answer) return;
    const { state, description } = this.#offer;
    const answered = parseSdp(answer);
    const faults = checkAnswer(description, answered);
    if (faults.length > 0) throw new SdpError(faults.join('; '));
    const remote = audioOf(answered);
    if (remote.port === 0) throw new SdpError('the answer refuses the audio');
    const previous = this.#local.socket;
    this.#local = state;
    this.#offer.accepted = answer;
    if (previous !== state.socket) setTimeout(() => previous.close(), PORT_LINGER);
    this.#agree(remote, agreeDirection(state.direction, remote.direction));
  }

  /** The answer to an offer, which then is in force. @throws SdpError when there is nothing in common */
  answer(offer: string): string {
    const offered = parseSdp(offer);
    const remote = audioOf(offered);
    const description = this.#describe((version) => makeAnswer(offered, this.#describable(this.#local, version)));
    const own = audioOf(description);
    this.#offer = undefined;
    this.#receiver.formats = own.formats;
    this.#agree(remote, own.direction);
    return formatSdp(description);
  }

  /** The last offer was not accepted: all stays as it was (RFC 3261 section 14.1). */
  withdraw(): void {
    if (this.#offer !== undefined && this.#offer.state.socket !== this.#local.socket) this.#offer.state.socket.close();
    this.#offer = undefined;
  }

  /** Sends from now on, as far as the agreed direction allows. */
  start(): void {
    let frames = 0;
    this.#stop ??= this.#options.clock.add({
      tick: (frame) => {
        this.#sender.tick(frame);
        if (++frames % REPORT_FRAMES === 0) this.#report();
      },
    });
  }

  /**
   * Stops sending audio, but still receives.
   * @param reports whether it goes on to send RTCP
   */
  mute(reports = false): void {
    this.#muted = true;
    this.#reports = reports;
    this.#sender.sending = undefined;
  }

  close(): void {
    this.#stop?.();
    this.withdraw();
    this.#local.socket.close();
  }

  get snapshot(): AudioSnapshot {
    return {
      at: performance.now(),
      direction: this.#direction,
      codec: this.#sending?.codec,
      remote: this.#remote === undefined ? undefined : { address: this.#remote.address, port: this.#remote.port },
      sent: this.#sender.packets,
      ssrc: this.#sender.ssrc,
      lastSequence: this.#sender.lastSequence,
      received: this.#receiver.audio,
    };
  }

  #listen(socket: Socket): void {
    socket.on('message', (bytes, { address, port }) =>
      this.#receiver.receive(bytes, formatHostPort(address, port), performance.now()),
    );
    socket.on('error', () => undefined); // an ICMP error: the packets it means are counted as lost by the other side
  }

  #describable({ socket, direction, codecs }: LocalState, version: number): LocalAudio {
    const sessionId = this.#sessionId;
    return {
      sessionId,
      version,
      address: this.#address,
      port: socket.address().port,
      codecs,
      idleFormats: this.#options.idleFormats ?? [],
      direction,
      rtcpMux: true,
    };
  }

  /** The version rises when the description differs from the one sent before (RFC 3264 section 8). */
  #describe(make: (version: number) => SessionDescription): SessionDescription {
    const same = make(this.#version);
    if (this.#described === '' || formatSdp(same) === this.#described) {
      this.#described = formatSdp(same);
      return same;
    }
    this.#version++;
    const changed = make(this.#version);
    this.#described = formatSdp(changed);
    return changed;
  }

  #agree(remote: AudioMedia, direction: Direction): void {
    this.#sending = chooseCodec(remote, this.#local.codecs);
    if (receives(direction) !== receives(this.#direction)) this.#receiver.restart();
    this.#remote = remote;
    this.#direction = direction;
    // RFC 2543 puts a call on hold by the address 0.0.0.0: nothing is to be sent there.
    const wanted = sends(direction) && remote.port !== 0 && remote.address !== '0.0.0.0' && !this.#muted;
    this.#sender.sending = wanted ? this.#sending : undefined;
  }

  #report(): void {
    if (this.#remote === undefined || !this.#reports) return;
    const { ssrc, timestamp, packets, octets } = this.#sender;
    const report = this.#receiver.takeReport(performance.now());
    const bytes = formatSenderReport({
      ssrc,
      time: Date.now(),
      rtpTimestamp: timestamp,
      packets,
      octets,
      report,
      cname: this.#cname,
    });
    this.#send(bytes, this.#remote.rtcpMux ? this.#remote.port : this.#remote.rtcpPort);
  }

  #send(bytes: Buffer, port: number | undefined): void {
    if (port === undefined || port === 0 || this.#remote === undefined) return;
    this.#local.socket.send(bytes, port, this.#remote.address);
  }
}
