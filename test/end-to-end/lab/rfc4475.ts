/**
 * The 49 test messages of RFC 4475 by their names there, as a client of ours would send them: it asks for our tenant where they
 * ask for example.com, from the address at which it is.
 */
import type { Ends } from './torture.ts';

const offer = (media = 'm=audio 49217 RTP/AVP 0 12') =>
  `v=0\r\no=mhandley 29739 7272939 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\n${media}\r\na=rtpmap:31 LPC\r\n`;

/** A length that no line says is the body’s. */
function message(lines: readonly string[], body = ''): string {
  const length = lines.some((line) => /^(content-length|l)\s*:/i.test(line));
  const all = length ? lines : [...lines, `Content-Length: ${Buffer.byteLength(body)}`];
  return `${all.join('\r\n')}\r\n\r\n${body}`;
}

export function rfc4475({ from, target, over = 'udp' }: Ends): Readonly<Record<string, string>> {
  const home = target.split('@')[1]!;
  const via = (branch: string) => `Via: SIP/2.0/${over.toUpperCase()} ${from};branch=z9hG4bK${branch}`;
  const contact = `Contact: <sip:torture@${from}>`;
  const sdp = 'Content-Type: application/sdp';
  /** What all of these have, of a name that the receiver takes for a dialog's. */
  const headers = (name: string, method: string, { to = `<${target}>`, sender = 'sip:torture@example.org' } = {}) => [
    via(name),
    'Max-Forwards: 70',
    `From: <${sender}>;tag=${name}`,
    `To: ${to}`,
    `Call-ID: ${name}.torture.ndaksdj@192.0.2.1`,
    `CSeq: 8 ${method}`,
  ];
  const request = (name: string, method: string, extra: readonly string[] = [], body = '', uri = target) =>
    message([`${method} ${uri} SIP/2.0`, ...headers(name, method), ...extra], body);
  const invite = (name: string, extra: readonly string[] = []) =>
    request(name, 'INVITE', [contact, sdp, ...extra], offer());
  /** An INVITE, or another request, with another first line. */
  const begun = (name: string, start: string, method = 'INVITE') =>
    method === 'INVITE'
      ? message([start, ...headers(name, method), contact, sdp], offer())
      : message([start, ...headers(name, method)]);
  const register = (name: string, extra: readonly string[]) => request(name, 'REGISTER', extra, '', `sip:${home}`);
  const response = (name: string, status: string, method = 'INVITE', extra: readonly string[] = []) =>
    message([`SIP/2.0 ${status}`, ...headers(name, method), contact, ...extra]);
  const unusual = "!interesting-Method0123456789_*+`.%indeed'~";
  const odd = `sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@${home}`;
  const parts = '7a9cbec02ceef655';
  return {
    // 3.1.1: valid
    wsinv: message(
      [
        `INVITE sip:vivekg@${home};unknownparam SIP/2.0`,
        `TO :\r\n sip:vivekg@${home} ;   tag    = 1918181833n`,
        'from   : "J Rosenberg \\\\\\""       <sip:torture@example.com>\r\n  ;\r\n  tag = 98asjd8',
        'MaX-fOrWaRdS: 0068',
        'Call-ID: wsinv.torture.ndaksdj@192.0.2.1',
        `Content-Length   : ${Buffer.byteLength(offer())}`,
        'cseq: 0009\r\n  INVITE',
        `Via  : SIP  /   2.0\r\n /${over.toUpperCase()}\r\n    ${from};branch=390skdjuw`,
        's :',
        'NewFangledHeader:   newfangled value\r\n continued newfangled value',
        'UnknownHeaderWithUnusualValue: ;;,,;;,;',
        'Content-Type: application/sdp',
        'Route:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>',
        'v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239',
        'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33',
      ],
      offer(),
    ),
    intmeth: message(
      [
        `${unusual} ${odd} SIP/2.0`,
        via("-.!%66*_+`'~"),
        `To: "BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f" <${odd}>`,
        "From: token1~` token2'+_ token3*%!.- <sip:torture@example.com>;fromParam''~+*_!.-%=\"\u0440\u0430\u0431\u043e\u0442\u0430\";tag=_token~1'+`*%!-.",
        'Call-ID: intmeth.torture%ZK-!.*_+\'@word`~)(><:\\/"][?}{',
        `CSeq: 139122385 ${unusual}`,
        'Max-Forwards: 255',
        "extensionHeader-!.%*+_`'~:\ufeff\u5927\u505c\u96fb",
      ],
      '',
    ),
    esc01: message(
      [
        `INVITE sip:sips%3Auser%40example.com@${home} SIP/2.0`,
        ...headers('esc01', 'INVITE', { to: `sip:%75se%72@${home}`, sender: 'sip:I%20have%20spaces@example.net' }),
        `Contact: <sip:cal%6Cer@${from};%6C%72;n%61me=v%61lue%25%34%31>`,
        sdp,
      ],
      offer(),
    ),
    escnull: message([
      `REGISTER sip:${home} SIP/2.0`,
      ...headers('escnull', 'REGISTER', { to: `sip:null-%00-null@${home}`, sender: `sip:null-%00-null@${home}` }),
      `Contact: <sip:%00@${from}>`,
      `Contact: <sip:%00%00@${from}>`,
    ]),
    esc02: message([
      `RE%47IST%45R sip:${home} SIP/2.0`,
      ...headers('esc02', 'RE%47IST%45R', { to: `"%Z%45" <${target}>` }),
      `Contact: <sip:alias1@${from}>, <sip:alias2%40${from}>`,
    ]),
    lwsdisp: message([
      `OPTIONS ${target} SIP/2.0`,
      ...headers('lwsdisp', 'OPTIONS').map((line) =>
        line.startsWith('From') ? 'From: caller<sip:torture@example.com>;tag=323' : line,
      ),
    ]),
    longreq: message(
      [
        `INVITE ${target} SIP/2.0`,
        ...headers('longreq', 'INVITE', {
          to: `"I have a user name of ${'extreme '.repeat(40)}proportion" <${target}>`,
        }),
        `Call-ID: longreq.torture.${'really'.repeat(20)}longcallid`,
        `Unknown-${'Long'.repeat(40)}-Name: unknown-${'long'.repeat(40)}-value;unknown-${'long'.repeat(30)}-parameter`,
        ...Array.from({ length: 33 }, (_, n) => `v: SIP/2.0/TCP sip${n}.example.com;received=192.0.2.6`),
        `Contact: <sip:${'amazingly'.repeat(12)}longcallername@${from}>`,
        sdp,
      ],
      offer(),
    ),
    dblreq: `${register('dblreq', [`Contact: <sip:j.user@${from}>`])}${invite('dblreq-hidden')}`,
    semiuri: begun('semiuri', `OPTIONS sip:user;par=u%40example.net@${home} SIP/2.0`, 'OPTIONS'),
    transports: message([
      `OPTIONS ${target} SIP/2.0`,
      ...headers('transports', 'OPTIONS'),
      'Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf',
      'Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj',
      'Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en',
      'Via: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee',
    ]),
    mpart01: request(
      'mpart01',
      'MESSAGE',
      [`Content-Type: multipart/mixed;boundary=${parts}`],
      `--${parts}\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n\r\nHello\r\n--${parts}\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n0\x82\x01R\x06\t*\x86H\x86\xf7\r\x01\x07\x02\x00\xa0\r\n--${parts}--`,
    ),
    unreason: response(
      'unreason',
      '200 = 2**3 * 5**2 \u043d\u043e \u0441\u0442\u043e \u0434\u0435\u0432\u044f\u043d\u043e\u0441\u0442\u043e \u0434\u0435\u0432\u044f\u0442\u044c',
    ),
    noreason: response('noreason', '100 '),
    // 3.1.2: invalid
    badinv01: message(
      [
        `INVITE ${target} SIP/2.0`,
        ...headers('badinv01', 'INVITE').map((line) => (line.startsWith('Via') ? `${line};;,;,,` : line)),
        'Contact: "Joe" <sip:joe@example.org>;;;;',
        sdp,
      ],
      offer(),
    ),
    clerr: invite('clerr', ['Content-Length: 9999']),
    ncl: invite('ncl', ['Content-Length: -999']),
    scalar02: message([
      `REGISTER sip:${home} SIP/2.0`,
      ...headers('scalar02', 'REGISTER').map((line) =>
        line.replace('CSeq: 8', 'CSeq: 36893488147419103232').replace('Forwards: 70', 'Forwards: 300'),
      ),
      'Expires: 10000000000000000000000000000000000000000',
      `Contact: <sip:torture@${from}>;expires=280297596632815`,
    ]),
    scalarlg: message([
      'SIP/2.0 503 Service Unavailable',
      ...headers('scalarlg', 'OPTIONS').map((line) => line.replace('CSeq: 8', 'CSeq: 9292394834772304023312')),
      'Warning: 1812 overture "In Progress"',
      'Retry-After: 949302838503028349304023988',
    ]),
    quotbal: message(
      [`INVITE ${target} SIP/2.0`, ...headers('quotbal', 'INVITE', { to: `"Mr. J. User <${target}>` }), contact, sdp],
      offer(),
    ),
    ltgtruri: begun('ltgtruri', `INVITE <${target}> SIP/2.0`),
    lwsruri: begun('lwsruri', `INVITE ${target}; lr SIP/2.0`),
    lwsstart: begun('lwsstart', `INVITE  ${target}  SIP/2.0`),
    trws: begun('trws', `OPTIONS ${target} SIP/2.0  `, 'OPTIONS'),
    escruri: begun('escruri', `INVITE ${target}?Route=%3Csip:192.0.2.66%3E SIP/2.0`),
    baddate: invite('baddate', ['Date: Fri, 01 Jan 2010 16:00:00 EST']),
    regbadct: register('regbadct', [`Contact: ${target}?Route=%3Csip:192.0.2.66%3E`]),
    badaspec: message([
      `OPTIONS ${target} SIP/2.0`,
      ...headers('badaspec', 'OPTIONS', { to: `"Watson, Thomas" < ${target} >` }),
    ]),
    baddn: message([
      `OPTIONS ${target} SIP/2.0`,
      ...headers('baddn', 'OPTIONS').map((line) =>
        line.startsWith('From') ? 'From: Bell, Alexander <sip:torture@example.com>;tag=43' : line,
      ),
    ]),
    badvers: begun('badvers', `OPTIONS ${target} SIP/7.0`, 'OPTIONS'),
    mismatch01: message([`OPTIONS ${target} SIP/2.0`, ...headers('mismatch01', 'INVITE')]),
    mismatch02: message([`NEWMETHOD ${target} SIP/2.0`, ...headers('mismatch02', 'INVITE'), contact, sdp], offer()),
    bigcode: response('bigcode', '4294967301 better not break the receiver'),
    // 3.2: the transaction layer
    badbranch: message([
      `OPTIONS ${target} SIP/2.0`,
      ...headers('badbranch', 'OPTIONS').map((line) => line.replace('z9hG4bKbadbranch', 'z9hG4bK')),
    ]),
    // 3.3: the application layer
    insuf: message([`INVITE ${target} SIP/2.0`, 'CSeq: 193942 INVITE', via('insuf'), sdp], offer()),
    unkscm: begun('unkscm', 'OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0', 'OPTIONS'),
    novelsc: begun('novelsc', 'OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0', 'OPTIONS'),
    unksm2: message([
      `REGISTER sip:${home} SIP/2.0`,
      ...headers('unksm2', 'REGISTER', { to: 'isbn:2983792873', sender: 'http://www.example.com' }),
      'Contact: <name:John_Smith>',
    ]),
    bext01: request('bext01', 'OPTIONS', [
      'Require: nothingSupportsThis, nothingSupportsThisEither',
      'Proxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis',
    ]),
    invut: request(
      'invut',
      'INVITE',
      [contact, 'Content-Type: application/unknownformat'],
      '<audio>\r\n <pcmu port="443"/>\r\n</audio>\r\n',
    ),
    regaut01: register('regaut01', [contact, 'Authorization: NoOneKnowsThisScheme opaque-data=here']),
    multi01: invite('multi01', [
      'CSeq: 59 INVITE',
      'Call-ID: multi01.other@192.0.2.1',
      'From: <sip:torture@example.net>;tag=3413415',
      'To: <sip:other@example.net>',
      'Max-Forwards: 5',
      'Content-Type: text/plain',
    ]),
    mcl01: request(
      'mcl01',
      'OPTIONS',
      ['Content-Length: 13', 'Content-Length: 5'],
      'There’s no way to know how many octets are supposed to be here.\r\n',
    ),
    bcast: message([
      'SIP/2.0 200 OK',
      'Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923',
      'Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23',
      ...headers('bcast', 'INVITE').slice(1),
      'Contact: <sip:user@255.255.255.255>',
    ]),
    zeromf: message([
      `OPTIONS ${target} SIP/2.0`,
      ...headers('zeromf', 'OPTIONS').map((line) => line.replace('Forwards: 70', 'Forwards: 0')),
    ]),
    cparam01: register('cparam01', [`Contact: sip:+19725552222@${from};unknownparam`]),
    cparam02: register('cparam02', [`Contact: <sip:+19725552222@${from};unknownparam>`]),
    regescrt: register('regescrt', [`Contact: <${target}?Route=%3Csip:192.0.2.66%3E>`]),
    sdp01: invite('sdp01', ['Accept: text/nobodyKnowsThis']),
    // 3.4: an earlier SIP
    inv2543: message(
      [
        `INVITE ${target} SIP/2.0`,
        `Via: SIP/2.0/${over.toUpperCase()} ${from}`,
        'From: <sip:torture@example.org>',
        `To: ${target}`,
        'Call-ID: inv2543.torture.1717@ift.client.example.com',
        'CSeq: 56 INVITE',
        sdp,
      ],
      offer(),
    ),
  };
}
