/**
 * The front through real Terraform: planned whole in three regions, and what the emulator of AWS knows applied in two, then read
 * back. After that a cell enters itself into the front's directory.
 */
import { spawnSync } from 'node:child_process';
import {
  DescribeAddressesCommand,
  DescribeLaunchTemplateVersionsCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { edgeBundle } from '../../lib/targets/aws/host/edge-bundle.ts';
import { checkPlan } from '../../lib/targets/aws/plan-rules.ts';
import type { TerraformPlan } from '../../lib/targets/aws/terraform-plan.ts';
import type { FrontInput } from '../../lib/fleet/schema/front.ts';
import { frontOf, maximalFront, minimal, minimalFront } from '../targets/aws/synth.ts';
import { describeWith } from '../requirements.ts';
import { applied } from './applied.ts';
import type { Emulator } from './emulator.ts';
import { synthCell, synthFront } from './synth.ts';
import { awsEnvironment, offline, TerraformFolder, without, type Configuration } from './terraform.ts';

const input: FrontInput = {
  ...minimalFront,
  regions: ['eu-west-1', 'us-east-1'].map((region, index) => ({ region, network: `10.15.${index}.0/24` })),
};
const front = frontOf(input);

/** The emulator knows no Global Accelerator, so the tests give the two addresses. */
const anycast = ['192.0.2.1', '198.51.100.1'];

/** What the emulator (moto 5.2) does not know. All of it is in the plan. */
const leftOut: ReadonlyMap<string, string> = new Map([
  ['aws_globalaccelerator_accelerator', 'unknown to the emulator'],
  ['aws_globalaccelerator_listener', 'unknown to the emulator'],
  ['aws_globalaccelerator_endpoint_group', 'unknown to the emulator'],
  ['replicas of the aws_dynamodb_table', 'the emulator makes none, and the provider waits for them'],
  ['aws_s3_bucket_policy', 'the emulator takes no notice of its condition and refuses everything'],
  ['aws_s3_bucket_lifecycle_configuration', 'applied with the cell; the provider waits a minute for it'],
]);

const replaced = (configuration: Configuration, pattern: RegExp, by: (...groups: string[]) => string) =>
  JSON.parse(JSON.stringify(configuration).replace(pattern, by)) as Configuration;

describeWith(['terraform', 'aws-provider'], 'a front in three regions, with a full spec', () => {
  const folder = new TerraformFolder();
  afterAll(() => folder.remove());

  it('is accepted by the provider without a warning, and its plan breaks no rule', async () => {
    // The one look-up is in the configuration that is applied below.
    const configuration = replaced(
      offline(synthFront(maximalFront)),
      /\$\{data\.aws_ec2_managed_prefix_list\.[^}]*\}/g,
      () => 'pl-12345678',
    );
    delete configuration.data;
    folder.write(configuration);
    await folder.succeed(['init', '-no-color', '-input=false']);
    const validation = JSON.parse((await folder.succeed(['validate', '-json'], [0, 1])).output) as {
      diagnostics: unknown[];
    };
    expect(validation.diagnostics).toEqual([]);
    await folder.succeed(['plan', '-no-color', '-input=false', '-out=plan']);
    const plan = JSON.parse((await folder.succeed(['show', '-json', 'plan'])).output) as TerraformPlan;
    expect(checkPlan(plan)).toEqual([]);
    const planned = (type: string) =>
      plan.planned_values.root_module.resources!.filter((resource) => resource.type === type);
    expect(planned('aws_instance')).toHaveLength(frontOf(maximalFront).edges.length);
    expect(
      planned('aws_globalaccelerator_endpoint_group')
        .map(({ values }) => `${String(values['endpoint_group_region'])} ${String(values['traffic_dial_percentage'])}`)
        .sort(),
    ).toEqual(['ap-southeast-2 50', 'eu-central-1 100', 'us-east-1 100'].flatMap((group) => [group, group]));
  });
});

describeWith(['terraform', 'aws-provider', 'moto_server'], 'a front applied to an emulator of AWS', () => {
  let emulator: Emulator;
  let terraform: TerraformFolder;

  beforeAll(async () => {
    console.log(`Planned only, not applied:\n${[...leftOut].map(([type, why]) => `  ${type}: ${why}`).join('\n')}`);
    const configuration = without(
      replaced(
        offline(synthFront(input)),
        /\$\{element\(aws_globalaccelerator_[^}]*, (\d)\)\}/g,
        (_, n) => anycast[Number(n)]!,
      ),
      (type) => leftOut.has(type),
    );
    for (const table of Object.values(configuration.resource['aws_dynamodb_table']!)) delete table['replica'];
    ({ emulator, terraform } = await applied(configuration, (fresh) => {
      emulator = fresh;
      for (const { region } of front.regions) fresh.addHealthCheckers(region);
    }));
  }, 600_000);

  afterAll(() => {
    emulator?.stop();
    terraform?.remove();
  });

  /** What the AWS command line answers. */
  function aws<T>(region: string, ...args: readonly string[]): T {
    const { status, stdout, stderr } = spawnSync('aws', [...args, '--region', region, '--output', 'json'], {
      encoding: 'utf8',
      env: awsEnvironment(emulator.port),
    });
    if (status !== 0) throw new Error(`aws ${args.join(' ')}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  const ec2 = (region: string) =>
    new EC2Client({
      region,
      endpoint: emulator.endpoint,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });

  async function publicAddress(edge: { readonly region: string; readonly name: string }): Promise<string> {
    const { Addresses = [] } = await ec2(edge.region).send(new DescribeAddressesCommand({}));
    const address = Addresses.find(({ Tags }) => Tags?.some(({ Value }) => Value === `cellstamp-front-${edge.name}`))!;
    expect(address.AssociationId).toBeDefined();
    return address.PublicIp!;
  }

  function entries(): readonly Record<string, unknown>[] {
    const { Items } = aws<{ Items: { item: { S: string } }[] }>(
      'eu-west-1',
      ...['dynamodb', 'scan', '--table-name', 'cellstamp-front-directory'],
    );
    return Items.map(({ item }) => JSON.parse(item.S) as Record<string, unknown>);
  }

  it.each(front.edges.map((edge) => [edge.name, edge] as const))(
    'launches %s in its region with an address for anycast traffic and one of its own',
    async (name, edge) => {
      const { LaunchTemplateVersions = [] } = await ec2(edge.region).send(
        new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateName: `cellstamp-front-${name}` }),
      );
      const data = LaunchTemplateVersions[0]!.LaunchTemplateData!;
      expect(data.MetadataOptions!.HttpTokens).toBe('required');
      expect(data.NetworkInterfaces![0]).toMatchObject({
        PrivateIpAddress: edge.address,
        PrivateIpAddresses: [{ Primary: false, PrivateIpAddress: edge.unicastSide }],
        AssociatePublicIpAddress: false,
      });
      const { Parameter } = aws<{ Parameter: { Value: string } }>(
        edge.region,
        ...['ssm', 'get-parameter', '--name', `/cellstamp/front/${name}`],
      );
      expect(JSON.parse(Parameter.Value)).toMatchObject({
        bundle: edgeBundle(front, edge).sha256,
        values: {
          public_address: await publicAddress(edge),
          anycast_address_1: anycast[0],
          anycast_address_2: anycast[1],
          directory: `"backend": "dynamodb", "source": {"table":"cellstamp-front-directory","region":"${edge.region}"}, "keys": {"secret":"cellstamp/front/edge-keys","region":"${edge.region}","fill":${edge.region === front.regions[0]!.region}}, "keySeconds": 30`,
        },
        secrets: { sipTls: expect.stringContaining(`:${edge.region}:`) as string },
      });
    },
  );

  it('admits SIP from everywhere, and health checks from Amazon’s health checkers alone', async () => {
    for (const { region } of front.regions) {
      const { SecurityGroups = [] } = await ec2(region).send(
        new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'group-name', Values: ['cellstamp-front-edge'] }] }),
      );
      const rules = SecurityGroups[0]!.IpPermissions!.flatMap(({ IpProtocol, FromPort, IpRanges, PrefixListIds }) =>
        [
          ...IpRanges!.map(({ CidrIp }) => CidrIp),
          ...PrefixListIds!.map(({ PrefixListId }) => PrefixListId!.slice(0, 3)),
        ].map((source) => [IpProtocol, FromPort, source].join(' ')),
      );
      expect(rules.sort()).toEqual([
        'tcp 5060 0.0.0.0/0',
        'tcp 5061 0.0.0.0/0',
        'tcp 8088 pl-',
        ...front.regions.map(({ network }) => `tcp 9494 ${network}`),
        'udp 5060 0.0.0.0/0',
      ]);
    }
  });

  it('enters every edge into the directory by its own address', async () => {
    const edges = entries().filter(({ kind }) => kind === 'edge');
    expect(edges.map(({ name }) => name).sort()).toEqual(front.edges.map(({ name }) => name).sort());
    for (const edge of front.edges) {
      expect(edges.find(({ name }) => name === edge.name)).toEqual({
        kind: 'edge',
        name: edge.name,
        address: await publicAddress(edge),
        version: expect.any(Number) as number,
      });
    }
  });

  it('answers for every tenant’s name, with the service first and each edge after it', async () => {
    const { HostedZones } = aws<{ HostedZones: { Id: string }[] }>('eu-west-1', 'route53', 'list-hosted-zones');
    const { ResourceRecordSets: sets } = aws<{
      ResourceRecordSets: { Name: string; Type: string; ResourceRecords: { Value: string }[] }[];
    }>('eu-west-1', 'route53', 'list-resource-record-sets', '--hosted-zone-id', HostedZones[0]!.Id);
    const find = (type: string, name: string) =>
      sets
        .find(({ Name, Type }) => Type === type && Name.replace('\\052', '*') === `${name}voice.example.com.`)!
        .ResourceRecords.map(({ Value }) => Value);
    expect(find('NAPTR', '*.')).toContain('10 10 "S" "SIPS+D2T" "" _sips._tcp.voice.example.com.');
    expect(find('SRV', '_sip._udp.').sort()).toEqual([
      '10 10 5060 sip.voice.example.com.',
      ...front.edges.map(({ name }) => `20 10 5060 ${name}.edge.voice.example.com.`),
    ]);
    expect(find('A', '*.').sort()).toEqual([...anycast].sort());
    for (const edge of front.edges) expect(find('A', `${edge.name}.edge.`)).toEqual([await publicAddress(edge)]);
  });

  it('takes the entry of a cell from the cell’s own stack, and a newer one with every change of its state', async () => {
    const folder = new TerraformFolder(emulator.port);
    const write = (state: 'active' | 'cordoned') => {
      const { terraform: settings, provider, resource } = offline(synthCell({ ...minimal, state }, input));
      const alone = ['aws_dynamodb_table_item', 'terraform_data', 'aws_eip'].map((type) => {
        // Without the network around it, which the address waits for.
        const named = Object.entries(resource[type]!).map(
          ([name, body]) => [name, { ...body, depends_on: [] }] as const,
        );
        return [type, Object.fromEntries(named.filter(([name]) => /^directory-entry|floating-address/.test(name)))];
      });
      folder.write({ terraform: settings, provider, resource: Object.fromEntries(alone) as typeof resource });
    };
    const entered = async () => {
      await folder.succeed(['apply', '-no-color', '-input=false', '-auto-approve']);
      return entries().find(({ kind }) => kind === 'cell') as { version: number; addresses: string[] };
    };
    try {
      write('active');
      await folder.succeed(['init', '-no-color', '-input=false']);
      const first = await entered();
      expect(first).toMatchObject({ name: 'euw1-a', state: 'active' });
      expect(first.addresses).toEqual([expect.stringMatching(/^[0-9.]+:5060$/)]);
      write('cordoned');
      const second = await entered();
      expect(second).toMatchObject({ name: 'euw1-a', state: 'cordoned', addresses: first.addresses });
      expect(second.version).toBeGreaterThan(first.version);
    } finally {
      folder.remove();
    }
  });
});
