/** What the other SBC knows: of calls that ended while it was frozen, of calls that ring, of records that are not delivered. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../lib/calls/agents-process.ts';
import type { CallResult } from '../../lib/calls/call-result.ts';
import type { RunCommand } from '../../lib/calls/scenario.ts';
import { killHost, up } from '../../lib/local/index.ts';
import { parseCell, type CellInput } from '../../lib/spec/cell.ts';
import { describeWith } from '../requirements.ts';
import { failuresOf, Lab, until, type LabUser, type SipTrace } from './lab.ts';

const input = {
  name: 'lab-standby',
  region: 'eu-west-1',
  size: 'test',
  network: '10.81.16.0/20',
  media: { hosts: 2, kernelForwarding: 'preferred' },
  trunks: [{ name: 'carrier-a', address: '192.0.2.10' }],
  tenants: [
    {
      name: 'acme',
      domain: 'acme.example.com',
      dids: { '+4930123457': 'bert' },
      limits: { callsPerSecond: 100, burst: 100 },
    },
  ],
} satisfies CellInput;
const anna: LabUser = { name: 'anna', tenant: 'acme', address: '198.51.100.11' };
const bert: LabUser = { name: 'bert', tenant: 'acme', address: '198.51.100.12' };

type Kind = RunCommand['kinds'][number];

describeWith(['root', 'debian-packages'], 'the standby', () => {
  let lab: Lab;
  let agents: AgentsProcess;
  let kinds: Kind[];
  const traced: SipTrace[] = [];

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers([anna, bert]);
    agents = await lab.agents([lab.user(anna), lab.user(bert), lab.carrier('carrier-a', '192.0.2.10')], (message) =>
      traced.push(message),
    );
    kinds = [
      { name: 'user to user', caller: 'anna', callee: 'bert', dial: 'sip:bert@acme.example.com' },
      { name: 'carrier out', caller: 'anna', callee: 'carrier-a', dial: 'sip:+4989700700@acme.example.com' },
      { name: 'carrier in', caller: 'carrier-a', callee: 'bert', dial: `sip:+4930123457@${lab.floating}` },
    ];
  });
  afterAll(() => lab?.down());

  const other = (sbc: string) => lab.cell.sbcs.find(({ name }) => name !== sbc)!.name;
  const isSynced = async (sbc: string) =>
    /value: 1/.test(await lab.kamcmd(sbc, 'pv.shvGet', 'synced').catch(() => '')) &&
    /value: 1/.test(await lab.kamcmd(other(sbc), 'pv.shvGet', 'synced').catch(() => ''));
  const bothUp = async () => {
    await up(parseCell(input));
    await until(() => isSynced('sbc-1'), 30);
  };
  const nothingIsLeft = async () => {
    for (const { name } of lab.cell.sbcs) await until(async () => Object.keys(await lab.load(name)).length === 0);
    for (const { name } of lab.cell.media) await until(async () => (await lab.relayed(name)) === 0);
  };
  /** One start and one end of each answered call, whose length is what the caller saw. */
  const everyCallHasItsRecords = async (results: readonly CallResult[], reason = 'hung_up') => {
    const records = await lab.recordsOf(results);
    for (const { callId, answered } of results) {
      const events = records.get(callId)!;
      expect(events.map((event) => [event.event, event.reason])).toEqual([
        ...(answered ? [['start', undefined]] : []),
        ['end', answered ? reason : 'cancelled'],
      ]);
    }
    return records;
  };
  const steps = (talk: number): NonNullable<Kind['steps']> => [
    { step: 'ring', seconds: 0 },
    { step: 'answer' },
    { step: 'talk', seconds: talk },
    { step: 'bye', by: 'caller' },
  ];

  it.each(['active', 'standby'] as const)(
    'frozen as the %s, learns which calls have ended: none comes back, and no record is doubled',
    async (role) => {
      await bothUp();
      const active = lab.active!;
      const frozen = role === 'active' ? active : other(active);
      let paused = 0;
      const hold: Kind['steps'] = [
        { step: 'ring', seconds: 0 },
        { step: 'answer' },
        { step: 'pause', name: 'frozen' },
        { step: 'talk', seconds: 0.2 },
        { step: 'bye', by: 'caller' },
      ];
      const run = agents.startRun(
        { kinds: kinds.map((kind) => ({ ...kind, steps: hold })), calls: 12, ratePerSecond: 20, patienceSeconds: 20 },
        { onPaused: () => paused++ },
      );
      await until(() => paused === 12, 20);
      await sleep(200);
      await lab.run(frozen, 'pkill', '-STOP', 'kamailio');
      await until(() => lab.active === other(frozen), 20);
      await sleep(4000);
      const endedAt = Date.now() / 1000;
      run.resume('frozen');
      const { results } = await run.finished;
      expect(failuresOf(results)).toEqual([]);
      // A call that begins while it is frozen, and one that goes on.
      const [younger] = (await agents.run({ kinds: [kinds[0]!], calls: 1, talkSeconds: 0.5 })).results;
      await lab.run(frozen, 'pkill', '-CONT', 'kamailio');
      await until(() => isSynced('sbc-1'), 30);
      await sleep(2000);
      await nothingIsLeft();
      await sleep(3000);
      await nothingIsLeft();
      const records = await everyCallHasItsRecords([...results, younger!]);
      for (const { callId } of results) {
        expect(Math.abs(records.get(callId)!.at(-1)!.ended! - endedAt)).toBeLessThan(3);
      }
    },
  );

  it('brings a CANCEL to the phone that rings, and its answer to the caller, when the active SBC has died', async () => {
    await bothUp();
    const active = lab.active!;
    let paused = 0;
    const giveUp: Kind['steps'] = [
      { step: 'ring', seconds: 0 },
      { step: 'pause', name: 'ringing' },
      { step: 'cancel' },
    ];
    const run = agents.startRun(
      { kinds: kinds.map((kind) => ({ ...kind, steps: giveUp })), calls: 9, ratePerSecond: 20, patienceSeconds: 10 },
      { onPaused: () => paused++ },
    );
    await until(() => paused === 9, 20);
    await sleep(200);
    killHost(input.name, active);
    await until(() => lab.active === other(active), 20);
    await sleep(1000);
    run.resume('ringing');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    expect(results.map(({ status }) => status)).toEqual(Array(9).fill(487));
    await until(async () => Object.keys(await lab.load()).length === 0);
    for (const { name } of lab.cell.media) await until(async () => (await lab.relayed(name)) === 0);
    await everyCallHasItsRecords(results);
  });

  it('delivers the records that the active SBC could not: Redis is frozen, and then that SBC dies', async () => {
    await bothUp();
    const active = lab.active!;
    await lab.run('redis-1', 'pkill', '-STOP', 'redis-server');
    const run = agents.startRun({
      kinds: kinds.map((kind) => ({ ...kind, steps: steps(0.3) })),
      calls: 20,
      ratePerSecond: 20,
    });
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    await sleep(500);
    killHost(input.name, active);
    await until(() => lab.active === other(active), 20);
    await sleep(1000);
    await lab.run('redis-1', 'pkill', '-CONT', 'redis-server');
    await everyCallHasItsRecords(results);
  });
});
