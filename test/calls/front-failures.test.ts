/** Edges and a region that fail, and a phone behind a router that masquerades, with calls up. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../lib/calls/agents-process.ts';
import { callerAddress, execOnFront, home, killFrontHost } from '../../lib/local/front/index.ts';
import { describeWith } from '../requirements.ts';
import { carrier, domain, FrontBed, nothing, print, sumOf, type Kind } from './front-bed.ts';
import { until } from './lab.ts';

/** New calls start for so long after a failure; the last of them must succeed. Seconds. */
const newCallsWithin = 5;

describeWith(['root', 'debian-packages'], 'edges that fail', () => {
  let bed: FrontBed;
  let agents: AgentsProcess;
  let victim: string;
  /** A user who is registered through the victim, and one who is not. */
  let caller: string;
  let callee: string;
  let lastPacketOfPhone = 0;
  const candidates = Array.from({ length: 6 }, (_, index) => `user-${index + 1}`);

  beforeAll(async () => {
    bed = await FrontBed.up('lab-edges', 86, [...candidates, 'phone']);
    agents = await bed.agents([
      ...candidates.map((name, index) => bed.user(name, callerAddress(1, index + 1))),
      bed.user('phone', home.phone),
      bed.carrier(),
    ]);
    const edges = await Promise.all(candidates.map((name) => bed.edgeOf(name)));
    victim = edges[0]!;
    caller = candidates[0]!;
    callee = candidates[edges.findIndex((edge) => edge !== victim)]!;
  });
  afterAll(() => bed.down());

  const pause = (name: string) => ({ step: 'pause', name }) as const;
  const talk = (seconds: number) => ({ step: 'talk', seconds }) as const;
  const call = (name: string, steps: Kind['steps']): Kind => ({
    name,
    caller,
    callee,
    dial: `sip:${callee}@${domain}`,
    steps,
  });
  const beginning = [{ step: 'ring', seconds: 0 }, { step: 'answer' }, talk(0.6), pause('event')] as const;

  it('a phone behind a masquerading router is called, also after a flap', async () => {
    const toPhone = { name: 'to the phone', caller: callee, callee: 'phone', dial: `sip:phone@${domain}` };
    const before = await agents.run({ kinds: [toPhone], calls: 2, talkSeconds: 0.5 });
    expect(before.summary.failures).toEqual([]);
    await bed.flap(1);
    const after = await agents.run({ kinds: [toPhone], calls: 2, talkSeconds: 0.5 });
    expect(after.summary.failures).toEqual([]);
    lastPacketOfPhone = Date.now();
    await bed.flap(1);
    expect(sumOf(await bed.left())).toEqual(nothing);
  });

  const failures: readonly (readonly [string, () => Promise<unknown>, () => Promise<unknown>])[] = [
    [
      'killed',
      async () => killFrontHost(bed.state, victim),
      // It comes back with its address, and knows nothing of calls before: nothing needs to.
      () => bed.change(),
    ],
    [
      'frozen',
      () => execOnFront(bed.state, victim, ['pkill', '-STOP', '-x', 'kamailio']),
      () => execOnFront(bed.state, victim, ['pkill', '-CONT', '-x', 'kamailio']),
    ],
    [
      'cut off',
      () => execOnFront(bed.state, victim, ['ip', 'link', 'set', 'dev', 'eth0', 'down']),
      async () => {
        const edge = bed.front.edges.find(({ name }) => name === victim)!;
        const region = bed.front.regions.find(({ region: name }) => name === edge.region)!;
        const gateway = region.network.replace(/0\/24$/, '1');
        await execOnFront(bed.state, victim, ['ip', 'link', 'set', 'dev', 'eth0', 'up']);
        await execOnFront(bed.state, victim, [
          'ip',
          'route',
          'add',
          'default',
          'via',
          gateway,
          'src',
          edge.unicastSide,
        ]);
      },
    ],
  ];
  it.each(failures)('an edge that is %s loses no audio; new calls take another', async (how, fail, mend) => {
    let atEvent = 0;
    let atReturn = 0;
    const kinds = [
      call('hung up by the caller', [...beginning, talk(2), pause('return'), talk(0.6), { step: 'bye', by: 'caller' }]),
      call('hung up by the callee', [...beginning, talk(2), pause('return'), talk(0.6), { step: 'bye', by: 'callee' }]),
    ];
    const run = agents.startRun(
      { kinds, calls: 4, ratePerSecond: 10 },
      { onPaused: (name) => (name === 'event' ? atEvent++ : atReturn++) },
    );
    await until(() => atEvent === 4);
    const callsUpBefore = (await bed.calls()).length;
    await fail();
    run.resume('event');
    const fresh = await agents.run({
      kinds: [{ name: 'new', caller, callee: 'carrier', dial: `sip:${carrier.number}@${domain}` }],
      calls: 2 * newCallsWithin,
      ratePerSecond: 2,
      talkSeconds: 0.3,
      audio: false,
    });
    await until(() => atReturn === 4);
    const callsUpAfter = (await bed.calls()).filter((id) => !fresh.results.some(({ callId }) => callId === id)).length;
    await mend();
    await until(() => bed.isHealthy(victim), 20);
    run.resume('return');
    const { results, summary } = await run.finished;
    const told = {
      callsUpBefore,
      callsUpAfter,
      packetsLost: summary.packets.lost,
      failures: summary.failures.map(({ what, example }) => `${what} (${example})`),
      left: await bed.left(20),
    };
    const answers = fresh.results.flatMap(({ index, setupMs }) => (setupMs === null ? [] : [index * 500 + setupMs]));
    print(`edge ${how}, first new call answered ${Math.round(Math.min(...answers))} ms after it`, told);
    expect(told.failures).toEqual([]);
    expect(results).toHaveLength(4);
    // In the order in which they ended, the last that was placed among them.
    expect(fresh.results.find(({ index }) => index === 2 * newCallsWithin - 1)).toMatchObject({ answered: true });
    expect(sumOf(told.left)).toEqual(nothing);
  });

  it('a region that is withdrawn hands its callers to the other', async () => {
    const region = bed.front.regions.find(({ edges }) => edges.some(({ name }) => name === victim))!;
    for (const { name } of region.edges) await execOnFront(bed.state, name, ['touch', '/run/cellstamp/draining']);
    const fresh = await agents.run({
      kinds: [{ name: 'new', caller, callee: 'carrier', dial: `sip:${carrier.number}@${domain}` }],
      calls: 2 * newCallsWithin,
      ratePerSecond: 2,
      talkSeconds: 0.3,
    });
    const last = fresh.results.find(({ index }) => index === 2 * newCallsWithin - 1)!;
    const own = bed.edges.filter((edge) => edge.region === region.region).map(({ publicAddress }) => publicAddress);
    expect(last).toMatchObject({ answered: true, failures: [] });
    // Draining edges take what still comes: no call was lost on the way.
    expect(fresh.summary.failures).toEqual([]);
    expect(own.some((address) => last.route[0]!.includes(address))).toBe(false);
    for (const { name } of region.edges) await execOnFront(bed.state, name, ['rm', '/run/cellstamp/draining']);
    await until(() => region.edges.every(({ name }) => bed.isHealthy(name)), 20);
    expect(sumOf(await bed.left())).toEqual(nothing);
  });

  it('the phone is called again after its router would have forgotten it', async () => {
    // The router forgets a flow after 30 s of silence; keepalives go through the edge meanwhile.
    await sleep(Math.max(0, lastPacketOfPhone + 35_000 - Date.now()));
    const { summary } = await agents.run({
      kinds: [{ name: 'to the phone', caller: callee, callee: 'phone', dial: `sip:phone@${domain}` }],
      talkSeconds: 0.5,
    });
    expect(summary.failures).toEqual([]);
    expect(sumOf(await bed.left())).toEqual(nothing);
  });
});
