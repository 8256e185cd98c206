/**
 * Operations on a running cell, as commands: on this machine, and as one on AWS whose hosts are these, behind an emulator of its
 * interfaces.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AllocateAddressCommand, AssociateAddressCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { plan, planJson } from '../../../lib/planner/plan.ts';
import { activeSbc } from '../../../lib/targets/local/calls.ts';
import { down, exec, up } from '../../../lib/targets/local/index.ts';
import { requireState } from '../../../lib/targets/local/state.ts';
import { paths } from '../../../lib/software/kamailio/sbc/paths.ts';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';
import { cellstamp } from '../../cli/run-command.ts';
import { describeWith, missing } from '../../requirements.ts';
import { debianImage, Emulator } from '../../terraform/emulator.ts';
import { SsmAgents } from '../../terraform/ssm-agents.ts';
import { awsEnvironment } from '../../terraform/terraform.ts';

const name = 'lab-operations';
const input: CellInput = {
  name,
  region: 'eu-west-1',
  size: 'test',
  network: '10.97.0.0/20',
  media: { hosts: 2, kernelForwarding: 'preferred' },
  tenants: [{ name: 'acme', domain: 'acme.example.com' }],
};
const sbcs = ['sbc-1', 'sbc-2'];
const empty = plan({ now: Date.UTC(2026, 2, 2), cells: [], tenants: [], blueprints: [] });
const hours = Array.from({ length: 48 }, () => 2);

let folder: string;
const writeCell = (tenants: readonly string[]) =>
  writeFileSync(
    join(folder, 'cells.d', `${name}.yaml`),
    JSON.stringify({ ...input, tenants: tenants.map((tenant) => ({ name: tenant, domain: `${tenant}.example.com` })) }),
  );
const pids = () => Object.entries(requireState(name).namespaces).map(([host, { init }]) => `${host} ${init.pid}`);

/** Keys of a table, on each SBC. */
const keys = (table: string) =>
  Promise.all(
    sbcs.map(async (sbc) => {
      const { stdout } = await exec(name, sbc, ['kamcmd', '-s', `unix:${paths.control}`, 'htable.dump', table]);
      return [...stdout.matchAll(/name: (.*)/g)].map(([, key]) => key!).sort();
    }),
  );

describeWith(['root', 'debian-packages'], 'a running cell', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cellstamp-operations-'));
    mkdirSync(join(folder, 'cells.d'));
    await down(name);
    await up(parseCell(input));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await down(name);
  });

  const scaleTo = async (target: string, ...inService: readonly number[]) => {
    const { pools } = parseCell(input).media;
    const action = { kind: 'scale', cell: name, pools: Object.keys(pools), from: empty.now, current: 2, hosts: hours };
    const wanted = { ...empty, actions: [{ ...action, inService: [...inService], reason: 'a test' }] };
    writeFileSync(join(folder, 'plan.json'), planJson(wanted as typeof empty));
    const files = ['--plan', join(folder, 'plan.json'), '--cells', join(folder, 'cells.d')];
    return cellstamp('scale', name, ...files, '--target', target, '--json');
  };
  const provision = (target: string, ...tenants: readonly string[]) => {
    writeCell(tenants);
    return cellstamp('provision', name, '--cells', join(folder, 'cells.d'), '--target', target, '--json');
  };
  const callsByHost = async () => {
    const { stdout } = await cellstamp('call', name, '--calls', '8', '--rate', '8', '--hold', '1', '--json');
    return (JSON.parse(stdout) as { readonly mediaHosts: object; readonly good: boolean }).mediaHosts;
  };

  const operates = (target: string) => {
    it('gets media hosts drained and brought back, of which both SBCs know when the command returns', async () => {
      writeCell(['acme']);
      const { status, stdout, stderr } = await scaleTo(target, 1);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(JSON.parse(stdout)).toEqual({ cell: name, intoService: [], outOfService: [2] });
      expect(await keys('drains')).toEqual([['2'], ['2']]);
      expect(await callsByHost()).toEqual({ 'media-1': 8 });
      expect(JSON.parse((await scaleTo(target, 1)).stdout)).toMatchObject({ intoService: [], outOfService: [] });
      expect(JSON.parse((await scaleTo(target, 1, 2)).stdout)).toMatchObject({ intoService: [2], outOfService: [] });
      expect(await keys('drains')).toEqual([[], []]);
    });

    it('is brought to the tenants of its file without a restart, and twice as well as once', async () => {
      const before = pids();
      const wanted = { status: 0, stderr: '' };
      const { stdout, ...first } = await provision(target, 'acme', 'initech');
      expect(first).toEqual(wanted);
      const active = activeSbc(requireState(name));
      const order = [active, ...sbcs.filter((sbc) => sbc !== active)];
      expect(JSON.parse(stdout)).toEqual({ cell: name, tenants: 2, trunks: 0, sbcs: order });
      expect(await keys('tenants')).toEqual(Array(2).fill(['acme.example.com', 'initech.example.com']));
      expect(await provision(target, 'acme', 'initech')).toMatchObject(wanted);
      expect(await provision(target, 'initech')).toMatchObject(wanted);
      expect(await keys('tenants')).toEqual(Array(2).fill(['initech.example.com']));
      expect(pids()).toEqual(before);
    });
  };

  describe('on this machine', () => {
    operates('local');

    it('is not there for an operation when it is not up', async () => {
      writeFileSync(join(folder, 'cells.d', 'lab-elsewhere.yaml'), 'name: lab-elsewhere\nregion: eu-west-1\n');
      const files = ['--cells', join(folder, 'cells.d'), '--delete-all-tenants'];
      const { status, stderr } = await cellstamp('provision', 'lab-elsewhere', ...files);
      expect({ status, stderr }).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/^cellstamp: cell lab-elsewhere is not up on this machine/) as string,
      });
    });

    it('is what the next `up` begins from', async () => {
      const before = pids();
      // Of a host that an `up` has taken away before it was broken off: it would get no call when it comes again.
      const drain = ['kamcmd', '-s', `unix:${paths.control}`, 'htable.seti', 'drains', 's:9', '1'];
      for (const sbc of sbcs) await exec(name, sbc, drain);
      await up(parseCell({ ...input, tenants: [{ name: 'acme', domain: 'acme.example.com' }] }));
      expect(await keys('tenants')).toEqual(Array(2).fill(['acme.example.com']));
      expect(await keys('drains')).toEqual([[], []]);
      expect(pids()).toEqual(before);
    });
  });

  const reason = missing('moto_server');
  describe.skipIf(reason !== undefined)(`as one on AWS${reason ? ` [${reason}]` : ''}`, () => {
    let emulator: Emulator;
    let agents: SsmAgents;
    beforeAll(async () => {
      const hosts = new Map<string, string>();
      emulator = await Emulator.start();
      agents = await SsmAgents.start(emulator.endpoint, (instance, script) =>
        exec(name, hosts.get(instance)!, ['sh', '-c', script]),
      );
      for (const [variable, value] of Object.entries(awsEnvironment(agents.port))) vi.stubEnv(variable, value);
      const ec2 = new EC2Client({ region: 'eu-west-1' });
      const tags = (more: Readonly<Record<string, string>>) =>
        Object.entries({ 'cellstamp:cell': name, ...more }).map(([Key, Value]) => ({ Key, Value }));
      for (const host of sbcs) {
        const TagSpecifications = [{ ResourceType: 'instance', Tags: tags({ 'cellstamp:host': host }) }] as const;
        const made = await ec2.send(
          new RunInstancesCommand({
            ...{ ImageId: debianImage, MinCount: 1, MaxCount: 1 },
            TagSpecifications: [...TagSpecifications],
          }),
        );
        hosts.set(made.Instances![0]!.InstanceId!, host);
      }
      const floating = await ec2.send(
        new AllocateAddressCommand({
          TagSpecifications: [{ ResourceType: 'elastic-ip', Tags: tags({ Name: `cellstamp-${name}-sbc` }) }],
        }),
      );
      const active = [...hosts].find(([, host]) => host === activeSbc(requireState(name)))!;
      await ec2.send(new AssociateAddressCommand({ AllocationId: floating.AllocationId, InstanceId: active[0] }));
    }, 60_000);
    afterAll(() => {
      vi.unstubAllEnvs();
      agents?.stop();
      emulator?.stop();
    });

    operates('aws');
  });
});
