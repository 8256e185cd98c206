/** Edges and a region that fail with calls up. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario, CallSteps } from '../../../lib/user-agent/scenario.ts';
import { callerAddress, execOnFront, home, killFrontHost, nameServer } from '../../../lib/targets/local/front/index.ts';
import { keepaliveSeconds } from '../../../lib/software/kamailio/sbc/routing/registrar.ts';
import { regionGateway } from '../../../lib/targets/local/front/addresses.ts';
import { answerAgeSeconds } from '../../../lib/software/edge-health/index.ts';
import { describeWith } from '../../requirements.ts';
import { carrier, domain, FrontBed } from './bed.ts';
import { print, toldOf } from './told.ts';
import { until } from '../lab/lab.ts';

/** A new call must succeed so soon after a failure, in seconds: RFC 3261's repetitions of its INVITE included. */
const newCallsWithin = 5;

/** An answer that still counts, and two tries that fail, one a second, each of a second at most; in seconds. */
const outOfRotationWithin = answerAgeSeconds + 2 * 1 + 1;

describeWith(['root', 'debian-packages'], 'edges that fail', () => {
  let bed: FrontBed;
  let agents: AgentsProcess;
  let victim: string;
  /** A user who is registered through the victim, as the phone behind NAT is, and two who are not. */
  let caller: string;
  let others: readonly [string, string];
  const candidates = Array.from({ length: 6 }, (_, index) => `user-${index + 1}`);

  beforeAll(async () => {
    bed = await FrontBed.up('lab-edges', 86, [...candidates, 'client-udp', 'client-tcp', 'client-tls', 'phone']);
    agents = await bed.agents([
      ...candidates.map((name, index) => bed.user(name, callerAddress(1, index + 1))),
      bed.user('phone', home.phone),
      bed.carrier(),
    ]);
    const edges = await Promise.all(candidates.map((name) => bed.edgeOf(name)));
    victim = await bed.edgeOf('phone');
    caller = candidates[edges.indexOf(victim)]!;
    others = candidates.filter((_, index) => edges[index] !== victim) as unknown as [string, string];
  });
  afterAll(() => bed?.down());

  const pause = (name: string) => ({ step: 'pause', name }) as const;
  const talk = (seconds: number) => ({ step: 'talk', seconds }) as const;
  const beginning = [{ step: 'ring', seconds: 0 }, { step: 'answer' }, talk(0.6), pause('event'), talk(2)] as const;
  const between = (name: string, from: string, to: string, steps: CallSteps): CallScenario => ({
    name,
    caller: from,
    callee: to,
    dial: `sip:${to}@${domain}`,
    steps,
  });
  /** Calls through the victim wait for its return before they are hung up; one beside it is changed at once. */
  const kinds = (): readonly CallScenario[] => [
    between('hung up by the caller', caller, others[0], [
      ...[...beginning, pause('return'), talk(0.6)],
      { step: 'bye', by: 'caller' },
    ]),
    between('hung up by the callee', caller, others[0], [
      ...[...beginning, pause('return'), talk(0.6)],
      { step: 'bye', by: 'callee' },
    ]),
    between('of other edges', others[1], others[0], [
      ...[...beginning, { step: 'reinvite', by: 'callee', change: 'nothing' } as const, pause('return'), talk(0.6)],
      { step: 'bye', by: 'caller' },
    ]),
  ];
  const fresh = () =>
    agents.run({
      kinds: [{ name: 'new', caller, callee: 'carrier', dial: `sip:${carrier.number}@${domain}` }],
      calls: 2 * newCallsWithin,
      ratePerSecond: 2,
      talkSeconds: 0.3,
      audio: false,
    });

  const health = '/usr/local/lib/cellstamp/edge-health';
  /** To workers of the victim's Kamailio alone: those that hear callers over UDP, or over TCP and TLS. */
  const signalWorkers = async (which: 'udp' | 'tcp', signal: 'STOP' | 'CONT') => {
    const { address } = bed.front.edges.find(({ name }) => name === victim)!;
    // A frozen host can't be asked: the answer is the last one.
    processes ??= await bed.kamcmd(victim, 'core.psx');
    const workers = [...processes.matchAll(/PID: (\d+)\s+DSC: (.*)/g)].flatMap(([, pid, what]) =>
      what!.startsWith(`${which} receiver`) && (which === 'tcp' || what!.includes(`${address}:5060`)) ? [pid!] : [],
    );
    expect(workers).toHaveLength(bed.front.spec.edge.workers);
    await execOnFront(bed.state, victim, ['kill', `-${signal}`, ...workers]);
  };
  let processes: string | undefined;

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
        const { network } = bed.front.regions.find(({ region }) => region === edge.region)!;
        const route = ['route', 'add', 'default', 'via', regionGateway(network), 'src', edge.unicastSide];
        await execOnFront(bed.state, victim, ['ip', 'link', 'set', 'dev', 'eth0', 'up']);
        await execOnFront(bed.state, victim, ['ip', ...route]);
      },
    ],
  ];
  /** What the kernel of an edge does not tell: it answers for processes that hang, and takes connections for them. */
  const hangs: typeof failures = [
    [
      // As with a machine that swaps.
      'frozen with all its processes',
      () => execOnFront(bed.state, victim, ['bash', '-c', 'kill -STOP -1']),
      () => execOnFront(bed.state, victim, ['bash', '-c', 'kill -CONT -1']),
    ],
    ['deaf to callers over UDP', () => signalWorkers('udp', 'STOP'), () => signalWorkers('udp', 'CONT')],
    ['deaf to callers over TCP and TLS', () => signalWorkers('tcp', 'STOP'), () => signalWorkers('tcp', 'CONT')],
    [
      'without its health check',
      () => execOnFront(bed.state, victim, ['bash', '-c', `mv ${health} ${health}.gone && pkill -KILL -f ${health}`]),
      () => execOnFront(bed.state, victim, ['mv', `${health}.gone`, health]),
    ],
  ];
  const title =
    'an edge that is %s loses no audio; new calls take another within 5 s, its calls are hung up when it is back';
  const failing = async (how: string, fail: () => Promise<unknown>, mend: () => Promise<unknown>) => {
    const at = { event: 0, return: 0 };
    const run = agents.startRun(
      { kinds: [...kinds()], calls: 6, ratePerSecond: 10 },
      { onPaused: (name) => at[name as keyof typeof at]++ },
    );
    await until(() => at.event === 6);
    const callsUpBefore = (await bed.calls()).length;
    await fail();
    const failed = performance.now();
    const noticed = until(() => !bed.isHealthy(victim), 10).then(() => performance.now() - failed);
    run.resume('event');
    const { results, summary } = await fresh();
    await until(() => at.return === 6);
    const callsUpAfter = (await bed.calls()).length;
    await mend();
    await until(() => bed.isHealthy(victim), 20);
    run.resume('return');
    const running = await run.finished;
    const answeredAfter = results.flatMap(({ index, setupMs }) => (setupMs === null ? [] : [index * 500 + setupMs]));
    const told = toldOf([running], callsUpBefore, callsUpAfter, await bed.left(20));
    const first = Math.min(...answeredAfter);
    const outOfRotation = await noticed;
    print(
      `edge ${how}: out of rotation after ${Math.round(outOfRotation)} ms; ${summary.answered} of ${summary.calls} new calls, the first answered after ${Math.round(first)} ms${summary.failures.map(({ what, example }) => `; ${what} (${example})`).join('')}`,
      told,
    );
    expect(told).toMatchObject({ callsUpBefore: 6, callsUpAfter: 6, packetsLost: 0, failures: [] });
    expect(told.left).toEqual({});
    expect(outOfRotation).toBeLessThan(outOfRotationWithin * 1000);
    expect(first).toBeLessThan(newCallsWithin * 1000);
    // The last that was placed; results are in the order in which they ended.
    expect(results.find(({ index }) => index === 2 * newCallsWithin - 1)).toMatchObject({ answered: true });
  };
  // A dialog is pinned: while its edge is away nothing can be said in it, and what is said later reaches the other side.
  it.each(failures)(title, failing);

  it('a phone behind NAT is called after its edge failed for longer than from one keepalive to the next', async () => {
    // From here its router remembers the flow for 30 s: two keepalives fall into that time, and one of them is lost.
    expect(await agents.register('phone')).toBe(200);
    await execOnFront(bed.state, victim, ['pkill', '-STOP', '-x', 'kamailio']);
    await sleep((keepaliveSeconds + 1) * 1000);
    await execOnFront(bed.state, victim, ['pkill', '-CONT', '-x', 'kamailio']);
    await until(() => bed.isHealthy(victim), 10);
    const { summary } = await agents.run({
      kinds: [{ name: 'to the phone', caller: others[0], callee: 'phone', dial: `sip:phone@${domain}` }],
      talkSeconds: 0.5,
    });
    expect(summary).toMatchObject({ answered: 1, failures: [] });
    expect(await bed.left()).toEqual({});
  });

  it.each(hangs)(title, failing);

  it('an edge whose Kamailio is killed and comes back at once takes what is said in its calls, from either side', async () => {
    const hold = (by: 'caller' | 'callee') =>
      [
        { step: 'reinvite', by, change: 'hold' },
        talk(0.3),
        { step: 'reinvite', by, change: 'resume' },
        talk(0.3),
      ] as const;
    const up = [{ step: 'ring', seconds: 0 }, { step: 'answer' }, talk(0.6), pause('event')] as const;
    const steps = (first: 'caller' | 'callee', last: 'caller' | 'callee') =>
      [...up, ...hold(first), ...hold(last), { step: 'bye', by: last }] as CallSteps;
    const own = [
      between('to the phone, changed by the caller', others[0], 'phone', steps('caller', 'callee')),
      between('to the phone, changed by the callee', others[0], 'phone', steps('callee', 'caller')),
      between('from a user of the edge', caller, others[0], steps('caller', 'callee')),
      between('to a user of the edge', others[0], caller, steps('caller', 'callee')),
    ];
    expect(await agents.register('phone')).toBe(200);
    const told = await bed.through(agents, own, () =>
      execOnFront(bed.state, victim, ['pkill', '-KILL', '-x', 'kamailio']),
    );
    print('Kamailio of an edge killed', told);
    expect(told).toMatchObject({ callsUpBefore: own.length, callsUpAfter: own.length, packetsLost: 0, failures: [] });
    expect(told.left).toEqual({});
    await until(() => bed.isHealthy(victim), 20);
  });

  it('a call to a phone waits for its edge, which has just come back and does not know its cells yet', async () => {
    const signal = (what: string) =>
      execOnFront(bed.state, victim, ['pkill', `-${what}`, '-f', '/usr/local/lib/cellstamp/directory-agent']);
    await signal('STOP');
    try {
      await execOnFront(bed.state, victim, ['pkill', '-KILL', '-x', 'kamailio']);
      await until(async () => (await bed.kamcmd(victim, 'core.uptime')).includes('uptime'), 20);
      await until(() => !bed.isHealthy(victim), 10);
      const run = agents.startRun({
        kinds: [{ name: 'to the phone', caller: others[0], callee: 'phone', dial: `sip:phone@${domain}` }],
        talkSeconds: 0.5,
      });
      await sleep(1500);
      await signal('CONT');
      const { summary } = await run.finished;
      expect(summary).toMatchObject({ answered: 1, failures: [] });
    } finally {
      await signal('CONT');
    }
    await until(() => bed.isHealthy(victim), 20);
    expect(await bed.left()).toEqual({});
  });

  it('a region that is withdrawn hands its callers to the other, and loses no call on the way', async () => {
    const { region, edges } = bed.front.regions.find((each) => each.edges.some(({ name }) => name === victim))!;
    const at = { event: 0, return: 0 };
    const run = agents.startRun(
      { kinds: [...kinds()], calls: 3, ratePerSecond: 10 },
      { onPaused: (name) => at[name as keyof typeof at]++ },
    );
    await until(() => at.event === 3);
    const callsUpBefore = (await bed.calls()).length;
    for (const { name } of edges) await execOnFront(bed.state, name, ['touch', '/run/cellstamp/draining']);
    run.resume('event');
    const placed = await fresh();
    const callsUpAfter = (await bed.calls()).length;
    run.resume('return');
    const told = toldOf([await run.finished, placed], callsUpBefore, callsUpAfter, await bed.left());
    print('region withdrawn', told);
    expect(told).toMatchObject({ callsUpBefore: 3, callsUpAfter: 3, packetsLost: 0, failures: [] });
    expect(told.left).toEqual({});
    const own = bed.edges.filter((edge) => edge.region === region).map(({ publicAddress }) => publicAddress);
    const last = placed.results.find(({ index }) => index === 2 * newCallsWithin - 1)!;
    expect(own.filter((address) => last.route[0]!.includes(address))).toEqual([]);
    for (const { name } of edges) await execOnFront(bed.state, name, ['rm', '/run/cellstamp/draining']);
    await until(() => edges.every(({ name }) => bed.isHealthy(name)), 20);
  });

  it('the service address is gone: clients that follow RFC 3263 reach their cell by an edge’s own address', async () => {
    await bed.announceService(false);
    try {
      const named = (['udp', 'tcp', 'tls'] as const).map((protocol, index) => ({
        ...bed.user(`client-${protocol}`, callerAddress(1 + (index % 2), 50 + index), protocol),
        server: { nameServer },
      }));
      const begin = performance.now();
      // Over UDP nobody says that nobody is there: the next server is tried after 32 s (RFC 3261, timer F).
      const clients = await bed.agents(named);
      const registeredAfter = performance.now() - begin;
      const pairs = named.map(({ name }, index) => [name, named[(index + 1) % named.length]!.name] as const);
      const run = await clients.run({
        kinds: pairs.map(([from, to]) => ({ name: from, caller: from, callee: to, dial: `sip:${to}@${domain}` })),
        calls: 6,
        talkSeconds: 0.5,
      });
      const own = bed.edges.map(({ publicAddress }) => publicAddress);
      expect(run.results.filter(({ route }) => !own.some((address) => route[0]!.includes(address)))).toEqual([]);
      await bed.close(clients);
      await bed.announceService(true);
      // Keepalives to the others, whose answers came to nobody, are given up after 8 s.
      const told = toldOf([run], 0, (await bed.calls()).length, await bed.left(15));
      print(
        `service address gone: all registered at edges after ${(registeredAfter / 1000).toFixed(1)} s, ${run.summary.answered} of 6 calls`,
        told,
      );
      expect(run.summary.answered).toBe(6);
      expect(told.failures).toEqual([]);
      expect(told.left).toEqual({});
    } finally {
      await bed.announceService(true);
    }
  });
});
