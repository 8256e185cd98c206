/** Media hosts come and go while calls are up. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess, StartedRun } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario, CallSteps } from '../../../lib/user-agent/scenario.ts';
import { drain, undrain } from '../../../lib/operations/drain.ts';
import { localCell } from '../../../lib/targets/local/cell-port.ts';
import { killHost, up } from '../../../lib/targets/local/index.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import { describeWith } from '../../requirements.ts';
import { acmeCell, anna, bert, carrier, fromCarrier, toCarrier, withinTenant } from '../lab/acme.ts';
import { failuresOf, Lab, labCell, until } from '../lab/lab.ts';
import { relaysOf } from '../lab/relays.ts';

const name = 'lab-pool';
const of = (hosts: number) => {
  const cell = acmeCell(name, '10.98.96.0/20');
  return { ...cell, media: { ...cell.media, hosts } };
};

const talkAndChange: CallSteps = [
  { step: 'ring', seconds: 0 },
  { step: 'answer' },
  { step: 'talk', seconds: 1 },
  { step: 'pause', name: 'changed' },
  { step: 'talk', seconds: 1 },
  { step: 'reinvite', by: 'callee', change: 'port' },
  { step: 'talk', seconds: 1 },
  { step: 'bye', by: 'callee' },
];

describeWith(['root', 'debian-packages'], 'a pool of media hosts under calls', () => {
  let lab: Lab;
  let agents: AgentsProcess;
  let kinds: CallScenario[];

  beforeAll(async () => {
    lab = await Lab.up(of(2));
    await lab.addUsers([anna, bert]);
    agents = await lab.agents([lab.user(anna), lab.user(bert), lab.carrier(carrier.name, carrier.address)]);
    kinds = [withinTenant, toCarrier, fromCarrier(lab.floating)];
  });
  afterAll(() => lab?.down());

  async function callsAt(calls: number): Promise<StartedRun> {
    let paused = 0;
    const run = agents.startRun(
      {
        kinds: kinds.map((kind): CallScenario => ({ ...kind, steps: talkAndChange })),
        ...{ calls, ratePerSecond: 20, maximumLoss: 0.2 },
      },
      { onPaused: () => paused++ },
    );
    await until(() => paused === calls, 30);
    return run;
  }
  const pids = () =>
    Object.entries(requireState(name).namespaces).flatMap(([host, { init }]) =>
      host.startsWith('media-') ? [`${host} ${init.pid}`] : [],
    );
  const withCopies = async (...hosts: readonly string[]) => {
    for (const host of hosts) {
      await until(async () => [...(await relaysOf(lab, host)).values()].sort().join() === 'follows,holds', 60);
    }
  };
  async function finished(run: StartedRun): Promise<void> {
    run.resume('changed');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    const gaps = results.flatMap(({ toCaller, toCallee }) => [toCaller!.longestGapMs, toCallee!.longestGapMs]);
    console.log(
      'longest gaps, ms:',
      gaps
        .sort((a, b) => b - a)
        .map(Math.round)
        .join(' '),
    );
    expect(Math.max(...gaps)).toBeLessThan(3000);
  }

  it('grows without losing a call, and each relay has a copy on its new neighbour', async () => {
    await withCopies('media-1', 'media-2');
    const run = await callsAt(6);
    const before = pids();
    await up(labCell(of(3)));
    expect(pids()).toEqual([...before, expect.stringMatching(/^media-3 /)]);
    await withCopies('media-1', 'media-2', 'media-3');
    await finished(run);
  });

  it('shrinks without losing a call: that of the host that goes ends first', async () => {
    const run = await callsAt(9);
    const [first, second] = pids();
    const waiting: string[] = [];
    let isDone = false;
    const work = up(labCell(of(2)), { onWaiting: (text) => waiting.push(text) }).then(() => (isDone = true));
    await until(() => waiting.some((text) => text.startsWith("media-3: waits for 3 calls that can't move")), 60);
    expect(isDone).toBe(false);
    expect(requireState(name).namespaces['media-3']).toBeDefined();
    await finished(run);
    await work;
    expect(pids()).toEqual([first, second]);
    await withCopies('media-1', 'media-2');
  });

  it('has the host that comes back take calls', async () => {
    await up(labCell(of(3)));
    const { results } = await agents.run({ kinds, calls: 9, talkSeconds: 0.5 });
    expect(failuresOf(results)).toEqual([]);
    expect(new Set(results.flatMap((call) => lab.mediaHostsOf(call)))).toContain('media-3');
  });

  it('recreates a host without new calls that was drained when it was dead already', async () => {
    const port = localCell(name);
    await withCopies('media-1', 'media-2', 'media-3');
    killHost(name, 'media-2');
    const { neighbour } = requireState(name).namespaces['media-2']!.ring!;
    await until(async () => (await relaysOf(lab, neighbour)).get(2) === 'holds', 20);
    const drained = await drain(port, 'media-2', { deadlineSeconds: 0 });
    expect(drained).toEqual({ host: 'media-2', dead: true, takenOverBy: neighbour, moved: 0, ended: [] });
    await expect(undrain(port, 'media-2')).rejects.toThrow(`media-2 of cell ${name} is dead`);
    const { hosts } = await up(labCell(of(3)));
    expect(hosts.find((host) => host.name === 'media-2')).toMatchObject({ state: 'ready', work: { drained: true } });
    const place = async () => {
      const { results } = await agents.run({ kinds, calls: 9, talkSeconds: 0.5 });
      expect(failuresOf(results)).toEqual([]);
      return new Set(results.flatMap((call) => lab.mediaHostsOf(call)));
    };
    expect(await place()).not.toContain('media-2');
    await undrain(port, 'media-2');
    expect(await place()).toContain('media-2');
  });
});
