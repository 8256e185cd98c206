import { type TestContext, describe, expect, test } from 'vitest';
import { Agent, type AgentOptions } from '../../lib/user-agent/agent.ts';
import type { CallScript } from '../../lib/user-agent/call-script.ts';
import { placeCall } from '../../lib/user-agent/call.ts';
import { MediaPorts } from '../../lib/user-agent/audio/media-ports.ts';
import { RtpClock } from '../../lib/user-agent/audio/rtp-clock.ts';
import { type Step, plainCall } from '../../lib/user-agent/steps.ts';
import { LOOPBACK, QUICK, openAgent as openUserAgent, openAudio } from './peer.ts';
import { type Faults, openSbc } from './sbc.ts';

const clock = new RtpClock();
const ports = new MediaPorts('127.0.0.1', 40_000, 49_998);

async function openAgent(
  { onTestFinished }: TestContext,
  name: string,
  more: Partial<AgentOptions> = {},
): Promise<Agent> {
  const agent = await Agent.open({
    name,
    identity: `sip:${name}@a.example`,
    protocol: 'udp',
    local: LOOPBACK,
    timers: QUICK,
    ports,
    clock,
    codecs: ['PCMA', 'PCMU'],
    unexpected: { do: 'reject', status: 480 },
    expires: 60,
    ...more,
  });
  onTestFinished(() => agent.close());
  return agent;
}

/** Two agents with an SBC in between, and a way to place a call from one to the other. */
async function setUp(context: TestContext, faults: Faults = {}, more: Partial<AgentOptions> = {}) {
  const callee = await openAgent(context, 'bob', more);
  const sbc = await openSbc(() => callee.userAgent.local.port, faults);
  context.onTestFinished(() => sbc.close());
  const caller = await openAgent(context, 'alice', { server: sbc.address });
  const call = (steps: readonly Step[], script: Partial<CallScript> = {}) =>
    placeCall({
      index: 0,
      kind: 'test',
      caller,
      callee,
      dial: 'sip:bob@a.example',
      steps,
      callerHears: 'callee',
      audio: true,
      maximumLoss: 0.01,
      patienceSeconds: 5,
      onPause: () => Promise.resolve(),
      signal: new AbortController().signal,
      ...script,
    });
  return { caller, callee, sbc, call };
}

const talk = (seconds: number): Step => ({ step: 'talk', seconds });
const whats = (result: Awaited<ReturnType<typeof placeCall>>) => result.failures.map(({ what }) => what);

describe('a good call', () => {
  test.concurrent(
    'has audio both ways by way of the media host, no failure, and leaves no session',
    async (context) => {
      const { call, caller, callee, sbc } = await setUp(context);
      const result = await call(plainCall(0, 1, 'caller'));
      expect(result).toMatchObject({
        answered: true,
        status: 200,
        acknowledged: true,
        calleeCallId: result.callId,
        end: { by: 'caller', status: 200 },
        failures: [],
        mediaAddress: { caller: '127.0.0.1', callee: '127.0.0.1' },
        route: [`<sip:127.0.0.1:${sbc.address.port};lr>`],
      });
      for (const audio of [result.toCallee, result.toCaller]) {
        expect(audio).toMatchObject({ lost: 0, reordered: 0, tone: 1, otherTones: [] });
        expect(audio?.received).toBe(audio?.sent);
        expect(Object.keys(audio?.sources ?? {})).toHaveLength(1);
      }
      expect(result.setupMs).toBeGreaterThanOrEqual(result.postDialDelayMs ?? Infinity);
      expect([caller.userAgent.pending.sessions, callee.userAgent.pending.sessions]).toEqual([0, 0]);
    },
  );

  test.concurrent('may be hung up by the callee', async (context) => {
    const { call } = await setUp(context);
    expect(await call(plainCall(0, 0.5, 'callee'))).toMatchObject({ end: { by: 'callee', status: 200 }, failures: [] });
  });

  test.concurrent(
    'stays good on hold, with another codec and another port, changed by either side',
    { timeout: 15_000 },
    async (context) => {
      const { call } = await setUp(context);
      const change = (by: 'caller' | 'callee', change: 'nothing' | 'hold' | 'resume' | 'codec' | 'port'): Step[] => [
        { step: 'reinvite', by, change },
        talk(0.5),
      ];
      const result = await call([
        { step: 'answer' },
        talk(0.5),
        ...change('caller', 'hold'),
        ...change('caller', 'resume'),
        ...change('callee', 'hold'),
        ...change('callee', 'resume'),
        ...change('caller', 'codec'),
        ...change('callee', 'port'),
        ...change('caller', 'port'),
        ...change('callee', 'nothing'),
        { step: 'bye', by: 'callee' },
      ]);
      expect(result).toMatchObject({ failures: [], toCaller: { lost: 0 }, toCallee: { lost: 0 } });
    },
  );

  test.concurrent('may have its ACK held back and go on only when told', async (context) => {
    const { call } = await setUp(context);
    const reached: string[] = [];
    const steps: Step[] = [
      { step: 'ring', seconds: 0 },
      { step: 'pause', name: 'ringing' },
      { step: 'answer' },
      { step: 'pause', name: 'before the ACK' },
      { step: 'ack' },
      talk(0.5),
      { step: 'bye', by: 'caller' },
    ];
    const result = await call(steps, { onPause: (name) => Promise.resolve(void reached.push(name)) });
    expect(reached).toEqual(['ringing', 'before the ACK']);
    expect(result).toMatchObject({ acknowledged: true, failures: [] });
  });

  test.concurrent('is hung up at once when all is stopped', async (context) => {
    const { call, caller } = await setUp(context);
    const stop = new AbortController();
    const running = call(plainCall(0, 3600, 'callee'), { signal: stop.signal });
    await expect.poll(() => caller.userAgent.pending.sessions).toBe(1);
    stop.abort();
    expect(await running).toMatchObject({ answered: true, end: { by: 'caller', status: 200 }, failures: [] });
  });

  test.concurrent('may end before it begins: given up by the caller, or refused by the callee', async (context) => {
    const { call } = await setUp(context);
    const cancelled = await call([{ step: 'ring', seconds: 0.1 }, { step: 'cancel' }]);
    expect(cancelled).toMatchObject({ status: 487, answered: false, toCaller: null, end: null, failures: [] });
    const declined = await call([
      { step: 'ring', seconds: 0 },
      { step: 'reject', status: 603 },
    ]);
    expect(declined).toMatchObject({ status: 603, answered: false, failures: [] });
  });

  test.concurrent('may be one that has to be refused', async (context) => {
    const { call } = await setUp(context, {}, {});
    const steps = plainCall(0, 1, 'caller');
    expect((await call(steps, { callee: undefined, expectStatus: 480 })).failures).toEqual([]);
  });

  test.concurrent('finds its callee by the Call-ID when its mark is lost', async (context) => {
    const { call } = await setUp(context, { stripMark: true });
    const results = await Promise.all([0, 1, 2].map((index) => call(plainCall(0, 0.5, 'caller'), { index })));
    for (const result of results) expect(result.failures).toEqual([]);
  });

  test.concurrent('is taken for the one waited for when both are lost', async (context) => {
    const { call } = await setUp(context, { stripMark: true, hideCallId: true });
    const result = await call(plainCall(0, 0.5, 'callee'));
    expect(result).toMatchObject({ calleeCallId: `hidden-${result.callId}`, failures: [] });
  });

  test.concurrent('needs no audio to be good when only signalling is asked for', async (context) => {
    const { call } = await setUp(context);
    const result = await call(plainCall(0, 0.5, 'caller'), { audio: false });
    expect(result).toMatchObject({ failures: [], toCallee: { sent: 0, received: 0 } });
  });

  test.concurrent(
    'to somebody else is judged by what the caller hears: audio, or its own tone back',
    async (context) => {
      const { call } = await setUp(context, {}, { unexpected: { do: 'answer', ringSeconds: 0.1 } });
      const steps = plainCall(0, 0.5, 'caller');
      const answered = await call(steps, { callee: undefined, callerHears: 'packets' });
      expect(answered).toMatchObject({ failures: [], toCallee: null, toCaller: { sent: null } });
      expect(whats(await call(steps, { callee: undefined, callerHears: 'own' }))).toEqual([
        'the caller does not hear what it should',
      ]);
    },
  );
});

describe('a bad call', () => {
  test.concurrent('loses every 50th packet, and all of them are counted', async (context) => {
    const { call } = await setUp(context, { dropEvery: 50 });
    const result = await call(plainCall(0, 3, 'caller'));
    expect(whats(result)).toEqual(['packets to the caller were lost', 'packets to the callee were lost']);
    for (const audio of [result.toCallee, result.toCaller]) {
      expect(audio?.lost).toBeGreaterThanOrEqual(2);
      expect((audio?.received ?? 0) + (audio?.lost ?? 0)).toBe(audio?.sent);
    }
  });

  test.concurrent('has audio in one direction only', async (context) => {
    for (const side of ['caller', 'callee'] as const) {
      const { call } = await setUp(context, { mute: side });
      expect(whats(await call(plainCall(0, 0.5, 'caller')))).toEqual([`the ${side} does not hear what it should`]);
    }
  });

  test.concurrent('hears the audio of another', async (context) => {
    const { call } = await setUp(context, { crossTalk: true });
    const [, second] = await Promise.all(
      [0, 1].map((index) => call(plainCall(0, 1, 'caller'), { index, maximumLoss: 1 })),
    );
    expect(whats(second as never)).toEqual(['the callee does not hear what it should']);
  });

  test.concurrent('is answered, but its ACK does not arrive', async (context) => {
    const { call } = await setUp(context, { dropMethods: ['ACK'] });
    const result = await call(plainCall(0, 0.4, 'caller'));
    expect(result.acknowledged).toBe(false);
    expect(whats(result)).toContain('the callee never got the ACK');
  });

  test.concurrent('can not be hung up', { timeout: 15_000 }, async (context) => {
    const { call } = await setUp(context, { dropMethods: ['BYE'] });
    const result = await call(plainCall(0, 0.4, 'caller'));
    expect(result.end).toEqual({ by: 'caller', status: 408 });
    expect(whats(result)).toEqual(['BYE of the caller is refused', 'the callee is not told of the BYE']);
  });

  test.concurrent('is given up, but the callee is not told', { timeout: 15_000 }, async (context) => {
    const { call } = await setUp(context, { dropMethods: ['CANCEL'] });
    const result = await call([{ step: 'ring', seconds: 0 }, { step: 'cancel' }]);
    expect(whats(result)).toContain('the callee is not told of the CANCEL');
  });

  test.concurrent('does not reach its callee', async (context) => {
    const { call } = await setUp(context, { dropMethods: ['INVITE'] });
    const result = await call(plainCall(0, 0.4, 'caller'), { patienceSeconds: 0.3 });
    expect(result).toMatchObject({ answered: false, status: 408 });
    expect(whats(result)).toEqual(['INVITE ended with 408, not with 200', 'it does not ring']);
  });

  test.concurrent('is refused although it should be answered, and the other way round', async (context) => {
    const { call } = await setUp(context);
    const refused = await call(plainCall(0, 0.4, 'caller'), { callee: undefined });
    expect(refused.failures).toEqual([
      { what: 'INVITE ended with 480, not with 200', detail: 'Temporarily Unavailable' },
    ]);
    const answered = await call(plainCall(0, 0.4, 'caller'), { expectStatus: 403 });
    expect(whats(answered)).toEqual(['INVITE ended with 200, not with 403']);
  });

  test.concurrent('is hung up by the callee in the middle', async (context) => {
    const callee = await openUserAgent({
      onCall: async (incoming) => {
        const audio = await openAudio();
        context.onTestFinished(() => audio.close());
        const answered = await incoming.answer(audio);
        await answered?.acked;
        await answered?.session.bye();
      },
    });
    context.onTestFinished(() => callee.close());
    const { call } = await setUp(context);
    const steps: Step[] = [{ step: 'answer' }, talk(5), { step: 'bye', by: 'caller' }];
    const other = await openAgent(context, 'carol', { server: callee.local });
    const result = await call(steps, { caller: other, callee: undefined, callerHears: 'nothing' });
    expect(whats(result)).toEqual(['the call ended while it should be up']);
    expect(result.end).toBeNull();
  });
});
