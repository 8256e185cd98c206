/** `npx cellstamp calls` on a cell that carries calls. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario, CallSteps } from '../../../lib/user-agent/scenario.ts';
import type { EndedCalls, RunningCall } from '../../../lib/targets/local/index.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { cellstamp } from '../../cli/run-command.ts';
import { describeWith } from '../../requirements.ts';
import { failuresOf, Lab, until, type LabUser } from '../lab/lab.ts';

const input = {
  name: 'lab-calls-command',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.83.0.0/20',
  media: { hosts: 2, kernelForwarding: 'preferred' },
  trunks: [{ name: 'carrier-a', address: '192.0.2.10' }],
  tenants: [
    { name: 'acme', domain: 'acme.example.com', limits: { callsPerSecond: 100, burst: 100 } },
    { name: 'globex', domain: 'globex.example.com', limits: { callsPerSecond: 100, burst: 100 } },
  ],
} satisfies CellInput;
const users = {
  anna: { name: 'anna', tenant: 'acme', address: '198.51.100.11' },
  bert: { name: 'bert', tenant: 'acme', address: '198.51.100.12' },
  gina: { name: 'gina', tenant: 'globex', address: '198.51.100.13' },
  gwen: { name: 'gwen', tenant: 'globex', address: '198.51.100.14' },
} satisfies Record<string, LabUser>;

const up: CallSteps = [
  { step: 'ring', seconds: 0 },
  { step: 'answer' },
  { step: 'talk', seconds: 0.5 },
  { step: 'pause', name: 'up' },
  { step: 'ended', seconds: 5 },
];
const rings: CallSteps = [
  { step: 'ring', seconds: 0 },
  { step: 'pause', name: 'rings' },
];
const kinds: readonly CallScenario[] = [
  { name: 'user', caller: 'anna', callee: 'bert', dial: 'sip:bert@acme.example.com', steps: up },
  { name: 'out', caller: 'anna', callee: 'carrier-a', dial: 'sip:+4989700700@acme.example.com', steps: up },
  { name: 'other tenant', caller: 'gina', callee: 'gwen', dial: 'sip:gwen@globex.example.com', steps: up },
  {
    name: 'rings',
    caller: 'bert',
    callee: 'anna',
    dial: 'sip:anna@acme.example.com',
    steps: rings,
    expectStatus: 487,
  },
];

const json = <T>(text: string) => JSON.parse(text) as T;

describeWith(['root', 'debian-packages'], 'cellstamp calls', () => {
  let lab: Lab;
  let agents: AgentsProcess;
  const { name } = input;

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers(Object.values(users));
    agents = await lab.agents([
      ...Object.values(users).map((user) => lab.user(user)),
      lab.carrier('carrier-a', '192.0.2.10'),
    ]);
  });
  afterAll(() => lab?.down());

  const list = async (...words: readonly string[]) => {
    const { status, stdout, stderr } = await cellstamp('calls', name, '--json', ...words);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return json<readonly RunningCall[]>(stdout);
  };

  it('says that there is none', async () => {
    expect(await cellstamp('calls', name)).toEqual({ status: 0, stdout: `cell ${name} has no call\n`, stderr: '' });
    expect(await list()).toEqual([]);
  });

  it('lists calls, ends those that it is told, says which, and fails for what is none', async () => {
    let paused = 0;
    const run = agents.startRun(
      { kinds: [...kinds], calls: 4, ratePerSecond: 20, maximumLoss: 0.1 },
      { onPaused: () => paused++ },
    );
    await until(() => paused === 4, 20);

    const calls = await list();
    expect(calls).toHaveLength(4);
    const find = (from: string, to: string) => calls.find((call) => call.from === from && call.to === to)!;
    const user = find('anna@acme.example.com', 'bert');
    const out = find('anna@acme.example.com', '+4989700700');
    const other = find('gina@globex.example.com', 'gwen');
    const ringing = find('bert@acme.example.com', 'anna');
    expect(user).toMatchObject({ tenant: 'acme', kind: 'user', trunk: '' });
    expect(out).toMatchObject({ tenant: 'acme', kind: 'out', trunk: 'carrier-a' });
    expect(other).toMatchObject({ tenant: 'globex', kind: 'user', trunk: '' });
    expect(ringing).toMatchObject({ tenant: 'acme', kind: 'user', answered: null });
    for (const { invited, answered, media, id } of [user, out, other]) {
      expect(answered! - invited).toBeGreaterThan(0);
      expect(Math.abs(Date.now() / 1000 - invited)).toBeLessThan(30);
      expect(media).toMatch(/^media-[12]$/);
      expect(id).toMatch(/^[0-9a-f]{20}$/);
    }
    expect((await list('--tenant', 'globex')).map(({ call }) => call)).toEqual([other.call]);
    const table = (await cellstamp('calls', name)).stdout;
    for (const { call, id, tenant, kind, media, from, to } of calls) {
      const row = `^${id} +${tenant} +${kind} +${media} +\\S+Z\n  Call-ID ${call}, from ${from} to ${to.replace('+', '\\+')}\\b`;
      expect(table).toMatch(new RegExp(row, 'm'));
    }
    expect(table).toMatch(/, from bert@acme\.example\.com to anna, rings$/m);
    expect(table).toMatch(/ by trunk carrier-a, answered \S+Z$/m);
    const [head, ...rows] = table.split('\n').filter((line) => !line.startsWith(' '));
    expect(head).toMatch(/^name +tenant +kind +media host +since$/);
    for (const row of rows) expect(row.length).toBeLessThanOrEqual(80);

    expect(await cellstamp('calls', 'end', '--cell', name, '--tenant', 'acme', other.call)).toEqual({
      status: 1,
      stdout: '',
      stderr: `cellstamp: cell ${name} has no call of tenant acme ${other.call}\n`,
    });
    expect(await list()).toHaveLength(4);

    run.resume('up');
    const ended = await cellstamp('calls', 'end', user.call, 'nothing', out.id, '--cell', name);
    expect({ status: ended.status, stderr: ended.stderr }).toEqual({
      status: 1,
      stderr: `cellstamp: cell ${name} has no call nothing\n`,
    });
    for (const { call, id, from, to } of [user, out]) {
      expect(ended.stdout).toContain(`ended: ${call} (${id}) from ${from} to ${to} of tenant acme\n`);
    }
    const rest = await cellstamp('calls', 'end', '--json', '--cell', name, other.id, ringing.call);
    expect({ status: rest.status, stderr: rest.stderr }).toEqual({ status: 0, stderr: '' });
    const outcome = json<EndedCalls>(rest.stdout);
    expect(outcome).toMatchObject({ missing: [], alive: [] });
    expect(outcome.ended.map(({ id }) => id).sort()).toEqual([other.id, ringing.id].sort());
    expect(await list()).toEqual([]);

    run.resume('rings');
    const { results } = await run.finished;
    expect(failuresOf(results)).toEqual([]);
    const records = await lab.recordsOf(results);
    for (const { call } of [user, out, other]) expect(records.get(call)!.at(-1)!.reason).toBe('operator');
  });

  it('fails for a cell that is not up', async () => {
    const unknown = await cellstamp('calls', 'nowhere');
    expect(unknown.status).toBe(1);
    expect(unknown.stderr).toContain('cell nowhere is not up on this machine');
  });
});
