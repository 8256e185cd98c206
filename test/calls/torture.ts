/** SIP messages that are hard to read, after the kinds that RFC 4475 lists, and mutations of plain ones. */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { uniformInt } from 'pure-rand/distribution/uniformInt';

/** Who sends, and to whom: both ends of the messages. */
export interface Ends {
  readonly from: string;
  readonly to: string;
  readonly target: string;
}

const sdp = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n';

/** A request that is in order; single lines may be changed. */
function request(
  method: string,
  { from, target }: Ends,
  n: number,
  changes: Readonly<Record<string, string>> = {},
  body = '',
): string {
  const lines: Record<string, string> = {
    start: `${method} ${target} SIP/2.0`,
    via: `Via: SIP/2.0/UDP ${from};branch=z9hG4bKtorture${n}`,
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

/** Messages by what is odd about them. */
export function tortureMessages(ends: Ends): Readonly<Record<string, string>> {
  const { target, from } = ends;
  let n = 0;
  const make = (method: string, changes: Readonly<Record<string, string>> = {}, body = '') =>
    request(method, ends, ++n, changes, body);
  return {
    'folded lines and odd spaces': make(
      'INVITE',
      {
        to: `TO :\r\n <${target}>   `,
        maxForwards: 'MaX-fOrWaRdS: 0068',
        callId: 'Call-ID\r\n  : folded.name@192.0.2.1',
        cseq: 'cseq: 0009\r\n  INVITE',
      },
      sdp,
    ),
    'a method of all allowed characters': make("!interesting-Method0123456789_*+`.%indeed'~"),
    'escaped characters': make('INVITE', {
      start: `INVITE sip:sips%3Auser%40example.com@${target.split('@')[1]} SIP/2.0`,
    }),
    'an escaped null': make('REGISTER', { to: 'To: sip:null-%00-null@example.com' }),
    'a percent that escapes nothing': make('RE%47IST%45R'),
    'no space after a display name': make('OPTIONS', { from: 'From: caller<sip:caller@torture.invalid>;tag=323' }),
    'very long values': make('INVITE', {
      to: `To: "${'long name '.repeat(150)}" <${target}>`,
      extra: `Unknown-${'Long'.repeat(200)}: ${'value '.repeat(300)}`,
    }),
    'more than one request in a datagram': `${make('REGISTER')}${make('INVITE')}`,
    'semicolons in the user part': make('OPTIONS', {
      start: `OPTIONS sip:user;par=u%40example.net@${target.split('@')[1]} SIP/2.0`,
    }),
    'every transport in Via': make('OPTIONS', {
      via: ['UDP', 'SCTP', 'TLS', 'UNKNOWN', 'TCP']
        .map((t, i) => `Via: SIP/2.0/${t} ${from};branch=z9hG4bKt${i}`)
        .join('\r\n'),
    }),
    'several parts in the body': make(
      'MESSAGE',
      { type: 'Content-Type: multipart/mixed;boundary=7a9cbec02ceef655', length: 'Content-Length: 60' },
      '--7a9cbec02ceef655\r\nContent-Type: text/plain\r\n\r\nHello\r\n--7a9c',
    ),
    'a bad header field': make('INVITE', {
      contact: 'Contact: "Joe" <sip:joe@torture.invalid>;;,;,,',
      via: `Via: SIP/2.0/UDP ${from};;,;,,`,
    }),
    'a body longer than it is': make('INVITE', { length: 'Content-Length: 9999' }, sdp),
    'a negative length': make('INVITE', { length: 'Content-Length: -999' }, sdp),
    'numbers out of range': make('REGISTER', {
      cseq: 'CSeq: 36893488147419103232 REGISTER',
      maxForwards: 'Max-Forwards: 300',
      contact: `Contact: <sip:torture@${from}>;expires=280297596632815`,
    }),
    'an open quote': make('INVITE', { to: `To: "Mr. J. User <${target}>` }),
    'angle brackets around the request’s URI': make('INVITE', { start: `INVITE <${target}> SIP/2.0` }),
    'spaces in the request’s URI': make('INVITE', { start: `INVITE ${target}; lr SIP/2.0` }),
    'two spaces in the first line': make('INVITE', { start: `INVITE  ${target}  SIP/2.0` }),
    'something after the first line': make('OPTIONS', { start: `OPTIONS ${target} SIP/2.0  ` }),
    'headers in the request’s URI': make('INVITE', { start: `INVITE ${target}?Route=%3Csip:192.0.2.9%3E SIP/2.0` }),
    'a date of another zone': make('INVITE', { extra: 'Date: Fri, 01 Jan 2010 16:00:00 EST' }),
    'an unknown version': make('OPTIONS', { start: `OPTIONS ${target} SIP/7.0` }),
    'methods that do not match': make('OPTIONS', { cseq: 'CSeq: 8 INVITE' }),
    'an unknown method that does not match': make('NEWMETHOD', { cseq: 'CSeq: 8 INVITE' }),
    'a response with a huge code': make('OPTIONS', { start: 'SIP/2.0 4294967301 better not break the receiver' }),
    'a branch without anything': make('OPTIONS', { via: `Via: SIP/2.0/UDP ${from};branch=z9hG4bK` }),
    'nothing but a Call-ID': `INVITE ${target} SIP/2.0\r\nCSeq: 193942 INVITE\r\nVia: SIP/2.0/UDP ${from};branch=z9hG4bKno\r\nContent-Length: 0\r\n\r\n`,
    'an unknown scheme': make('OPTIONS', { start: 'OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0' }),
    'the scheme of a soap': make('OPTIONS', { start: 'OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0' }),
    'extensions that are required': make('OPTIONS', {
      extra: 'Require: nothingSupportsThis, nothingSupportsThisEither\r\nProxy-Require: noProxiesSupportThis',
    }),
    'several values where one is allowed': make('INVITE', {
      extra: 'Call-ID: other@192.0.2.1\r\nFrom: <sip:other@torture.invalid>;tag=3413\r\nMax-Forwards: 5',
    }),
    'several lengths': make('OPTIONS', { extra: 'Content-Length: 13\r\nContent-Length: 5' }),
    'a response to everybody': make('OPTIONS', {
      start: 'SIP/2.0 200 OK',
      via: 'Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\r\nVia: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23',
    }),
    'no forwards left': make('OPTIONS', { maxForwards: 'Max-Forwards: 0' }),
    'a route that leads elsewhere': make('INVITE', { extra: 'Route: <sip:192.0.2.66;lr>' }, sdp),
    'a dialog that leads elsewhere': make('BYE', { to: `To: <${target}>;tag=x`, extra: 'Route: <sip:192.0.2.66;lr>' }),
    'a source that it has no right to': make(
      'INVITE',
      { extra: 'X-Cellstamp-Source: udp:192.0.2.10:5060\r\nX-Cellstamp-Handoff: udp:192.0.2.10:5060' },
      sdp,
    ),
    'a path to somewhere': make('REGISTER', { extra: 'Path: <sip:192.0.2.66;lr>' }),
    'an old RFC’s INVITE': `INVITE ${target} SIP/2.0\r\nVia: SIP/2.0/UDP ${from}\r\nFrom: <sip:old@torture.invalid>\r\nTo: ${target}\r\nCall-ID: old@192.0.2.1\r\nCSeq: 1 INVITE\r\nContact: <sip:torture@${from}>\r\nContent-Type: application/sdp\r\n\r\n${sdp}`,
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
