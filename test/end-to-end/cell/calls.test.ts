/** Calls of every kind through a cell, with audio judged in both directions. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario, CallSteps } from '../../../lib/user-agent/scenario.ts';
import { exec, up } from '../../../lib/targets/local/index.ts';
import { readState } from '../../../lib/targets/local/state.ts';
import { customersScriptPath } from '../../../lib/software/kamailio/sbc/customers-script.ts';
import { customersSql } from '../../../lib/software/kamailio/sbc/tenant-tables.ts';
import type { CellInput, CellSpec } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { acme, acmeCell, anna, bert, carrier, fromCarrier, toCarrier, withinTenant } from '../lab/acme.ts';
import { failuresOf, Lab, labCell, type LabUser, type SipTrace, until } from '../lab/lab.ts';

const input = {
  ...acmeCell('lab-calls', '10.80.0.0/20'),
  media: { hosts: 4, kernelForwarding: 'preferred' },
  // Known by a range, in which its own address is.
  trunks: [{ ...carrier, sources: ['192.0.2.0/24'] }],
  tenants: [
    { ...acme, dids: { ...acme.dids, '+4930123456': 'anna' } },
    { name: 'initech', domain: 'initech.example.com', tier: 'high-volume', codecs: ['PCMA'] },
  ],
} satisfies CellInput;
const cora: LabUser = { name: 'cora', tenant: 'initech', address: '198.51.100.13' };
const dora: LabUser = { name: 'dora', tenant: 'initech', address: '198.51.100.14' };

describeWith(['root', 'debian-packages'], 'calls through a cell', () => {
  let lab: Lab;
  let agents: AgentsProcess;
  let inbound: CallScenario;
  const seenByCarrier: SipTrace[] = [];
  const seenByDora: SipTrace[] = [];

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers([anna, bert, cora, dora]);
    agents = await lab.agents(
      [...[anna, bert, cora, dora].map((user) => lab.user(user)), lab.carrier(carrier.name, carrier.address)],
      (message) => {
        if (message.agent === 'carrier-a') seenByCarrier.push(message);
        if (message.agent === 'dora') seenByDora.push(message);
      },
    );
    inbound = fromCarrier(lab.floating);
  });
  afterAll(() => lab?.down());

  it('go between users of a tenant, in from a carrier and out to a carrier, each on one media host with one record', async () => {
    const kinds = [withinTenant, inbound, toCarrier];
    const { results } = await agents.run({ kinds, calls: 12, ratePerSecond: 10, talkSeconds: 2 });
    expect(failuresOf(results)).toEqual([]);
    expect(results).toHaveLength(12);
    for (const call of results) expect(lab.mediaHostsOf(call)).toEqual([expect.stringMatching(/^media-/)]);

    const records = await lab.recordsOf(results);
    for (const call of results) {
      const [start, end, ...more] = records.get(call.callId)!;
      expect(more).toEqual([]);
      const same = {
        call: call.callId,
        tenant: 'acme',
        kind: { 'user to user': 'user', 'carrier in': 'in', 'carrier out': 'out' }[call.kind],
        trunk: call.kind === 'user to user' ? '' : 'carrier-a',
        from: call.kind === 'carrier in' ? '+4989700700' : 'anna@acme.example.com',
        media: Number(lab.mediaHostsOf(call)[0]!.replace('media-', '')),
        sbc: lab.active,
      };
      expect(start).toMatchObject({ event: 'start', ...same });
      expect(end).toMatchObject({ event: 'end', ...same, cause: 200, reason: 'hung_up', answered: start!.answered });
      expect(end!.answered! - end!.invited).toBeGreaterThan(0);
      expect(end!.ended! - end!.answered!).toBeGreaterThan(1.9);
      expect(end!.mos).toBeGreaterThan(3.5);
      expect(end!.mos).toBeLessThanOrEqual(5);
      expect(end).toMatchObject({ loss: expect.any(Number), jitter: expect.any(Number) });
    }
  });

  it('leave nothing behind: no call counted, no session on a relay, nothing held by an agent', async () => {
    await agents.run({ kinds: [withinTenant], calls: 2, talkSeconds: 0.5 });
    await until(async () => Object.keys(await lab.load('sbc-1')).length === 0);
    await until(async () => Object.keys(await lab.load('sbc-2')).length === 0);
    for (const { name } of lab.cell.media) await until(async () => (await lab.relayed(name)) === 0, 40);
    for (const pending of Object.values(await agents.pending())) expect(pending.sessions).toBe(0);
  });

  it('are spread over the media hosts, the least loaded first', async () => {
    const run = agents.startRun({
      kinds: [
        {
          ...withinTenant,
          steps: [
            { step: 'ring', seconds: 0 },
            { step: 'answer' },
            { step: 'pause', name: 'up' },
            { step: 'bye', by: 'caller' },
          ],
        },
      ],
      calls: 8,
      ratePerSecond: 20,
      audio: false,
    });
    await until(async () => (await lab.load())['t:acme'] === 8);
    expect(await lab.load()).toEqual({ 't:acme': 8, 'm:1': 2, 'm:2': 2, 'm:3': 2, 'm:4': 2 });
    run.resume('up');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
  });

  it('of a tier stay on the media hosts of its pool', async () => {
    const kind: CallScenario = {
      name: 'high-volume',
      caller: 'cora',
      callee: 'dora',
      dial: 'sip:dora@initech.example.com',
    };
    const { results } = await agents.run({ kinds: [kind], calls: 6, ratePerSecond: 5, talkSeconds: 1 });
    expect(failuresOf(results)).toEqual([]);
    expect([...new Set(results.flatMap((call) => lab.mediaHostsOf(call)))].sort()).toEqual(['media-3', 'media-4']);
  });

  it('stay on their media host over re-INVITEs from both sides, also when it is drained meanwhile', async () => {
    let paused = 0;
    const run = agents.startRun(
      {
        kinds: [
          {
            ...withinTenant,
            steps: [
              { step: 'ring', seconds: 0 },
              { step: 'answer' },
              { step: 'talk', seconds: 0.6 },
              { step: 'reinvite', by: 'caller', change: 'nothing' },
              { step: 'talk', seconds: 0.6 },
              { step: 'reinvite', by: 'callee', change: 'port' },
              { step: 'talk', seconds: 0.6 },
              { step: 'pause', name: 'drain' },
              { step: 'reinvite', by: 'callee', change: 'codec' },
              { step: 'talk', seconds: 0.6 },
              { step: 'reinvite', by: 'caller', change: 'hold' },
              { step: 'talk', seconds: 0.6 },
              { step: 'reinvite', by: 'caller', change: 'resume' },
              { step: 'reinvite', by: 'caller', change: 'port' },
              { step: 'talk', seconds: 0.6 },
              { step: 'bye', by: 'callee' },
            ],
          },
        ],
        calls: 4,
        ratePerSecond: 20,
      },
      { onPaused: () => paused++ },
    );
    await until(() => paused === 4, 20);
    const before = await lab.load();
    expect(before).toEqual({ 't:acme': 4, 'm:1': 1, 'm:2': 1, 'm:3': 1, 'm:4': 1 });
    const drained = ['2', '3'];
    for (const host of drained) await lab.kamcmd('sbc-1', 'htable.seti', 'drains', `s:${host}`, '1');
    try {
      await until(async () => /value: 1:4:/.test(await lab.kamcmd(lab.active!, 'htable.get', 'pools', 'standard')));
      run.resume('drain');
      const others = await agents.run({ kinds: [withinTenant], calls: 4, ratePerSecond: 20, talkSeconds: 1 });
      const { results } = await run.finished;
      expect(failuresOf([...results, ...others.results])).toEqual([]);
      // Each on its one host to the end; new calls only on those that are not drained.
      expect(results.map((call) => lab.mediaHostsOf(call)).sort()).toEqual([
        ['media-1'],
        ['media-2'],
        ['media-3'],
        ['media-4'],
      ]);
      expect([...new Set(others.results.flatMap((call) => lab.mediaHostsOf(call)))].sort()).toEqual([
        'media-1',
        'media-4',
      ]);
    } finally {
      for (const host of drained) await lab.kamcmd('sbc-1', 'htable.delete', 'drains', `s:${host}`);
    }
    await until(async () => /value: 1:2:3:4:/.test(await lab.kamcmd(lab.active!, 'htable.get', 'pools', 'standard')));
  });

  it('of a tenant use the codecs that it may use, in every offer', async () => {
    const steps: CallSteps = [
      { step: 'answer' },
      { step: 'talk', seconds: 0.3 },
      { step: 'reinvite', by: 'caller', change: 'port' },
      { step: 'talk', seconds: 0.3 },
      { step: 'bye', by: 'caller' },
    ];
    seenByDora.length = 0;
    const kind = { name: 'codecs', caller: 'cora', callee: 'dora', dial: 'sip:dora@initech.example.com', steps };
    const { results } = await agents.run({ kinds: [kind] });
    expect(failuresOf(results)).toEqual([]);
    const offers = seenByDora.filter(({ direction, text }) => direction === 'received' && text.startsWith('INVITE '));
    expect(offers.map(({ text }) => /^m=audio \d+ RTP\/AVP (.*?)\s*$/m.exec(text)![1])).toEqual(['8 101', '8 101']);
  });

  it('tell a carrier nothing of the cell: no private address, no user’s address, no program', async () => {
    const { results } = await agents.run({ kinds: [inbound, toCarrier], calls: 2, talkSeconds: 0.5 });
    expect(failuresOf(results)).toEqual([]);
    const received = seenByCarrier.filter(({ direction }) => direction === 'received').map(({ text }) => text);
    expect(received.length).toBeGreaterThan(5);
    const text = received.join('\n');
    expect(text).not.toMatch(/\b10\.80\.\d+\.\d+/);
    expect(text).not.toMatch(/\b100\.64\.0\.\d+/);
    expect(text).not.toMatch(/198\.51\.100\./);
    // Whole words: what is masked is letters at random.
    expect(text).not.toMatch(/kamailio|rtpengine|freeswitch|\b(acme|anna|bert)\b/i);
  });

  it('show a carrier the number that is the caller’s, whatever its phone says', async () => {
    seenByCarrier.length = 0;
    const { results } = await agents.run({
      kinds: [toCarrier],
      calls: 1,
      talkSeconds: 0.5,
    });
    expect(failuresOf(results)).toEqual([]);
    const invite = seenByCarrier.find(
      ({ direction, text }) => direction === 'received' && text.startsWith('INVITE '),
    )!.text;
    expect(invite).toMatch(new RegExp(`^From: .*<?sip:\\+4930123456@${lab.floating.replaceAll('.', '\\.')}`, 'm'));
    expect(invite).toMatch(/^P-Asserted-Identity: <sip:\+4930123456@/m);
  });

  it('of a tenant that is added at run time work at once, and nothing restarts', async () => {
    const processes = () => Object.values(readState(input.name)!.namespaces).map(({ init }) => init.pid);
    const before = processes();
    const kamailio = await Promise.all(
      lab.cell.sbcs.map(({ name }) => lab.run(name, 'cat', '/run/kamailio/kamailio.pid')),
    );
    const tenant = { name: 'globex', domain: 'globex.example.com', dids: { '+4930999001': 'gina' } };
    await up(labCell({ ...input, tenants: [...input.tenants, tenant] }));
    const gina: LabUser = { name: 'gina', tenant: 'globex', address: '198.51.100.15' };
    const hugo: LabUser = { name: 'hugo', tenant: 'globex', address: '198.51.100.16' };
    await lab.addUsers([gina, hugo]);
    // From the carrier that has been there all the time.
    const dial = `sip:+4930999001@${lab.floating}`;
    const call: CallScenario = { name: 'in', caller: 'carrier-a', dial, expectStatus: 480 };
    const callNumber = async () => failuresOf((await agents.run({ kinds: [call], calls: 1, audio: false })).results);
    // Her number is in our tables, and no phone has registered.
    expect(await callNumber()).toEqual([]);
    const newcomers = await lab.agents([gina, hugo].map((user) => lab.user(user)));
    const among = await newcomers.run({
      kinds: [{ name: 'new tenant', caller: 'hugo', callee: 'gina', dial: 'sip:gina@globex.example.com' }],
      calls: 2,
      talkSeconds: 1,
    });
    expect(failuresOf(among.results)).toEqual([]);
    // Nobody of ours answers in that process.
    expect(await callNumber()).toEqual([]);
    expect(processes()).toEqual(before);
    expect(
      await Promise.all(lab.cell.sbcs.map(({ name }) => lab.run(name, 'cat', '/run/kamailio/kamailio.pid'))),
    ).toEqual(kamailio);
  });

  it('to nobody end with the right status and one record, and hold nothing', async () => {
    const nobody: readonly (readonly [dial: string, status: number])[] = [
      ['sip:nobody@acme.example.com', 404],
      ['sip:cora@initech.example.com', 403],
      ['sip:cora@nowhere.example.com', 403],
      ['sip:*99@acme.example.com', 404],
    ];
    const kinds = nobody.map(([dial, expectStatus]): CallScenario => ({
      name: dial,
      caller: 'anna',
      dial,
      expectStatus,
    }));
    const { results } = await agents.run({ kinds, calls: kinds.length, audio: false });
    expect(failuresOf(results)).toEqual([]);
    const ends = await agents.run({
      kinds: [
        {
          ...withinTenant,
          name: 'busy',
          steps: [
            { step: 'ring', seconds: 0 },
            { step: 'reject', status: 486 },
          ],
        },
        {
          ...toCarrier,
          name: 'busy',
          steps: [
            { step: 'ring', seconds: 0 },
            { step: 'reject', status: 486 },
          ],
        },
        { ...withinTenant, name: 'given up', steps: [{ step: 'ring', seconds: 0.3 }, { step: 'cancel' }] },
        { ...toCarrier, name: 'given up', steps: [{ step: 'ring', seconds: 0.3 }, { step: 'cancel' }] },
      ],
      calls: 4,
    });
    expect(failuresOf(ends.results)).toEqual([]);
    const records = await lab.recordsOf(ends.results);
    for (const { kind, callId } of ends.results) {
      const reason = kind === 'busy' ? { cause: 486, reason: 'refused' } : { cause: 487, reason: 'cancelled' };
      expect(records.get(callId)).toEqual([expect.objectContaining({ event: 'end', answered: null, ...reason })]);
    }
    await until(async () => Object.keys(await lab.load()).length === 0);
  });

  it('have two events each, and no event is there twice', async () => {
    const events = (await lab.records()).map(({ call, event }) => `${event} ${call}`);
    expect(events.length).toBeGreaterThan(60);
    expect(new Set(events).size).toBe(events.length);
  });

  it('of a tenant that an operator adds and takes away on the SBCs: heard at once, then refused', async () => {
    const tell = async (tenants: CellSpec['tenants']) => {
      for (const { name } of lab.cell.sbcs) {
        const input = customersSql({ trunks: lab.spec.trunks, tenants });
        const { status, stderr } = await exec(lab.spec.name, name, [customersScriptPath], { input });
        expect({ name, status, stderr }).toEqual({ name, status: 0, stderr: '' });
      }
    };
    const [umbrella] = labCell({ ...input, tenants: [{ name: 'umbrella', domain: 'umbrella.example.com' }] }).tenants;
    const ines: LabUser = { name: 'ines', tenant: 'umbrella', address: '198.51.100.17' };
    const jan: LabUser = { name: 'jan', tenant: 'umbrella', address: '198.51.100.18' };
    await tell([...lab.spec.tenants, umbrella!]);
    await lab.addUsers([ines, jan]);
    const newcomers = await lab.agents([ines, jan].map((user) => lab.user(user)));
    const kind = { name: 'added', caller: 'ines', callee: 'jan', dial: 'sip:jan@umbrella.example.com' };
    expect(failuresOf((await newcomers.run({ kinds: [kind], talkSeconds: 0.5 })).results)).toEqual([]);
    await tell(lab.spec.tenants);
    const gone = { ...kind, callee: null, expectStatus: 403 };
    expect(failuresOf((await newcomers.run({ kinds: [gone], audio: false })).results)).toEqual([]);
    // Those that stay have lost nothing, their users neither.
    expect(failuresOf((await agents.run({ kinds: [withinTenant], talkSeconds: 0.5 })).results)).toEqual([]);
  });
});
