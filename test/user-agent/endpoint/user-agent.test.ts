import { afterEach, describe, expect, test } from 'vitest';
import type { AudioStream } from '../../../lib/user-agent/audio/stream.ts';
import type { IncomingCall } from '../../../lib/user-agent/endpoint/incoming-call.ts';
import { redirectsOf, retryAfterOf } from '../../../lib/user-agent/sip/exchange.ts';
import { makeResponse } from '../../../lib/user-agent/sip/responses.ts';
import type { CodecName } from '../../../lib/user-agent/sip/sdp.ts';
import type { Session } from '../../../lib/user-agent/endpoint/session.ts';
import type { UserAgent } from '../../../lib/user-agent/endpoint/user-agent.ts';
import { request } from '../messages.ts';
import { Peer, QUICK, openAgent, openAudio, sdp } from '../peer.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});
const keep = async <T extends { close(): unknown }>(opening: Promise<T>): Promise<T> => {
  const opened = await opening;
  open.push(opened);
  return opened;
};

/** An agent that answers whatever comes, and the sessions it got. */
async function openCallee(answering: (call: IncomingCall) => unknown = () => undefined, codecs?: CodecName[]) {
  const sessions: { session: Session; acked: Promise<boolean>; audio: AudioStream }[] = [];
  const calls: IncomingCall[] = [];
  const agent = await keep(
    openAgent({
      identity: 'sip:bob@b.example',
      timers: QUICK,
      onCall: (call) => {
        calls.push(call);
        answering(call);
      },
    }),
  );
  const answer = async (call: IncomingCall) => {
    const audio = await keep(openAudio(codecs ?? ['PCMU', 'PCMA'], 'callee'));
    const answered = await call.answer(audio);
    if (answered !== undefined) sessions.push({ ...answered, audio });
  };
  return { agent, calls, sessions, answer };
}

/** Two of our agents in a call. */
async function connect(codecs?: CodecName[]) {
  const trace: string[] = [];
  const callee = await openCallee((call) => void callee.answer(call), codecs);
  const onTrace = (_: string, text: string) => void trace.push(text);
  const caller = await keep(openAgent({ timers: QUICK, onTrace }));
  const audio = await keep(openAudio());
  const outcome = await (await caller.invite({ target: callee.agent.uri, media: audio })).outcome;
  if (!outcome.answered || callee.sessions[0] === undefined) throw new Error('not answered');
  return { caller, callee, audio, session: outcome.session, other: callee.sessions[0], trace };
}

const invite = (agent: UserAgent, more: readonly (readonly [string, string])[] = [], body = sdp(30_002)) =>
  request(
    'INVITE',
    agent.uri,
    [
      ['Via', 'SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK1;rport'],
      ['From', '<sip:peer@p.example>;tag=p'],
      ['To', '<sip:alice@a.example>'],
      ['Call-ID', 'peer-call'],
      ['CSeq', '1 INVITE'],
      ['Contact', '<sip:peer@127.0.0.1:9>'],
      ...more,
    ],
    body,
  );

describe('a call', () => {
  test('is answered, acknowledged and hung up by either side, and leaves no session', async () => {
    for (const side of ['caller', 'callee'] as const) {
      const { caller, callee, session, other } = await connect();
      expect(await other.acked).toBe(true);
      const [hangsUp, hears] = side === 'caller' ? [session, other.session] : [other.session, session];
      expect((await hangsUp.bye()).status).toBe(200);
      expect(await hears.ended).toEqual({ by: 'remote', answer: undefined });
      expect([caller.pending.sessions, callee.agent.pending.sessions]).toEqual([0, 0]);
    }
  });

  test('rings as long as the callee lets it, and then is given up by the caller', async () => {
    const callee = await openCallee((call) => call.ring());
    const caller = await keep(openAgent());
    const call = await caller.invite({ target: callee.agent.uri, media: await keep(openAudio()) });
    await call.ringing;
    call.cancel();
    expect((await call.outcome).answer.status).toBe(487);
    await callee.calls[0]?.cancelled;
    expect(callee.calls[0]?.pending).toBe(false);
  });

  test.each([486, 603, 404])('is refused with %i', async (status) => {
    const callee = await openCallee((call) => call.reject(status));
    const caller = await keep(openAgent());
    const call = await caller.invite({ target: callee.agent.uri, media: await keep(openAudio()) });
    expect(await call.outcome).toMatchObject({ answered: false, answer: { status } });
  });

  test('that is refused tells Retry-After and where a redirect points to', async () => {
    const more = [
      ['Retry-After', '30;duration=60'],
      ['Contact', '<sip:bob@10.0.0.7>;q=1'],
      ['Contact', 'sip:bob@10.0.0.8'],
    ] as const;
    const callee = await openCallee((call) => call.reject(302, more));
    const caller = await keep(openAgent());
    const { answer } = await (
      await caller.invite({ target: callee.agent.uri, media: await keep(openAudio()) })
    ).outcome;
    expect(retryAfterOf(answer)).toBe(30);
    expect(redirectsOf(answer)).toEqual(['sip:bob@10.0.0.7', 'sip:bob@10.0.0.8']);
  });

  test('with no common codec is refused with 488', async () => {
    const callee = await openCallee((call) => void callee.answer(call).catch(() => undefined));
    const peer = await keep(Peer.open());
    peer.send(invite(callee.agent, [], sdp(30_002).replace(/AVP 8/, 'AVP 18')), callee.agent.local.port);
    expect(await peer.next(100)).toMatchObject({ status: 488 });
  });

  test('to nobody ends with a time-out', async () => {
    const caller = await keep(openAgent({ timers: QUICK }));
    const nobody = await keep(Peer.open());
    const call = await caller.invite({ target: nobody.uri, media: await keep(openAudio()) });
    const { answer } = await call.outcome;
    expect(answer).toMatchObject({ status: 408, response: undefined });
    expect(nobody.unread.length).toBeGreaterThan(3);
  });

  test('to a host that is no address, or over another transport, fails at once', async () => {
    const caller = await keep(openAgent());
    for (const target of ['sip:bob@b.example', 'sip:bob@127.0.0.1;transport=tcp']) {
      const call = await caller.invite({ target, media: await keep(openAudio()) });
      expect((await call.outcome).answer).toMatchObject({ status: 503, response: undefined });
    }
  });

  test('without an offer is offered one, and takes the answer from the ACK', async () => {
    const callee = await openCallee((call) => void callee.answer(call));
    const peer = await keep(Peer.open());
    const first = invite(callee.agent, [], '');
    peer.send(first, callee.agent.local.port);
    const ok = await peer.next(100);
    expect(ok.body).toContain('m=audio');
    const ack = request(
      'ACK',
      callee.agent.uri,
      [
        ['Via', 'SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK2;rport'],
        ['From', first.headers.require('From')],
        ['To', ok.headers.require('To')],
        ['Call-ID', first.headers.require('Call-ID')],
        ['CSeq', '1 ACK'],
      ],
      sdp(30_004),
    );
    peer.send(ack, callee.agent.local.port);
    await expect.poll(() => callee.sessions[0]?.audio.snapshot.remote).toEqual({ address: '127.0.0.1', port: 30_004 });
  });
});

describe('routing', () => {
  test('takes ACK, re-INVITE and BYE along the recorded route to the contact', async () => {
    const caller = await keep(openAgent());
    const proxy = await keep(Peer.open());
    const call = await caller.invite({ target: proxy.uri, media: await keep(openAudio()) });
    const first = await proxy.nextRequest();
    const routes = ['<sip:10.9.9.9;lr>', `<sip:127.0.0.1:${proxy.port};lr>`];
    const ok = makeResponse(first, 200, { toTag: 'b', contact: '<sip:bob@10.0.0.2:5070>', sdp: sdp(30_006) });
    for (const route of routes) ok.headers.add('Record-Route', route);
    proxy.send(ok);
    const ack = await proxy.nextRequest();
    const outcome = await call.outcome;
    if (!outcome.answered) throw new Error('not answered');
    void outcome.session.reinvite();
    const reinvite = await proxy.nextRequest();
    proxy.send(makeResponse(reinvite, 200, { contact: '<sip:bob@10.0.0.3:5071>', sdp: sdp(30_006) }));
    await proxy.nextRequest('INVITE');
    void outcome.session.bye();
    const bye = await proxy.nextRequest();
    for (const each of [ack, reinvite, bye]) expect(each.headers.all('Route')).toEqual([...routes].reverse());
    expect(ack).toMatchObject({ method: 'ACK', uri: 'sip:bob@10.0.0.2:5070' });
    expect(ack.headers.get('CSeq')).toBe('1 ACK');
    expect(reinvite.uri).toBe('sip:bob@10.0.0.2:5070');
    expect(bye).toMatchObject({ method: 'BYE', uri: 'sip:bob@10.0.0.3:5071' });
    proxy.send(makeResponse(bye, 200));
  });

  test('names a strict router in the request line', async () => {
    const caller = await keep(openAgent());
    const proxy = await keep(Peer.open());
    await caller.invite({ target: proxy.uri, media: await keep(openAudio()) });
    const first = await proxy.nextRequest();
    proxy.answer(first, 200, { sdp: sdp(30_006), routes: [`<sip:127.0.0.1:${proxy.port}>`] });
    const ack = await proxy.nextRequest();
    expect(ack.uri).toBe(`sip:127.0.0.1:${proxy.port}`);
    expect(ack.headers.all('Route')).toEqual([`<${proxy.uri}>`]);
  });

  test('acknowledges each repeated 200', async () => {
    const caller = await keep(openAgent());
    const callee = await keep(Peer.open());
    await caller.invite({ target: callee.uri, media: await keep(openAudio()) });
    const first = await callee.nextRequest();
    for (let time = 0; time < 3; time++) callee.answer(first, 200, { sdp: sdp(30_006) });
    for (let time = 0; time < 3; time++) expect((await callee.nextRequest()).method).toBe('ACK');
  });

  test('sends no ACK while it is held back', async () => {
    const caller = await keep(openAgent());
    const callee = await keep(Peer.open());
    const call = await caller.invite({ target: callee.uri, media: await keep(openAudio()), holdAck: true });
    const first = await callee.nextRequest();
    callee.answer(first, 200, { sdp: sdp(30_006) });
    callee.answer(first, 200, { sdp: sdp(30_006) });
    await call.outcome;
    expect(callee.unread).toEqual([]);
    call.acknowledge();
    expect((await callee.nextRequest()).method).toBe('ACK');
  });

  test('keeps the first of two forks that answer, acknowledges and hangs up the other', async () => {
    const caller = await keep(openAgent());
    const proxy = await keep(Peer.open());
    const call = await caller.invite({ target: proxy.uri, media: await keep(openAudio()) });
    const first = await proxy.nextRequest();
    for (const tag of ['one', 'two']) proxy.answer(first, 180, { tag });
    for (const tag of ['two', 'one']) proxy.answer(first, 200, { tag, sdp: sdp(30_006) });
    const outcome = await call.outcome;
    expect(call.earlyTags).toEqual(['one', 'two']);
    expect(outcome.answered && outcome.session.dialog.remoteTag).toBe('two');
    const sent = [];
    for (let count = 0; count < 3; count++) {
      const next = await proxy.nextRequest();
      sent.push(`${next.method} ${/tag=(\w+)/.exec(next.headers.require('To'))?.[1]}`);
    }
    expect(sent).toEqual(['ACK two', 'ACK one', 'BYE one']);
  });
});

describe('a CANCEL', () => {
  test('waits until the server has shown life, and has the branch of its INVITE', async () => {
    const caller = await keep(openAgent({ timers: QUICK }));
    const callee = await keep(Peer.open());
    const call = await caller.invite({ target: callee.uri, media: await keep(openAudio()) });
    call.cancel();
    const first = await callee.nextRequest();
    callee.send(makeResponse(first, 100));
    const cancel = await callee.nextRequest('INVITE');
    expect(cancel.method).toBe('CANCEL');
    expect(cancel.headers.all('Via')).toEqual(first.headers.all('Via'));
    expect(cancel.headers.get('CSeq')).toBe('1 CANCEL');
    callee.send(makeResponse(cancel, 200));
    callee.answer(first, 487);
    expect((await call.outcome).answer.status).toBe(487);
  });

  test('that crosses the 200 ends in ACK and BYE', async () => {
    const caller = await keep(openAgent());
    const callee = await keep(Peer.open());
    const call = await caller.invite({ target: callee.uri, media: await keep(openAudio()) });
    const first = await callee.nextRequest();
    callee.answer(first, 180);
    await call.ringing;
    call.cancel();
    callee.answer(first, 200, { sdp: sdp(30_006) });
    expect(await call.outcome).toMatchObject({ answered: false, answer: { reason: 'answered before the CANCEL' } });
    const seen = [(await callee.nextRequest('CANCEL')).method, (await callee.nextRequest('CANCEL')).method];
    expect(seen).toEqual(['ACK', 'BYE']);
  });

  test('whose INVITE never gets an end is given up', async () => {
    const caller = await keep(openAgent({ timers: QUICK }));
    const callee = await keep(Peer.open());
    const call = await caller.invite({ target: callee.uri, media: await keep(openAudio()) });
    callee.answer(await callee.nextRequest(), 180);
    await call.ringing;
    call.cancel();
    expect((await call.outcome).answer).toMatchObject({ status: 408, response: undefined });
  });
});

describe('a callee', () => {
  test('repeats its 200 until the ACK comes, and hangs up when none does', async () => {
    const callee = await openCallee((call) => void callee.answer(call));
    const peer = await keep(Peer.open());
    const first = invite(callee.agent, [['Record-Route', `<sip:127.0.0.1:${peer.port};lr>`]]);
    peer.send(first, callee.agent.local.port);
    for (let time = 0; time < 4; time++) expect(await peer.next(100)).toMatchObject({ status: 200 });
    const bye = await peer.nextRequest(200);
    expect(bye.method).toBe('BYE');
    peer.send(makeResponse(bye, 200));
    expect(await callee.sessions[0]?.acked).toBe(false);
    expect((await callee.sessions[0]?.session.ended)?.by).toBe('lost');
  });

  test.each([
    ['OPTIONS outside a call', 'OPTIONS', '', 200],
    ['a method it does not know', 'SUBSCRIBE', '', 405],
    ['a request in an unknown dialog', 'BYE', ';tag=unknown', 481],
  ])('answers %s', async (_, method, toTag, status) => {
    const agent = await keep(openAgent());
    const peer = await keep(Peer.open());
    const other = invite(agent);
    other.headers.set('CSeq', `1 ${method}`).set('To', `<sip:alice@a.example>${toTag}`);
    peer.send({ ...other, method }, agent.local.port);
    const answer = await peer.next();
    expect(answer).toMatchObject({ status });
    if (status !== 481) expect(answer.headers.get('Allow')).toContain('INVITE');
  });

  test('refuses what it does not know but is required to, and an INVITE without a contact', async () => {
    const agent = await keep(openAgent());
    const peer = await keep(Peer.open());
    peer.send(invite(agent, [['Require', '100rel']]), agent.local.port);
    const refused = await peer.next(100);
    expect(refused).toMatchObject({ status: 420 });
    expect(refused.headers.get('Unsupported')).toBe('100rel');
    const without = invite(agent);
    without.headers.remove('Contact').set('Via', 'SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK2;rport');
    peer.send(without, agent.local.port);
    expect(await peer.next(100, 420)).toMatchObject({ status: 400 });
  });

  test('refuses the second of two copies that a fork made of one INVITE', async () => {
    const callee = await openCallee((call) => call.ring());
    const peer = await keep(Peer.open());
    peer.send(invite(callee.agent), callee.agent.local.port);
    expect(await peer.next(100)).toMatchObject({ status: 180 });
    const copy = invite(callee.agent);
    copy.headers.set('Via', 'SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK2;rport');
    peer.send(copy, callee.agent.local.port);
    expect(await peer.next(100)).toMatchObject({ status: 482 });
    expect(callee.calls).toHaveLength(1);
  });

  test('counts what is no SIP and goes on', async () => {
    const { agent } = await openCallee();
    const peer = await keep(Peer.open());
    const broken = invite(agent);
    broken.headers.remove('CSeq');
    peer.send(broken, agent.local.port);
    const options = invite(agent);
    options.headers.set('CSeq', '1 OPTIONS');
    peer.send({ ...options, method: 'OPTIONS' }, agent.local.port);
    expect(await peer.next()).toMatchObject({ status: 200 });
    expect(agent.malformed).toBe(1);
  });
});

describe('a re-INVITE', () => {
  test('puts the call on hold and takes it back', async () => {
    const { session, audio, other } = await connect();
    expect((await session.reinvite({ direction: 'sendonly' })).status).toBe(200);
    expect([audio.snapshot.direction, other.audio.snapshot.direction]).toEqual(['sendonly', 'recvonly']);
    expect((await session.reinvite({ direction: 'sendrecv' })).status).toBe(200);
    expect([audio.snapshot.direction, other.audio.snapshot.direction]).toEqual(['sendrecv', 'sendrecv']);
  });

  test('changes codec and port, from either side', async () => {
    const { session, audio, other } = await connect();
    expect(audio.snapshot.codec).toBe('PCMU'); // the answer says what the callee wants most
    expect((await other.session.reinvite({ codecs: ['PCMA'], newPort: true })).status).toBe(200);
    expect([audio.snapshot.codec, other.audio.snapshot.codec]).toEqual(['PCMA', 'PCMA']);
    const before = other.audio.snapshot.remote?.port;
    expect((await session.reinvite({ newPort: true })).status).toBe(200);
    expect(other.audio.snapshot.remote?.port).not.toBe(before);
  });

  test('that is refused leaves all as it was', async () => {
    const { session, audio, other } = await connect(['PCMU']);
    const before = { ...audio.snapshot, at: 0 };
    expect((await session.reinvite({ codecs: ['PCMA'], newPort: true })).status).toBe(488);
    expect({ ...audio.snapshot, at: 0 }).toEqual(before);
    expect(other.audio.snapshot.codec).toBe('PCMU');
    expect((await session.bye()).status).toBe(200);
  });

  test(
    'from both sides at once is refused with 491, tried again, and both come through',
    { timeout: 15_000 },
    async () => {
      const { session, other, trace } = await connect();
      const answers = await Promise.all([session.reinvite(), other.session.reinvite()]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(trace.filter((line) => line.startsWith('SIP/2.0 491')).length).toBeGreaterThanOrEqual(2);
    },
  );

  test('to one who forgot the call ends it', async () => {
    const { session, other } = await connect();
    other.session.drop();
    expect((await session.reinvite()).status).toBe(481);
    expect((await session.ended).by).toBe('lost');
  });
});
