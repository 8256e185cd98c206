/** The pipeline's programs with real Terraform and the AWS command line, against an emulator of AWS. */
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FleetRepository, program } from '../examples/fleet-repository.ts';
import { describeWith } from '../requirements.ts';
import { Emulator } from './emulator.ts';
import { TerraformFolder } from './terraform.ts';

const spec = 'name: a\nregion: eu-west-1\naws: {}\nsize: small\nnetwork: 10.16.0.0/20\n';

describeWith(['terraform', 'aws-provider', 'moto_server'], 'one cell in the pipeline', () => {
  let emulator: Emulator;
  let folder: TerraformFolder;
  let fleet: FleetRepository;
  beforeAll(async () => {
    emulator = await Emulator.start();
    folder = new TerraformFolder(emulator.port);
    fleet = new FleetRepository({ 'cells/a.yaml': spec });
  });
  afterAll(() => {
    fleet?.remove();
    folder?.remove();
    emulator?.stop();
  });

  it('is planned by Terraform, with a count of what is to change', () => {
    const { status, stdout, stderr } = fleet.run(program('terraform-cell.ts', 'plan', 'a'), folder.environment);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^cell a: 1\d\d to add, 0 to change, 0 to destroy$/m);
    expect(status).toBe(0);
  });

  it('is not planned when it is not there, or not to stand yet', () => {
    expect(fleet.run(program('terraform-cell.ts', 'plan', 'b'), folder.environment)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('there is no cell b in cells/; there are a'),
    });
  });

  it('takes no provider but those of the fleet’s lock file, and ends where Terraform does', () => {
    const lock = 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "5.99.0"\n  hashes = ["zh:00"]\n}\n';
    writeFileSync(join(fleet.path, '.terraform.lock.hcl'), lock);
    const { status, stdout, stderr } = fleet.run(program('terraform-cell.ts', 'plan', 'a'), folder.environment);
    rmSync(join(fleet.path, '.terraform.lock.hcl'));
    expect(stderr).toContain('locked provider');
    expect(stdout).not.toContain('to add');
    expect(status).toBe(1);
  });
});

interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: object;
}

describeWith(['terraform', 'aws-provider', 'moto_server'], 'the roles of the pipeline', () => {
  let emulator: Emulator;
  let folder: TerraformFolder;
  const policies = new Map<string, { readonly Statement: readonly Statement[] }>();
  beforeAll(async () => {
    emulator = await Emulator.start();
    folder = new TerraformFolder(emulator.port);
    copyFileSync('examples/pipeline/roles.tf', join(folder.path, 'roles.tf'));
    await folder.succeed(['init', '-no-color', '-input=false']);
    const given = {
      repository: 'example/fleet',
      account: '123456789012',
      state_bucket: 'states',
      proof_secret: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:cellstamp-proof',
    };
    const variables = Object.entries(given).map(([name, value]) => `-var=${name}=${value}`);
    await folder.succeed(['apply', '-no-color', '-input=false', '-auto-approve', ...variables]);
    const state = JSON.parse((await folder.succeed(['show', '-json'])).output) as {
      values: { root_module: { resources: { type: string; values: Record<string, string> }[] } };
    };
    for (const { type, values } of state.values.root_module.resources) {
      if (type === 'aws_iam_role') policies.set(`${values['name']} trust`, JSON.parse(values['assume_role_policy']!));
      if (type === 'aws_iam_role_policy')
        policies.set(`${values['role']} ${values['name']}`, JSON.parse(values['policy']!));
    }
  });
  afterAll(() => {
    folder?.remove();
    emulator?.stop();
  });

  const list = (value: string | readonly string[]) => (typeof value === 'string' ? [value] : value);
  const statements = (policy: string) => policies.get(policy)!.Statement;

  it.each([
    ['plan', ['ref:refs/heads/main', 'ref:refs/heads/plan', 'pull_request']],
    ['deploy', ['canary', 'one', 'tenth', 'rest'].map((wave) => `environment:${wave}`)],
  ])('are taken by the runs of one repository that are meant: %s', (role, where) => {
    const [statement] = statements(`cellstamp-${role} trust`);
    expect(statement!.Condition).toEqual({
      StringEquals: {
        'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
        'token.actions.githubusercontent.com:sub': where.map((end) => `repo:example/fleet:${end}`),
      },
    });
  });

  it('let a plan change nothing', () => {
    expect([...policies.keys()].filter((name) => name.startsWith('cellstamp-plan '))).toEqual([
      'cellstamp-plan trust',
      'cellstamp-plan read',
    ]);
    const actions = statements('cellstamp-plan read').flatMap(({ Action }) => list(Action));
    for (const action of actions) expect(action).toMatch(/^\w+:(Describe|Get|List|QueryMetrics)/);
    expect(actions).not.toContain('secretsmanager:GetSecretValue');
  });

  it('let a deploy reach what is a cell’s, by name or by tag, and no role but the hosts’', () => {
    const everywhere = statements('cellstamp-deploy deploy').filter(
      ({ Resource, Condition }) => list(Resource).includes('*') && Condition === undefined,
    );
    expect(everywhere.map(({ Sid }) => Sid)).toEqual(['MakePartsOfEc2', 'Keys', 'SeeHowTheRollEnded']);
    const ofIam = statements('cellstamp-deploy deploy').filter(({ Action }) => list(Action)[0]!.startsWith('iam:'));
    for (const { Resource } of ofIam) {
      for (const arn of list(Resource)) expect(arn).toMatch(/cellstamp-\*-(sbc|media)$/);
    }
    expect(ofIam).toHaveLength(3);
  });
});
