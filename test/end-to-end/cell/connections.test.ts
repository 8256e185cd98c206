/** TCP and TLS connections: whoever holds many and does nothing with them keeps no phone away, and phones keep theirs. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CallResult } from '../../../lib/user-agent/call-result.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { Crowd, type CrowdPlan } from '../lab/crowd.ts';
import { domainOf, failuresOf, Lab, until, type LabUser } from '../lab/lab.ts';

const input = {
  name: 'lab-connections',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.90.0.0/20',
  media: { hosts: 1, kernelForwarding: 'preferred' },
  tenants: [{ name: 'acme', domain: 'acme.example.com', limits: { calls: 100, callsPerSecond: 20, burst: 20 } }],
} satisfies CellInput;

const anna: LabUser = { name: 'anna', tenant: 'acme', address: '198.51.100.11' };
const bert: LabUser = { name: 'bert', tenant: 'acme', address: '198.51.100.12' };
const offices = ['198.51.100.101', '198.51.100.102', '198.51.100.103'];
const office = 500;
const phones = Array.from({ length: 3 * office }, (_, index) => `phone-${index}`);

/** Seconds after which a connection has gone over which nothing has worked: 30, and as many for one whose bytes the kernel refuses. */
const gone = 70;

/** What strangers do, each from an address of its own, and how many connections it gets. */
const attacks: readonly (readonly [string, Omit<CrowdPlan, 'to' | 'sources'>, number])[] = [
  ['silent connections to the port of TLS', { kind: 'silent', count: 2048, port: 5061 }, 1200],
  ['silent connections to the port of TCP', { kind: 'silent', count: 300, port: 5060 }, 300],
  ['TLS handshakes, a byte every 3 s', { kind: 'drip', count: 300, port: 5061, every: 3 }, 300],
  ['SIP messages that do not end', { kind: 'unfinished', count: 300, port: 5060 }, 300],
];

describeWith(['root', 'debian-packages'], 'connections', () => {
  let lab: Lab;
  const crowds: Crowd[] = [];

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers([anna, bert, ...phones.map((name) => ({ name, tenant: 'acme', address: '' }))]);
    for (const { name } of lab.cell.sbcs) await lab.kamcmd(name, 'htable.reload', 'users');
  });
  afterAll(async () => {
    await Promise.all(crowds.map((crowd) => crowd.close()));
    await lab?.down();
  });

  const crowd = (plan: Omit<CrowdPlan, 'to'>) => {
    const started = Crowd.start(input.name, { to: lab.floating, ...plan });
    crowds.push(started);
    return started;
  };
  const phonesOf = (place: number, count = office, every?: number) =>
    crowd({
      ...(every === undefined ? {} : { every }),
      ...{ kind: 'phones', sources: [offices[place]!], count, port: 5061, domain: domainOf('acme') },
      users: phones.slice(place * office, (place + 1) * office),
    });

  /** Two phones that connect over TLS, register and call each other. */
  const callOverTls = async (...users: readonly LabUser[]): Promise<readonly CallResult[]> => {
    const server = { address: lab.floating, port: 5061 };
    const agents = await lab.agents(users.map((user) => ({ ...lab.user(user), protocol: 'tls' as const, server })));
    const kinds = [{ name: 'tls', caller: 'anna', callee: 'bert', dial: `sip:bert@${domainOf('acme')}` }];
    const { results } = await agents.run({ kinds, calls: 3, ratePerSecond: 5, talkSeconds: 0.5 });
    await agents.close();
    return results;
  };

  /** TCP and TLS connections of the active SBC, as Kamailio counts them. */
  const opened = async () =>
    Number(/opened_connections: (\d+)/.exec(await lab.kamcmd(lab.active!, 'core.tcp_info'))![1]);

  it(`that come to nothing keep no phone away, whatever their senders do, and are gone within ${gone} s`, async () => {
    // Phones that say nothing after their registration, or only CRLF, keep their connections meanwhile.
    const [mute, pinging] = [phonesOf(1, 5), phonesOf(2, 5, 10)];
    expect(await mute.begun).toMatchObject({ registered: 5 });
    expect(await pinging.begun).toMatchObject({ registered: 5 });
    const before = await opened();
    const begun = Date.now();
    const strangers = attacks.map(([, plan], index) => crowd({ ...plan, sources: [`203.0.113.${50 + index}`] }));
    const taken = await Promise.all(strangers.map((stranger) => stranger.begun));
    expect(failuresOf(await callOverTls(anna, bert))).toEqual([]);
    for (const [index, [what, { count }, most]] of attacks.entries()) {
      const { open, seconds } = taken[index]!;
      console.log(`${what}: ${open} of ${count} taken within ${seconds.toFixed(2)} s`);
      expect(open).toBeGreaterThan(0.9 * most);
      expect(open).toBeLessThanOrEqual(most);
    }
    const left = async () =>
      (await Promise.all(strangers.map((stranger) => stranger.report()))).map(({ open }) => open);
    await until(async () => (await left()).every((open) => open === 0), gone);
    await until(async () => (await opened()) <= before, gone - (Date.now() - begun) / 1000);
    console.log(`all gone after ${((Date.now() - begun) / 1000).toFixed(0)} s`);
    expect(failuresOf(await callOverTls(anna, bert))).toEqual([]);
    expect(await mute.report()).toMatchObject({ open: 5 });
    const { open, pongs, failed } = await pinging.report();
    expect({ open, failed }).toEqual({ open: 5, failed: {} });
    expect(pongs).toBeGreaterThan(15);
  });

  it('an office of 500 TLS phones behind one address reconnects at once after a power cut', async () => {
    // Somebody there has logged in before.
    await (await phonesOf(0, 1)).close();
    const first = phonesOf(0);
    expect(await first.begun).toMatchObject({ registered: office, failed: {} });
    await first.vanish();
    const second = phonesOf(0);
    const { registered, failed, seconds } = await second.begun;
    console.log(`${office} phones have registered again over TLS within ${seconds.toFixed(1)} s`);
    expect({ registered, failed }).toEqual({ registered: office, failed: {} });
    expect(failuresOf(await callOverTls(anna, bert))).toEqual([]);
    await second.close();
  });
});
