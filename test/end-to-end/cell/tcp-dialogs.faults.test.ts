/** Calls of phones that speak TCP alone, over connections that last, and that break: all of them end, and nothing is left. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallSteps, RunCommand } from '../../../lib/user-agent/scenario.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { domainOf, failuresOf, Lab, until, type LabUser } from '../lab/lab.ts';

const input = {
  name: 'lab-tcp-dialogs',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.91.48.0/20',
  media: { hosts: 1, kernelForwarding: 'preferred' },
  calls: { silentSeconds: 60 },
  tenants: [{ name: 'acme', domain: 'acme.example.com', limits: { calls: 500, callsPerSecond: 100, burst: 500 } }],
} satisfies CellInput;

const pairs = Array.from({ length: 10 }, (_, n) => n);
const calls = 150;
const user = (name: string, n: number): LabUser => ({
  name: `${name}-${n}`,
  tenant: 'acme',
  address: `198.51.100.${(name === 'calling' ? 10 : 30) + n}`,
});
const users = pairs.flatMap((n) => [user('calling', n), user('called', n)]);

describeWith(['root', 'debian-packages'], 'dialogs over TCP', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers(users);
  });
  afterAll(() => lab?.down());

  const opened = async () =>
    Number(/opened_connections: (\d+)/.exec(await lab.kamcmd(lab.active!, 'core.tcp_info'))![1]);
  const contacts = () => lab.metric('contacts');
  const phones = () => lab.agents(users.map((each) => ({ ...lab.user(each), protocol: 'tcp' as const })));
  const kinds = (steps: CallSteps): RunCommand['kinds'] =>
    pairs.map((n) => ({
      ...{ name: `pair ${n}`, caller: `calling-${n}`, callee: `called-${n}` },
      ...{ dial: `sip:called-${n}@${domainOf('acme')}`, steps },
    }));
  const steps: CallSteps = [
    ...[{ step: 'ring' as const, seconds: 0 }, { step: 'answer' as const }, { step: 'pause' as const, name: 'up' }],
    ...[
      { step: 'reinvite' as const, by: 'callee' as const, change: 'nothing' as const },
      { step: 'bye' as const, by: 'caller' as const },
    ],
  ];
  const allUp = async (agents: AgentsProcess, count: number) => {
    let up = 0;
    const run = agents.startRun(
      { kinds: kinds(steps), calls: count, ratePerSecond: 20, audio: false },
      { onPaused: () => up++ },
    );
    await until(() => up === count, 40);
    return run;
  };
  const nothingIsLeft = async (patience: number) => {
    await until(async () => Object.keys(await lab.load()).length === 0, patience);
    await until(async () => (await lab.relayed('media-1')) === 0);
  };

  it(`${calls} of them end by their BYE, and their connections with their phones`, async () => {
    const before = await opened();
    const agents = await phones();
    const run = await allUp(agents, calls);
    expect(await lab.load()).toMatchObject({ 't:acme': calls });
    expect(await opened()).toBe(before + users.length);
    run.resume('up');
    expect(failuresOf((await run.finished).results)).toEqual([]);
    await nothingIsLeft(10);
    expect(await opened()).toBe(before + users.length);
    await agents.close();
    await until(async () => (await opened()) === before);
    await until(async () => (await contacts()) === 0, 40);
  });

  it('those whose phones go away are ended by the cell, while the phones are back and call', async () => {
    const before = await opened();
    const gone = await phones();
    const lost = await allUp(gone, 50);
    void lost.finished.catch(() => undefined);
    await gone.close(0);
    await until(async () => (await opened()) === before);
    const agents = await phones();
    const run = await allUp(agents, 50);
    run.resume('up');
    expect(failuresOf((await run.finished).results)).toEqual([]);
    await nothingIsLeft(120);
    await agents.close();
    await until(async () => (await opened()) === before);
  });
});
