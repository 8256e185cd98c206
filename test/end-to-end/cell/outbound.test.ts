/** What calls to carriers may cost: destinations, numbers that fraud calls, minutes a day, international calls. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import type { CallScenario } from '../../../lib/user-agent/scenario.ts';
import { describeWith } from '../../requirements.ts';
import { domainOf, failuresOf, Lab, until, type LabUser } from '../lab/lab.ts';

const free = { calls: 100, callsPerSecond: 100, burst: 100 };
const tenant = (name: string, more: object = {}) => ({ name, domain: domainOf(name), limits: free, ...more });
const input = {
  name: 'lab-outbound',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.93.0.0/20',
  media: { hosts: 2, kernelForwarding: 'preferred' },
  trunks: [
    { name: 'carrier', address: '192.0.2.50', limits: free },
    { name: 'psap', address: '192.0.2.51', limits: free },
  ],
  emergency: { DE: { trunks: ['psap'], test: '19900' } },
  fraud: { byTenant: true },
  tenants: [
    tenant('plain', { country: 'DE', trunks: ['carrier'] }),
    tenant('local', {
      country: 'DE',
      trunks: ['carrier'],
      outbound: { destinations: ['+49', '+43', '+49900123'] },
      forwards: { 'user-local': { always: '+33612345678' } },
    }),
    tenant('few', {
      country: 'DE',
      trunks: ['carrier'],
      outbound: { internationalCalls: 3, internationalCallsOfUser: 2, alarmPercent: 60 },
    }),
    tenant('short', { country: 'DE', trunks: ['carrier'], outbound: { minutesPerDay: 2, minutesPerDayOfUser: 1 } }),
  ],
} satisfies CellInput;

const users: readonly LabUser[] = [
  ...input.tenants.map(({ name }, index) => ({
    name: `user-${name}`,
    tenant: name,
    address: `198.51.100.${100 + index}`,
  })),
  { name: 'other-few', tenant: 'few', address: '198.51.100.110' },
  { name: 'other-short', tenant: 'short', address: '198.51.100.111' },
];
const german = '+4989700700';
const french = '+33145670700';
const premium = '+499004567890';
const satellite = '+881612345678';

describeWith(['root', 'debian-packages'], 'calls to carriers', () => {
  let lab: Lab;
  let agents: AgentsProcess;

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers(users);
    agents = await lab.agents([
      ...users.map((user) => lab.user(user)),
      lab.carrier('carrier', '192.0.2.50'),
      lab.carrier('psap', '192.0.2.51'),
    ]);
  });
  afterAll(() => lab?.down());
  beforeEach(async () => {
    for (const table of ['spent', 'near']) await lab.kamcmd(lab.active!, 'htable.flush', table);
  });

  const to = (caller: string, number: string, callee = 'carrier'): CallScenario => ({
    ...{ name: number, caller, callee },
    dial: `sip:${number}@${domainOf(users.find(({ name }) => name === caller)!.tenant)}`,
  });
  /** @returns the status of a call to a carrier */
  async function status(caller: string, number: string, callee = 'carrier'): Promise<number> {
    const { results } = await agents.run({
      kinds: [to(caller, number, callee)],
      calls: 1,
      talkSeconds: 0,
      audio: false,
    });
    return results[0]!.status;
  }

  it('do not go to numbers that fraud calls, whatever tenant they are of', async () => {
    expect(await status('user-plain', premium)).toBe(403);
    expect(await status('user-plain', satellite)).toBe(403);
    expect(await status('user-few', satellite)).toBe(403);
    expect(await lab.metric('rejected_total', 'high_risk')).toBe(3);
    expect(
      failuresOf((await agents.run({ kinds: [to('user-plain', german)], calls: 1, talkSeconds: 1 })).results),
    ).toEqual([]);
  });

  it('go where the tenant’s calls may, and to a high-risk number only where it is named', async () => {
    expect(await status('user-local', german)).toBe(200);
    expect(await status('user-local', french)).toBe(403);
    expect(await status('user-local', premium)).toBe(403);
    expect(await status('user-local', '+499001234567')).toBe(200);
  });

  it('are not allowed by forwarding either', async () => {
    expect(await status('user-local', 'user-local')).toBe(403);
  });

  it('are as many at a time to other countries as their tenant and their user may have, with an alarm before', async () => {
    const held: CallScenario['steps'] = [
      { step: 'ring', seconds: 0 },
      { step: 'answer' },
      { step: 'talk', seconds: 4 },
      { step: 'bye', by: 'caller' },
    ];
    const running = agents.run({
      kinds: [{ ...to('user-few', french), steps: held }],
      calls: 2,
      ratePerSecond: 100,
      audio: false,
    });
    await until(async () => (await lab.load())['a:t:few'] === 2);
    const standby = lab.cell.sbcs.find(({ name }) => name !== lab.active)!.name;
    await until(async () => (await lab.load(standby))['a:t:few'] === 2);
    expect(await status('user-few', french)).toBe(480);
    expect(await lab.metric('rejected_total', 'user_international')).toBe(1);
    expect(await lab.metric('near_caps')).toBeGreaterThan(0);
    // Not international; and another user may have one more.
    expect(await status('user-few', german)).toBe(200);
    expect(await status('other-few', french)).toBe(200);
    await running;
    await until(async () => Object.keys(await lab.load()).length === 0);
    await until(async () => Object.keys(await lab.load(standby)).length === 0);
  });

  it('take no more minutes a day than their user and their tenant may, and both SBCs know', async () => {
    expect(await status('user-short', german)).toBe(200);
    const day = Math.floor(Date.now() / 86_400_000);
    const spent = async (sbc: string) => await lab.kamcmd(sbc, 'htable.dump', 'spent');
    for (const { name } of lab.cell.sbcs) {
      await until(async () => (await spent(name)).includes(`u:user-short@${domainOf('short')}:${day}`));
    }
    await lab.kamcmd(lab.active!, 'htable.seti', 'spent', `s:u:user-short@${domainOf('short')}:${day}`, '60');
    expect(await status('user-short', german)).toBe(480);
    expect(await status('other-short', german)).toBe(200);
    await lab.kamcmd(lab.active!, 'htable.seti', 'spent', `s:t:short:${day}`, '100');
    expect(await status('other-short', german)).toBe(200);
    expect(await lab.metric('near_caps')).toBeGreaterThan(0);
    await lab.kamcmd(lab.active!, 'htable.seti', 'spent', `s:t:short:${day}`, '120');
    expect(await status('other-short', german)).toBe(480);
    expect(await lab.metric('rejected_total', 'user_minutes')).toBe(1);
    // Calls that go on count, too.
    await lab.kamcmd(lab.active!, 'htable.seti', 'spent', `s:t:short:${day}`, '60');
    await lab.kamcmd(lab.active!, 'htable.seti', 'running', 's:t:short', '60');
    expect(await status('other-short', german)).toBe(480);
    expect(await lab.metric('rejected_total', 'tenant_minutes')).toBe(2);
    // But to the emergency services.
    expect(await status('other-short', '112', 'psap')).toBe(200);
  });
});
