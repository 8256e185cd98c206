/** Calls of which one side has gone silent, and those of which it only seems so. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario, CallSteps } from '../../../lib/user-agent/scenario.ts';
import type { CallResult } from '../../../lib/user-agent/call-result.ts';
import { killHost } from '../../../lib/targets/local/index.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { failuresOf, Lab, until, type LabUser } from '../lab/lab.ts';

/** Timers that watch calls run so many times faster. */
const speedup = 20;
/** Seconds after which a call here ends. */
const silence = 60 / speedup;
/** Longer than the cell needs to end a call that it means to end: two more rounds, and the wait for the table. */
const longAfter = 3 * silence + 3;

const input = {
  name: 'lab-one-sided',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.82.0.0/20',
  media: { hosts: 2, kernelForwarding: 'preferred' },
  calls: { timerSpeedup: speedup, oneSidedSeconds: silence * speedup },
  trunks: [{ name: 'carrier-a', address: '192.0.2.10' }],
  tenants: [
    {
      name: 'acme',
      domain: 'acme.example.com',
      dids: { '+4930123457': 'bert' },
      limits: { callsPerSecond: 100, burst: 100 },
    },
    { name: 'patient', domain: 'patient.example.com', limits: { oneSidedSeconds: 0, callsPerSecond: 100, burst: 100 } },
    {
      name: 'narrow',
      domain: 'narrow.example.com',
      codecs: ['PCMA'],
      limits: { callsPerSecond: 100, burst: 100 },
    },
  ],
} satisfies CellInput;

const comfortNoise = [{ type: 13, encoding: 'CN/8000' }];
const users = {
  anna: { name: 'anna', tenant: 'acme', address: '198.51.100.11' },
  bert: { name: 'bert', tenant: 'acme', address: '198.51.100.12' },
  'comfort noise': { name: 'cora', tenant: 'acme', address: '198.51.100.13', idleFormats: comfortNoise },
  'comfort noise by name': {
    name: 'cody',
    tenant: 'acme',
    address: '198.51.100.14',
    idleFormats: [{ type: 98, encoding: 'CN/16000' }],
  },
  'G.729': {
    name: 'gina',
    tenant: 'acme',
    address: '198.51.100.15',
    idleFormats: [{ type: 18, encoding: 'G729/8000' }],
  },
  'G.729 without': {
    name: 'gwen',
    tenant: 'acme',
    address: '198.51.100.16',
    idleFormats: [{ type: 18, encoding: 'G729/8000', parameters: 'annexb=no' }],
  },
  opus: {
    name: 'olga',
    tenant: 'acme',
    address: '198.51.100.17',
    idleFormats: [{ type: 111, encoding: 'opus/48000/2', parameters: 'useinbandfec=1;usedtx=1' }],
  },
  pia: { name: 'pia', tenant: 'patient', address: '198.51.100.18' },
  paul: { name: 'paul', tenant: 'patient', address: '198.51.100.19' },
  nora: { name: 'nora', tenant: 'narrow', address: '198.51.100.20', idleFormats: comfortNoise },
  nick: { name: 'nick', tenant: 'narrow', address: '198.51.100.21' },
} satisfies Record<string, LabUser>;

type Step = CallSteps[number];

const begin: readonly Step[] = [{ step: 'ring', seconds: 0 }, { step: 'answer' }, { step: 'talk', seconds: 1 }];
const later: readonly Step[] = [
  { step: 'pause', name: 'later' },
  { step: 'bye', by: 'caller' },
];

describeWith(['root', 'debian-packages'], 'calls with one silent side', () => {
  let lab: Lab;
  let agents: AgentsProcess;
  let plain: readonly CallScenario[];

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers(Object.values(users));
    agents = await lab.agents([
      ...Object.values(users).map((user) => lab.user(user)),
      lab.carrier('carrier-a', '192.0.2.10'),
    ]);
    plain = [
      { name: 'user to user', caller: 'anna', callee: 'bert', dial: 'sip:bert@acme.example.com' },
      { name: 'carrier out', caller: 'anna', callee: 'carrier-a', dial: 'sip:+4989700700@acme.example.com' },
      { name: 'carrier in', caller: 'carrier-a', callee: 'bert', dial: `sip:+4930123457@${lab.floating}` },
    ];
  });
  afterAll(() => lab?.down());

  const between = (caller: keyof typeof users, callee: keyof typeof users, steps: readonly Step[]): CallScenario => {
    const to = users[callee];
    const [from, at] = [users[caller].name, `${to.name}@${to.tenant}.example.com`];
    return { name: `${caller} to ${callee}`, caller: from, callee: to.name, dial: `sip:${at}`, steps: [...steps] };
  };
  const muted = (of: 'caller' | 'callee', rest: readonly Step[]) => [
    ...begin,
    { step: 'silence', of } as const,
    ...rest,
  ];
  /** The side that is held sends nothing at all: with RTCP it would not be silent. */
  const held = (by: 'caller' | 'callee', rest: readonly Step[]): readonly Step[] => [
    ...begin,
    { step: 'reinvite', by, change: 'hold' },
    { step: 'silence', of: by === 'caller' ? 'callee' : 'caller' },
    ...rest,
  ];
  const ended: Step = { step: 'ended', seconds: 15 };

  const nothingIsLeft = async () => {
    await until(async () => Object.keys(await lab.load()).length === 0);
    for (const { name } of lab.cell.media) await until(async () => (await lab.relayed(name)) === 0);
  };
  /** Why each call ended, and how many seconds after its answer; in the order in which they were placed. */
  const endsOf = async (results: readonly CallResult[]) => {
    const records = await lab.recordsOf(results);
    const inOrder = [...results].sort((one, other) => one.index - other.index);
    return inOrder.map(({ callId, kind }) => {
      const { reason, ended: at, answered, cause } = records.get(callId)!.find(({ event }) => event === 'end')!;
      return { kind, reason, cause, after: at! - answered! };
    });
  };
  /** Runs calls that must outlive the silence of a side, and hang up by themselves. */
  const live = async (kinds: readonly CallScenario[]) => {
    let paused = 0;
    const run = agents.startRun(
      { kinds: [...kinds], calls: kinds.length, ratePerSecond: 20 },
      { onPaused: () => paused++ },
    );
    await until(() => paused === kinds.length, 30);
    await sleep(longAfter * 1000);
    run.resume('later');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    expect((await endsOf(results)).map(({ kind, reason }) => `${kind}: ${reason}`)).toEqual(
      kinds.map(({ name }) => `${name}: hung_up`),
    );
    await nothingIsLeft();
  };

  it('end after the time of the spec, both sides are told, and the record says why', async () => {
    const kinds = (['caller', 'callee'] as const).flatMap((of) =>
      plain.map((kind): CallScenario => ({ ...kind, steps: [...muted(of, [ended])] })),
    );
    const { results } = await agents.run({ kinds, calls: 6, ratePerSecond: 20 });
    expect(failuresOf(results)).toEqual([]);
    const ends = await endsOf(results);
    for (const { reason, cause, after } of ends) {
      expect({ reason, cause }).toEqual({ reason: 'one_sided', cause: 408 });
      // The talk before it; seconds of the relay are whole.
      expect(after).toBeGreaterThan(silence);
    }
    console.log(`ended ${ends.map(({ after }) => (after - 1).toFixed(1)).join(', ')} s after the last packet`);
    await nothingIsLeft();
  });

  it('live where silence is no sign of anything: on hold, with RTCP, from a side that never sent, of a tenant that has it off', async () => {
    await live([
      between('anna', 'bert', held('caller', later)),
      between('anna', 'bert', held('callee', later)),
      between('anna', 'bert', [...begin, { step: 'silence', of: 'callee', rtcp: true }, ...later]),
      between('anna', 'bert', [{ step: 'ring' }, { step: 'silence', of: 'callee' }, { step: 'answer' }, ...later]),
      between('pia', 'paul', muted('callee', later)),
    ]);
  });

  it('count silence from the end of a hold', async () => {
    let paused = 0;
    const kinds = [0, 0.4, 0.8].map((wait) =>
      between(
        'anna',
        'bert',
        held('caller', [
          { step: 'pause', name: 'held' },
          { step: 'talk', seconds: wait },
          { step: 'reinvite', by: 'caller', change: 'resume' },
          ended,
        ]),
      ),
    );
    const run = agents.startRun({ kinds, calls: 3, ratePerSecond: 20 }, { onPaused: () => paused++ });
    await until(() => paused === 3, 20);
    await sleep(2 * silence * 1000);
    const resumed = Date.now() / 1000;
    run.resume('held');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    const records = await lab.recordsOf(results);
    for (const { callId } of results) {
      const { reason, ended: at } = records.get(callId)!.at(-1)!;
      expect(reason).toBe('one_sided');
      // The relay's seconds are whole.
      expect(at! - resumed).toBeGreaterThan(silence - 1);
    }
    await nothingIsLeft();
  });

  it('live where an offer or an answer lets a phone suppress silence, and end where none does', async () => {
    await live([
      between('comfort noise', 'bert', muted('caller', later)),
      between('comfort noise', 'comfort noise', muted('callee', later)),
      between('comfort noise by name', 'bert', muted('callee', later)),
      between('anna', 'comfort noise', [
        ...begin,
        { step: 'reinvite', by: 'callee', change: 'port' },
        { step: 'silence', of: 'caller' },
        ...later,
      ]),
      between('G.729', 'bert', muted('caller', later)),
      between('opus', 'bert', muted('caller', later)),
    ]);
    const { results } = await agents.run({
      kinds: [
        between('G.729 without', 'bert', muted('caller', [ended])),
        between('anna', 'comfort noise', muted('callee', [ended])),
        // The tenant's own codecs leave nothing of it.
        between('nora', 'nick', muted('caller', [ended])),
      ],
      calls: 3,
      ratePerSecond: 20,
    });
    expect(failuresOf(results)).toEqual([]);
    expect((await endsOf(results)).map(({ reason }) => reason)).toEqual(['one_sided', 'one_sided', 'one_sided']);
    await nothingIsLeft();
  });

  it('end and live the same when the SBC has died through which they were set up', async () => {
    let paused = 0;
    const kill: Step = { step: 'pause', name: 'kill' };
    const kinds = [
      ...plain.map((kind): CallScenario => ({
        ...kind,
        steps: [...begin, kill, { step: 'silence', of: 'callee' }, ended],
      })),
      between('comfort noise', 'bert', [...begin, kill, { step: 'silence', of: 'callee' }, ...later]),
      between('pia', 'paul', [...begin, kill, { step: 'silence', of: 'callee' }, ...later]),
      between('anna', 'bert', held('caller', [kill, ...later])),
    ];
    const run = agents.startRun({ kinds, calls: 6, ratePerSecond: 20 }, { onPaused: () => paused++ });
    await until(() => paused === 6, 20);
    const first = lab.active!;
    killHost(input.name, first);
    await until(() => lab.active !== undefined && lab.active !== first, 20);
    run.resume('kill');
    await sleep(longAfter * 1000);
    run.resume('later');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    const ends = await endsOf(results);
    expect(ends.map(({ reason }) => reason)).toEqual([
      ...plain.map(() => 'one_sided'),
      'hung_up',
      'hung_up',
      'hung_up',
    ]);
    await nothingIsLeft();
  });
});
