/** The pipeline's programs with real Terraform and the AWS command line, against an emulator of AWS. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FleetRepository, program } from '../examples/fleet-repository.ts';
import { describeWith } from '../requirements.ts';
import { Emulator } from './emulator.ts';
import { applyRoles, type AppliedRole } from './iam/applied-roles.ts';
import { TerraformFolder } from './terraform.ts';

const spec = 'name: a\nregion: eu-west-1\naws: {}\nsize: small\nnetwork: 10.16.0.0/20\n';

const front = 'domain: voice.example.com\nregions: [{ region: eu-west-1, network: 10.15.0.0/24 }]\naws: {}\n';

describeWith(['terraform', 'aws-provider', 'moto_server'], 'one stack in the pipeline', () => {
  let emulator: Emulator;
  let folder: TerraformFolder;
  let fleet: FleetRepository;
  beforeAll(async () => {
    emulator = await Emulator.start();
    folder = new TerraformFolder(emulator.port);
    fleet = new FleetRepository({ 'cells/a.yaml': spec, 'cells/front.yaml': front });
  });
  afterAll(() => {
    fleet?.remove();
    folder?.remove();
    emulator?.stop();
  });

  it('is planned by Terraform, with a count of what is to change', () => {
    const { status, stdout, stderr } = fleet.run(program('terraform-stack.ts', 'plan', 'a'), folder.environment);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^cell-a: 1\d\d to add, 0 to change, 0 to destroy$/m);
    expect(status).toBe(0);
  });

  it('may be that of the front', () => {
    emulator.addHealthCheckers('eu-west-1');
    const { status, stdout, stderr } = fleet.run(program('terraform-stack.ts', 'plan', 'front'), folder.environment);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^front: \d+ to add, 0 to change, 0 to destroy$/m);
    expect(status).toBe(0);
  });

  it('is saved as a plan of one commit and one state: Terraform refuses it on another', () => {
    const aws = (...args: readonly string[]) =>
      JSON.parse(execFileSync('aws', [...args, '--output', 'json'], { env: folder.environment, encoding: 'utf8' })) as {
        readonly KeyMetadata: { readonly KeyId: string };
      };
    const environment = {
      ...folder.environment,
      CELLSTAMP_PLAN_KEY: aws('kms', 'create-key').KeyMetadata.KeyId,
    };
    const saved = fleet.run(program('terraform-stack.ts', 'plan', 'a', '--save', 'a.plan'), environment);
    expect(saved).toMatchObject({ status: 0, stderr: '' });

    const configuration = JSON.parse(readFileSync(join(fleet.path, 'cdktf.out/stacks/cell-a/cdk.tf.json'), 'utf8')) as {
      readonly terraform: { readonly backend: { readonly local: { readonly path: string } } };
    };
    const { path } = configuration.terraform.backend.local;
    const state = {
      version: 4,
      terraform_version: '1.10.0',
      serial: 7,
      lineage: 'another',
      outputs: {},
      resources: [],
    };
    writeFileSync(join(fleet.path, 'cdktf.out/stacks/cell-a', path), JSON.stringify(state));
    const { status, stderr } = fleet.run(program('terraform-stack.ts', 'apply', 'a', '--saved', 'a.plan'), environment);
    expect(stderr).toContain('Saved plan is stale');
    expect(stderr).toContain('terraform-stack.ts: the state has changed since the plan was made');
    expect(status).toBe(1);
    rmSync(join(fleet.path, 'cdktf.out/stacks/cell-a', path));
  });

  it('is not planned when it is not there, or not to stand yet', () => {
    expect(fleet.run(program('terraform-stack.ts', 'plan', 'b'), folder.environment)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('there is no cell b in cells/; there are a'),
    });
  });

  it('takes no provider but those of the fleet’s lock file, and ends where Terraform does', () => {
    const lock = 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "5.99.0"\n  hashes = ["zh:00"]\n}\n';
    writeFileSync(join(fleet.path, '.terraform.lock.hcl'), lock);
    const { status, stdout, stderr } = fleet.run(program('terraform-stack.ts', 'plan', 'a'), folder.environment);
    rmSync(join(fleet.path, '.terraform.lock.hcl'));
    expect(stderr).toContain('locked provider');
    expect(stdout).not.toContain('to add');
    expect(status).toBe(1);
  });
});

describeWith(['terraform', 'aws-provider', 'moto_server'], 'the roles of the pipeline', () => {
  let emulator: Emulator;
  let folder: TerraformFolder;
  let roles: ReadonlyMap<string, AppliedRole>;
  beforeAll(async () => {
    emulator = await Emulator.start();
    folder = new TerraformFolder(emulator.port);
    roles = await applyRoles(folder);
  });
  afterAll(() => {
    folder?.remove();
    emulator?.stop();
  });

  const list = (value: string | readonly string[]) => (typeof value === 'string' ? [value] : value);
  const statements = (role: string, policy: string) => roles.get(role)!.policies.get(policy)!.Statement;

  it.each([
    ['plan', ['ref:refs/heads/main', 'ref:refs/heads/plan', 'pull_request']],
    ['deploy', ['front', 'canary', 'one', 'tenth', 'rest'].map((wave) => `environment:${wave}`)],
  ])('are taken by the runs of one repository that are meant: %s', (role, where) => {
    const [statement] = roles.get(`cellstamp-${role}`)!.trust.Statement;
    expect(statement!.Condition).toEqual({
      StringEquals: {
        'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
        'token.actions.githubusercontent.com:sub': where.map((end) => `repo:example/fleet:${end}`),
      },
    });
  });

  it('let a plan change nothing', () => {
    expect([...roles.get('cellstamp-plan')!.policies.keys()]).toEqual(['cellstamp-pipeline-read']);
    const actions = statements('cellstamp-plan', 'cellstamp-pipeline-read').flatMap(({ Action }) => list(Action));
    // It makes a key for the file of a plan, and tells people when it fails.
    const others = actions.filter((action) => !/^\w+:(Describe|Get|List|QueryMetrics)/.test(action));
    expect(others).toEqual(['kms:GenerateDataKey', 'sns:Publish']);
    expect(actions).not.toContain('secretsmanager:GetSecretValue');
  });

  it('let a deploy reach what is a cell’s, by name or by tag, and no role but the hosts’', () => {
    const all = ['deploy', 'stores'].flatMap((part) => statements('cellstamp-deploy', `cellstamp-pipeline-${part}`));
    const everywhere = all.filter(({ Resource, Condition }) => list(Resource).includes('*') && Condition === undefined);
    expect(everywhere.map(({ Sid }) => Sid)).toEqual([
      'MakePartsOfEc2',
      'SeeHowTheRollEnded',
      'Keys',
      'Entry',
      'Names',
    ]);
    const ofIam = all.filter(({ Action }) => list(Action)[0]!.startsWith('iam:'));
    for (const { Resource } of ofIam) {
      for (const arn of list(Resource)) {
        expect(arn).toMatch(/cellstamp-\*-(sbc|media|edge-\*)$|:role\/aws-service-role\/[a-z.]+\.amazonaws\.com\/\*$/);
      }
    }
    expect(ofIam).toHaveLength(4);
  });
});
