import { AwsProvider } from '@cdktf/provider-aws/lib/provider/index.js';
import type { App } from 'cdktf';
import { TerraformOutput, TerraformStack, Testing } from 'cdktf';
import { describe, expect, it } from 'vitest';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';
import { parseFront } from '../../../lib/fleet/schema/front.ts';
import { CellStack, type CellStackProps } from '../../../lib/targets/aws/cell-stack.ts';
import { maximal, maximalFront, minimal, testApp } from './synth.ts';

interface Config {
  readonly terraform: {
    readonly backend: Record<string, Record<string, unknown>>;
    readonly required_providers: unknown;
    readonly required_version: string;
  };
  readonly provider: { readonly aws: { region: string; default_tags: { tags: Record<string, string> }[] }[] };
  readonly output: Record<string, { value: unknown; description: string }>;
}

function stack(input: CellInput, state?: CellStackProps['state']): { readonly text: string; readonly config: Config } {
  const made = new CellStack(testApp(), { spec: parseCell(input), ...(state ? { state } : {}) });
  const text = Testing.synth(made, true);
  return { text, config: JSON.parse(text) as Config };
}

describe('CellStack', () => {
  const { text, config } = stack(minimal);

  it('is named after its cell', () => {
    expect(new CellStack(testApp(), { spec: parseCell(minimal) }).node.id).toBe('cell-euw1-a');
  });

  it('takes both major versions of the AWS provider that are in use', () => {
    expect(config.terraform.required_providers).toEqual({
      aws: { source: 'hashicorp/aws', version: '>= 5.100.0, < 7.0.0' },
    });
    expect(config.terraform.required_version).toBe('>= 1.10.0');
  });

  it('keeps its state in a file beside the project, and says so without an absolute path', () => {
    expect(config.terraform.backend).toEqual({ local: { path: '../../../terraform.cell-euw1-a.tfstate' } });
    expect(text).not.toContain(process.cwd());
  });

  it('keeps its state in a bucket of its own key with a lock file where a bucket is given', () => {
    const { config: remote } = stack(maximal, { bucket: 'states', region: 'eu-central-1' });
    expect(remote.terraform.backend).toEqual({
      s3: {
        bucket: 'states',
        region: 'eu-central-1',
        key: 'cellstamp/cell-a-cell-of-20-letters.tfstate',
        encrypt: true,
        use_lockfile: true,
      },
    });
  });

  it('tags everything through the provider of its region', () => {
    expect(config.provider.aws).toEqual([
      {
        region: 'eu-west-1',
        default_tags: [
          { tags: { 'cellstamp:cell': 'euw1-a', 'cellstamp:size': 'standard', 'managed-by': 'terraform' } },
        ],
      },
    ]);
  });

  it('puts out what a pipeline needs, each with a description', () => {
    expect(Object.keys(config.output).sort()).toEqual([
      'alarm_topic',
      'database_endpoint',
      'hosts',
      'log_group',
      'media_addresses',
      'redis_endpoint',
      'sbc_address',
      'secrets_to_fill',
      'vpc',
    ]);
    for (const { description } of Object.values(config.output)) expect(description).toMatch(/\w/);
    const hosts = config.output['hosts']!.value as Record<string, { address: string; bundle: string }>;
    expect(Object.keys(hosts)).toEqual(['media-1', 'media-2', 'media-3', 'media-4', 'sbc-1', 'sbc-2']);
    expect(hosts['sbc-1']!.address).toMatch(/^aws_instance\.cell_sbcs_sbc-1_instance_\w+$/);
    expect(hosts['sbc-1']!.bundle).toMatch(/^[0-9a-f]{64}$/);
  });

  it('enters the cell into the front’s directory, by a provider of a region that has it', () => {
    const entered = (region: string) => {
      const front = parseFront({ ...maximalFront, regions: [{ region: 'us-east-1', network: '10.40.0.0/24' }] });
      const made = new CellStack(testApp(), { spec: parseCell({ ...minimal, region }), front });
      return JSON.parse(Testing.synth(made, true)) as Config & {
        resource: { aws_dynamodb_table_item: Record<string, Record<string, unknown>> };
      };
    };
    const far = entered('eu-west-1');
    const [item] = Object.values(far.resource.aws_dynamodb_table_item);
    expect(item).toMatchObject({ table_name: 'cellstamp-a-front-of-20-letter-directory', provider: 'aws.directory' });
    expect(item!['item']).toMatch(/cell:euw1-a.*floating-address_\w+\.public_ip\}:5060.*active/);
    expect(far.provider.aws.map(({ region }) => region)).toEqual(['eu-west-1', 'us-east-1']);
    expect(entered('us-east-1').provider.aws).toHaveLength(1);
    // Its SBCs may read the edges' addresses, in the region where the front's stack leaves them.
    expect(JSON.stringify(far.resource)).toContain(
      'arn:aws:ssm:us-east-1:*:parameter/cellstamp/a-front-of-20-letter/edges',
    );
  });

  it('is in no directory where there is no front', () => {
    expect(text).not.toContain('aws_dynamodb_table_item');
  });

  it('says that a cell without SIP over UDP can’t be behind a front', () => {
    const spec = parseCell({ ...minimal, sbc: { transports: { udp: 'off' } } });
    expect(() => new CellStack(testApp(), { spec, front: parseFront(maximalFront) })).toThrow(
      'cell euw1-a: SIP over UDP is off, but edges of the front reach a cell by it alone',
    );
  });

  it('refers to no other stack', () => {
    expect(text).not.toContain('terraform_remote_state');
  });

  it('does not change a resource’s address when the cell grows', () => {
    const addresses = (of: CellInput) =>
      Object.entries((stack(of).config as unknown as { resource: Record<string, object> }).resource).flatMap(
        ([type, resources]) => Object.keys(resources).map((name) => `${type}.${name}`),
      );
    const grown = addresses({ ...minimal, media: { hosts: 6 }, database: { readers: 2 }, redis: { replicas: 2 } });
    expect(grown).toEqual(expect.arrayContaining(addresses(minimal)));
  });

  it('still finds references to other stacks when it shares an app with them', () => {
    const app = testApp();
    const other = new TerraformStack(app, 'other');
    new AwsProvider(other, 'aws', { region: 'eu-west-1' });
    const cell = new CellStack(app, { spec: parseCell(minimal) });
    new TerraformOutput(other, 'vpc', { value: cell.cell.network.vpcId });
    (app as App).synth();
    expect(Testing.synth(other)).toContain('terraform_remote_state');
  });
});
