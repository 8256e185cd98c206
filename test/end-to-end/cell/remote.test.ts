/** Calls from a machine that has nothing of the cell but the address of its SBC and two users. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { requireState } from '../../../lib/targets/local/state.ts';
import type { RemoteCallReport } from '../../../lib/cli/call-report.ts';
import { describeWith } from '../../requirements.ts';
import { Lab, passwordOf, until } from '../lab/lab.ts';

describeWith(['root', 'debian-packages'], 'cellstamp call --to', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.up({
      name: 'lab-remote',
      region: 'eu-west-1',
      local: {},
      size: 'test',
      network: '10.81.0.0/20',
      media: { hosts: 2, kernelForwarding: 'preferred' },
      tenants: [{ name: 'acme', domain: 'acme.example.com', limits: { callsPerSecond: 100, burst: 100 } }],
    });
    await lab.addUsers(['anna', 'bert'].map((name) => ({ name, tenant: 'acme', address: '' })));
  });
  afterAll(() => lab?.down());

  /** In the network outside the cell, as another machine. */
  function call(password: string, ...args: readonly string[]) {
    const { pid } = requireState('lab-remote').namespaces['outside']!.init;
    const users = ['--caller', 'sip:anna@acme.example.com', '--callee', 'sip:bert@acme.example.com'];
    const command = [process.execPath, '--import', 'tsx', 'lib/cli/main.ts', 'call', '--to', lab.floating, ...users];
    return spawnSync('nsenter', ['--target', String(pid), '--net', '--', ...command, ...args], {
      encoding: 'utf8',
      env: { ...process.env, CELLSTAMP_CALLER_PASSWORD: password, CELLSTAMP_CALLEE_PASSWORD: passwordOf('bert') },
    });
  }

  it.each(['udp', 'tcp'])(
    'places calls over %s that are heard at both ends, and that the cell records',
    async (transport) => {
      const before = (await lab.records()).length;
      const args = ['--transport', transport, '--calls', '4', '--rate', '4', '--hold', '1', '--json'];
      const { status, stdout, stderr } = call(passwordOf('anna'), ...args);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const report = JSON.parse(stdout) as RemoteCallReport;
      expect(report).toMatchObject({ to: lab.floating, good: true, summary: { calls: 4, answered: 4, failed: 0 } });
      expect(report.summary.packets.received).toBeGreaterThan(4 * 2 * 40);
      expect(
        Object.keys(report.mediaHosts)
          .map((address) => lab.mediaHost(address))
          .sort(),
      ).toEqual(['media-1', 'media-2']);
      await until(async () => (await lab.records()).length === before + 8);
    },
  );

  it('fails when a user is refused, and says by what', () => {
    const { status, stdout, stderr } = call('wrong');
    expect(stderr).toMatch(/^cellstamp: the test user caller can't register: 40[13] /);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  });

  it('trusts no certificate over TLS that no authority of this machine has signed', () => {
    const { status, stderr } = call(passwordOf('anna'), '--transport', 'tls');
    expect(stderr).toMatch(/^cellstamp: the test user caller can't register: 503 /);
    expect(status).toBe(1);
  });
});
