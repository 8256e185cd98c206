/** Two phones that are not ours: baresip calls baresip. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { spawnOutside } from '../../../lib/targets/local/index.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { describeWith } from '../../requirements.ts';
import { Baresip } from '../lab/baresip.ts';
import { tonePitch } from '../lab/tone-files.ts';
import { domainOf, Lab, passwordOf, until, type LabUser } from '../lab/lab.ts';

const input = {
  name: 'lab-baresip',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.80.96.0/20',
  media: { hosts: 1, kernelForwarding: 'preferred' },
  tenants: [{ name: 'acme', domain: 'acme.example.com' }],
} satisfies CellInput;
const anna: LabUser = { name: 'anna', tenant: 'acme', address: '198.51.100.11' };
const bert: LabUser = { name: 'bert', tenant: 'acme', address: '198.51.100.12' };

describeWith(['root', 'debian-packages', 'baresip'], 'two real phones', () => {
  let lab: Lab;
  const folder = mkdtempSync(join(tmpdir(), 'cellstamp-baresip-'));
  const phones: Baresip[] = [];

  function phone({ name, tenant, address }: LabUser, hertz: number, more = ''): Baresip {
    const account = `<sip:${name}@${domainOf(tenant)}>;auth_user=${name};auth_pass="${passwordOf(name)}";outbound="sip:${lab.floating}:5060;transport=udp";regint=300${more}`;
    const made = new Baresip({ home: join(folder, name), account, hertz, audioPort: 20_000, address }, (argv) =>
      spawnOutside(input.name, argv, { stdio: ['pipe', 'pipe', 'pipe'] }),
    );
    phones.push(made);
    return made;
  }

  beforeAll(async () => {
    lab = await Lab.up(input);
    await lab.addUsers([anna, bert]);
  });
  afterAll(async () => {
    for (const one of phones) one.kill();
    await lab?.down();
    rmSync(folder, { recursive: true });
  });

  it('register, call each other through the cell, send audio both ways and hang up', async () => {
    const callee = phone(bert, 900, ';answermode=auto');
    const caller = phone(anna, 500);
    const all = () => phones.map(({ said }) => said);
    await until(() => all().every((words) => /200 OK/.test(words)), 20).catch(() =>
      expect(all().join('\n')).toBe('registered'),
    );
    caller.type(`/dial sip:bert@${domainOf('acme')}`);
    await until(() => /Call established/i.test(caller.said), 15).catch(() =>
      expect(all().join('\n')).toBe('established'),
    );
    await sleep(3000);
    caller.type('/hangup');
    await until(async () => (await lab.records()).some(({ event }) => event === 'end'), 15);
    const [start, end] = await lab.records();
    expect(start).toMatchObject({ event: 'start', from: 'anna@acme.example.com', to: 'bert', kind: 'user' });
    expect(end).toMatchObject({ event: 'end', cause: 200, reason: 'hung_up' });
    expect(end!.ended! - end!.answered!).toBeGreaterThan(2.5);
    // Each heard the other's tone: 1 s in the middle of what it decoded.
    await until(() => phones.every((one) => one.heard().length > 8000 * 2.5));
    expect(tonePitch(caller.heard().subarray(8000, 16_000))).toBeCloseTo(900, -1.5);
    expect(tonePitch(callee.heard().subarray(8000, 16_000))).toBeCloseTo(500, -1.5);
  });
});
