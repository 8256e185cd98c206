/** A media host dies, freezes or is drained while calls are up: its neighbour takes them over, and gives them back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess, StartedRun } from '../../../lib/user-agent/agents-process.ts';
import type { CallResult } from '../../../lib/user-agent/call-result.ts';
import type { CallScenario, CallSteps } from '../../../lib/user-agent/scenario.ts';
import { killHost, up } from '../../../lib/targets/local/index.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { acme, acmeCell, anna, bert, carrier, fromCarrier, toCarrier, withinTenant } from '../lab/acme.ts';
import { failuresOf, Lab, labCell, until } from '../lab/lab.ts';
import { talkAndChange } from '../lab/relay-steps.ts';
import { freeze, relayedOf, relaysOf, thaw } from '../lab/relays.ts';
import { longestGap, SecureCall } from '../lab/secure-call.ts';
import { Senders } from '../lab/senders.ts';

const input = {
  ...acmeCell('lab-take-over', '10.93.16.0/20'),
  tenants: [{ ...acme, sources: ['203.0.113.60/32'] }],
} satisfies CellInput;

describeWith(['root', 'debian-packages'], 'the neighbour of a media host', () => {
  let lab: Lab;
  let agents: AgentsProcess;
  let kinds: CallScenario[];

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers([anna, bert]);
    agents = await lab.agents([lab.user(anna), lab.user(bert), lab.carrier(carrier.name, carrier.address)]);
    kinds = [withinTenant, toCarrier, fromCarrier(lab.floating)];
  });
  afterAll(() => lab?.down());

  /** Calls that all wait at the pause. */
  async function callsAt(calls: number, steps: CallSteps): Promise<StartedRun> {
    let paused = 0;
    const run = agents.startRun(
      {
        kinds: kinds.map((kind): CallScenario => ({ ...kind, steps })),
        calls,
        ratePerSecond: 20,
        // What is lost until the neighbour has them is measured below.
        maximumLoss: 0.5,
      },
      { onPaused: () => paused++ },
    );
    await until(() => paused === calls, 20);
    return run;
  }

  const gaps = (results: readonly CallResult[]) =>
    results.flatMap(({ toCaller, toCallee }) => [toCaller!.longestGapMs, toCallee!.longestGapMs]).sort((a, b) => a - b);

  async function nothingIsLeft(): Promise<void> {
    await until(async () => Object.keys(await lab.load()).length === 0);
    for (const host of lab.cell.media.map(({ name }) => name)) {
      if (!lab.isUp(host)) continue;
      await until(async () => (await relayedOf(lab, host)).every((sessions) => sessions === 0), 20);
    }
  }

  it('has its calls with audio both ways within 2 s when it dies, and they can be held, changed and hung up', async () => {
    const run = await callsAt(12, talkAndChange(4));
    expect(await lab.load()).toMatchObject({ 'm:1': 6, 'm:2': 6 });
    const at = Date.now();
    killHost(input.name, 'media-1');
    await until(async () => (await relaysOf(lab, 'media-2')).get(1) === 'holds', 5);
    console.log(`media-2 has the relay of media-1 ${Date.now() - at} ms after that died`);
    await sleep(1000);
    run.resume('lost');

    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    const onFirst = results.filter((call) => lab.mediaHostsOf(call)[0] === 'media-1');
    expect(onFirst).toHaveLength(6);
    console.log('longest gaps, ms:', gaps(onFirst).map(Math.round).join(' '));
    expect(gaps(onFirst).at(-1)).toBeLessThan(2000);
    for (const call of results) expect(lab.mediaHostsOf(call)).toHaveLength(1);
    const records = await lab.recordsOf(results);
    for (const call of results) {
      const [start, end] = records.get(call.callId)!;
      expect([start!.event, end!.event, end!.reason]).toEqual(['start', 'end', 'hung_up']);
      expect(end!.mos).toBeGreaterThan(2);
      expect(end!.partial, call.callId).toBe(onFirst.includes(call));
    }
    await nothingIsLeft();
  });

  it('has them while new calls go elsewhere, until the host is back; then its calls come home without a gap', async () => {
    await until(async () => /value: 2:\s/.test(await lab.kamcmd(lab.active!, 'htable.get', 'pools', 'standard')));
    const onSecond = await agents.run({ kinds, calls: 6, ratePerSecond: 20, talkSeconds: 0.5 });
    expect(failuresOf(onSecond.results)).toEqual([]);
    expect(new Set(onSecond.results.flatMap((call) => lab.mediaHostsOf(call)))).toEqual(new Set(['media-2']));

    await up(labCell(input));
    await until(async () => (await relaysOf(lab, 'media-1')).get(1) === 'holds', 20);
    await until(async () => (await relaysOf(lab, 'media-2')).get(1) === 'follows', 20);
    await until(async () => /value: 1:2:/.test(await lab.kamcmd(lab.active!, 'htable.get', 'pools', 'standard')));

    const run = await callsAt(6, talkAndChange(4));
    const senders = await Senders.of(input.name, lab.publicAddress('media-1'), ['media-1', 'media-2']);
    await lab.run('media-1', '/usr/local/lib/cellstamp/relays', 'move', '1');
    await until(async () => (await relaysOf(lab, 'media-2')).get(1) === 'holds');
    await until(async () => (await relaysOf(lab, 'media-1')).get(1) === 'follows');
    await lab.run('media-1', '/usr/local/lib/cellstamp/relays', 'home', '1');
    await until(async () => (await relaysOf(lab, 'media-1')).get(1) === 'holds');
    // Sooner, a change of a call may wait half a second for its relay: docs/media-take-over.md.
    await sleep(1500);
    expect((await senders.stop()).map(({ host }) => host)).toEqual(['media-1', 'media-2', 'media-1']);
    run.resume('lost');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    console.log('longest gaps over two hand-overs, ms:', gaps(results).map(Math.round).join(' '));
    expect(gaps(results).at(-1)).toBeLessThan(500);
    await nothingIsLeft();
  });

  it('has calls with SRTP by SDES, with their keys', async () => {
    await until(async () => (await relaysOf(lab, 'media-2')).get(1) === 'follows', 20);
    await lab.kamcmd(lab.active!, 'htable.seti', 'drains', 's:2', '1');
    await until(async () => /value: 1:\s/.test(await lab.kamcmd(lab.active!, 'htable.get', 'pools', 'standard')));
    const call = await SecureCall.start(lab, '203.0.113.60', '203.0.113.61');
    await sleep(4500);
    expect(await lab.load()).toMatchObject({ 'm:1': 1 });
    const at = Date.now();
    killHost(input.name, 'media-1');
    await until(async () => (await relaysOf(lab, 'media-2')).get(1) === 'holds', 5);
    await sleep(1000);
    await call.reinvite();
    await sleep(1000);
    const strange = [call.caller.strange, call.callee.strange];
    const gaps = [call.caller, call.callee].map(({ heard }) => longestGap(heard, at));
    console.log('longest gaps, ms:', gaps.join(' '), 'not opened:', strange.join(' '));
    expect(Math.max(...gaps)).toBeLessThan(2000);
    expect(strange).toEqual([0, 0]);
    for (const { heard } of [call.caller, call.callee]) expect(heard.at(-1)).toBeGreaterThan(Date.now() - 300);
    expect(await call.hangUp()).toBe(200);
    await lab.kamcmd(lab.active!, 'htable.delete', 'drains', 's:2');
    await nothingIsLeft();
    await up(labCell(input));
    await until(async () => (await relaysOf(lab, 'media-1')).get(1) === 'holds', 20);
  });

  it('answers calls that rang when the host died', async () => {
    await until(async () => (await relaysOf(lab, 'media-2')).get(1) === 'follows', 20);
    const run = await callsAt(6, [
      { step: 'ring', seconds: 0 },
      { step: 'pause', name: 'lost' },
      { step: 'answer' },
      { step: 'talk', seconds: 1 },
      { step: 'bye', by: 'caller' },
    ]);
    killHost(input.name, 'media-1');
    await until(async () => (await relaysOf(lab, 'media-2')).get(1) === 'holds', 5);
    await sleep(1500);
    run.resume('lost');
    expect(failuresOf((await run.finished).results)).toEqual([]);
    await nothingIsLeft();
    await up(labCell(input));
    await until(async () => (await relaysOf(lab, 'media-1')).get(1) === 'holds', 20);
  });

  it('takes the calls of one that is frozen, and that one sends nothing when it wakes up', async () => {
    await until(async () => (await relaysOf(lab, 'media-2')).get(1) === 'follows', 20);
    const run = await callsAt(6, talkAndChange(4));
    const senders = await Senders.of(input.name, lab.publicAddress('media-1'), ['media-1', 'media-2']);
    freeze(input.name, 'media-1');
    await sleep(2000);
    thaw(input.name, 'media-1');
    await sleep(500);
    expect((await senders.stop()).map(({ host }) => host)).toEqual(['media-1', 'media-2']);
    run.resume('lost');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    console.log('longest gaps, ms:', gaps(results).map(Math.round).join(' '));
    expect(gaps(results).at(-1)).toBeLessThan(2000);
    await until(async () => (await relaysOf(lab, 'media-1')).get(1) === 'holds', 20);
    await nothingIsLeft();
  });
});

describeWith(['root', 'debian-packages'], 'a relay that can’t move, of the only media host', () => {
  const alone = {
    ...acmeCell('lab-alone', '10.93.32.0/20'),
    media: { hosts: 1, kernelForwarding: 'off' },
  } as const satisfies CellInput;
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.up(alone);
    await lab.addUsers([anna, bert]);
  });
  afterAll(() => lab?.down());

  it('is lost with its calls, which end with a BYE to both sides and do not hang', async () => {
    const agents = await lab.agents([lab.user(anna), lab.user(bert)]);
    let paused = 0;
    const steps: CallSteps = [
      { step: 'ring', seconds: 0 },
      { step: 'answer' },
      { step: 'talk', seconds: 1 },
      { step: 'pause', name: 'lost' },
      { step: 'ended', seconds: 20 },
    ];
    const run = agents.startRun(
      // Nothing comes from a dead relay.
      { kinds: [{ ...withinTenant, steps }], calls: 3, ratePerSecond: 20, maximumLoss: 1 },
      { onPaused: () => paused++ },
    );
    await until(() => paused === 3, 20);
    killHost(alone.name, 'media-1');
    const at = Date.now();
    run.resume('lost');
    const { results } = await run.finished;
    console.log(`the calls of a lost relay that can’t move have ended after ${Date.now() - at} ms`);
    expect(failuresOf(results)).toEqual([]);
    const records = await lab.recordsOf(results);
    for (const { callId } of results) {
      expect(records.get(callId)!.find(({ event }) => event === 'end')!.reason).toBe('media_lost');
    }
  });
});
