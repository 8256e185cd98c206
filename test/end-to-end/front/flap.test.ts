/** The route to the service address changes while calls are set up, ring and talk. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario, CallSteps } from '../../../lib/user-agent/scenario.ts';
import { callerAddress, killFrontHost, serviceAddress } from '../../../lib/targets/local/front/index.ts';
import type { NamespacePlan } from '../../../lib/targets/local/host-plan.ts';
import { describeWith } from '../../requirements.ts';
import { carrier, domain, FrontBed } from './bed.ts';
import { print } from './told.ts';
import { until } from '../lab/lab.ts';
import { answer, bye, event, reinvite, ring, talk } from './steps.ts';

const scripts: Readonly<Record<string, CallSteps>> = {
  'before the ACK': [ring, answer, event, { step: 'ack' }, talk, bye('caller')],
  'ringing, cancelled': [ring, event, { step: 'cancel' }],
  'ringing, declined': [ring, event, { step: 'reject', status: 603 }],
  'ringing, answered': [ring, event, answer, talk, bye('callee')],
  'in talk, changed by the caller': [
    ...[ring, answer, talk, event, talk, reinvite('caller', 'nothing'), talk],
    ...[reinvite('caller', 'hold'), talk, reinvite('caller', 'resume'), talk, bye('caller')],
  ],
  'in talk, changed by the callee': [
    ...[ring, answer, talk, event, talk, reinvite('callee', 'nothing'), talk],
    ...[reinvite('callee', 'hold'), talk, reinvite('callee', 'resume'), talk, bye('callee')],
  ],
};

const calls: readonly CallScenario[] = [
  { name: 'registered', caller: 'alice', callee: 'bob', dial: `sip:bob@${domain}` },
  { name: 'carrier-in', caller: 'calling carrier', callee: 'bob', dial: `sip:${carrier.calls}@${serviceAddress}` },
  { name: 'carrier-out', caller: 'bob', callee: 'carrier', dial: `sip:${carrier.number}@${domain}` },
];

const kinds = [
  ['alice', 'bob'],
  ['bob', 'alice'],
].flatMap(([caller, callee]) =>
  Object.entries(scripts).map(([name, steps]): CallScenario => ({
    name: `${caller} to ${callee}, ${name}`,
    caller: caller!,
    callee: callee!,
    dial: `sip:${callee}@${domain}`,
    steps: [...steps],
  })),
);

/** Every call is up before and after; audio takes no part in it, because it goes past the edges. */
const unharmed = { callsUpBefore: kinds.length, callsUpAfter: kinds.length, packetsLost: 0, failures: [] };

describeWith(['root', 'debian-packages'], 'a flap of the route to the service address', () => {
  let bed: FrontBed;
  beforeAll(async () => {
    bed = await FrontBed.up('lab-flap', 84, ['alice', 'bob']);
  });
  afterAll(() => bed?.down());

  const users = (protocol: 'udp' | 'tcp' | 'tls') => [
    bed.user('alice', callerAddress(1, 1), protocol),
    bed.user('bob', callerAddress(2, 1), protocol),
    bed.carrier(),
    bed.callingCarrier(protocol),
  ];
  const withUsers = async <T>(protocol: 'udp' | 'tcp' | 'tls', work: (agents: AgentsProcess) => Promise<T>) => {
    const agents = await bed.agents(users(protocol));
    try {
      return await work(agents);
    } finally {
      await bed.close(agents);
    }
  };

  it.each(['udp', 'tcp', 'tls'] as const)('calls go through edges in both regions over %s', async (protocol) => {
    await withUsers(protocol, async (agents) => {
      const invited = () =>
        Promise.all(bed.front.regions.map(({ edges }) => bed.metric('edge_requests{method="INVITE"', edges)));
      const before = await invited();
      const { summary } = await agents.run({ kinds: [...calls], calls: 6, talkSeconds: 0.6 });
      expect(summary).toMatchObject({ calls: 6, answered: 6, failed: 0, packets: { lost: 0 }, failures: [] });
      const after = await invited();
      expect(after.filter((count, region) => count > before[region]!)).toHaveLength(2);
    });
    expect(await bed.left()).toEqual({});
  });

  it.each([1, 2])('breaks no call in any state when the route of place %i changes', async (place) => {
    const before = await bed.metric('edge_handed_over');
    const told = await withUsers('udp', (agents) => bed.through(agents, kinds, () => bed.reroute(place)));
    print(`flap of place ${place}, pinned`, told);
    expect(told).toMatchObject(unharmed);
    expect(told.left).toEqual({});
    // Messages did arrive at the wrong edge.
    expect(await bed.metric('edge_handed_over')).toBeGreaterThan(before);
  });

  // A connection ends with the route that it took, and what was being said on it is lost: an INVITE that rings, a request to the
  // side that moved. That side starts over: inside a call by the address of its edge, which no flap moves.
  it.each(['tcp', 'tls'] as const)('breaks no call over %s of the side that moved and goes on', async (protocol) => {
    const own = [
      'alice to bob, before the ACK',
      'alice to bob, in talk, changed by the caller',
      'bob to alice, in talk, changed by the callee',
    ];
    // Once it has said something, it is reached again.
    const reached: CallScenario = {
      ...kinds[0]!,
      name: 'alice to bob, changed by the caller, hung up by the callee',
      steps: [ring, answer, talk, event, talk, reinvite('caller', 'nothing'), talk, bye('callee')],
    };
    await withUsers(protocol, async (agents) => {
      const told = await bed.through(agents, [...kinds.filter(({ name }) => own.includes(name)), reached], () =>
        bed.reroute(1),
      );
      print(`flap of place 1 over ${protocol}, in calls of its own side`, told);
      expect(told).toMatchObject({ ...unharmed, callsUpBefore: own.length + 1, callsUpAfter: own.length + 1 });
      expect(told.left).toEqual({});
      await until(async () => (await agents.register('alice')) === 200);
      const { summary } = await agents.run({ kinds: [...calls], calls: 3, talkSeconds: 0.4 });
      expect(summary.failures).toEqual([]);
    });
  });

  it('is the same with static routes, as where BIRD is not installed', async () => {
    await bed.change({ routing: 'static' });
    const told = await withUsers('udp', (agents) => bed.through(agents, kinds, () => bed.reroute(1)));
    print('flap of place 1, static routes', told);
    expect(told).toMatchObject(unharmed);
    expect(told.left).toEqual({});
    // Without an edge in its region a router sends callers on to the next one.
    for (const { name } of bed.front.regions[1]!.edges) killFrontHost(bed.state, name);
    await until(() => bed.front.regions[1]!.edges.every(({ name }) => !bed.isHealthy(name)));
    await withUsers('udp', async (agents) => {
      const { summary } = await agents.run({ kinds: [...calls], calls: 3, talkSeconds: 0.4 });
      expect(summary.failures).toEqual([]);
    });
  });

  describe('without pinning', () => {
    /** The edges tell the service address as their own, as an edge would that knows no other. */
    const unpinned = (plan: NamespacePlan): NamespacePlan => ({
      ...plan,
      config: {
        ...plan.config,
        files: plan.config.files.map((file) => ({
          ...file,
          text: file.path.endsWith('kamailio.cfg')
            ? file.text.replaceAll(/ advertise [\d.]+:/g, ` advertise ${serviceAddress}:`)
            : file.text,
        })),
      },
    });

    it('the same run fails', async () => {
      await bed.change({ changeEdge: unpinned });
      const told = await withUsers('udp', (agents) => bed.through(agents, kinds, () => bed.reroute(1), 1));
      print('flap of place 1, not pinned', told);
      const failed = new Set(told.results.filter(({ failures }) => failures.length > 0).map(({ kind }) => kind));
      expect([...failed]).toEqual(
        expect.arrayContaining(kinds.map(({ name }) => name).filter((name) => /in talk/.test(name))),
      );
    });
  });
});
