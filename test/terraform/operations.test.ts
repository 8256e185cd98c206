/** Operations on a cell on AWS: an emulator that knows its instances, and agents that run on this machine what they are sent. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  CreateTagsCommand,
  DeleteTagsCommand,
  EC2Client,
  RunInstancesCommand,
  TerminateInstancesCommand,
  type Tag,
} from '@aws-sdk/client-ec2';
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { probeProgram } from '../../lib/software/probe/paths.ts';
import { stateTag } from '../../lib/targets/aws/host/boot.ts';
import { awsCell, unlockSite } from '../../lib/targets/aws/operations/cell-port.ts';
import { run } from '../../lib/targets/local/run.ts';
import { readDeploySteps } from '../../lib/planner-files/deploys.ts';
import { cellstamp } from '../cli/run-command.ts';
import { FleetRepository } from '../examples/fleet-repository.ts';
import { describeWith } from '../requirements.ts';
import { debianImage, Emulator } from './emulator.ts';
import { SsmAgents } from './ssm-agents.ts';
import { awsEnvironment } from './terraform.ts';

const spec = { name: 'a', region: 'eu-west-1' };
/** What the hosts' agents are told when the cell is rolled; on this machine there is no such unit. */
const boots = 'exec systemctl start cellstamp-boot.service';
const command = (...argv: readonly string[]) => ({ does: 'do that', argv });

describeWith(['moto_server'], 'a cell on AWS', () => {
  let emulator: Emulator;
  let agents: SsmAgents;
  const instances = new Map<string, string>();
  beforeAll(async () => {
    emulator = await Emulator.start();
    agents = await SsmAgents.start(emulator.endpoint, async (_, script) =>
      script === boots ? { status: 0, stdout: '', stderr: '' } : run(['sh', '-c', script]),
    );
    for (const [name, value] of Object.entries(awsEnvironment(agents.port))) vi.stubEnv(name, value);
    const ec2 = new EC2Client({ region: spec.region });
    const start = async (cell: string, host: string): Promise<string> => {
      const tags: Tag[] = [
        { Key: 'cellstamp:cell', Value: cell },
        { Key: 'cellstamp:host', Value: host },
      ];
      const { Instances } = await ec2.send(
        new RunInstancesCommand({
          ...{ ImageId: debianImage, MinCount: 1, MaxCount: 1 },
          TagSpecifications: [{ ResourceType: 'instance', Tags: tags }],
        }),
      );
      return Instances![0]!.InstanceId!;
    };
    // Another cell's hosts have the same names, and one of this cell's was replaced.
    await start('b', 'sbc-1');
    const gone = await start('a', 'sbc-1');
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [gone] }));
    for (const host of ['sbc-1', 'sbc-2', 'media-1']) instances.set(host, await start('a', host));
    const address = async (name: string, host: string) => {
      const Tags = [
        { Key: 'cellstamp:cell', Value: 'a' },
        { Key: 'Name', Value: name },
      ];
      const { AllocationId } = await ec2.send(
        new AllocateAddressCommand({ TagSpecifications: [{ ResourceType: 'elastic-ip', Tags }] }),
      );
      await ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId: instances.get(host)! }));
    };
    await address('cellstamp-a-media-1', 'media-1');
    await address('cellstamp-a-sbc', 'sbc-2');
  }, 60_000);
  afterEach(() => void agents.sent.splice(0));
  afterAll(() => {
    vi.unstubAllEnvs();
    agents?.stop();
    emulator?.stop();
  });

  it('is found by the tags of its hosts; the SBC with the floating address is the active one', async () => {
    expect(await (await awsCell(spec)).sbcs()).toEqual(['sbc-2', 'sbc-1']);
    await expect((await awsCell({ ...spec, name: 'b' })).sbcs()).rejects.toThrow(
      'no SBC of cell b has the floating address on AWS; those that run: sbc-1',
    );
  });

  it('has a command run on the instance that is meant, which gets its words and input as they are', async () => {
    const cell = await awsCell(spec);
    const input = 'x'.repeat(10) + "'\n";
    expect(await cell.run('sbc-1', { ...command('cat', '-'), input })).toBe(input);
    expect(await cell.run('media-1', command('echo', "it's", '$HOME'))).toBe("it's $HOME\n");
    expect(agents.sent.map(({ instance }) => instance)).toEqual([instances.get('sbc-1'), instances.get('media-1')]);
  });

  it('tells why a command failed, and which hosts there are', async () => {
    const cell = await awsCell(spec);
    await expect(cell.run('sbc-1', command('sh', '-c', 'echo no >&2; exit 3'))).rejects.toThrow(
      /^host sbc-1 of cell a \(i-\w+\) does not do that: Failed: no$/,
    );
    await expect(cell.run('media-7', command('true'))).rejects.toThrow(
      'host media-7 of cell a does not run on AWS; those that do: media-1, sbc-1, sbc-2',
    );
  });

  it('is worked on by one operation at a time, of which the other one is told', async () => {
    const cell = await awsCell(spec);
    await cell.exclusively('scale', async () => {
      await expect(cell.exclusively('provision', async () => undefined)).rejects.toThrow(
        /^another operation works on cell a on AWS: scale by \S+@\S+, process \d+ since 2\S+Z\. Wait .* npx cellstamp unlock a \w{8}$/,
      );
      await (await awsCell({ ...spec, name: 'b' })).exclusively('scale', async () => undefined);
    });
    await expect(cell.exclusively('scale', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await cell.exclusively('provision', async () => 'done')).toBe('done');
  });

  it('that is rolled out deploys each commit from a folder of its own, and tells the planner', async () => {
    const tenants = 'tenants: [{ name: acme, domain: acme.example.com }]\n';
    const fleet = new FleetRepository({
      'cells/c.yaml': 'name: c\nregion: eu-west-1\n',
      'planning.yaml': 'kinds: [{ region: eu-west-1, prefix: c- }]\n',
    });
    try {
      const before = fleet.git('rev-parse', 'HEAD');
      fleet.commit({ 'cells/c.yaml': `name: c\nregion: eu-west-1\n${tenants}` });
      // A deploy that fails for the new commit. The one before is deployed, but nobody can call through the emulator.
      const deploy = `{ pwd; cat "cells/$CELL.yaml"; } >>"${fleet.path}/deployed"\n[ -z "$(grep tenants "cells/$CELL.yaml")" ]\ntrue`;
      const rollout = ['rollout', 'cell', 'c', '--before', before, '--target', 'aws', '--deploy', deploy, '--json'];
      const words = [process.execPath, '--import', 'tsx', 'lib/cli/main.ts', ...rollout];
      const secret = { PROOF_SECRET: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:none' };
      const { status, stdout, stderr } = fleet.run(words, { ...awsEnvironment(emulator.port), ...secret });
      expect(stderr).toMatch(/^cellstamp: can't read the secret of the proof users: ResourceNotFound/);
      expect(status).toBe(1);
      expect(JSON.parse(stdout)).toEqual({
        cells: [
          {
            ...{ cell: 'c', state: 'left' },
            text: `cell c is not deployed: going back to ${before}, it is deployed and not proved: it needs someone now`,
          },
        ],
      });
      const [here, elsewhere] = readFileSync(join(fleet.path, 'deployed'), 'utf8').split(/^(?=\/)/m);
      expect(here).toBe(`${fleet.path}\nname: c\nregion: eu-west-1\n${tenants}`);
      expect(elsewhere).toMatch(/^\/.*\nname: c\nregion: eu-west-1\n$/);
      expect(elsewhere).not.toContain(fleet.path);
      expect(fleet.git('worktree', 'list').split('\n')).toHaveLength(1);
      const { steps } = readDeploySteps(join(fleet.path, 'planning-deploys.ndjson'));
      expect(steps.map(({ step }) => step)).toEqual(['began', 'failed']);
    } finally {
      fleet.remove();
    }
  });

  describe('that is rolled', () => {
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'cellstamp-roll-'));
      writeFileSync(join(folder, 'a.yaml'), 'name: a\nregion: eu-west-1\n');
    });
    afterAll(() => rmSync(folder, { recursive: true }));
    const says = async (host: string, state: string) => {
      const Tags = [{ Key: stateTag, Value: state }];
      const Resources = [instances.get(host)!];
      await new EC2Client({ region: spec.region }).send(new CreateTagsCommand({ Resources, Tags }));
    };
    const roll = (...more: readonly string[]) => cellstamp('roll', 'a', '--target', 'aws', '--cells', folder, ...more);
    const hostsThatWere = (told: (script: string) => boolean) =>
      agents.sent
        .filter(({ script }) => told(script))
        .map(({ instance }) => [...instances].find(([, id]) => id === instance)![0]);
    const touched = () => hostsThatWere((script) => script === boots);

    it('has its hosts brought to the configuration one after the other, the active SBC last', async () => {
      for (const host of instances.keys()) await says(host, 'ready');
      const order = ['media-1', 'sbc-1', 'sbc-2'];
      const stdout = order.map((host) => `${host} of a is ready\n`).join('');
      expect(await roll()).toEqual({ status: 0, stdout, stderr: '' });
      expect(touched()).toEqual(order);
      // Before the first host and after each, both SBCs are asked what their probes find.
      const others = hostsThatWere((script) => script !== boots);
      expect(new Set(others)).toEqual(new Set(['sbc-1', 'sbc-2']));
      expect(others).toHaveLength(2 * (1 + order.length));
      expect(agents.sent.every(({ script }) => script === boots || script.includes(probeProgram))).toBe(true);
      expect(JSON.parse((await roll('--json')).stdout)).toEqual({ cell: 'a', ready: order });
    });

    it('has no further host touched after one that says that it failed', async () => {
      await says('sbc-1', 'failed: verifying the bundle');
      expect(await roll()).toEqual({
        status: 1,
        stdout: 'media-1 of a is ready\n',
        stderr: 'cellstamp: sbc-1: failed: verifying the bundle\n',
      });
      expect(touched()).toEqual(['media-1']);
    });

    it('waits for a host that boots for the first time', async () => {
      const Resources = [instances.get('sbc-1')!];
      await new EC2Client({ region: spec.region }).send(
        new DeleteTagsCommand({ Resources, Tags: [{ Key: stateTag }] }),
      );
      const rolled = roll();
      await vi.waitFor(() => expect(touched()).toEqual(['media-1']), 10_000);
      await says('sbc-1', 'ready');
      expect(await rolled).toMatchObject({ status: 0, stderr: '' });
      expect(touched()).toEqual(['media-1', 'sbc-1', 'sbc-2']);
    });
  });

  it('is freed of an operation that was killed, and of no other', async () => {
    const cell = await awsCell(spec);
    await expect(unlockSite({ ...spec, kind: 'cell' }, 'abc')).rejects.toThrow('no operation holds cell a on AWS');
    const killed = cell.exclusively('scale', () => new Promise(() => undefined));
    void killed;
    const ssm = new SSMClient({ region: spec.region });
    const lock = await vi.waitFor(() => ssm.send(new GetParameterCommand({ Name: '/cellstamp/a/operation' })));
    const { id } = JSON.parse(lock.Parameter!.Value!) as { readonly id: string };
    await expect(unlockSite({ ...spec, kind: 'cell' }, 'abc')).rejects.toThrow(
      `abc is not a lock of cell a on AWS; there is ${id}: scale by`,
    );
    expect(await unlockSite({ ...spec, kind: 'cell' }, id)).toMatchObject({ operation: 'scale' });
    expect(await cell.exclusively('provision', async () => 'done')).toBe('done');
  });

  it('has a front, which is freed by the same command', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cellstamp-unlock-'));
    writeFileSync(join(folder, 'a.yaml'), 'name: a\nregion: eu-west-1\naws: {}\n');
    const regions = '[{ region: eu-central-1, network: 10.15.0.0/24 }]';
    writeFileSync(join(folder, 'front.yaml'), `domain: voice.example.com\nregions: ${regions}\naws: {}\n`);
    try {
      const owner = {
        id: 'abc',
        operation: 'tenant move',
        by: 'alice@laptop, process 1',
        since: '2026-01-01T00:00:00Z',
      };
      const lock = { Name: '/cellstamp/front/operation', Value: JSON.stringify(owner), Type: 'String' } as const;
      await new SSMClient({ region: 'eu-central-1' }).send(new PutParameterCommand(lock));
      expect(await cellstamp('unlock', 'front', 'abc', '--cells', folder)).toEqual({
        status: 0,
        stdout: 'front front is free; tenant move by alice@laptop, process 1 held it since 2026-01-01T00:00:00Z\n',
        stderr: '',
      });
      expect((await cellstamp('unlock', 'front', 'abc', '--cells', folder)).stderr).toBe(
        'cellstamp: no operation holds front front on AWS\n',
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
