/** Calls as they are in a real day: long ones, phones that die, two phones that answer, requests that belong to no call. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario, CallSteps } from '../../../lib/user-agent/scenario.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { failuresOf, Lab, until, type LabUser, type SipTrace } from '../lab/lab.ts';

/** Timers that watch calls run so many times faster: a minute takes 3 s. */
const speedup = 20;

const input = {
  name: 'lab-dialogs',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.81.0.0/20',
  media: { hosts: 2, kernelForwarding: 'preferred' },
  calls: { timerSpeedup: speedup, longestMinutes: 20 },
  trunks: [{ name: 'carrier-a', address: '192.0.2.10' }],
  tenants: [
    {
      name: 'acme',
      domain: 'acme.example.com',
      dids: { '+4930123457': 'bert' },
      limits: { callsPerSecond: 100, burst: 100 },
    },
    { name: 'brief', domain: 'brief.example.com', limits: { longestMinutes: 1, callsPerSecond: 100, burst: 100 } },
  ],
} satisfies CellInput;
const users = {
  anna: { name: 'anna', tenant: 'acme', address: '198.51.100.11' },
  bert: { name: 'bert', tenant: 'acme', address: '198.51.100.12' },
  twin: { name: 'twin', tenant: 'acme', address: '198.51.100.13' },
  mallory: { name: 'mallory', tenant: 'acme', address: '198.51.100.14' },
  carl: { name: 'carl', tenant: 'brief', address: '198.51.100.15' },
  cleo: { name: 'cleo', tenant: 'brief', address: '198.51.100.16' },
} satisfies Record<string, LabUser>;

describeWith(['root', 'debian-packages'], 'dialogs', () => {
  let lab: Lab;
  let agents: AgentsProcess;
  let kinds: readonly CallScenario[];
  const traced: SipTrace[] = [];

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers(Object.values(users));
    const other = { ...users.twin, address: '198.51.100.23' };
    agents = await lab.agents(
      [
        ...Object.values(users).map((user) => lab.user(user)),
        { ...lab.user(other), name: 'other twin', unexpected: { do: 'answer' } },
        lab.carrier('carrier-a', '192.0.2.10'),
      ],
      (message) => traced.push(message),
    );
    kinds = [
      { name: 'user to user', caller: 'anna', callee: 'bert', dial: 'sip:bert@acme.example.com' },
      { name: 'carrier out', caller: 'anna', callee: 'carrier-a', dial: 'sip:+4989700700@acme.example.com' },
      { name: 'carrier in', caller: 'carrier-a', callee: 'bert', dial: `sip:+4930123457@${lab.floating}` },
    ];
  });
  afterAll(() => lab?.down());

  const nothingIsLeft = async () => {
    await until(async () => Object.keys(await lab.load()).length === 0);
    for (const { name } of lab.cell.media) await until(async () => (await lab.relayed(name)) === 0);
  };
  const standby = () => lab.cell.sbcs.find(({ name }) => name !== lab.active)!.name;

  it('live, are counted and can be changed on every media host for longer than any check of theirs', async () => {
    const steps: CallSteps = [
      { step: 'ring', seconds: 0 },
      { step: 'answer' },
      // Ten minutes of the cell's timers.
      { step: 'talk', seconds: 600 / speedup },
      { step: 'pause', name: 'long' },
      { step: 'reinvite', by: 'caller', change: 'port' },
      { step: 'reinvite', by: 'callee', change: 'port' },
      { step: 'talk', seconds: 1 },
      { step: 'bye', by: 'callee' },
    ];
    let paused = 0;
    const run = agents.startRun(
      { kinds: kinds.map((kind): CallScenario => ({ ...kind, steps })), calls: 6, ratePerSecond: 20 },
      { onPaused: () => paused++ },
    );
    await until(() => paused === 6, 60);
    for (const sbc of [lab.active!, standby()]) {
      expect(await lab.load(sbc)).toEqual({ 't:acme': 6, 'k:carrier-a': 4, 'm:1': 3, 'm:2': 3 });
    }
    run.resume('long');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    const records = await lab.recordsOf(results);
    for (const { callId } of results) {
      expect(records.get(callId)!.map(({ event, reason }) => [event, reason])).toEqual([
        ['start', undefined],
        ['end', 'hung_up'],
      ]);
    }
    await nothingIsLeft();
  });

  it('end with a BYE to both sides when nobody sends any audio any more', async () => {
    const steps: CallSteps = [
      { step: 'ring', seconds: 0 },
      { step: 'answer' },
      { step: 'talk', seconds: 1 },
      { step: 'silence', of: 'caller' },
      { step: 'silence', of: 'callee' },
      { step: 'ended', seconds: 15 },
    ];
    const { results } = await agents.run({
      kinds: kinds.map((kind): CallScenario => ({ ...kind, steps })),
      calls: 6,
      ratePerSecond: 20,
    });
    expect(failuresOf(results)).toEqual([]);
    const records = await lab.recordsOf(results);
    for (const { callId } of results) {
      expect(records.get(callId)!.map(({ event, reason }) => [event, reason])).toEqual([
        ['start', undefined],
        ['end', 'media_lost'],
      ]);
    }
    await nothingIsLeft();
  });

  it('end with a BYE to both sides when they are longer than their tenant’s may be, and no others', async () => {
    const talk = (seconds: number): CallSteps => [
      { step: 'ring', seconds: 0 },
      { step: 'answer' },
      { step: 'talk', seconds },
      { step: 'pause', name: 'long' },
      { step: 'ended', seconds: 10 },
    ];
    const { results } = await agents.run({
      kinds: [
        {
          name: 'short tenant',
          caller: 'carl',
          callee: 'cleo',
          dial: 'sip:cleo@brief.example.com',
          steps: talk(2)!.filter(({ step }) => step !== 'pause'),
        },
        { ...kinds[0]!, steps: [...talk(10)!.slice(0, 3), { step: 'bye', by: 'caller' }] },
      ],
      calls: 2,
      maximumLoss: 0.1,
    });
    expect(failuresOf(results)).toEqual([]);
    const records = await lab.recordsOf(results);
    const reasons = results.map(({ callId }) => records.get(callId)!.find(({ event }) => event === 'end')!.reason);
    expect(reasons).toEqual(['too_long', 'hung_up']);
    await nothingIsLeft();
  });

  it('end with a BYE to both sides when an operator says so', async () => {
    let paused = 0;
    const steps: CallSteps = [
      { step: 'ring', seconds: 0 },
      { step: 'answer' },
      { step: 'talk', seconds: 0.5 },
      { step: 'pause', name: 'up' },
      { step: 'ended', seconds: 5 },
    ];
    const run = agents.startRun(
      // A packet may be under way when the relay is told.
      { kinds: kinds.map((kind): CallScenario => ({ ...kind, steps })), calls: 3, ratePerSecond: 20, maximumLoss: 0.1 },
      { onPaused: () => paused++ },
    );
    await until(() => paused === 3, 20);
    const dump = await lab.kamcmd(lab.active!, 'htable.dump', 'calls');
    for (const [, name] of dump.matchAll(/name: (\S+)/g)) {
      await lab.kamcmd(lab.active!, 'htable.sets', 'ending', `s:${name}`, 'operator');
    }
    run.resume('up');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    const records = await lab.recordsOf(results);
    for (const { callId } of results) expect(records.get(callId)!.at(-1)!.reason).toBe('operator');
    await nothingIsLeft();
  });

  it('of two phones that answer at the same moment have the audio of the one that the caller keeps', async () => {
    const steps: CallSteps = [
      { step: 'answer' },
      { step: 'talk', seconds: 2 },
      { step: 'reinvite', by: 'caller', change: 'port' },
      { step: 'reinvite', by: 'callee', change: 'port' },
      { step: 'talk', seconds: 1 },
      { step: 'bye', by: 'caller' },
    ];
    const twice: CallScenario = {
      name: 'twins',
      caller: 'anna',
      callee: 'twin',
      dial: 'sip:twin@acme.example.com',
      steps,
    };
    // Whose answer comes first is chance: some calls are the one's, some the other's, and some are answered by both.
    const seen = { one: 0, other: 0, both: 0 };
    for (let attempt = 0; attempt < 10 && (seen.both < 5 || seen.one < 2 || seen.other < 2); attempt++) {
      const from = traced.length;
      const { results } = await agents.run({
        kinds: [{ ...twice, callerHears: 'packets' }],
        calls: 4,
        ratePerSecond: 3,
        maximumLoss: 1,
      });
      const records = await lab.recordsOf(results);
      for (const call of results) {
        const answered = traced.slice(from).flatMap(({ agent, direction, text }) => {
          if (agent !== 'anna' || direction !== 'received' || !text.includes(call.callId)) return [];
          if (!/^SIP\/2.0 200[^]*CSeq: \d+ INVITE/i.test(text)) return [];
          return /^To:.*tag=(\S+)/im.exec(text)?.[1] ?? [];
        });
        // The judged phone sends and hears if it is the one that the caller kept.
        const kept = call.toCallee?.received ?? 0;
        seen[kept > 20 ? 'one' : 'other']++;
        if (new Set(answered).size > 1) seen.both++;
        expect(call.toCaller!.longestGapMs).toBeLessThan(1000);
        if (kept > 20) expect(failuresOf([call])).toEqual([]);
        expect(records.get(call.callId)!.map(({ event }) => event)).toEqual(['start', 'end']);
      }
      await nothingIsLeft();
    }
    console.log(seen);
    expect(seen.both).toBeGreaterThanOrEqual(5);
    expect(Math.min(seen.one, seen.other)).toBeGreaterThanOrEqual(1);
  });
});
