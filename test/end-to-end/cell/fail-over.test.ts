/** The active SBC dies while calls are up. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario, CallSteps } from '../../../lib/user-agent/scenario.ts';
import { killHost, up } from '../../../lib/targets/local/index.ts';
import { describeWith } from '../../requirements.ts';
import { acmeCell, anna, bert, carrier, fromCarrier, toCarrier, withinTenant } from '../lab/acme.ts';
import { failuresOf, Lab, labCell, until } from '../lab/lab.ts';

const input = acmeCell('lab-fail-over', '10.80.64.0/20');

describeWith(['root', 'debian-packages'], 'when the active SBC dies', () => {
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

  it('running calls keep their audio and their media host, can be changed and hung up from both sides, and get their records', async () => {
    let paused = 0;
    const steps = (by: 'caller' | 'callee'): CallSteps => [
      { step: 'ring', seconds: 0 },
      { step: 'answer' },
      { step: 'talk', seconds: 1 },
      { step: 'pause', name: 'kill' },
      { step: 'talk', seconds: 1 },
      { step: 'reinvite', by, change: 'port' },
      { step: 'talk', seconds: 1 },
      { step: 'reinvite', by: by === 'caller' ? 'callee' : 'caller', change: 'codec' },
      { step: 'talk', seconds: 1 },
      { step: 'bye', by },
    ];
    const run = agents.startRun(
      {
        kinds: [
          ...kinds.map((kind): CallScenario => ({ ...kind, steps: steps('caller') })),
          ...kinds.map((kind): CallScenario => ({ ...kind, steps: steps('callee') })),
        ],
        calls: 6,
        ratePerSecond: 20,
      },
      { onPaused: () => paused++ },
    );
    await until(() => paused === 6, 20);
    const [first] = [lab.active!];
    const standby = lab.cell.sbcs.find(({ name }) => name !== first)!.name;
    expect(await lab.load(standby)).toEqual({ 't:acme': 6, 'k:carrier-a': 4, 'm:1': 3, 'm:2': 3 });
    // A media host that takes no new calls keeps those that it has, whichever SBC they come through.
    await lab.kamcmd(first, 'htable.seti', 'drains', 's:1', '1');
    await until(async () => /value: 2:\s/.test(await lab.kamcmd(standby, 'htable.get', 'pools', 'standard')));

    // Else the standby delivers what the first had not.
    await until(async () => (await lab.records()).filter(({ event }) => event === 'start').length >= 6);
    const killedAt = Date.now();
    killHost(input.name, first);
    let tries = 0;
    await until(async () => {
      tries++;
      const { results } = await agents.run({ kinds: [kinds[0]!], calls: 1, talkSeconds: 0.2, patienceSeconds: 1 });
      return failuresOf(results).length === 0;
    }, 30);
    console.log(`the first new call was over ${Date.now() - killedAt} ms after the SBC died, try ${tries}`);
    expect(lab.active).toBe(standby);
    run.resume('kill');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    for (const call of results) {
      expect(lab.mediaHostsOf(call)).toHaveLength(1);
      // The audio never went through the SBC.
      expect(Math.max(call.toCaller!.longestGapMs, call.toCallee!.longestGapMs)).toBeLessThan(1000);
    }
    expect([...new Set(results.flatMap((call) => lab.mediaHostsOf(call)))].sort()).toEqual(['media-1', 'media-2']);

    const records = await lab.recordsOf(results);
    for (const { callId } of results) {
      expect(records.get(callId)!.map(({ event, sbc }) => [event, sbc])).toEqual([
        ['start', first],
        ['end', standby],
      ]);
      expect(records.get(callId)![1]!.mos).toBeGreaterThan(3);
    }
    await until(async () => Object.keys(await lab.load()).length === 0);
    for (const { name } of lab.cell.media) await until(async () => (await lab.relayed(name)) === 0);
  });

  it('it comes back as the standby, and knows users, calls and drained media hosts by the other', async () => {
    await up(labCell(input));
    const standby = lab.cell.sbcs.find(({ name }) => name !== lab.active)!.name;
    await until(async () => /anna@acme/.test(await lab.kamcmd(standby, 'ul.dump')), 20);
    await until(async () => /value: 2:\s/.test(await lab.kamcmd(standby, 'htable.get', 'pools', 'standard')), 20);
    await lab.kamcmd(lab.active!, 'htable.delete', 'drains', 's:1');
    await until(async () => /value: 1:2:/.test(await lab.kamcmd(standby, 'htable.get', 'pools', 'standard')));
    // And back again, while a call rings.
    let paused = 0;
    const steps: CallSteps = [
      { step: 'ring', seconds: 0 },
      { step: 'pause', name: 'kill' },
      { step: 'answer' },
      { step: 'talk', seconds: 1 },
      { step: 'bye', by: 'callee' },
    ];
    const ringing = agents.startRun(
      { kinds: [{ ...kinds[0]!, steps }], calls: 1, patienceSeconds: 20 },
      { onPaused: () => paused++ },
    );
    await until(() => paused === 1);
    killHost(input.name, lab.active!);
    await until(() => lab.active === standby, 20);
    ringing.resume('kill');
    expect(failuresOf((await ringing.finished).results)).toEqual([]);
    await until(async () => {
      const { results } = await agents.run({
        kinds,
        calls: 3,
        ratePerSecond: 10,
        talkSeconds: 0.5,
        patienceSeconds: 2,
      });
      return failuresOf(results).length === 0;
    }, 30);
  });

  it('a transfer that is asked for while no SBC is active, and a call that is answered then, go on, and nothing of them is left', async () => {
    await up(labCell(input));
    let paused = 0;
    const transfer = (by: 'caller' | 'callee'): CallSteps => [
      { step: 'ring', seconds: 0 },
      { step: 'answer' },
      { step: 'talk', seconds: 0.3 },
      { step: 'pause', name: 'dead' },
      { step: 'refer', by, to: 'sip:+4989700700@acme.example.com' },
      { step: 'talk', seconds: 0.3 },
      { step: 'bye', by },
    ];
    const answered: CallSteps = [
      { step: 'ring', seconds: 0 },
      { step: 'pause', name: 'dead' },
      { step: 'answer' },
      { step: 'talk', seconds: 0.3 },
      { step: 'bye', by: 'caller' },
    ];
    const run = agents.startRun(
      {
        kinds: [
          ...(['caller', 'callee'] as const).map((by) => ({
            ...kinds[0]!,
            name: `transfer by the ${by}`,
            steps: transfer(by),
          })),
          ...kinds.map((kind) => ({ ...kind, steps: answered })),
        ],
        ...{ calls: 5, ratePerSecond: 20, patienceSeconds: 20 },
      },
      { onPaused: () => paused++ },
    );
    await until(() => paused === 5, 20);
    const dead = lab.active!;
    killHost(input.name, dead);
    run.resume('dead');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    expect(lab.active).not.toBe(dead);
    const records = await lab.recordsOf(results);
    for (const { callId } of results) {
      expect(records.get(callId)!.map(({ event, reason }) => [event, reason])).toEqual([
        ['start', undefined],
        ['end', 'hung_up'],
      ]);
    }
    await until(async () => Object.keys(await lab.load()).length === 0);
    for (const { name } of lab.cell.media) await until(async () => (await lab.relayed(name)) === 0);
  });

  it('phones on TCP and TLS are reached as soon as they have connected again, in a call and idle', async () => {
    await up(labCell(input));
    const over = { ivan: 'tls', jane: 'tcp', karl: 'tcp', lena: 'tls' } as const;
    const users = Object.keys(over).map((name, index) => ({
      name,
      tenant: 'acme',
      address: `198.51.100.${40 + index}`,
    }));
    await lab.addUsers(users);
    const phones = await lab.agents(
      users.map((user) => {
        const protocol = over[user.name as keyof typeof over];
        return {
          ...lab.user(user),
          protocol,
          server: { address: lab.floating, port: protocol === 'tls' ? 5061 : 5060 },
        };
      }),
    );
    const call = (caller: string, callee: string, steps?: CallSteps): CallScenario => ({
      ...{ name: `${caller} calls ${callee}`, caller, callee, dial: `sip:${callee}@acme.example.com` },
      ...(steps === undefined ? {} : { steps }),
    });
    const steps = (by: 'caller' | 'callee'): CallSteps => [
      { step: 'ring', seconds: 0 },
      { step: 'answer' },
      { step: 'talk', seconds: 0.5 },
      { step: 'pause', name: 'kill' },
      { step: 'reinvite', by: 'caller', change: 'port' },
      { step: 'reinvite', by: 'callee', change: 'codec' },
      { step: 'talk', seconds: 0.5 },
      { step: 'bye', by },
    ];
    let paused = 0;
    const run = phones.startRun(
      {
        kinds: [call('ivan', 'jane', steps('caller')), call('jane', 'ivan', steps('callee'))],
        ...{ calls: 2, ratePerSecond: 20, patienceSeconds: 20 },
      },
      { onPaused: () => paused++ },
    );
    await until(() => paused === 2, 20);
    const dead = lab.active!;
    // Nobody hears of its end: no connection is closed.
    await lab.run(dead, 'ip', 'link', 'set', 'eth0', 'down');
    killHost(input.name, dead);
    await until(() => lab.active !== dead && lab.active !== undefined, 20);
    const unreached = { ...call('anna', 'karl'), callee: null, expectStatus: 480 };
    expect(failuresOf((await agents.run({ kinds: [unreached], calls: 1, audio: false })).results)).toEqual([]);
    // A phone finds out by what it sends next: that is answered with a reset.
    const askedAt = Date.now();
    await Promise.all(users.map(({ name }) => until(async () => (await phones.register(name)) === 200, 30)));
    console.log(`phones had registered again ${Date.now() - askedAt} ms after they said something`);
    const idle = await phones.run({ kinds: [call('ivan', 'karl'), call('jane', 'lena')], calls: 2, talkSeconds: 0.3 });
    expect(failuresOf(idle.results)).toEqual([]);
    run.resume('kill');
    expect(failuresOf((await run.finished).results)).toEqual([]);
    await phones.close();
    await until(async () => Object.keys(await lab.load()).length === 0);
    for (const { name } of lab.cell.media) await until(async () => (await lab.relayed(name)) === 0);
  });
});
