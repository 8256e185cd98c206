/**
 * One change to one message of a valid dialog: in its headers, in its session description, or in when, how often and by whom it is sent.
 * What is changed how is chance, and the same for the same seed. Texts have one character for each byte.
 */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { uniformInt } from 'pure-rand/distribution/uniformInt';

export class Chance {
  readonly #generator;

  constructor(seed: number, index: number) {
    this.#generator = xoroshiro128plus((Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) | 0);
    // Seeds that are alike begin alike.
    for (let n = 0; n < 8; n++) this.below(2);
  }

  /** From 0 to one less than this. */
  below(most: number): number {
    return uniformInt(this.#generator, 0, most - 1);
  }

  one<T>(of: readonly T[]): T {
    return of[this.below(of.length)]!;
  }

  /** True in so many of a hundred cases. */
  percent(of100: number): boolean {
    return this.below(100) < of100;
  }
}

/** A datagram that is to be sent. */
export interface Message {
  readonly from: string;
  readonly to: string;
  readonly text: string;
  /** Milliseconds later. */
  readonly later?: number;
}

/** Where messages may be made to lead. Addresses with their ports. */
export interface Whereabouts {
  /** Inside the cell, this host, what is no host: nobody may make the cell send there. */
  readonly inside: readonly string[];
  /** Public addresses to which no message and no packet may come: of strangers, and of another tenant's phone. */
  readonly elsewhere: readonly string[];
  /** Public addresses to which audio may go, because a description says so. */
  readonly said: readonly string[];
  /** From where somebody sends who is no party of any call. */
  readonly strangers: readonly string[];
}

export interface Circumstances {
  readonly chance: Chance;
  readonly whereabouts: Whereabouts;
  /** A carrier or an exchange sends it, which means what it says of where it is. */
  readonly trusted: boolean;
  /** Messages of this dialog and of others that run beside it. */
  readonly seen: readonly string[];
}

export interface Mutated {
  /** What was done, to be printed. */
  readonly what: string;
  readonly messages: readonly Message[];
  /** The message itself is sent after the next one. */
  readonly swapped?: Message;
}

type Change = (text: string, circumstances: Circumstances) => string;

const lines = (text: string) => {
  const end = text.indexOf('\r\n\r\n');
  return { head: text.slice(0, end).split('\r\n'), body: text.slice(end + 4) };
};
const joined = (head: readonly string[], body: string) => `${head.join('\r\n')}\r\n\r\n${body}`;

const nameOf = (line: string) => line.slice(0, line.indexOf(':')).toLowerCase();

/** Changes one header line, of this name or, without one, of any. */
function onHeader(change: (line: string, circumstances: Circumstances) => readonly string[], name?: RegExp): Change {
  return (text, circumstances) => {
    const { head, body } = lines(text);
    const places = head.flatMap((line, index) =>
      index > 0 && (name === undefined || name.test(nameOf(line))) ? [index] : [],
    );
    if (places.length === 0) return text;
    const at = circumstances.chance.one(places);
    return joined([...head.slice(0, at), ...change(head[at]!, circumstances), ...head.slice(at + 1)], body);
  };
}

const valueOf = (line: string) => line.slice(line.indexOf(':') + 1).trim();
const withValue = (line: string, value: string) => `${line.slice(0, line.indexOf(':'))}: ${value}`;

/** Puts a header in, somewhere. */
function addHeader(header: (circumstances: Circumstances) => string): Change {
  return (text, circumstances) => {
    const { head, body } = lines(text);
    const at = 1 + circumstances.chance.below(head.length);
    return joined([...head.slice(0, at), header(circumstances), ...head.slice(at)], body);
  };
}

/** Another body, with the Content-Length that it has. */
function onBody(change: (body: string, circumstances: Circumstances) => string): Change {
  return (text, circumstances) => {
    const { head, body } = lines(text);
    if (body === '') return text;
    const changed = change(body, circumstances);
    const length = `Content-Length: ${changed.length}`;
    return joined(
      head.map((line) => (nameOf(line) === 'content-length' ? length : line)),
      changed,
    );
  };
}

const nowhere = ({ chance, whereabouts }: Circumstances) =>
  chance.one([...whereabouts.inside, ...whereabouts.elsewhere]);
/** Where a party may not say that it is. */
const wrongPlace = (circumstances: Circumstances) =>
  circumstances.trusted ? circumstances.chance.one(circumstances.whereabouts.inside) : nowhere(circumstances);
/** Where audio may not go, or where somebody listens for it who is none of the call's. */
const mediaPlace = ({ chance, whereabouts }: Circumstances) => chance.one([...whereabouts.inside, ...whereabouts.said]);
const host = (place: string) => place.split(':')[0]!;
const port = (place: string) => place.split(':')[1]!;

const tagOfAnother = ({ chance, seen }: Circumstances) =>
  chance.one(seen.flatMap((text) => [...text.matchAll(/;tag=([^;\s>]+)/g)].map(([, tag]) => tag!)).concat('made-up'));
const callIdOfAnother = ({ chance, seen }: Circumstances) =>
  chance.one(seen.flatMap((text) => /^Call-ID: (.*)$/im.exec(text)?.[1]?.trim() ?? []).concat('made-up'));

const odd = [
  '\0',
  '\x01',
  '\x7f',
  '\xff\xfe',
  '\xc3\x28',
  '\xe2\x82',
  '%00',
  '%',
  '"',
  '\\',
  '<',
  '>',
  '|',
  ';',
  ',',
  '\t',
  '\n',
  '\r',
  '$',
  '`',
  '{',
  "'",
];
const numbers = [
  '0',
  '-1',
  'x',
  '',
  '1',
  '255',
  '65536',
  '2147483647',
  '2147483648',
  '4294967296',
  '99999999999999999999',
  '1.5',
  ' 7 7',
];

/** Values of a header that are wrong, or lead astray. */
const values: Readonly<Record<string, (line: string, circumstances: Circumstances) => string>> = {
  via: (line, c) => {
    const value = valueOf(line);
    const place = nowhere(c);
    return c.chance.one([
      value.replace(/ [\d.]+:\d+/, ` ${place}`),
      `${value};maddr=${host(place)}`,
      `${value};received=${host(place)}`,
      value.replace(/;rport(=\d+)?/, `;rport=${port(place)}`),
      `${value};ttl=1;maddr=224.0.1.75`,
      value.replace(/branch=[^;]+/, 'branch='),
      value.replace(/;branch=[^;]+/, ''),
      value.replace('z9hG4bK', ''),
      value.replace(/branch=[^;]+/, `branch=z9hG4bK${'b'.repeat(600)}`),
      value.replace('UDP', c.chance.one(['TCP', 'TLS', 'SCTP', 'WS', 'X'])),
      value.replace('2.0', '3.0'),
      value.replace(/ [\d.]+:\d+/, ' name.invalid'),
      `SIP/2.0/UDP ${place};branch=z9hG4bKother, ${value}`,
    ]);
  },
  cseq: (line, c) => {
    const [number, method] = valueOf(line).split(' ') as [string, string];
    return c.chance.one([
      `${c.chance.one(numbers)} ${method}`,
      `${number} ${c.chance.one(['INVITE', 'BYE', 'ACK', 'CANCEL', 'REGISTER', 'x', ''])}`,
      `${Number(number) + 1000} ${method}`,
      `${number}\r\n  ${method}`,
      `${number}`,
    ]);
  },
  'call-id': (line, c) =>
    c.chance.one([
      callIdOfAnother(c),
      '',
      'a b',
      'a|b',
      '"',
      '\\',
      'i'.repeat(257),
      'i'.repeat(3000),
      `${valueOf(line)}\x01`,
      '<x>',
      `${valueOf(line)}x`,
    ]),
  from: (line, c) => changedParty(line, c),
  to: (line, c) => changedParty(line, c),
  contact: (line, c) => {
    const place = wrongPlace(c);
    return c.chance.one([
      `<sip:x@${place}>`,
      `<sip:x@${place};transport=tcp>`,
      `<sips:x@${place}>`,
      `<sip:${place}>;expires=3600`,
      `${valueOf(line)}, <sip:x@${place}>`,
      valueOf(line).replace('>', `;alias=${host(place)}~${port(place)}~1>`),
      valueOf(line).replace('>', `;maddr=${host(place)}>`),
      valueOf(line).replace('>', '?Route=%3Csip:203.0.113.200%3E>'),
      valueOf(line).replace('>', `;cellstamp=${host(place)}~${port(place)}~udp~0000~${'0'.repeat(32)}>`),
      ...[
        '*',
        '',
        'sip:',
        '<>',
        '<sip:@>',
        'tel:+1',
        '<sip:x@name.invalid>',
        '<sip:x@[2001:db8::1]:5060>',
        '<sip:x@0.0.0.0>',
        '<sip:x@192.168.1.7>',
      ],
      `<sip:${'u'.repeat(600)}@${place}>`,
      valueOf(line).replace(/[<>]/g, ''),
      `"${c.chance.one(odd)}" ${valueOf(line)}`,
    ]);
  },
  route: (line, c) =>
    c.chance.one([
      `<sip:${nowhere(c)};lr>`,
      `<sip:${nowhere(c)};lr>, ${valueOf(line)}`,
      `${valueOf(line)}, <sip:${nowhere(c)};lr>`,
      valueOf(line).replace(';lr', ''),
      valueOf(line).replace(/;m=\d+/, `;m=${c.chance.one(numbers)}`),
      valueOf(line).replace(/;c=[0-9a-f]+/, ';c=0123456789abcdef0123'),
      valueOf(line).replace(/;k=[0-9a-f]+/, ';k=0123456789abcdef'),
      valueOf(line).replace(/;ftag=[^;>]+/, `;ftag=${tagOfAnother(c)}`),
      valueOf(line).replace(/@?[\d.]+:/, `${host(nowhere(c))}:`),
      `${valueOf(line)}, ${valueOf(line)}`,
      c.chance.one(c.seen.flatMap((text) => /^Route: (.*)\r$/m.exec(text)?.[1] ?? []).concat('<sip:x;lr>')),
    ]),
  'record-route': (line, c) =>
    c.chance.one([
      `<sip:${wrongPlace(c)};lr>`,
      `<sip:${wrongPlace(c)};lr>, ${valueOf(line)}`,
      `${valueOf(line)}, <sip:${wrongPlace(c)};lr>`,
      valueOf(line).replace(/;k=[0-9a-f]+/, ''),
      valueOf(line).replace(/;c=[0-9a-f]+/, ';c='),
      '',
    ]),
  'max-forwards': (_, c) => c.chance.one(numbers),
  'content-length': (line, c) => {
    const length = Number(valueOf(line));
    return c.chance.one([
      ...numbers,
      String(length + 1),
      String(length - 1),
      String(length + 1000),
      String(length >> 1),
    ]);
  },
  'content-type': (_, c) =>
    c.chance.one([
      'text/plain',
      'application/sdp;charset=x',
      'multipart/mixed;boundary=B',
      'multipart/mixed',
      '',
      'x',
      'application/isup',
      'APPLICATION/SDP',
      'message/sip',
      'application/sdp, text/plain',
    ]),
  expires: (_, c) => c.chance.one(numbers),
  'proxy-authorization': changedCredentials,
  authorization: changedCredentials,
};

function changedParty(line: string, c: Circumstances): string {
  const value = valueOf(line);
  return c.chance.one([
    value.replace(/;tag=.*$/, ''),
    value.replace(/;tag=.*$/, `;tag=${tagOfAnother(c)}`),
    `${value.replace(/;tag=.*$/, '')};tag=${c.chance.one(['', 'a|b', 'a:b', 't'.repeat(200), 'a b', '"x"', '\x01'])}`,
    `${value};tag=second`,
    value.replace(
      /<sip:[^>]*>/,
      c.chance.one([
        '<sip:admin@10.0.0.1>',
        '<tel:+15551234>',
        '<sip:>',
        '<>',
        'sip:x@y',
        '<sip:x@anonymous.invalid>',
        '<sip:\xff@x.example.com>',
        '<sips:x@y;transport=tls>',
        '<mailto:x@y>',
      ]),
    ),
    value.replace(/@[^>;]+/, `@${host(nowhere(c))}`),
    `"${c.chance.one(odd)}${c.chance.one(odd)}" ${value}`,
    `"${'n'.repeat(2000)}" ${value}`,
    value.replace(
      /<sip:[^@>]*@/,
      `<sip:${c.chance.one(['*97', '+', '%00', '..', '0'.repeat(300), 'x;y=z', 'x:password'])}@`,
    ),
    value.replace(/[<>]/g, ''),
  ]);
}

function changedCredentials(line: string, c: Circumstances): string {
  const value = valueOf(line);
  return c.chance.one([
    value.replace(/response="[^"]*"/, `response="${'0'.repeat(32)}"`),
    value.replace(/nonce="[^"]*"/, 'nonce="made-up"'),
    value.replace(
      /username="[^"]*"/,
      `username="${c.chance.one(['', 'admin', "x' OR '1'='1", 'x|y', '\xff', 'u'.repeat(500)])}"`,
    ),
    value.replace(/realm="[^"]*"/, 'realm="other.example.com"'),
    value.replace(/uri="[^"]*"/, 'uri="sip:other@example.com"'),
    value.replace(/nc=\d+/, `nc=${c.chance.one(['00000000', 'ffffffff', 'x', '00000002'])}`),
    value.replace('Digest', c.chance.one(['Basic', 'digest', 'Bearer', ''])),
    value.slice(0, c.chance.below(value.length)),
    value.replaceAll('"', ''),
    `${value}, ${value}`,
    'Digest',
  ]);
}

/** Headers that nobody expects there. */
const extra = (c: Circumstances) => {
  const place = nowhere(c);
  return c.chance.one([
    `Require: ${c.chance.one(['100rel', 'nothing-supports-this', 'replaces', 'timer', '', ','])}`,
    'Proxy-Require: nothing-supports-this',
    `Route: <sip:${place};lr>`,
    `Record-Route: <sip:${wrongPlace(c)};lr>`,
    `Path: <sip:${place};lr>`,
    `Service-Route: <sip:${place};lr>`,
    `X-Cellstamp-Source: udp:${place}`,
    `X-Cellstamp-Handoff: udp:${place};0000;${'0'.repeat(32)}`,
    `X-Cellstamp-Proof: 0000;1;x;${'0'.repeat(32)}`,
    `P-Asserted-Identity: <sip:admin@${host(place)}>, <tel:+15551234>`,
    `Refer-To: <sip:x@${place}>`,
    `Replaces: ${callIdOfAnother(c)};to-tag=${tagOfAnother(c)};from-tag=${tagOfAnother(c)}`,
    `Session-Expires: ${c.chance.one(numbers)};refresher=uac`,
    `Min-SE: ${c.chance.one(numbers)}`,
    `RSeq: ${c.chance.one(numbers)}`,
    `RAck: ${c.chance.one(numbers)} ${c.chance.one(numbers)} INVITE`,
    `Expires: ${c.chance.one(numbers)}`,
    `Event: ${c.chance.one(['refer', '', 'x;id=1'])}`,
    `Identity: ${'A'.repeat(400)};info=<http://${place}/>`,
    `Privacy: ${c.chance.one(['id', 'user', 'header', 'none', '', 'id;id;id'])}`,
    `Diversion: <sip:x@${place}>;reason=unconditional`,
    `History-Info: <sip:x@${place}>;index=1`,
    `Alert-Info: <http://${place}/x>`,
    `Content-Encoding: ${c.chance.one(['gzip', 'identity', ''])}`,
    `Content-Disposition: session;handling=required`,
    `Subject: ${c.chance.one(odd).repeat(20)}`,
    `${c.chance.one(odd)}: x`,
    `X-Long: ${'x'.repeat(c.chance.one([1000, 4000, 9000, 30_000]))}`,
    `X-${'n'.repeat(500)}: x`,
    'l: 0',
    'k: replaces',
    `m: <sip:x@${wrongPlace(c)}>`,
    'i: another',
    `v: SIP/2.0/UDP ${place};branch=z9hG4bKcompact`,
    'no colon in it',
    ' folded onto nothing',
    '',
  ]);
};

const headerChanges: Readonly<Record<string, Change>> = {
  'a header twice': onHeader((line) => [line, line]),
  'a header left out': onHeader(() => []),
  'a header folded': onHeader((line, { chance }) => {
    const spaces = [...line.matchAll(/ /g)].map(({ index }) => index);
    const at = spaces.length === 0 ? line.indexOf(':') + 1 : chance.one(spaces);
    return [`${line.slice(0, at)}\r\n${chance.one([' ', '\t', '      '])}${line.slice(at)}`];
  }),
  'a header oversized': onHeader((line, { chance }) => [
    `${line};x=${'y'.repeat(chance.one([300, 2000, 9000, 40_000]))}`,
  ]),
  'a header empty': onHeader((line) => [withValue(line, '')]),
  'odd bytes in a header': onHeader((line, { chance }) => {
    const at = chance.below(line.length + 1);
    return [line.slice(0, at) + chance.one(odd).repeat(1 + chance.below(3)) + line.slice(at)];
  }),
  'spaces in a header': onHeader((line, { chance }) => [line.replace(/:/, chance.one([' :', ':   ', '\t:\t', ':']))]),
  'a name in odd case': onHeader((line) => [
    line.replace(/^[^:]+/, (name) =>
      [...name].map((char, at) => (at % 2 ? char.toUpperCase() : char.toLowerCase())).join(''),
    ),
  ]),
  'a wrong value': (text, c) => {
    const known = [...new Set(lines(text).head.slice(1).map(nameOf))].filter((name) => values[name] !== undefined);
    const name = c.chance.one(known);
    return onHeader((line) => [withValue(line, values[name]!(line, c))], new RegExp(`^${name}$`))(text, c);
  },
  'one more header': addHeader(extra),
  'headers in another order': (text, { chance }) => {
    const { head, body } = lines(text);
    const rest = head.slice(1);
    for (let i = rest.length - 1; i > 0; i--) {
      const j = chance.below(i + 1);
      [rest[i], rest[j]] = [rest[j]!, rest[i]!];
    }
    return joined([head[0]!, ...rest], body);
  },
  'another first line': (text, c) => {
    const { head, body } = lines(text);
    const [first] = head as [string];
    const place = nowhere(c);
    const changed = first.startsWith('SIP/2.0')
      ? c.chance.one([
          'SIP/2.0 100 Trying',
          'SIP/2.0 199 x',
          'SIP/2.0 200 OK',
          'SIP/2.0 202 x',
          'SIP/2.0 301 Moved',
          'SIP/2.0 401 x',
          'SIP/2.0 407 x',
          'SIP/2.0 491 x',
          'SIP/2.0 503 x',
          'SIP/2.0 600 x',
          'SIP/2.0 699 x',
          'SIP/2.0 700 x',
          'SIP/2.0 99 x',
          'SIP/2.0 0 x',
          'SIP/2.0 abc x',
          'SIP/2.0 200',
          `SIP/2.0 200 ${'\xff'.repeat(50)}`,
          'SIP/3.0 200 OK',
        ])
      : c.chance.one([
          first.replace(/ sip:\S+/, ` sip:x@${place}`),
          first.replace(/ (sip:\S+)/, ` $1;maddr=${host(place)}`),
          first.replace(/ (sip:\S+)/, ' $1;transport=tcp'),
          first.replace(/ (sip:\S+)/, ' $1;lr'),
          first.replace(/ (sip:\S+)/, ` $1;alias=${host(place)}~${port(place)}~1`),
          first.replace(/ (sip:\S+)/, ' $1?Route=%3Csip:203.0.113.200;lr%3E'),
          first.replace(/ sip:[^@]*@/, ' sip:@'),
          first.replace(/ sip:[^@]*@/, ' sip:%62ob%00@'),
          first.replace(/ sip:\S+/, ' tel:+4989123456'),
          first.replace(/ sip:/, ' sips:'),
          first.replace('SIP/2.0', 'SIP/3.0'),
          first.replace(' SIP/2.0', ''),
          first.replace(
            /^\w+/,
            c.chance.one([
              'invite',
              'BYE',
              'ACK',
              'CANCEL',
              'OPTIONS',
              'PRACK',
              'UPDATE',
              'REGISTER',
              'MESSAGE',
              'X',
              'KDMQ',
              'SUBSCRIBE',
              'GET',
            ]),
          ),
          first.replace(' ', '  '),
          `${first} `,
        ]);
    return joined([changed, ...head.slice(1)], body);
  },
  'characters changed': (text, { chance }) => {
    let changed = text;
    for (let n = 1 + chance.below(4); n > 0; n--) {
      const at = chance.below(changed.length);
      const length = chance.below(12);
      changed = chance.one([
        changed.slice(0, at) + changed.slice(at + length),
        changed.slice(0, at) + chance.one(odd) + changed.slice(at),
        changed.slice(0, at + length) + changed.slice(at),
      ]);
    }
    return changed;
  },
  'the end cut off': (text, { chance }) => text.slice(0, chance.below(text.length)),
  'bytes after the end': (text, { chance }) => text + chance.one(['\0', 'x'.repeat(100), '\r\n\r\n', text]),
};

const mediaLine = (line: RegExp, by: (found: string, c: Circumstances) => string) =>
  onBody((body, c) => body.replace(line, (found) => by(found, c)));

const bodyChanges: Readonly<Record<string, Change>> = {
  'a connection elsewhere': mediaLine(/^c=.*$/m, (_, c) => `c=IN IP4 ${host(mediaPlace(c))}`),
  'an odd connection': mediaLine(/^c=.*$/m, (_, c) =>
    c.chance.one([
      'c=IN IP4 0.0.0.0',
      'c=IN IP6 ::1',
      'c=IN IP6 2001:db8::1',
      'c=IN IP4 localhost',
      'c=IN IP4 redis-1',
      'c=IN IP4 224.2.1.1/127/3',
      'c=IN IP4 0177.0.0.1',
      'c=IN IP4 2130706433',
      'c=IN IP4 127.1',
      'c=IN IP4',
      'c=',
      'c=IN IP4 192.0.2.1 192.0.2.2',
      'c=IN\tIP4 127.0.0.1',
      'C=IN IP4 127.0.0.1',
      'c=IN IP4 192.168.0.9',
      'c=IN IP4 255.255.255.255',
      'c=IN IP4 999.1.1.1',
      '',
    ]),
  ),
  'a second connection': mediaLine(/^m=.*\r\n/m, (line, c) => `${line}c=IN IP4 ${host(mediaPlace(c))}\r\n`),
  'an origin elsewhere': mediaLine(/^o=.*$/m, (_, c) =>
    c.chance.one([
      `o=- 1 1 IN IP4 ${host(mediaPlace(c))}`,
      'o=',
      'o=- x y IN IP4 z',
      'o=- 99999999999999999999999 1 IN IP6 ::',
      `o=${'o'.repeat(3000)} 1 1 IN IP4 192.0.2.1`,
    ]),
  ),
  'another port': mediaLine(
    /^m=audio \d+/m,
    (_, c) =>
      `m=audio ${c.chance.one(['0', '1', '5060', '6379', '65535', '65536', '-1', '99999999999', 'x', '', '4000/2', '22222'])}`,
  ),
  'another profile': mediaLine(/RTP\/AVP/, (_, c) =>
    c.chance.one(['RTP/SAVP', 'RTP/SAVPF', 'RTP/AVPF', 'UDP/TLS/RTP/SAVPF', 'UDPTL', 'TCP/MSRP', 'udp', 'X', '']),
  ),
  'other formats': mediaLine(
    /RTP\/AVP .*$/m,
    (_, c) =>
      `RTP/AVP${c.chance.one(['', ' 999', ' 8 8 8 8', ' x', ` ${Array.from({ length: 200 }, (__, n) => n).join(' ')}`, ' -1', ' 13', ' 127 101'])}`,
  ),
  'where RTCP goes': onBody((body, c) => {
    const place = mediaPlace(c);
    return (
      body +
      c.chance.one([
        `a=rtcp:${port(place)} IN IP4 ${host(place)}\r\n`,
        `a=rtcp:${port(place)}\r\n`,
        'a=rtcp:x\r\n',
        'a=rtcp:\r\n',
        'a=rtcp-mux\r\n',
        `a=rtcp: ${port(place)} IN IP4 ${host(place)}\r\n`,
      ])
    );
  }),
  candidates: onBody((body, c) => {
    const place = mediaPlace(c);
    return `${body}a=ice-ufrag:abcd\r\na=ice-pwd:aaaabbbbccccddddeeeeffff\r\na=candidate:1 ${c.chance.one(['1', '2'])} ${c.chance.one(['UDP', 'TCP'])} 2130706431 ${host(place)} ${port(place)} typ ${c.chance.one(['host', 'srflx', 'relay raddr 10.0.0.1 rport 9'])}\r\n`;
  }),
  'more media': onBody(
    (body, c) =>
      body +
      `m=${c.chance.one(['audio', 'video', 'image', 'application', 'x'])} ${c.chance.one(['0', '4100', '6379'])} ${c.chance.one(['RTP/AVP 96', 'udptl t38', 'RTP/AVP 8', 'UDP/BFCP *'])}\r\nc=IN IP4 ${host(mediaPlace(c))}\r\n`.repeat(
        c.chance.one([1, 2, 20, 300]),
      ),
  ),
  'an attribute more': onBody(
    (body, c) =>
      body +
      c.chance.one([
        'a=sendonly\r\n',
        'a=inactive\r\n',
        'a=recvonly\r\n',
        'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n',
        'a=crypto:x\r\n',
        'a=fingerprint:sha-256 00:11\r\na=setup:active\r\n',
        'a=group:BUNDLE 0 1\r\na=mid:0\r\n',
        `a=${'a'.repeat(5000)}\r\n`,
        'a=fmtp:8 \xff\xfe\0\r\n',
        'a=ptime:0\r\n',
        'a=silenceSupp:on - - - -\r\n',
        'a=rtpmap:8\r\n',
        'a=rtpmap:8 PCMA/0\r\n',
        'b=AS:-1\r\n',
        'k=clear:x\r\n',
        'a=ssrc:1 cname:x\r\n',
        'a=end-of-candidates\r\n',
        'a=x-unknown\r\n',
      ]),
  ),
  'a line left out': onBody((body, { chance }) => {
    const all = body.split('\r\n').slice(0, -1);
    const at = chance.below(all.length);
    return [...all.slice(0, at), ...all.slice(at + 1), ''].join('\r\n');
  }),
  'lines twice': onBody((body, { chance }) => {
    const all = body.split('\r\n').slice(0, -1);
    const at = chance.below(all.length);
    return [
      ...all.slice(0, at),
      ...Array.from({ length: chance.one([1, 2, 100]) }, () => all[at]!),
      ...all.slice(at),
      '',
    ].join('\r\n');
  }),
  'cut off': onBody((body, { chance }) => body.slice(0, chance.below(body.length))),
  'no body': (text) => {
    const { head } = lines(text);
    return joined(
      head
        .filter((line) => nameOf(line) !== 'content-type')
        .map((line) => (nameOf(line) === 'content-length' ? 'Content-Length: 0' : line)),
      '',
    );
  },
  'other line ends': onBody((body, { chance }) =>
    body.replaceAll('\r\n', chance.one(['\n', '\r', '\n\r', '\r\r\n', '\0'])),
  ),
  'odd bytes in a body': onBody((body, { chance }) => {
    const at = chance.below(body.length);
    return body.slice(0, at) + chance.one(odd).repeat(1 + chance.below(3)) + body.slice(at);
  }),
  twice: onBody((body) => body + body),
  multipart: (text, c) => {
    const { head, body } = lines(text);
    if (body === '') return text;
    const wrong = body.replace(/^c=.*$/m, `c=IN IP4 ${host(mediaPlace(c))}`);
    const part = (type: string, of: string) => `--B\r\nContent-Type: ${type}\r\n\r\n${of}\r\n`;
    const parts = c.chance.one([
      part('application/sdp', body) + part('text/plain', 'x'),
      part('application/sdp', body) + part('application/sdp', wrong),
      part('text/plain', wrong) + part('application/sdp', body),
      part('multipart/mixed;boundary=C', `--C\r\nContent-Type: application/sdp\r\n\r\n${wrong}\r\n--C--`),
      part('application/isup', '\x01\0\x11\0\n\0'),
      part('application/sdp', wrong),
      '',
    ]);
    const whole = parts + c.chance.one(['--B--\r\n', '', '--B\r\n']);
    return joined(
      head.map((line) =>
        nameOf(line) === 'content-type'
          ? `Content-Type: ${c.chance.one(['multipart/mixed', 'multipart/alternative', 'multipart/related'])};boundary=${c.chance.one(['B', '"B"', 'X'])}`
          : nameOf(line) === 'content-length'
            ? `Content-Length: ${whole.length}`
            : line,
      ),
      whole,
    );
  },
};

type Sending = (message: Message, circumstances: Circumstances) => Omit<Mutated, 'what'>;

const sendings: Readonly<Record<string, Sending>> = {
  'sent again': (message, { chance }) => ({
    messages: Array.from({ length: 2 + chance.below(4) }, (_, n) => ({
      ...message,
      later: n * chance.one([0, 20, 200]),
    })),
  }),
  'not sent': () => ({ messages: [] }),
  'sent after the next one': (message) => ({ messages: [], swapped: message }),
  'sent late': (message, { chance }) => ({ messages: [{ ...message, later: chance.one([100, 300, 900]) }] }),
  'sent by somebody else': (message, { chance, whereabouts }) => ({
    messages: [{ ...message, from: chance.one(whereabouts.strangers) }],
  }),
  'sent by somebody else first': (message, { chance, whereabouts }) => ({
    messages: [
      { ...message, from: chance.one(whereabouts.strangers) },
      { ...message, later: 30 },
    ],
  }),
  'an earlier message before it': (message, { chance, seen }) => ({
    messages: [
      { ...message, text: chance.one([message.text, ...seen]) },
      { ...message, later: 10 },
    ],
  }),
  'an earlier message in its place': (message, { chance, seen }) => ({
    messages: [{ ...message, text: chance.one([message.text, ...seen]) }],
  }),
  'another method of the same dialog before it': (message, { chance }) => {
    const method = chance.one([
      'BYE',
      'CANCEL',
      'ACK',
      'UPDATE',
      'INFO',
      'PRACK',
      'NOTIFY',
      'OPTIONS',
      'INVITE',
      'REFER',
    ]);
    const own = /^[A-Z]+(?= )/.exec(message.text)?.[0];
    if (own === undefined || own === 'SIP') return { messages: [message, message] };
    const text = message.text
      .replace(/^[A-Z]+/, method)
      .replace(/^(CSeq: \d+) .*$/m, `$1 ${method}\r`)
      .replace(/branch=z9hG4bK/, method === 'CANCEL' ? 'branch=z9hG4bK' : 'branch=z9hG4bKbefore');
    return {
      messages: [
        { ...message, text },
        { ...message, later: 10 },
      ],
    };
  },
  'two answers': (message, { chance }) => {
    if (!message.text.startsWith('SIP/2.0')) return { messages: [message, { ...message, later: 5 }] };
    const status = chance.one([
      '180 Ringing',
      '183 Progress',
      '200 OK',
      '302 Moved',
      '404 Not Found',
      '486 Busy Here',
      '487 Request Terminated',
      '503 Unavailable',
      '603 Decline',
    ]);
    const other = message.text.replace(/^SIP\/2.0 .*$/m, `SIP/2.0 ${status}\r`);
    const retagged = chance.percent(50) ? other.replace(/^(To: .*;tag=)[^;\r]+/m, '$1another') : other;
    return {
      messages: chance.one([
        [
          { ...message, text: retagged },
          { ...message, later: 5 },
        ],
        [message, { ...message, text: retagged, later: 5 }],
      ]),
    };
  },
};

/** Does one thing to a message. */
export function mutate(message: Message, circumstances: Circumstances): Mutated {
  const { chance } = circumstances;
  const kind = chance.below(100);
  if (kind < 25) {
    const what = chance.one(Object.keys(sendings));
    return { what, ...sendings[what]!(message, circumstances) };
  }
  const changes = kind < 60 && lines(message.text).body !== '' ? bodyChanges : headerChanges;
  const what = chance.one(Object.keys(changes));
  return { what, messages: [{ ...message, text: changes[what]!(message.text, circumstances) }] };
}
