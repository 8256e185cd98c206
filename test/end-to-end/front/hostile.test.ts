/**
 * What a hostile client sends through an edge, with an account of its own and without: nothing of it reaches somebody whom it may not
 * reach, and mutated dialogs beside it leave nothing behind.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { callerAddress, serviceAddress } from '../../../lib/targets/local/front/index.ts';
import { status } from '../../../lib/targets/local/index.ts';
import { describeWith } from '../../requirements.ts';
import { leave } from '../lab/companion.ts';
import { carrier, domain, exchange } from './bed.ts';
import { credentialsFor, Wire } from './wire.ts';
import { until } from '../lab/lab.ts';
import { chosen, type Findings } from '../lab/mutated-findings.ts';
import { MutatedFrontBed } from './mutated-bed.ts';
import { rfc4475 } from '../lab/rfc4475.ts';
import { tortureMessages } from '../lab/torture.ts';

const { seed = 7301, number } = chosen;
const dialogs = 360;

/** Has an account, and no good in mind. */
const attacker = `${callerAddress(1, 60)}:5060`;
/** A registered phone of the tenant, which is called. */
const callee = `${callerAddress(2, 60)}:5060`;
/** Nobody's: what comes here has gone astray. */
const victim = `${callerAddress(2, 61)}:5060`;
const front = `${serviceAddress}:5060`;

const sdp = (address: string) =>
  `v=0\r\no=- 1 1 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n`;
const own = sdp(attacker.split(':')[0]!);

interface Request {
  readonly method: string;
  readonly uri: string;
  readonly callId: string;
  readonly n?: number;
  /** The callee of it, and who sends it: names of users. */
  readonly user?: string;
  readonly toTag?: string;
  readonly headers?: readonly string[];
  readonly type?: string;
  readonly body?: string;
}

const text = ({ method, uri, callId, n = 1, user = 'mallory', toTag, headers = [], type, body = '' }: Request) =>
  [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP ${attacker};branch=z9hG4bK${callId}.${n};rport`,
    'Max-Forwards: 70',
    `From: <sip:${user}@${domain}>;tag=t${callId}`,
    `To: <${method === 'REGISTER' ? `sip:${user}@${domain}` : uri}>${toTag === undefined ? '' : `;tag=${toTag}`}`,
    `Call-ID: ${callId}`,
    `CSeq: ${n} ${method}`,
    `Contact: <sip:${user}@${attacker}>`,
    ...headers,
    ...(body === '' ? [] : [`Content-Type: ${type ?? 'application/sdp'}`]),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');

const toCallee = `sip:callee@${domain}`;
const toCarrier = `sip:${carrier.number}@${domain}`;
/** What an edge tells a cell, and what other hosts of ours do: of a client it is taken out. */
const ofOurs = [
  `X-Cellstamp-Source: udp:${exchange.address}:5060`,
  `X-Cellstamp-Proof: 0000;1;1;${'0'.repeat(32)}`,
  `X-Cellstamp-Handoff: udp:${exchange.address}:5060;0000;${'0'.repeat(32)}`,
];

describeWith(['root', 'debian-packages'], 'a hostile client of an edge', () => {
  let bed: MutatedFrontBed;
  let wire: Wire;
  let played: Findings;

  beforeAll(async () => {
    bed = await MutatedFrontBed.up('lab-hostile', 74, ['mallory', 'callee']);
    wire = await Wire.open(bed.front, [attacker, callee, victim]);
    // An SBC knows a user who has registered. The attacker takes its registration back: nobody is to reach it.
    for (const [user, at] of [
      ['callee', callee],
      ['mallory', attacker],
    ] as const) {
      const register = (n: number, headers: readonly string[] = []) => {
        const request = { method: 'REGISTER', uri: `sip:${domain}`, callId: `${user}-registers`, user, n, headers };
        wire.send(at, front, text(request).replaceAll(attacker, at));
        return final(request.callId, `${n} REGISTER`);
      };
      const credentials = async (n: number) =>
        `Authorization: ${credentialsFor(await register(n), user, 'REGISTER', `sip:${domain}`)}`;
      expect(await register(2, [await credentials(1)])).toMatch(/^SIP\/2.0 200 /);
      if (user === 'mallory') expect(await register(4, ['Expires: 0', await credentials(3)])).toMatch(/^SIP\/2.0 200 /);
    }
    // What they leave behind is waited for at the end: that takes time, in which the rest is done.
    const numbers = number === undefined ? Array.from({ length: dialogs }, (_, n) => n) : [number];
    played = await bed.play(seed, numbers);
  });
  afterAll(() => leave(bed, wire));

  /** The final answer that the attacker, or the callee, got. */
  async function final(callId: string, cseq: string): Promise<string> {
    const lines = [`Call-ID: ${callId}\r\n`, `CSeq: ${cseq}\r\n`];
    const found = () =>
      wire.received.find(({ text: got }) => /^SIP\/2.0 [2-6]/.test(got) && lines.every((line) => got.includes(line)));
    await until(() => found() !== undefined).catch(() => {
      throw new Error(`no final answer to ${cseq} of ${callId}`);
    });
    return found()!.text;
  }
  /** Sends what may be answered and refused, or not at all. @returns the status of the final answer */
  const ask = async (request: Request, to = front) => {
    wire.send(attacker, to, text(request));
    const answer = await final(request.callId, `${request.n ?? 1} ${request.method}`);
    return Number(answer.slice(8, 11));
  };
  /** Requests that came to the callee and to the victim, but for the keepalives of registered phones. */
  const came = () =>
    wire.received.filter(
      ({ at, text: got }) =>
        (at === victim || (at === callee && !got.startsWith('SIP/2.0'))) &&
        !/^OPTIONS [^]*^From: <?sip:keepalive@/m.test(got),
    );
  /** The same as user mallory, who logs in for it. */
  const askAsUser = async (request: Request) => {
    const answer = await ask(request).then(() => final(request.callId, `1 ${request.method}`));
    const challenge = credentialsFor(answer, 'mallory', request.method, request.uri);
    const headers = [...(request.headers ?? []), `Proxy-Authorization: ${challenge}`];
    wire.send(attacker, front, text({ ...request, n: 2, headers }));
  };
  /** The INVITE of the attacker's call as it came to the callee, who is busy. */
  const invited = async (callId: string) => {
    const find = () => came().find(({ at, text: got }) => at === callee && got.includes(`Call-ID: ${callId}`));
    await until(() => find() !== undefined).catch(() => {
      const answers = wire.received.filter(({ text: got }) => got.includes(`Call-ID: ${callId}`));
      throw new Error(`the callee gets no INVITE of ${callId}:\n${answers.map(({ text: got }) => got).join('\n')}`);
    });
    const { from, text: got } = find()!;
    const kept = got.split('\r\n').filter((line) => /^(Via|From|Call-ID|CSeq|Record-Route):/i.test(line));
    const to = /^To: .*$/im.exec(got)![0].trim();
    wire.send(
      callee,
      from,
      ['SIP/2.0 486 Busy Here', ...kept, `${to};tag=busy`, 'Content-Length: 0', '', ''].join('\r\n'),
    );
    expect(await final(callId, '2 INVITE')).toMatch(/^SIP\/2.0 486 /);
    wire.received.splice(0, wire.received.length, ...wire.received.filter((one) => !came().includes(one)));
    return got;
  };

  it('is nobody else for what it says that edges say', async () => {
    expect(await ask({ method: 'INVITE', uri: toCarrier, callId: 'proof-1', headers: ofOurs, body: own })).toBe(407);
    const asExchange = { user: '100', uri: toCarrier, headers: ofOurs, body: own };
    expect(await ask({ ...asExchange, method: 'INVITE', callId: 'proof-2' })).toBe(407);
    expect(await ask({ ...asExchange, method: 'REGISTER', uri: `sip:${domain}`, callId: 'proof-3' })).toBe(401);
    expect(came()).toEqual([]);
  });

  it('calls in its own name alone, whatever identity it claims', async () => {
    const forged = 'forged@elsewhere.example';
    await askAsUser({
      ...{ method: 'INVITE', uri: toCallee, callId: 'identity', body: own },
      headers: [
        `P-Asserted-Identity: "The board" <sip:${forged}>`,
        `Remote-Party-ID: <sip:${forged}>;screen=yes`,
        `P-Preferred-Identity: <sip:${forged}>`,
        `Diversion: <sip:${forged}>;reason=unconditional`,
        `History-Info: <sip:${forged}>;index=1`,
        `Identity: ${'A'.repeat(200)};info=<https://${forged}/>`,
        ...ofOurs,
      ],
    });
    const invite = await invited('identity');
    expect(invite).toMatch(new RegExp(`^From: .*sip:mallory@${domain}`, 'm'));
    expect(invite).not.toMatch(/forged/);
    expect(invite).not.toMatch(/X-Cellstamp/i);
  });

  it('keeps no call at an edge that is over, by an answer that comes once more', async () => {
    await askAsUser({ method: 'INVITE', uri: toCallee, callId: 'over', body: own });
    const arrived = (method: string) =>
      came().find(({ text: got }) => got.startsWith(method) && got.includes('ID: over'));
    await until(() => arrived('INVITE') !== undefined);
    const { from, text: invite } = arrived('INVITE')!;
    const accept = (request: string, body = '') => {
      const kept = request.split('\r\n').filter((line) => /^(Via|From|To|Call-ID|CSeq|Record-Route):/i.test(line));
      const tagged = kept.map((line) => (/^To:/i.test(line) && !line.includes(';tag=') ? `${line};tag=callee` : line));
      const described = body === '' ? [] : [`Contact: <sip:callee@${callee}>`, 'Content-Type: application/sdp'];
      return ['SIP/2.0 200 OK', ...tagged, ...described, `Content-Length: ${body.length}`, '', body].join('\r\n');
    };
    const accepted = accept(invite, sdp(callee.split(':')[0]!));
    wire.send(callee, from, accepted);
    const answer = await final('over', '2 INVITE');
    const routes = [...answer.matchAll(/^Record-Route: (.*)\r$/gm)].map(([, route]) => `Route: ${route}`).reverse();
    const within = (method: string, n: number) =>
      text({ method, uri: /^Contact: <(.*)>/m.exec(answer)![1]!, callId: 'over', n, headers: routes, toTag: 'callee' })
        // What the To of the dialog says, and not where the request goes.
        .replace(/^To: .*\r$/m, `To: <${toCallee}>;tag=callee\r`);
    wire.send(attacker, front, within('ACK', 2));
    await until(() => arrived('ACK') !== undefined);
    wire.send(attacker, front, within('BYE', 3));
    await until(() => arrived('BYE') !== undefined);
    wire.send(callee, arrived('BYE')!.from, accept(arrived('BYE')!.text));
    expect(await final('over', '3 BYE')).toMatch(/^SIP\/2.0 200 /);
    wire.send(callee, from, accepted);
    await sleep(500);
    for (const { name } of bed.front.edges) {
      expect(await bed.front.kamcmd(name, 'htable.dump', 'pinned')).not.toMatch(/name: over\b/);
    }
    wire.received.splice(0, wire.received.length, ...wire.received.filter((one) => !came().includes(one)));
  });

  const part = (type: string, body: string) => `--B\r\nContent-Type: ${type}\r\n\r\n${body}\r\n`;
  const sdpPart = (address: string) => part('application/sdp', sdp(address));
  const victimSdp = sdp(victim.split(':')[0]!);
  it.each([
    ['two descriptions', sdpPart(attacker.split(':')[0]!) + sdpPart(victim.split(':')[0]!)],
    ['a description that says it is text', part('text/plain', victimSdp) + sdpPart(attacker.split(':')[0]!)],
    [
      'a description within a part',
      part('multipart/mixed;boundary=C', `--C\r\nContent-Type: application/sdp\r\n\r\n${victimSdp}\r\n--C--`) +
        sdpPart(attacker.split(':')[0]!),
    ],
    ['no description in it', part('text/plain', 'x')],
  ])('hands nobody a description that no relay wrote: a body of several parts with %s', async (what, parts) => {
    const callId = what.replaceAll(' ', '-');
    const body = `${parts}--B--\r\n`;
    await askAsUser({ method: 'INVITE', uri: toCallee, callId, type: 'multipart/mixed;boundary=B', body });
    const answers = () =>
      wire.received.flatMap(({ text: got }) =>
        got.includes(callId) && got.includes('CSeq: 2 ') && /^SIP\/2.0 [2-6]/.test(got) ? [got.split('\r\n')[0]] : [],
      );
    await until(() => answers().length > 0 || came().length > 0);
    if (came().length === 0) {
      // For what is in it, and not because nobody has logged in.
      expect(answers()[0]).toMatch(/^SIP\/2.0 4(15|88) /);
      return;
    }
    const invite = await invited(callId);
    const described = invite.slice(invite.indexOf('\r\n\r\n'));
    for (const at of [attacker, victim]) expect(described).not.toContain(at.split(':')[0]);
  });

  it.each(['BYE', 'INVITE', 'UPDATE', 'INFO', 'REFER', 'NOTIFY', 'MESSAGE', 'PRACK', 'SUBSCRIBE', 'OPTIONS'])(
    'reaches nobody by %s with a To tag and a Route of its own making',
    async (method) => {
      const cell = status(bed.front.cells[0]!.name).floatingAddress;
      const [edge] = bed.front.edges;
      const routes = [
        [],
        [`Route: <sip:${edge!.publicAddress};lr;s=u>`, `Route: <sip:${cell};lr;m=1;k=0123456789abcdef>`],
        [`Route: <sip:${cell};lr;m=1;c=0123456789abcdef0123;k=0123456789abcdef>`],
        [`Route: <sip:${edge!.publicAddress};lr;s=u>`, `Route: <sip:${victim};lr>`],
      ];
      for (const [index, headers] of routes.entries()) {
        for (const [to, uri] of [toCallee, `sip:x@${victim}`, `sip:callee@${callee}`].entries()) {
          const callId = `tag-${method}-${index}-${to}`;
          wire.send(attacker, front, text({ method, uri, callId, toTag: 'made-up', headers }));
        }
      }
      await sleep(200);
      const answers = wire.received.flatMap(({ text: got }) =>
        got.includes(`Call-ID: tag-${method}-`) ? [got.split('\r\n')[0]!] : [],
      );
      expect(answers).not.toEqual([]);
      // An edge and an SBC say themselves that they are there.
      if (method !== 'OPTIONS') expect(answers.filter((first) => first.startsWith('SIP/2.0 2'))).toEqual([]);
      expect(came()).toEqual([]);
    },
  );

  it('ends no transaction that is none: CANCEL and ACK of nothing, answers that nobody waits for', async () => {
    expect(await ask({ method: 'CANCEL', uri: toCallee, callId: 'nothing-1' })).toBeGreaterThanOrEqual(200);
    wire.send(attacker, front, text({ method: 'ACK', uri: toCallee, callId: 'nothing-2', toTag: 'made-up' }));
    const [edge] = bed.front.edges;
    const cell = status(bed.front.cells[0]!.name).floatingAddress;
    for (const [index, to] of [front, `${edge!.publicAddress}:5060`].entries()) {
      for (const [second, via] of [victim, callee, `${cell};received=${victim.split(':')[0]}`].entries()) {
        for (const line of ['200 OK', '180 Ringing', '302 Moved', '401 Unauthorized']) {
          const stray = text({
            method: 'INVITE',
            uri: toCallee,
            callId: `stray-${index}-${second}`,
            toTag: 'x',
            body: own,
          })
            .replace(/^INVITE .*/, `SIP/2.0 ${line}`)
            .replace(
              /^Via: .*$/m,
              `Via: SIP/2.0/UDP ${to};branch=z9hG4bKstray.1\r\nVia: SIP/2.0/UDP ${via};branch=z9hG4bKstray.2\r`,
            );
          wire.send(attacker, to, stray);
        }
      }
    }
    await sleep(300);
    expect(came()).toEqual([]);
  });

  it('is told that its digest is used, at whichever edge it sends it again', async () => {
    const request = { method: 'REGISTER', uri: `sip:${domain}`, callId: 'digest' };
    expect(await ask(request)).toBe(401);
    const challenge = await final('digest', '1 REGISTER');
    const headers = [`Authorization: ${credentialsFor(challenge, 'mallory', 'REGISTER', request.uri)}`, 'Expires: 60'];
    expect(await ask({ ...request, n: 2, headers })).toBe(200);
    for (const [index, { publicAddress }] of bed.front.edges.entries()) {
      const again = { ...request, callId: `digest-${index}`, headers };
      expect(await ask(again, `${publicAddress}:5060`)).toBe(401);
      expect(await final(again.callId, '1 REGISTER')).toMatch(/stale=true/);
    }
  });

  it('is refused what is too long, and heard afterwards', async () => {
    const longest = bed.front.front.spec.edge.flood.longestMessage;
    for (const [index, headers] of [
      [`Subject: ${'x'.repeat(longest)}`],
      Array.from({ length: longest / 20 }, (_, n) => `Via: SIP/2.0/UDP h${n};branch=z9hG4bK${n}`),
      Array.from({ length: longest / 20 }, (_, n) => `Route: <sip:${victim};lr;n=${n}>`),
    ].entries()) {
      expect(await ask({ method: 'INVITE', uri: toCallee, callId: `long-${index}`, headers, body: own })).toBe(513);
    }
    // As long as it may be, of what is looked at one by one.
    const many = Array.from({ length: 100 }, (_, n) => `Route: <sip:${victim};lr;n=${n}>`).slice(0, longest / 60);
    const answer = await ask({ method: 'INVITE', uri: toCallee, callId: 'many-routes', headers: many, body: own });
    expect(answer).toBeGreaterThanOrEqual(400);
    expect(came()).toEqual([]);
    expect(await ask({ method: 'REGISTER', uri: `sip:${domain}`, callId: 'afterwards' })).toBe(401);
  });

  it('gets nothing through by the messages of RFC 4475 and others that lead astray, from an address with an account', async () => {
    const ends = { from: attacker, to: serviceAddress, target: toCallee };
    for (const message of Object.values({ ...rfc4475(ends), ...tortureMessages(ends) })) {
      wire.send(attacker, front, message);
      await sleep(5);
    }
    await sleep(300);
    expect(came()).toEqual([]);
    expect(await ask({ method: 'REGISTER', uri: `sip:${domain}`, callId: 'after-torture' })).toBe(401);
  });

  it('and mutated dialogs leave nothing behind, go nowhere else, and stop nobody', async () => {
    expect((await bed.finish(played, { alsoExpiring: false })).join('\n\n')).toBe('');
  });
});
