/** As many TLS phones as a cell is made for, from thirteen offices: minutes of processor time, so in a lane of its own. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectionBytes } from '../../../lib/fleet/schema/fixed.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { Crowd } from '../lab/crowd.ts';
import { domainOf, failuresOf, Lab, until, type LabUser } from '../lab/lab.ts';

const phones = 15_000;
const offices = Array.from({ length: 13 }, (_, index) => `198.51.100.${101 + index}`);
const perOffice = Math.ceil(phones / offices.length);

const input = {
  name: 'lab-crowd',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.92.0.0/20',
  media: { hosts: 1, kernelForwarding: 'preferred' },
  sbc: { connections: { total: 16_000 }, sharedMemoryMiB: 1600 },
  tenants: [{ name: 'acme', domain: 'acme.example.com' }],
} satisfies CellInput;

const anna: LabUser = { name: 'anna', tenant: 'acme', address: '198.51.100.11' };
const bert: LabUser = { name: 'bert', tenant: 'acme', address: '198.51.100.12' };
/** Ten phones each: as many contacts as a user may have. */
const users = Array.from({ length: phones / 10 }, (_, index) => `phone-${index}`);

describeWith(['root', 'debian-packages'], 'many connections', () => {
  let lab: Lab;
  const crowds: Crowd[] = [];

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers([anna, bert, ...users.map((name) => ({ name, tenant: 'acme', address: '' }))]);
    for (const { name } of lab.cell.sbcs) await lab.kamcmd(name, 'htable.reload', 'users');
  });
  afterAll(async () => {
    await Promise.all(crowds.map((crowd) => crowd.close()));
    await lab?.down();
  });

  const asked = async (method: string, name: string) =>
    Number(new RegExp(`\\b${name}: (\\d+)`).exec(await lab.kamcmd(lab.active!, method))![1]);

  it(`${phones} phones register over TLS and keep their connections, and calls go on`, async () => {
    const before = await asked('core.shmmem', 'real_used');
    for (const [index, source] of offices.entries()) {
      const first = index * perOffice;
      const count = Math.min(perOffice, phones - first);
      const own = Array.from({ length: count }, (_, phone) => users[(first + phone) % users.length]!);
      crowds.push(
        Crowd.start(input.name, {
          ...{ kind: 'phones', sources: [source], count, to: lab.floating, port: 5061 },
          ...{ domain: domainOf('acme'), users: own, every: 20 },
        }),
      );
    }
    const begun = await Promise.all(crowds.map((crowd) => crowd.begun));
    for (const { failed } of begun) expect(failed).toEqual({});
    expect(begun.reduce((sum, { registered }) => sum + registered, 0)).toBe(phones);
    expect(await asked('core.tcp_info', 'opened_tls_connections')).toBeGreaterThanOrEqual(phones);
    const bytes = ((await asked('core.shmmem', 'real_used')) - before) / phones;
    const seconds = Math.max(...begun.map((report) => report.seconds));
    console.log(
      `${phones} phones within ${seconds.toFixed(0)} s, ${bytes.toFixed(0)} bytes of shared memory each with their registration`,
    );
    expect(bytes).toBeLessThan(1.1 * connectionBytes);

    const server = { address: lab.floating, port: 5061 };
    const agents = await lab.agents(
      [anna, bert].map((user) => ({ ...lab.user(user), protocol: 'tls' as const, server })),
    );
    const kinds = [{ name: 'tls', caller: 'anna', callee: 'bert', dial: `sip:bert@${domainOf('acme')}` }];
    const { results } = await agents.run({ kinds, calls: 60, ratePerSecond: 1, talkSeconds: 2 });
    expect(failuresOf(results)).toEqual([]);
    const after = await Promise.all(crowds.map((crowd) => crowd.report()));
    expect(after.reduce((sum, { open }) => sum + open, 0)).toBe(phones);
    for (const { failed } of after) expect(failed).toEqual({});

    await Promise.all(crowds.splice(0).map((crowd) => crowd.close()));
    await until(async () => (await asked('core.tcp_info', 'opened_connections')) < 10, 60);
  });
});
