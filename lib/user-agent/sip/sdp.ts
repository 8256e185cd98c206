import { isIP } from 'node:net';

/** A session description that can't be read, or can't be answered with audio. */
export class SdpError extends Error {
  override readonly name = 'SdpError';
}

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
export type CodecName = 'PCMU' | 'PCMA';

/** Static payload types of RFC 3551 table 4. */
export const PAYLOAD_TYPES: Readonly<Record<CodecName, number>> = { PCMU: 0, PCMA: 8 };

export interface PayloadFormat {
  /** 0 to 127. */
  readonly type: number;
  /** `PCMU/8000`, in any case of letters; empty for a static type that was not named and is not known here. */
  readonly encoding: string;
  /** The value of its a=fmtp. */
  readonly parameters?: string | undefined;
}

/** An audio stream over RTP/AVP. */
export interface AudioMedia {
  readonly kind: 'audio';
  readonly address: string;
  /** 0: refused, or switched off. */
  readonly port: number;
  /** Most wanted first. */
  readonly formats: readonly PayloadFormat[];
  readonly direction: Direction;
  /** Milliseconds of audio a packet. Default 20. */
  readonly ptime: number;
  /** RTCP on the same port as RTP (RFC 5761). */
  readonly rtcpMux: boolean;
  /** From a=rtcp (RFC 3605), else the port after that of RTP. */
  readonly rtcpPort: number;
}

/** Anything else: it is refused in an answer. */
export interface OtherMedia {
  readonly kind: 'other';
  /** The m= line's value with port 0. */
  readonly refusal: string;
}

export interface SessionDescription {
  /** The numeric id and version of o= (RFC 3264 section 8: the version rises by one with each change). */
  readonly sessionId: string;
  readonly version: number;
  /** The address of o=. */
  readonly origin: string;
  readonly media: readonly (AudioMedia | OtherMedia)[];
}

/** The first audio stream. @throws SdpError when there is none */
export function audioOf(description: SessionDescription): AudioMedia {
  const audio = description.media.find((media) => media.kind === 'audio');
  if (audio === undefined) throw new SdpError('the session description has no audio over RTP/AVP');
  return audio;
}

const DIRECTION = /^a=(sendrecv|sendonly|recvonly|inactive)$/;

/** Reads what is needed of RFC 8866 for audio; unknown lines mean nothing. @throws SdpError */
export function parseSdp(text: string): SessionDescription {
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  if (lines[0] !== 'v=0') throw new SdpError(`the session description begins with "${lines[0] ?? ''}", not with "v=0"`);
  const firstMedia = lines.findIndex((line) => line.startsWith('m='));
  const session = lines.slice(0, firstMedia < 0 ? lines.length : firstMedia);
  const origin = /^o=\S+ (\d{1,20}) (\d{1,20}) IN IP[46] (\S+)$/.exec(
    session.find((line) => line.startsWith('o=')) ?? '',
  );
  if (origin === null) throw new SdpError('the session description has no valid o= line');

  const media: (AudioMedia | OtherMedia)[] = [];
  for (let at = firstMedia; at >= 0 && at < lines.length;) {
    const next = lines.findIndex((line, index) => index > at && line.startsWith('m='));
    const end = next < 0 ? lines.length : next;
    media.push(parseMedia(lines.slice(at, end), session));
    at = end;
  }
  return { sessionId: origin[1] ?? '', version: Number(origin[2]), origin: origin[3] ?? '', media };
}

function parseMedia(lines: readonly string[], session: readonly string[]): AudioMedia | OtherMedia {
  const [first = '', ...attributes] = lines;
  const match = /^m=(\S+) (\d{1,5})(?:\/\d+)? (\S+) (.+)$/.exec(first);
  if (match === null) throw new SdpError(`"${first}" is not a media line`);
  const [, kind, port, protocol, formats = ''] = match;
  if (kind !== 'audio' || protocol !== 'RTP/AVP') {
    return { kind: 'other', refusal: `${kind} 0 ${protocol} ${formats}` };
  }
  const connection = [...attributes, ...session].find((line) => line.startsWith('c='));
  const address = /^c=IN IP[46] ([^\s/]+)/.exec(connection ?? '')?.[1];
  if (address === undefined || isIP(address) === 0) throw new SdpError('the audio has no address in a c= line');
  if (Number(port) > 65535) throw new SdpError(`"${first}" has no valid port`);
  const value = (prefix: string) => attributes.find((line) => line.startsWith(prefix))?.slice(prefix.length);
  const direction = [...attributes, ...session].map((line) => DIRECTION.exec(line)?.[1]).find((found) => found);
  return {
    kind: 'audio',
    address,
    port: Number(port),
    formats: formats.split(/\s+/).map((type) => parseFormat(type, attributes)),
    direction: (direction ?? 'sendrecv') as Direction,
    ptime: Number(/^\d{1,3}$/.exec(value('a=ptime:') ?? '')?.[0] ?? 20),
    rtcpMux: attributes.includes('a=rtcp-mux'),
    rtcpPort: Number(/^\d{1,5}/.exec(value('a=rtcp:') ?? '')?.[0] ?? Number(port) + 1),
  };
}

function parseFormat(text: string, attributes: readonly string[]): PayloadFormat {
  const type = /^\d{1,3}$/.test(text) ? Number(text) : NaN;
  if (!(type <= 127)) throw new SdpError(`"${text}" is not a payload type`);
  const value = (name: string) =>
    attributes.find((line) => line.startsWith(`a=${name}:${type} `))?.slice(`a=${name}:${type} `.length);
  const known = Object.entries(PAYLOAD_TYPES).find(([, known]) => known === type);
  const encoding = value('rtpmap') ?? (known === undefined ? '' : `${known[0]}/8000`);
  return { type, encoding, parameters: value('fmtp') };
}

/** The text of a description whose media all are one address's. */
export function formatSdp(description: SessionDescription): string {
  const lines = [
    'v=0',
    `o=- ${description.sessionId} ${description.version} IN ${family(description.origin)} ${description.origin}`,
    's=-',
    `c=IN ${family(description.origin)} ${description.origin}`,
    't=0 0',
  ];
  for (const media of description.media) {
    if (media.kind === 'other') lines.push(`m=${media.refusal}`);
    else lines.push(...formatAudio(media));
  }
  return `${lines.join('\r\n')}\r\n`;
}

function formatAudio(audio: AudioMedia): string[] {
  const lines = [`m=audio ${audio.port} RTP/AVP ${audio.formats.map((format) => format.type).join(' ')}`];
  lines.push(`c=IN ${family(audio.address)} ${audio.address}`);
  for (const { type, encoding, parameters } of audio.formats) {
    if (encoding !== '') lines.push(`a=rtpmap:${type} ${encoding}`);
    if (parameters !== undefined) lines.push(`a=fmtp:${type} ${parameters}`);
  }
  lines.push(`a=ptime:${audio.ptime}`, `a=${audio.direction}`);
  if (audio.rtcpMux) lines.push('a=rtcp-mux');
  else if (audio.rtcpPort !== audio.port + 1) lines.push(`a=rtcp:${audio.rtcpPort}`);
  return lines;
}

function family(address: string): 'IP4' | 'IP6' {
  return isIP(address) === 6 ? 'IP6' : 'IP4';
}
