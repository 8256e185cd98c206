/** Calls to the outside find their trunk by the prefix of the number and the carriers' prices, which change while the cell runs. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AgentsProcess } from '../../../lib/user-agent/agents-process.ts';
import { priceRoutes, type Price } from '../../../lib/fleet/prices.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { provision } from '../../../lib/operations/provision.ts';
import { localCell } from '../../../lib/targets/local/cell-port.ts';
import { describeWith } from '../../requirements.ts';
import { domainOf, failuresOf, Lab, until, type LabUser } from '../lab/lab.ts';

const names = ['one', 'two', 'three'] as const;
const input = {
  name: 'lab-routes',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.93.0.0/20',
  media: { hosts: 1, kernelForwarding: 'preferred' },
  routing: { prices: 'prices.csv' },
  trunks: [
    ...names.map((name, index) => ({ name, address: `192.0.2.${60 + index}`, probeSeconds: 5 })),
    // Nobody is there.
    { name: 'dead', address: '192.0.2.69', probeSeconds: 5 },
  ],
  tenants: [
    { name: 'any', domain: domainOf('any') },
    { name: 'patient', domain: domainOf('patient'), trunks: ['dead', 'three'] },
    { name: 'some', domain: domainOf('some'), trunks: ['one', 'three'] },
  ],
} satisfies CellInput;

const users = input.tenants.map(({ name }, index): LabUser => ({
  ...{ name: `user-${name}`, tenant: name, address: `198.51.100.${60 + index}` },
}));

describeWith(['root', 'debian-packages'], 'routes by prefix and price', () => {
  let lab: Lab;
  let agents: AgentsProcess;

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers(users);
    agents = await lab.agents([
      ...users.map((user) => lab.user(user)),
      ...input.trunks.filter(({ name }) => name !== 'dead').map(({ name, address }) => lab.carrier(name, address)),
    ]);
  });
  afterAll(() => lab?.down());

  const priced = (...prices: readonly (readonly [prefix: string, trunk: string, price: number])[]) =>
    provision(localCell(input.name), lab.spec, {
      routes: priceRoutes(
        prices.map(([prefix, trunk, price]): Price => ({ prefix, trunk, price })),
        names,
      ),
    });
  const leavesBy = async (tenant: string, number: string, callee: (typeof names)[number]) => {
    const dial = `sip:${number}@${domainOf(tenant)}`;
    const kinds = [{ name: tenant, caller: `user-${tenant}`, callee, dial }];
    const { results } = await agents.run({ kinds, calls: 1, talkSeconds: 0.3 });
    expect(failuresOf(results)).toEqual([]);
    expect((await lab.recordsOf(results)).get(results[0]!.callId)!.at(-1)).toMatchObject({ trunk: callee });
  };

  it('lead by the cheapest trunk of the longest prefix, among those of the tenant', async () => {
    await priced(['+49', 'one', 2], ['+49', 'two', 1], ['+49', 'three', 3], ['+4989', 'three', 1], ['+4989', 'two', 2]);
    await leavesBy('any', '+4930123456', 'two');
    await leavesBy('any', '+4989123456', 'three');
    await leavesBy('some', '+4930123456', 'one');
    await leavesBy('some', '+4989123456', 'three');
  });

  it('leave numbers of which no carrier has a price to the order of the trunks', async () => {
    await leavesBy('any', '+33170123456', 'one');
  });

  it('change while the cell runs', async () => {
    await priced(['+49', 'three', 0.5], ['+49', 'two', 1]);
    await leavesBy('any', '+4930123456', 'three');
    await leavesBy('any', '+4989123456', 'three');
  });

  it('pass over a carrier that does not answer OPTIONS, and come back to one that does', async () => {
    const silent = async () =>
      [...(await lab.kamcmd(lab.active!, 'htable.dump', 'silent')).matchAll(/name: (\S+)/g)].map(([, name]) => name);
    await lab.kamcmd(lab.active!, 'htable.seti', 'silent', '192.0.2.60', '1');
    await until(async () => (await silent()).join() === '192.0.2.69', 20);
    const dial = `sip:+33170123456@${domainOf('patient')}`;
    const kinds = [{ name: 'patient', caller: 'user-patient', callee: 'three', dial }];
    const { results } = await agents.run({ kinds, calls: 1, talkSeconds: 0.3 });
    expect(failuresOf(results)).toEqual([]);
    // A silent carrier costs a call 3 s.
    expect(results[0]!.setupMs).toBeLessThan(2500);
  });

  it('may be of many prefixes (100,000 with PREFIXES=100000)', async () => {
    const count = Number(process.env['PREFIXES'] ?? 2000);
    await priced(
      ...Array.from(
        { length: count },
        (_, n) => [`+${490_000_000 + n * 7}`, n % 2 === 0 ? 'two' : 'three', 1] as const,
      ),
    );
    await leavesBy('any', '+490000000123', 'two');
    await leavesBy('any', '+490007007123', 'three');
  });
});
