/** Whoever is not a user, a tenant's exchange or a carrier: rejected, counted, never relayed. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallSteps } from '../../../lib/user-agent/scenario.ts';
import { spawnOutside } from '../../../lib/targets/local/index.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { leave } from '../lab/companion.ts';
import { failuresOf, Lab, until, type LabUser, type SipTrace } from '../lab/lab.ts';
import { Sockets, type Heard } from '../lab/sockets.ts';

const input = {
  name: 'lab-strangers',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.80.32.0/20',
  media: { hosts: 1, kernelForwarding: 'preferred' },
  sbc: { flood: { requestsPerSecond: 40, banSeconds: 10 } },
  trunks: [
    { name: 'carrier-a', address: '192.0.2.10' },
    { name: 'carrier-b', address: '192.0.2.20', sources: ['192.0.2.0/24'] },
  ],
  tenants: [{ name: 'acme', domain: 'acme.example.com', dids: { '+4930123456': 'anna' } }],
} satisfies CellInput;
const anna: LabUser = { name: 'anna', tenant: 'acme', address: '198.51.100.11' };
const bert: LabUser = { name: 'bert', tenant: 'acme', address: '198.51.100.12' };

/** Where a relayed message would end up. */
const victim = '203.0.113.66:5060';
const stranger = '203.0.113.50:5060';
const flooder = '203.0.113.51:5060';
const prober = '203.0.113.52:5060';
/** At the address of a user. */
const insider = '198.51.100.11:5999';
/** In the range of a carrier. */
const gateway = '192.0.2.21:5060';

describeWith(['root', 'debian-packages'], 'strangers', () => {
  let lab: Lab;
  let agents: AgentsProcess;
  let raw: Sockets;
  let number = 0;
  let cseq = 100;
  const received: Heard[] = [];
  const traced: SipTrace[] = [];

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers([anna, bert]);
    agents = await lab.agents([lab.user(anna), lab.user(bert), lab.carrier('carrier-a', '192.0.2.10')], (message) =>
      traced.push(message),
    );
    raw = await Sockets.open(
      (argv, options) => spawnOutside(input.name, argv, options),
      [victim, stranger, flooder, prober, gateway, insider],
      (datagram) => received.push(datagram),
    );
  });
  afterAll(() => leave(lab, raw));

  interface Parts {
    readonly from?: string;
    readonly method: string;
    readonly uri: string;
    readonly headers?: readonly string[];
    readonly toTag?: string;
    readonly fromTag?: string;
    readonly user?: string;
    readonly callId?: string;
    readonly cseq?: number;
  }

  /** Sends a request that no user agent would. @returns its Call-ID */
  function send({
    from = stranger,
    method,
    uri,
    headers = [],
    toTag,
    fromTag,
    user,
    callId,
    cseq: own = 1,
  }: Parts): string {
    const id = callId ?? `raw-${++number}`;
    const body =
      method === 'INVITE'
        ? 'v=0\r\no=- 1 1 IN IP4 203.0.113.50\r\ns=-\r\nc=IN IP4 203.0.113.50\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n'
        : '';
    const text = [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP ${from};branch=z9hG4bK${id}${method}${number}.${own}`,
      ...headers,
      'Max-Forwards: 70',
      `From: <${user ?? 'sip:stranger@nowhere.example.com'}>;tag=${fromTag ?? `t${id}`}`,
      `To: <${uri}>${toTag === undefined ? '' : `;tag=${toTag}`}`,
      `Call-ID: ${id}`,
      `CSeq: ${own} ${method}`,
      `Contact: <sip:stranger@${from}>`,
      ...(body === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n');
    raw.send({ from, to: `${lab.floating}:5060`, text });
    return id;
  }

  /** Final status that came for a Call-ID; undefined while none came. */
  const statusOf = (id: string) => {
    const answer = received.find(({ text }) => text.startsWith('SIP/2.0') && text.includes(`Call-ID: ${id}\r\n`));
    return answer === undefined ? undefined : Number(answer.text.split(' ')[1]);
  };
  const atVictim = () => received.filter(({ at }) => at === victim);

  it('are refused and counted, whatever they ask for, and nothing is relayed for them', async () => {
    const before = await lab.metric('rejected_total');
    const relay = [`Route: <sip:${lab.floating};lr>, <sip:${victim};lr>`];
    const beyond = [`Route: <sip:${victim};lr>`];
    const ids = [
      send({ method: 'INVITE', uri: `sip:x@${victim}` }),
      send({ method: 'INVITE', uri: `sip:+4989700700@${lab.floating}` }),
      send({ method: 'INVITE', uri: `sip:anna@acme.example.com`, user: 'sip:anna@nowhere.example.com' }),
      send({ method: 'INVITE', uri: `sip:x@${victim}`, headers: relay }),
      send({ method: 'OPTIONS', uri: `sip:x@${victim}` }),
      send({ method: 'OPTIONS', uri: `sip:x@${victim}`, headers: relay }),
      send({ method: 'MESSAGE', uri: `sip:x@${victim}`, headers: relay }),
      send({ method: 'SUBSCRIBE', uri: `sip:x@${victim}`, headers: beyond }),
      send({ method: 'REFER', uri: `sip:x@${victim}`, headers: beyond }),
      send({ method: 'REGISTER', uri: `sip:${victim}`, user: `sip:x@${victim}` }),
    ];
    await until(() => ids.every((id) => statusOf(id) !== undefined));
    const statuses = ids.map(statusOf);
    // An INVITE of nobody is forbidden; OPTIONS is answered by the SBC itself; what it does not do is not allowed.
    expect(statuses).toEqual([403, 403, 403, 403, 200, 200, 405, 405, 405, 403]);
    expect(await lab.metric('rejected_total', 'unknown_source')).toBe(4);
    expect((await lab.metric('rejected_total')) - before).toBeGreaterThanOrEqual(5);
    expect(atVictim()).toEqual([]);
  });

  it('can not send anything through as if it belonged to a call, with whatever Route they forge', async () => {
    await sleep(1100); // a second of its own: this is no flood
    const forged = [
      [],
      [`Route: <sip:${lab.floating};lr;m=1;k=0123456789abcdef>`],
      [`Route: <sip:${lab.floating};lr;m=1>, <sip:${victim};lr>`],
      [`Route: <sip:${lab.floating};lr;m=1;k=0123456789abcdef>, <sip:${victim};lr>`],
      [`Route: <sip:${victim};lr;m=1;k=0123456789abcdef>`],
    ];
    const ids = forged.flatMap((headers) =>
      ['INVITE', 'BYE', 'MESSAGE'].map((method) =>
        send({ from: prober, method, uri: `sip:x@${victim}`, toTag: 'made-up', headers }),
      ),
    );
    for (const headers of forged)
      send({ from: prober, method: 'ACK', uri: `sip:x@${victim}`, toTag: 'made-up', headers });
    await until(() => ids.every((id) => statusOf(id) !== undefined));
    for (const id of ids) expect(statusOf(id)).toBeOneOf([403, 481]);
    expect(await lab.metric('rejected_total', 'forged_route')).toBeGreaterThan(0);
    expect(await lab.metric('rejected_total', 'no_route')).toBeGreaterThan(0);
    expect(atVictim()).toEqual([]);
  });

  it('can not use the proof of one call for another, nor a real route to get into the cell', async () => {
    const { results } = await agents.run({
      kinds: [{ name: 'real', caller: 'anna', callee: 'bert', dial: 'sip:bert@acme.example.com' }],
      calls: 1,
      talkSeconds: 0.3,
    });
    expect(failuresOf(results)).toEqual([]);
    const [route] = results[0]!.route;
    expect(route).toMatch(/;m=1;c=[0-9a-f]{20};k=[0-9a-f]{16}/);
    const headers = [`Route: ${route!.startsWith('<') ? route : `<${route}>`}`];
    const stolen = send({ from: prober, method: 'BYE', uri: `sip:x@${victim}`, toTag: 'x', headers });
    await until(() => statusOf(stolen) !== undefined);
    expect(statusOf(stolen)).toBe(403);
    // The same call's proof, but towards FreeSWITCH and Redis on the inside, and the SBC itself.
    await sleep(1100);
    const hosts = [`${lab.cell.media[0]!.address}:5070`, `${lab.cell.redis[0]!.address}:6379`, '0.0.0.0:5060'];
    const { callId } = results[0]!;
    const answers = () => received.filter(({ text }) => text.includes(`Call-ID: ${callId}\r\n`));
    // Each with a CSeq of its own: the SBC would take it for a repetition of the one before, and not answer while that waits.
    const forge = (host: string) =>
      send({ from: prober, method: 'BYE', uri: `sip:x@${host}`, toTag: 'x', headers, callId, cseq: ++cseq });
    hosts.forEach(forge);
    await until(() => answers().length === hosts.length);
    for (const { text } of answers()) expect(text).toMatch(/^SIP\/2.0 403/);
    expect(atVictim()).toEqual([]);
    // And towards a name, for which the SBC would have to wait.
    forge('name.example.com');
    await until(() => answers().length === hosts.length + 1);
    expect(await lab.metric('rejected_total', 'named_address')).toBe(1);
  });

  it('can not do in a call of their own what is no part of it, nor go on with it when it has ended for the records', async () => {
    await sleep(1100);
    const steps: CallSteps = [
      { step: 'ring', seconds: 0 },
      { step: 'answer' },
      { step: 'pause', name: 'up' },
      { step: 'reinvite', by: 'caller', change: 'nothing' },
      { step: 'bye', by: 'caller' },
    ];
    const kind = { name: 'fraud', caller: 'anna', callee: 'bert', dial: 'sip:bert@acme.example.com', steps };
    traced.length = 0;
    const run = agents.startRun({ kinds: [kind], audio: false });
    await until(() => traced.some(({ agent, text }) => agent === 'bert' && text.startsWith('ACK ')));
    const ack = traced.find(
      ({ agent, direction, text }) => agent === 'anna' && direction === 'sent' && text.startsWith('ACK '),
    )!;
    const [route] = /^Route: .*$/m.exec(ack.text)!;
    const [, callId] = /^Call-ID: (.*)$/m.exec(ack.text)!;
    const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(ack.text)![1]!.trim();
    const tagOf = (name: string) => /tag=([^;\s]+)/.exec(header(name))![1]!;
    const target = /^ACK (\S+)/.exec(ack.text)![1]!;
    const own = { method: 'BYE', uri: target, headers: [route.trim()], callId: callId!.trim() };
    const tags = { fromTag: tagOf('From'), toTag: tagOf('To') };
    const ids = (parts: readonly Parts[]) => parts.map((each) => ({ ...each, cseq: ++cseq }));
    const attempts: readonly (readonly [number, readonly Parts[]])[] = [
      // Of no side of the call, in a call of one's own, from one's own address: to anybody, and to the other side.
      [
        481,
        ids(
          ['INVITE', 'MESSAGE', 'REFER', 'BYE'].map((method) => ({
            ...own,
            from: insider,
            method,
            uri: `sip:x@${victim}`,
            toTag: 'x',
          })),
        ),
      ],
      [
        481,
        ids([
          { ...own, from: insider, ...tags, toTag: 'x' },
          { ...own, from: insider, ...tags, fromTag: 'x' },
        ]),
      ],
      // As a side of the call, to somebody who is none: hung up towards oneself, the other side would never hear of it.
      [
        403,
        ids(
          ['BYE', 'INVITE', 'REFER'].map((method) => ({
            ...own,
            ...tags,
            from: insider,
            method,
            uri: `sip:x@${victim}`,
          })),
        ),
      ],
      // All of it is right but for the address: a phone that has moved has to log in.
      [407, ids([{ ...own, ...tags, from: prober, user: 'sip:anna@acme.example.com' }])],
    ];
    for (const [status, parts] of attempts) {
      for (const each of parts) {
        received.length = 0;
        const id = send(each);
        await until(() => statusOf(id) !== undefined);
        expect([each.method, statusOf(id)]).toEqual([each.method, status]);
      }
      await sleep(500);
    }
    expect(atVictim()).toEqual([]);
    expect(await lab.load()).toEqual({ 't:acme': 1, 'm:1': 1 });
    run.resume('up');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    for (const reason of ['foreign_dialog', 'foreign_target']) {
      expect(await lab.metric('rejected_total', reason)).toBeGreaterThan(0);
    }
  });

  it('with a carrier’s number or a user’s name but not its address or password get nowhere', async () => {
    await sleep(1100);
    const asUser = send({
      from: prober,
      method: 'INVITE',
      uri: 'sip:bert@acme.example.com',
      user: 'sip:anna@acme.example.com',
    });
    const asCarrier = send({
      from: prober,
      method: 'INVITE',
      uri: `sip:+4930123456@${lab.floating}`,
      user: 'sip:+4989700700@192.0.2.10',
    });
    await until(() => [asUser, asCarrier].every((id) => statusOf(id) !== undefined));
    expect([statusOf(asUser), statusOf(asCarrier)]).toEqual([407, 403]);
    const invites = traced.filter(({ direction, text }) => direction === 'received' && text.startsWith('INVITE '));
    expect(invites.filter(({ text }) => text.includes('Call-ID: raw-'))).toEqual([]);
  });

  it('can not send an answer through, to anybody or into the cell', async () => {
    await sleep(1100);
    const before = traced.length;
    const answer = (to: string, method: string) =>
      raw.send({
        from: prober,
        to: `${lab.floating}:5060`,
        text: [
          'SIP/2.0 200 OK',
          `Via: SIP/2.0/UDP ${lab.floating}:5060;branch=z9hG4bKmade-up`,
          `Via: SIP/2.0/UDP ${to};branch=z9hG4bKvictim`,
          'From: <sip:x@nowhere.example.com>;tag=1',
          'To: <sip:y@nowhere.example.com>;tag=2',
          `Call-ID: made-up-${method}`,
          `CSeq: 1 ${method}`,
          'Content-Length: 0',
          '\r\n',
        ].join('\r\n'),
      });
    for (const method of ['OPTIONS', 'INVITE', 'BYE']) answer(victim, method);
    // As if it belonged to a call that there is.
    const name = createHash('md5').update('made-up-INVITE|1|1').digest('hex').slice(0, 20);
    const [victimAddress, victimPort] = victim.split(':');
    const side = `1|udp:${victimAddress}:${victimPort}|${victimAddress}||sip:x@${victim}|`;
    await lab.kamcmd(lab.active!, 'htable.sets', 'calls', `s:${name}`, 's:acme||1|user|x|y|1|made-up-INVITE|1|60|');
    await lab.kamcmd(lab.active!, 'htable.sets', 'sides', `s:${name}`, `s:${side}`);
    // What this SBC sets up itself is answered by a transaction that it knows, or not at all.
    answer(victim, 'INVITE');
    await sleep(300);
    await lab.kamcmd(lab.active!, 'htable.seti', 'foreign', `s:${name}`, '1');
    // What the other one has sent on is answered from where it went.
    await lab.kamcmd(
      lab.active!,
      'htable.sets',
      'sent',
      `s:${name}`,
      `s:here;branch=1|udp:${bert.address}:5060|sip:y|`,
    );
    answer(victim, 'INVITE');
    await sleep(300);
    const proberAddress = prober.split(':')[0]!;
    await lab.kamcmd(
      lab.active!,
      'htable.sets',
      'sent',
      `s:${name}`,
      `s:here;branch=1|udp:${proberAddress}:5060|sip:y|`,
    );
    answer(`${victim};received=${lab.cell.redis[0]!.address}`, 'INVITE');
    answer(`${victim};received=203.0.113.66;maddr=169.254.169.254`, 'INVITE');
    await sleep(300);
    await lab.kamcmd(lab.active!, 'htable.delete', 'foreign', `s:${name}`);
    await lab.kamcmd(lab.active!, 'htable.delete', 'sent', `s:${name}`);
    await lab.kamcmd(lab.active!, 'htable.delete', 'calls', `s:${name}`);
    await lab.kamcmd(lab.active!, 'htable.delete', 'sides', `s:${name}`);
    await sleep(500);
    expect(atVictim()).toEqual([]);
    // Phones hear of none of it; of keepalives they do.
    expect(traced.slice(before).filter(({ text }) => text.includes('made-up'))).toEqual([]);
    expect(await lab.metric('rejected_total', 'stray_answer')).toBe(7);
  });

  it('can not steer calls by the Path of a registration, not even from an edge’s address', async () => {
    await sleep(1100);
    const register = (path: string) =>
      send({
        from: prober,
        method: 'REGISTER',
        uri: 'sip:acme.example.com',
        headers: [`Path: <sip:${path};lr>`],
      });
    // Its own address, and ways into the cell, the cloud's metadata, and to anybody.
    const paths = [prober, `${lab.cell.redis[0]!.address}:6379`, '169.254.169.254:80', victim];
    const asked = paths.map(register);
    await until(() => asked.every((id) => statusOf(id) !== undefined));
    expect(asked.map(statusOf)).toEqual([401, 401, 401, 401]);
    await lab.kamcmd(lab.active!, 'htable.seti', 'edges', prober.split(':')[0]!, '1');
    const unproved = paths.map(register);
    await until(async () => (await lab.metric('dropped_total', 'unproved_edge')) === paths.length);
    await lab.kamcmd(lab.active!, 'htable.delete', 'edges', prober.split(':')[0]!);
    expect(unproved.map(statusOf)).toEqual(paths.map(() => undefined));
    expect(atVictim()).toEqual([]);
  });

  it('who are known by a range of a carrier may send as much as the carrier’s own address', async () => {
    const ids = Array.from({ length: 100 }, () =>
      send({ from: gateway, method: 'OPTIONS', uri: `sip:${lab.floating}` }),
    );
    await until(() => ids.every((id) => statusOf(id) === 200));
  });

  it('that flood are banned for the time of the spec, while users and other strangers go on', async () => {
    const running = agents.run({
      kinds: [{ name: 'during a flood', caller: 'anna', callee: 'bert', dial: 'sip:bert@acme.example.com' }],
      calls: 6,
      ratePerSecond: 4,
      talkSeconds: 1,
    });
    await sleep(300);
    const before = await lab.metric('bans_total');
    const flood = Array.from({ length: 300 }, () =>
      send({ from: flooder, method: 'OPTIONS', uri: `sip:${lab.floating}` }),
    );
    await until(async () => (await lab.metric('bans_total')) > before);
    await sleep(300);
    const answered = flood.filter((id) => statusOf(id) !== undefined);
    // 40 in a second; the flood may have met two of them.
    expect(answered.length).toBeGreaterThanOrEqual(40);
    expect(answered.length).toBeLessThanOrEqual(80);
    const other = send({ from: stranger, method: 'OPTIONS', uri: `sip:${lab.floating}` });
    await until(() => statusOf(other) === 200);
    const still = send({ from: flooder, method: 'OPTIONS', uri: `sip:${lab.floating}` });
    expect(failuresOf((await running).results)).toEqual([]);
    expect(statusOf(still)).toBeUndefined();
    expect(await lab.metric('dropped_total', 'banned')).toBeGreaterThan(0);
    // Spec: 10 s; the table looks for what is over every 5 s.
    await until(async () => {
      const id = send({ from: flooder, method: 'OPTIONS', uri: `sip:${lab.floating}` });
      await sleep(500);
      return statusOf(id) === 200;
    }, 25);
  });

  it('hear of no program and no address of the cell in any answer', () => {
    const text = received.map((datagram) => datagram.text).join('\n');
    expect(received.length).toBeGreaterThan(50);
    expect(text).not.toMatch(/kamailio|rtpengine|freeswitch/i);
    // What they wrote into To comes back to them.
    const told = text.split('\n').filter((line) => !line.startsWith('To: '));
    expect(told.filter((line) => /\b10\.80\.\d+\.\d+/.test(line))).toEqual([]);
    expect(text).not.toMatch(/100\.64\./);
  });
});
