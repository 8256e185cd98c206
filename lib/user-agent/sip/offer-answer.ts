import {
  type AudioMedia,
  type CodecName,
  type Direction,
  PAYLOAD_TYPES,
  type PayloadFormat,
  SdpError,
  type SessionDescription,
  audioOf,
} from './sdp.ts';

/** What this side can do and wants: the source of its offers and answers. */
export interface LocalAudio {
  readonly sessionId: string;
  readonly version: number;
  readonly address: string;
  readonly port: number;
  /** Most wanted first. */
  readonly codecs: readonly CodecName[];
  /** Described beside them, and never sent. Default: none. */
  readonly idleFormats?: readonly PayloadFormat[];
  readonly direction: Direction;
  /** Whether RTCP may share the port of RTP. */
  readonly rtcpMux: boolean;
}

/** Telephone events (RFC 4733) at the type nearly everybody gives them. */
const TELEPHONE_EVENT: PayloadFormat = { type: 101, encoding: 'telephone-event/8000', parameters: '0-15' };

/** Packets of 20 ms are what RFC 3551 recommends for G.711, and all that is sent here. */
const PTIME = 20;

export function makeOffer(local: LocalAudio): SessionDescription {
  return describe(local, [
    audio(
      local,
      [...local.codecs.map(codecFormat), ...(local.idleFormats ?? []), TELEPHONE_EVENT],
      local.direction,
      local.rtcpMux,
    ),
  ]);
}

/**
 * The answer to an offer (RFC 3264 section 6): a line for each of its lines, its payload type numbers, our side's most
 * wanted common codec first, telephone events if offered, the direction that both allow.
 *
 * @throws SdpError when there is no audio or no common codec: to be answered with 488
 */
export function makeAnswer(offer: SessionDescription, local: LocalAudio): SessionDescription {
  const offered = audioOf(offer);
  const formats = local.codecs.flatMap((codec) => formatsOf(offered, codec));
  if (formats.length === 0) {
    const names = offered.formats.map((format) => format.encoding || format.type).join(', ');
    throw new SdpError(`no common codec: offered ${names}, known are ${local.codecs.join(', ')}`);
  }
  const events = offered.formats.filter((format) => format.encoding.toLowerCase() === TELEPHONE_EVENT.encoding);
  const idle = offered.formats.filter(({ type, encoding }) =>
    local.idleFormats?.some((format) => format.type === type && (encoding === '' || encoding === format.encoding)),
  );
  const direction = agreeDirection(local.direction, offered.direction);
  const answer = audio(local, [...formats, ...idle, ...events], direction, local.rtcpMux && offered.rtcpMux);
  return describe(
    local,
    offer.media.map((media) => {
      if (media === offered) return answer;
      if (media.kind === 'other') return media;
      return { ...media, port: 0 };
    }),
  );
}

/** What is wrong with an answer under RFC 3264 section 6; empty when nothing is. */
export function checkAnswer(offer: SessionDescription, answer: SessionDescription): string[] {
  const faults: string[] = [];
  if (answer.media.length !== offer.media.length) {
    faults.push(`the media lines of the answer are ${answer.media.length}, those of the offer ${offer.media.length}`);
  }
  offer.media.forEach((offered, index) => {
    const answered = answer.media[index];
    if (offered.kind !== 'audio' || answered?.kind !== 'audio' || answered.port === 0) return;
    const common = answered.formats.filter((format) => offered.formats.some(({ type }) => type === format.type));
    if (common.length === 0) faults.push('the answer has no payload type of the offer');
    if (answered.rtcpMux && !offered.rtcpMux) faults.push('the answer has rtcp-mux, which was not offered');
    if (agreeDirection(offered.direction, answered.direction) !== reverse(answered.direction)) {
      faults.push(`the answer is ${answered.direction}, the offer was ${offered.direction}`);
    }
  });
  return faults;
}

/** What one side does when it wants `own` and the other side says `other` of itself. */
export function agreeDirection(own: Direction, other: Direction): Direction {
  return direction(sends(own) && receives(other), receives(own) && sends(other));
}

export function sends(of: Direction): boolean {
  return of === 'sendrecv' || of === 'sendonly';
}

export function receives(of: Direction): boolean {
  return of === 'sendrecv' || of === 'recvonly';
}

function direction(send: boolean, receive: boolean): Direction {
  if (send) return receive ? 'sendrecv' : 'sendonly';
  return receive ? 'recvonly' : 'inactive';
}

function reverse(of: Direction): Direction {
  return direction(receives(of), sends(of));
}

/** The codec and payload type to send with: the first of the other side's that is known here. @throws SdpError */
export function chooseCodec(
  remote: AudioMedia,
  known: readonly CodecName[],
): { codec: CodecName; payloadType: number } {
  for (const format of remote.formats) {
    const codec = codecOf(format);
    if (codec !== undefined && known.includes(codec)) return { codec, payloadType: format.type };
  }
  throw new SdpError(`the other side takes none of ${known.join(', ')}`);
}

/** The codec a payload format stands for, or undefined when it is none of ours. */
export function codecOf(format: PayloadFormat): CodecName | undefined {
  const name = /^(PCMU|PCMA)\/8000(?:\/1)?$/i.exec(format.encoding)?.[1]?.toUpperCase();
  return name as CodecName | undefined;
}

function formatsOf(media: AudioMedia, codec: CodecName): PayloadFormat[] {
  return media.formats.filter((format) => codecOf(format) === codec).slice(0, 1);
}

function codecFormat(codec: CodecName): PayloadFormat {
  return { type: PAYLOAD_TYPES[codec], encoding: `${codec}/8000` };
}

function audio(local: LocalAudio, formats: PayloadFormat[], direction: Direction, rtcpMux: boolean): AudioMedia {
  const { address, port } = local;
  return { kind: 'audio', address, port, formats, direction, ptime: PTIME, rtcpMux, rtcpPort: port + 1 };
}

function describe(local: LocalAudio, media: SessionDescription['media']): SessionDescription {
  return { sessionId: local.sessionId, version: local.version, origin: local.address, media };
}
