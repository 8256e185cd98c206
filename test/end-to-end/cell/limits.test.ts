/** What a tenant and a trunk may do at most, and where calls go when a trunk does not take them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario } from '../../../lib/user-agent/scenario.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { domainOf, failuresOf, Lab, until, type LabUser } from '../lab/lab.ts';

const free = { calls: 1000, callsPerSecond: 1000, burst: 1000 };
const tenant = (name: string, more: object = {}) => ({ name, domain: domainOf(name), limits: free, ...more });
const input = {
  name: 'lab-limits',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.80.16.0/20',
  // With one host lost 40 calls: 28 of them are shared, see the guarantees.
  media: { hosts: 2, relay: { calls: 40 }, freeswitch: { sessions: 40 }, kernelForwarding: 'preferred' },
  trunks: [
    { name: 'plain', address: '192.0.2.10', limits: free },
    { name: 'bursty', address: '192.0.2.11', limits: { calls: 1000, callsPerSecond: 1, burst: 4 } },
    { name: 'narrow', address: '192.0.2.12', limits: { ...free, calls: 2 } },
    { name: 'busy', address: '192.0.2.13', limits: free },
    // Nobody listens there.
    { name: 'silent', address: '192.0.2.14', limits: free },
  ],
  tenants: [
    tenant('slow', { limits: { calls: 1000, callsPerSecond: 1, burst: 5 } }),
    tenant('steady', { limits: { calls: 1000, callsPerSecond: 5, burst: 8 } }),
    tenant('capped', { limits: { ...free, calls: 3 } }),
    tenant('open', { dids: { '+4930555001': 'user-open' }, trunks: ['plain'] }),
    tenant('second-choice', { trunks: ['busy', 'plain'] }),
    tenant('patient', { trunks: ['silent', 'plain'] }),
    tenant('full', { trunks: ['narrow', 'plain'] }),
    tenant('lost', { trunks: ['busy'] }),
    tenant('greedy', { limits: { ...free, guaranteedCalls: 2 } }),
    tenant('sure', { limits: { ...free, guaranteedCalls: 10 } }),
  ],
} satisfies CellInput;

const users = input.tenants.map(({ name }, index): LabUser => ({
  name: `user-${name}`,
  tenant: name,
  address: `198.51.100.${30 + index}`,
}));

/** A user calls itself: both ends are the same agent. */
const inTenant = (name: string): CallScenario => ({
  name,
  caller: `user-${name}`,
  callee: `user-${name}`,
  dial: `sip:user-${name}@${domainOf(name)}`,
});
const toCarrier = (name: string, carrier: string | null): CallScenario => ({
  name,
  caller: `user-${name}`,
  callee: carrier,
  dial: `sip:+4989700700@${domainOf(name)}`,
});
const held: Pick<CallScenario, 'steps'> = {
  steps: [
    { step: 'ring', seconds: 0 },
    { step: 'answer' },
    { step: 'pause', name: 'up' },
    { step: 'bye', by: 'caller' },
  ],
};

describeWith(['root', 'debian-packages'], 'limits', () => {
  let lab: Lab;
  let agents: AgentsProcess;

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers(users);
    agents = await lab.agents([
      ...users.map((user) => lab.user(user)),
      lab.carrier('plain', '192.0.2.10'),
      lab.carrier('bursty', '192.0.2.11'),
      lab.carrier('narrow', '192.0.2.12'),
      lab.carrier('busy', '192.0.2.13', { do: 'reject', status: 503 }),
    ]);
  });
  afterAll(() => lab?.down());

  /** As if nobody had called for long. */
  const fillBuckets = () => lab.kamcmd(lab.active!, 'htable.flush', 'tokens');

  /** Many calls at the same moment: how many got in; the others have to be told 480 and when to come back. */
  async function volley(kind: CallScenario, calls: number): Promise<number> {
    const { results } = await agents.run({ kinds: [kind], calls, ratePerSecond: 1000, talkSeconds: 0, audio: false });
    expect(results).toHaveLength(calls);
    const refused = results.filter(({ answered }) => !answered);
    for (const { status, retryAfterSeconds } of refused) {
      expect(status).toBe(480);
      expect(retryAfterSeconds).toBeGreaterThanOrEqual(1);
    }
    return calls - refused.length;
  }

  it('let a tenant’s burst in at once, and then what its rate has filled up again: no call more, no call less', async () => {
    await fillBuckets();
    const refusedBefore = await lab.metric('rejected_total', 'tenant_rate');
    expect(await volley(inTenant('slow'), 25)).toBe(5);
    // The volley began at most some tenths of a second ago; 1 token a second.
    await sleep(2500);
    expect(await volley(inTenant('slow'), 25)).toBeOneOf([2, 3]);
    // The bucket does not get fuller than full.
    await sleep(6500);
    expect(await volley(inTenant('slow'), 25)).toBe(5);
    expect((await lab.metric('rejected_total', 'tenant_rate')) - refusedBefore).toBeGreaterThanOrEqual(62);
  });

  it('let a tenant in at its rate over a window, as the arithmetic of the token bucket has it', async () => {
    const { callsPerSecond: rate, burst } = { callsPerSecond: 5, burst: 8 };
    await fillBuckets();
    const began = Date.now() / 1000;
    const { results } = await agents.run({
      kinds: [inTenant('steady')],
      calls: 100,
      ratePerSecond: 25,
      talkSeconds: 0,
      audio: false,
    });
    const admitted = results.filter(({ answered }) => answered);
    expect(results.filter(({ status }) => status !== 200 && status !== 480)).toEqual([]);
    const records = [...(await lab.recordsOf(admitted)).values()].map((events) => events[0]!.invited);
    // A record's time is a little after its token's, `began` a little before the first one's: seconds between tokens, at most.
    const times = records.map((time) => time - began).sort((one, other) => one - other);
    expect(times).toHaveLength(admitted.length);
    // In no window more than burst + rate x time: with the first as its beginning, call n (from 1) needs n - burst tokens.
    times.forEach((time, index) => expect(index + 1).toBeLessThanOrEqual(burst + rate * time + 0.01));
    // No token is left unused: at the last call that got in, none but the one it took.
    const window = times.at(-1)! - times[0]!;
    expect(admitted.length).toBeGreaterThan(burst + rate * window - 2);
    expect(window).toBeGreaterThan(3);
  });

  it('let a trunk’s burst in, in both directions together', async () => {
    const kind: CallScenario = {
      name: 'bursty',
      caller: 'bursty',
      callee: 'user-open',
      dial: `sip:+4930555001@${lab.floating}`,
    };
    await fillBuckets();
    const refusedBefore = await lab.metric('rejected_total', 'trunk_rate');
    expect(await volley(kind, 15)).toBe(4);
    await sleep(1500);
    expect(await volley(kind, 15)).toBeOneOf([1, 2]);
    expect((await lab.metric('rejected_total', 'trunk_rate')) - refusedBefore).toBeGreaterThanOrEqual(24);
  });

  it('let a tenant have so many calls at the same time, and the next one when one has ended', async () => {
    const refusedBefore = await lab.metric('rejected_total', 'tenant_calls');
    for (const round of [1, 2]) {
      const run = agents.startRun({ kinds: [{ ...inTenant('capped'), ...held }], calls: 3, ratePerSecond: 50 });
      await until(async () => (await lab.load())['t:capped'] === 3);
      const more = await agents.run({
        kinds: [{ ...inTenant('capped'), expectStatus: 486 }],
        calls: 4,
        audio: false,
      });
      expect({ round, failures: failuresOf(more.results) }).toEqual({ round, failures: [] });
      for (const { retryAfterSeconds } of more.results) expect(retryAfterSeconds).toBe(5);
      expect((await lab.load())['t:capped']).toBe(3);
      run.resume('up');
      expect(failuresOf((await run.finished).results)).toEqual([]);
    }
    expect((await lab.metric('rejected_total', 'tenant_calls')) - refusedBefore).toBe(8);
  });

  it('let in the calls that a tenant is guaranteed, while another has taken all that is shared', async () => {
    const loadOf = async (sbc: string) => {
      const load = await lab.load(sbc);
      return [load['t:greedy'], load['t:sure'], load['shared']];
    };
    const onBoth = async (...expected: readonly number[]) => {
      for (const sbc of ['sbc-1', 'sbc-2']) await until(async () => String(await loadOf(sbc)) === String(expected));
    };
    const refusedBefore = await lab.metric('rejected_total', 'shared_calls');
    const recounts = () => Promise.all(['sbc-1', 'sbc-2'].map((sbc) => lab.metric('shared_recounts_total', '', sbc)));
    const recountsBefore = await recounts();
    const hold = (name: string, calls: number) =>
      agents.startRun({ kinds: [{ ...inTenant(name), ...held }], calls, ratePerSecond: 50, audio: false });
    const refused = async (name: string, calls: number) => {
      const kind = { ...inTenant(name), expectStatus: 480 };
      const { results } = await agents.run({ kinds: [kind], calls, ratePerSecond: 1000, audio: false });
      expect(failuresOf(results)).toEqual([]);
      for (const { retryAfterSeconds } of results) expect(retryAfterSeconds).toBe(5);
    };
    const greedy = hold('greedy', 30);
    await until(async () => (await lab.load())['t:greedy'] === 30);
    await refused('greedy', 20);
    await refused('open', 1);
    const sure = hold('sure', 10);
    await onBoth(30, 10, 28);
    await refused('sure', 3);
    await onBoth(30, 10, 28);
    expect((await lab.metric('rejected_total', 'shared_calls')) - refusedBefore).toBe(24);
    // Both SBCs count by themselves; nothing had to be put right.
    expect(await recounts()).toEqual(recountsBefore);

    // A guarantee is taken back, and given again, while the calls are up.
    const guarantee = async (calls: number) => {
      for (const sbc of ['sbc-1', 'sbc-2']) {
        await lab.kamcmd(sbc, 'htable.seti', 'guarantees', 's:sure', String(calls));
        await lab.kamcmd(sbc, 'htable.seti', 'guarantees', 's:*', String(calls + 2));
      }
    };
    await guarantee(4);
    await onBoth(30, 10, 34);
    await guarantee(10);
    await onBoth(30, 10, 28);

    const recountsOfChanges = recountsBefore.map((count) => count + 2);
    expect(await recounts()).toEqual(recountsOfChanges);

    for (const run of [greedy, sure]) run.resume('up');
    for (const run of [greedy, sure]) expect(failuresOf((await run.finished).results)).toEqual([]);
    for (const sbc of ['sbc-1', 'sbc-2']) await until(async () => Object.keys(await lab.load(sbc)).length === 0);
    expect(await recounts()).toEqual(recountsOfChanges);
  });

  it('count a call on the trunk it is on, and send the next one over the next trunk when one is full', async () => {
    const run = agents.startRun({ kinds: [{ ...toCarrier('full', 'narrow'), ...held }], calls: 2, ratePerSecond: 50 });
    await until(async () => (await lab.load())['k:narrow'] === 2);
    const third = await agents.run({ kinds: [toCarrier('full', 'plain')], calls: 1, talkSeconds: 1 });
    expect(failuresOf(third.results)).toEqual([]);
    run.resume('up');
    expect(failuresOf((await run.finished).results)).toEqual([]);
    const records = await lab.recordsOf(third.results);
    expect(records.get(third.results[0]!.callId)!.map(({ trunk }) => trunk)).toEqual(['plain', 'plain']);
  });

  it('do not stand in the way of the next trunk when one answers 503, or nothing at all', async () => {
    const { results } = await agents.run({
      kinds: [toCarrier('second-choice', 'plain'), toCarrier('patient', 'plain')],
      calls: 4,
      ratePerSecond: 2,
      talkSeconds: 1,
    });
    expect(failuresOf(results)).toEqual([]);
    for (const call of results) expect(lab.mediaHostsOf(call)).toHaveLength(1);
    const records = await lab.recordsOf(results);
    for (const { callId } of results) {
      expect(records.get(callId)!.map(({ event, trunk }) => [event, trunk])).toEqual([
        ['start', 'plain'],
        ['end', 'plain'],
      ]);
    }
    // A trunk that was silent is left alone for a while: no second 3 s of waiting.
    const again = await agents.run({ kinds: [toCarrier('patient', 'plain')], calls: 1, talkSeconds: 0, audio: false });
    expect(failuresOf(again.results)).toEqual([]);
    expect(again.results[0]!.setupMs).toBeLessThan(2500);
  });

  it('tell the caller 500 when the last trunk said 503: that holds for the carrier, and not for us', async () => {
    const kind = { ...toCarrier('lost', null), expectStatus: 500 };
    const { results } = await agents.run({ kinds: [kind], calls: 2, audio: false });
    expect(failuresOf(results)).toEqual([]);
  });

  it('are free again after every end there is: hung up, refused, given up, not answered, not let in', async () => {
    const steps: readonly [name: string, kind: Partial<CallScenario>][] = [
      ['hung up', {}],
      [
        'refused',
        {
          steps: [
            { step: 'ring', seconds: 0 },
            { step: 'reject', status: 603 },
          ],
        },
      ],
      ['given up', { steps: [{ step: 'ring', seconds: 0.2 }, { step: 'cancel' }] }],
      ['unknown', { dial: `sip:nobody@${domainOf('open')}`, expectStatus: 404, callee: null }],
      ['no room', { dial: `sip:*88@${domainOf('open')}`, expectStatus: 404, callee: null }],
    ];
    const kinds = steps.flatMap(([name, more]): CallScenario[] => [
      { ...inTenant('open'), ...more, name },
      { ...toCarrier('open', 'plain'), ...more, name },
    ]);
    const { results } = await agents.run({ kinds, calls: kinds.length * 3, ratePerSecond: 20, talkSeconds: 0.2 });
    expect(failuresOf(results)).toEqual([]);
    await until(async () => Object.keys(await lab.load('sbc-1')).length === 0);
    await until(async () => Object.keys(await lab.load('sbc-2')).length === 0);
  });
});
