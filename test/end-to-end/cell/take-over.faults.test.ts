/** Everything that may happen to the media hosts of a cell of four, with calls up: who has the calls then, and after how long. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess, StartedRun } from '../../../lib/user-agent/agents-process.ts';
import type { CallResult } from '../../../lib/user-agent/call-result.ts';
import type { CallScenario, CallSteps } from '../../../lib/user-agent/scenario.ts';
import { exec, killHost, up } from '../../../lib/targets/local/index.ts';
import { runInNetwork } from '../../../lib/targets/local/namespace.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { relaysProgram } from '../../../lib/software/take-over/paths.ts';
import { describeWith } from '../../requirements.ts';
import { anna, bert, withinTenant } from '../lab/acme.ts';
import { failuresOf, Lab, labCell, type LabUser, until } from '../lab/lab.ts';
import { freeze, relayedOf, relaysAreHome, relaysOf, thaw } from '../lab/relays.ts';
import { Senders } from '../lab/senders.ts';

const input = {
  name: 'lab-take-over-long',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.93.32.0/20',
  media: { hosts: 4, kernelForwarding: 'preferred' },
  calls: { silentSeconds: 30 },
  tenants: [
    {
      name: 'acme',
      domain: 'acme.example.com',
      limits: { callsPerSecond: 100, burst: 100, calls: 150 },
    },
  ],
} satisfies CellInput;
const cora: LabUser = { name: 'cora', tenant: 'acme', address: '198.51.100.13' };
const dora: LabUser = { name: 'dora', tenant: 'acme', address: '198.51.100.14' };

const talk: CallSteps = [
  { step: 'ring', seconds: 0 },
  { step: 'answer' },
  { step: 'talk', seconds: 4 },
  { step: 'pause', name: 'fault' },
  { step: 'talk', seconds: 1 },
  { step: 'reinvite', by: 'callee', change: 'port' },
  { step: 'talk', seconds: 1 },
  { step: 'bye', by: 'caller' },
];

describeWith(['root', 'debian-packages'], 'calls outlive a media host', () => {
  let lab: Lab;
  let agents: AgentsProcess;
  let kind: CallScenario;

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers([anna, bert, cora, dora]);
    agents = await lab.agents([anna, bert, cora, dora].map((user) => lab.user(user)));
    kind = withinTenant;
  });
  afterAll(() => lab?.down());

  const neighbourOf = (number: number) => lab.cell.media.find(({ guest }) => guest === number)!.name;

  async function callsAt(calls: number, steps: CallSteps): Promise<StartedRun> {
    let paused = 0;
    const run = agents.startRun(
      { kinds: [{ ...kind, steps }], calls, ratePerSecond: 20, maximumLoss: 0.9 },
      { onPaused: () => paused++ },
    );
    await until(() => paused === calls, 30);
    return run;
  }

  const gaps = (results: readonly CallResult[]) =>
    results
      .flatMap(({ toCaller, toCallee }) => [toCaller!.longestGapMs, toCallee!.longestGapMs])
      .sort((a, b) => a - b)
      .map(Math.round);

  /** Every relay is at home, and followed. */
  async function settled(): Promise<void> {
    await until(() => relaysAreHome(lab), 60);
    await until(
      async () => /value: 1:2:3:4:/.test(await lab.kamcmd(lab.active!, 'htable.get', 'pools', 'standard')),
      20,
    );
  }

  async function nothingIsLeft(): Promise<void> {
    await until(async () => Object.keys(await lab.load()).length === 0, 20);
    for (const { name } of lab.cell.media) {
      if (lab.isUp(name)) await until(async () => (await relayedOf(lab, name)).every((n) => n === 0), 20);
    }
    for (const { name } of lab.cell.media) {
      if (!lab.isUp(name)) continue;
      for (const redis of ['own-calls', 'guest-calls']) {
        const ask = `REDISCLI_AUTH=$(sed -n 's/^requirepass //p' /etc/redis/${redis}.conf) redis-cli -p $(sed -n 's/^port //p' /etc/redis/${redis}.conf) dbsize`;
        await until(async () => (await exec(input.name, name, ['bash', '-c', ask])).stdout.trim() === '0', 20);
      }
    }
  }

  const link = (host: string, state: 'up' | 'down') =>
    runInNetwork(requireState(input.name).namespaces['fabric']!.init, ['ip', 'link', 'set', host, state]);

  it.each([0.5, 2, 30])('one that is frozen for %d s never sends beside its neighbour', async (seconds) => {
    await settled();
    const run = await callsAt(12, talk);
    const senders = await Senders.of(
      input.name,
      lab.publicAddress('media-1'),
      lab.cell.media.map(({ name }) => name),
    );
    freeze(input.name, 'media-1');
    await sleep(seconds * 1000);
    thaw(input.name, 'media-1');
    await sleep(2000);
    const sent = (await senders.stop()).map(({ host }) => host);
    run.resume('fault');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    console.log(`frozen for ${seconds} s: sent by ${sent.join(', ')}; longest gaps, ms: ${gaps(results).join(' ')}`);
    expect(gaps(results).at(-1)).toBeLessThan(2000);
    // Half a second is less than the lease: whether it went depends on when it was asked for last.
    if (seconds < 1) expect(sent.length).toBeLessThanOrEqual(1);
    else expect(sent).toEqual(['media-1', neighbourOf(1)]);
    await settled();
    await nothingIsLeft();
  });

  it('one that is cut off for 5 s', async () => {
    await settled();
    const run = await callsAt(12, talk);
    const senders = await Senders.of(
      input.name,
      lab.publicAddress('media-2'),
      lab.cell.media.map(({ name }) => name),
    );
    await link('media-2', 'down');
    await sleep(5000);
    await link('media-2', 'up');
    await sleep(1500);
    const sent = (await senders.stop()).map(({ host }) => host);
    run.resume('fault');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    console.log(`cut off: sent by ${sent.join(', ')}; longest gaps, ms: ${gaps(results).join(' ')}`);
    expect(gaps(results).at(-1)).toBeLessThan(2000);
    expect(sent).toEqual(['media-2', neighbourOf(2)]);
    await settled();
    await nothingIsLeft();
  });

  it('one whose rtpengine dies', async () => {
    await settled();
    const run = await callsAt(8, talk);
    await lab.run('media-3', 'pkill', '-KILL', '-x', 'rtpengine');
    await sleep(3000);
    run.resume('fault');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    console.log(`rtpengine killed: longest gaps, ms: ${gaps(results).join(' ')}`);
    expect(gaps(results).at(-1)).toBeLessThan(2000);
    await settled();
    await nothingIsLeft();
  });

  it('one whose calls’ Redis, or whose lease program, dies: no call notices', async () => {
    await settled();
    const run = await callsAt(8, talk);
    await lab.run('media-1', 'pkill', '-KILL', '-f', 'redis-server 127.0.0.1:6391');
    await lab.run('media-2', 'pkill', '-KILL', '-f', 'relays serve');
    await sleep(6000);
    run.resume('fault');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    console.log(`Redis and program killed: longest gaps, ms: ${gaps(results).join(' ')}`);
    expect(gaps(results).at(-1)).toBeLessThan(2000);
    await settled();
    await nothingIsLeft();
  });

  it('one with 40 calls, and while new ones come: those that are refused or fail can be placed again at once', async () => {
    await settled();
    const run = await callsAt(40, talk);
    const arriving = agents.startRun({
      kinds: [
        {
          name: 'arriving',
          caller: 'cora',
          callee: 'dora',
          dial: 'sip:dora@acme.example.com',
          steps: [{ step: 'answer' }, { step: 'talk', seconds: 2 }, { step: 'bye', by: 'caller' }],
        },
      ],
      calls: 50,
      ratePerSecond: 10,
      maximumLoss: 0.9,
    });
    await sleep(1000);
    killHost(input.name, 'media-4');
    await sleep(4000);
    run.resume('fault');
    const [{ results }, others] = [await run.finished, await arriving.finished];
    expect(failuresOf(results)).toEqual([]);
    const all = gaps(results);
    console.log(`killed with 40 calls: longest gaps, ms: ${all.join(' ')}`);
    expect(all.at(-1)).toBeLessThan(2000);
    const failed = others.results.filter(({ failures }) => failures.length > 0);
    console.log(`of 50 calls that came meanwhile ${failed.length} failed: ${failuresOf(failed).join('; ')}`);
    const { results: again } = await agents.run({ kinds: [kind], calls: 8, ratePerSecond: 20, talkSeconds: 0.5 });
    expect(failuresOf(again)).toEqual([]);
    await nothingIsLeft();
    await up(labCell(input));
    await settled();
  });

  it('one with a call that has fallen silent on both sides: the call ends after its time, wherever the relay is', async () => {
    await settled();
    const run = await callsAt(4, [
      { step: 'ring', seconds: 0 },
      { step: 'answer' },
      { step: 'talk', seconds: 1 },
      { step: 'silence', of: 'caller' },
      { step: 'silence', of: 'callee' },
      { step: 'pause', name: 'fault' },
      { step: 'ended', seconds: 3 * input.calls.silentSeconds },
    ]);
    expect(await lab.load()).toMatchObject({ 'm:1': 1 });
    await lab.run('media-1', relaysProgram, 'move', '1');
    await until(async () => (await relaysOf(lab, neighbourOf(1))).get(1) === 'holds', 10);
    run.resume('fault');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    const records = await lab.recordsOf(results);
    const ends = results.map(({ callId }) => records.get(callId)!.find(({ event }) => event === 'end')!);
    expect(ends.map(({ reason }) => reason)).toEqual(results.map(() => 'media_lost'));
    console.log(
      `silent calls ended after ${ends.map(({ ended, answered }) => Math.round(ended! - answered!)).join(', ')} s`,
    );
    await lab.run('media-1', relaysProgram, 'home', '1');
    await settled();
    await nothingIsLeft();
  });

  it('two at once, of which one is the other’s neighbour: the calls of the one end with BYE, those of the other go on', async () => {
    await settled();
    const run = await callsAt(12, [
      { step: 'ring', seconds: 0 },
      { step: 'answer' },
      { step: 'talk', seconds: 4 },
      { step: 'pause', name: 'fault' },
      { step: 'talk', seconds: 1 },
      { step: 'bye', by: 'caller' },
    ]);
    const lost = (await lab.load())['m:1']!;
    expect(lost).toBeGreaterThan(0);
    killHost(input.name, 'media-1');
    killHost(input.name, neighbourOf(1));
    // As calls of a lost relay do. Spec: calls.silentSeconds
    await until(async () => (await lab.load())['m:1'] === undefined, 2 * input.calls.silentSeconds);
    expect((await lab.load())['t:acme']).toBe(12 - lost);
    run.resume('fault');
    const { results } = await run.finished;
    expect(results.filter(({ failures }) => failures.length === 0)).toHaveLength(12 - lost);
    const records = await lab.recordsOf(results);
    const reasons = results.map(({ callId }) => records.get(callId)!.find(({ event }) => event === 'end')!.reason);
    expect(reasons.filter((reason) => reason === 'media_lost')).toHaveLength(lost);
    await up(labCell(input));
    await settled();
    await nothingIsLeft();
  });
});
