/** SBCs of two releases, of which one has another format of what they tell each other. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess, StartedRun } from '../../../lib/user-agent/agents-process.ts';
import type { CallSteps } from '../../../lib/user-agent/scenario.ts';
import { drain, undrain } from '../../../lib/operations/drain.ts';
import { localCell } from '../../../lib/targets/local/cell-port.ts';
import { killHost } from '../../../lib/targets/local/index.ts';
import { kamailioPaths } from '../../../lib/software/kamailio/common/paths.ts';
import { answersPath } from '../../../lib/software/kamailio/common/service.ts';
import { describeWith } from '../../requirements.ts';
import { acmeCell, anna, bert, withinTenant } from '../lab/acme.ts';
import { failuresOf, Lab, until } from '../lab/lab.ts';

const name = 'lab-formats';
const held: CallSteps = [
  { step: 'answer' },
  { step: 'talk', seconds: 1 },
  { step: 'pause', name: 'rolled' },
  { step: 'reinvite', by: 'callee', change: 'port' },
  { step: 'talk', seconds: 1 },
  { step: 'bye', by: 'caller' },
];

describeWith(['root', 'debian-packages'], 'SBCs of two releases', () => {
  let lab: Lab;
  let agents: AgentsProcess;

  beforeAll(async () => {
    lab = await Lab.up(acmeCell(name, '10.98.112.0/20'));
    await lab.addUsers([anna, bert]);
    agents = await lab.agents([anna, bert].map((user) => lab.user(user)));
  });
  afterAll(() => lab?.down());

  const standby = () => lab.cell.sbcs.find((sbc) => sbc.name !== lab.active)!.name;
  const format = async (sbc: string) =>
    Number(/value: (\d+)/.exec(await lab.kamcmd(sbc, 'pv.shvGet', 'format'))?.[1] ?? Number.NaN);
  const isReady = (sbc: string) =>
    lab.run(sbc, answersPath, '200').then(
      () => true,
      () => false,
    );
  const callsOn = async (sbc: string) => (await lab.load(sbc))['t:acme'] ?? 0;

  /** Restarts the standby as a release that reads these formats. */
  async function becomes(sbc: string, oldest: number, newest: number): Promise<void> {
    const set = (variable: string, value: number) => `s/"${variable}=i:[0-9]+"/"${variable}=i:${value}"/`;
    const edits = [set('oldest_format', oldest), set('newest_format', newest), set('format', oldest)].join(';');
    await lab.run(sbc, 'sed', '-E', '-i', edits, kamailioPaths.config);
    const pid = (await lab.run(sbc, 'cat', kamailioPaths.pid)).trim();
    await lab.run(sbc, 'kill', '-KILL', '--', `-${pid}`);
    await until(async () => (await lab.run(sbc, 'cat', kamailioPaths.pid).catch(() => pid)).trim() !== pid, 20);
  }
  async function callsAt(calls: number): Promise<StartedRun> {
    let paused = 0;
    const run = agents.startRun(
      { kinds: [{ ...withinTenant, steps: held }], calls, ratePerSecond: 20, maximumLoss: 0.2 },
      { onPaused: () => paused++ },
    );
    await until(() => paused === calls, 30);
    return run;
  }
  async function handOver(): Promise<void> {
    const port = localCell(name);
    const active = lab.active!;
    await drain(port, active, { deadlineSeconds: 0 });
    await undrain(port, active);
    expect(lab.active).not.toBe(active);
  }

  it('keep calls through a release that adds a format, and back again', async () => {
    const run = await callsAt(5);
    await becomes(standby(), 1, 2);
    await until(() => isReady(standby()), 30);
    expect([await callsOn(standby()), await format(standby())]).toEqual([5, 1]);
    await handOver();
    await becomes(standby(), 1, 2);
    await until(async () => (await format(lab.active!)) === 2 && (await format(standby())) === 2, 30);
    await until(() => isReady(standby()), 30);
    expect(await callsOn(standby())).toBe(5);
    // Back: the newer one speaks so that the older one understands.
    await becomes(standby(), 1, 1);
    await until(() => isReady(standby()), 30);
    expect([await callsOn(standby()), await format(lab.active!)]).toEqual([5, 1]);
    await handOver();
    run.resume('rolled');
    expect(failuresOf((await run.finished).results)).toEqual([]);
    await until(async () => (await callsOn(lab.active!)) === 0 && (await callsOn(standby())) === 0);
  });

  it('that have no format in common read nothing: the one that has started is not ready while the other one has calls', async () => {
    const run = await callsAt(5);
    const other = standby();
    await becomes(other, 2, 2);
    // Longer than it waits for one that says nothing, and for one that does not tell all.
    await new Promise((resolve) => setTimeout(resolve, 35_000));
    expect(await isReady(other)).toBe(false);
    expect([await callsOn(other), await callsOn(lab.active!)]).toEqual([0, 5]);
    run.resume('rolled');
    expect(failuresOf((await run.finished).results)).toEqual([]);
    killHost(name, lab.active!);
    await until(() => lab.active === other, 30);
    const { results } = await agents.run({ kinds: [withinTenant], calls: 1, talkSeconds: 0.5 });
    // It begins with nothing: nobody has registered there yet.
    expect(results[0]!.status).toBe(480);
  });
});
