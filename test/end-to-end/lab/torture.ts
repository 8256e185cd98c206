/** SIP messages that lead astray, and mutations of plain ones. */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { uniformInt } from 'pure-rand/distribution/uniformInt';

/** Who sends, and to whom: both ends of the messages. */
export interface Ends {
  readonly from: string;
  readonly to: string;
  readonly target: string;
  /** Default: udp. */
  readonly over?: 'udp' | 'tcp';
}

const sdp = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n';

/** A request that is in order; single lines may be changed. */
function request(
  method: string,
  { from, target, over = 'udp' }: Ends,
  n: number,
  changes: Readonly<Record<string, string>> = {},
  body = '',
): string {
  const lines: Record<string, string> = {
    start: `${method} ${target} SIP/2.0`,
    via: `Via: SIP/2.0/${over.toUpperCase()} ${from};branch=z9hG4bKtorture${n}`,
    maxForwards: 'Max-Forwards: 70',
    from: `From: <sip:torture@torture.invalid>;tag=t${n}`,
    to: `To: <${target}>`,
    callId: `Call-ID: torture-${n}@${from}`,
    cseq: `CSeq: ${n + 1} ${method}`,
    contact: `Contact: <sip:torture@${from}>`,
    ...(body === '' ? {} : { type: 'Content-Type: application/sdp' }),
    length: `Content-Length: ${body.length}`,
    ...changes,
  };
  return `${Object.values(lines)
    .filter((line) => line !== '')
    .join('\r\n')}\r\n\r\n${body}`;
}

/** What is not among the messages of RFC 4475, by what is odd about it. */
export function tortureMessages(ends: Ends): Readonly<Record<string, string>> {
  const { target } = ends;
  let n = 0;
  const make = (method: string, changes: Readonly<Record<string, string>> = {}, body = '') =>
    request(method, ends, ++n, changes, body);
  return {
    'a route that leads elsewhere': make('INVITE', { extra: 'Route: <sip:192.0.2.66;lr>' }, sdp),
    'a dialog that leads elsewhere': make('BYE', { to: `To: <${target}>;tag=x`, extra: 'Route: <sip:192.0.2.66;lr>' }),
    'a source that it has no right to': make(
      'INVITE',
      { extra: 'X-Cellstamp-Source: udp:192.0.2.10:5060\r\nX-Cellstamp-Handoff: udp:192.0.2.10:5060' },
      sdp,
    ),
    'a path to somewhere': make('REGISTER', { extra: 'Path: <sip:192.0.2.66;lr>' }),
    'an answer that leads elsewhere': make('OPTIONS', {
      start: 'SIP/2.0 200 OK',
      via: `Via: SIP/2.0/UDP ${ends.to};branch=z9hG4bKastray\r\nVia: SIP/2.0/UDP 192.0.2.66;branch=z9hG4bKelsewhere`,
    }),
    'an answer that leads elsewhere by way of a cell': make('OPTIONS', {
      start: 'SIP/2.0 200 OK',
      via: `Via: SIP/2.0/UDP ${ends.to};branch=z9hG4bKastray\r\nVia: SIP/2.0/UDP ${ends.to};branch=z9hG4bKcell;received=192.0.2.66`,
    }),
    'line ends of another system': make('OPTIONS').replaceAll('\r\n', '\n'),
    'nothing but zeros': '\0'.repeat(64),
  };
}

/** Plain requests of which some characters are changed, cut out, repeated or put in. The same for the same seed. */
export function* mutatedMessages(ends: Ends, count: number, seed: number): Generator<string> {
  const generator = xoroshiro128plus(seed);
  const pick = (most: number) => uniformInt(generator, 0, most - 1);
  const methods = ['INVITE', 'REGISTER', 'OPTIONS', 'BYE', 'CANCEL', 'ACK', 'MESSAGE'];
  const spice = [
    '\0',
    '\r\n',
    ':',
    ';',
    '"',
    '<',
    '>',
    '%',
    '%00',
    '@',
    ',',
    ' ',
    '\t',
    '9'.repeat(30),
    'A'.repeat(300),
    '\u00ff',
    '=',
    '~',
  ];
  for (let n = 0; n < count; n++) {
    const method = methods[pick(methods.length)]!;
    let text = request(method, ends, 1000 + n, {}, method === 'INVITE' ? sdp : '');
    for (let changes = 1 + pick(6); changes > 0; changes--) {
      const at = pick(text.length);
      const length = pick(20);
      const kept = pick(3);
      if (kept === 0) text = text.slice(0, at) + text.slice(at + length);
      else if (kept === 1) text = text.slice(0, at) + spice[pick(spice.length)]! + text.slice(at);
      else text = text.slice(0, at + length) + text.slice(at);
    }
    yield text;
  }
}
