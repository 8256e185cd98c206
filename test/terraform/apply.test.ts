/**
 * A cell applied by real Terraform to a fresh AWS API emulator, once, and what is there read back through an SDK. Then the
 * hosts' own scripts run against it: fail-over, first boot, secrets.
 */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import {
  DescribeAddressesCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeLaunchTemplateVersionsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeTagsCommand,
  EC2Client,
  type Instance,
} from '@aws-sdk/client-ec2';
import { GetRolePolicyCommand, IAMClient, ListAttachedRolePoliciesCommand } from '@aws-sdk/client-iam';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tar } from '../../lib/targets/aws/host/tar.ts';
import { cellBundle } from '../../lib/targets/aws/host/cell-bundle.ts';
import { bootScript } from '../../lib/targets/aws/host/boot.ts';
import { userData } from '../../lib/targets/aws/host/user-data.ts';
import type { MediaHost, SbcHost } from '../../lib/fleet/derive/cell.ts';
import type { CellInput } from '../../lib/fleet/schema/cell.ts';
import { cellOf, minimal } from '../targets/aws/synth.ts';
import { describeWith } from '../requirements.ts';
import { applied } from './applied.ts';
import { debianImage, type Emulator } from './emulator.ts';
import { Host } from './host.ts';
import { synthCell } from './synth.ts';
import { offline, type TerraformFolder, without } from './terraform.ts';

/** What the emulator (moto 5.2) does not know. All of it is in the validation and the plan of cells.test.ts. */
const leftOut: ReadonlyMap<string, string> = new Map([
  ['aws_elasticache_replication_group', 'the emulator makes no member clusters'],
  ['aws_elasticache_user_group', 'unknown to the emulator'],
  ['aws_s3_bucket_policy', 'the emulator takes no notice of its condition and refuses everything'],
  ['aws_vpc_security_group_ingress_rule of VRRP', 'the emulator wants ports of a protocol that has none'],
  ['interfaces of launch templates', 'kept with the template, but the instance gets another: read back from there'],
]);

const input: CellInput = { ...minimal, aws: { alarmEmails: ['noc@example.com'] } };
const cell = cellOf(input);
const configuration = (of: CellInput) =>
  without(
    offline(synthCell(of)),
    (type, name) => leftOut.has(type) || (type === 'aws_vpc_security_group_ingress_rule' && name.includes('vrrp')),
  );

describeWith(['root', 'terraform', 'aws-provider', 'moto_server'], 'a cell applied to an emulator of AWS', () => {
  let emulator: Emulator;
  let terraform: TerraformFolder;
  let ec2: EC2Client;
  let s3: S3Client;
  let iam: IAMClient;
  const instances = new Map<string, Instance>();
  const hosts: Host[] = [];

  beforeAll(async () => {
    console.log(`Not applied:\n${[...leftOut].map(([type, why]) => `  ${type}: ${why}`).join('\n')}`);
    ({ emulator, terraform } = await applied(configuration(input)));

    const client = {
      region: 'eu-west-1',
      endpoint: emulator.endpoint,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    };
    ec2 = new EC2Client(client);
    s3 = new S3Client({ ...client, forcePathStyle: true });
    iam = new IAMClient(client);
    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}));
    for (const instance of Reservations.flatMap((reservation) => reservation.Instances ?? [])) {
      const name = instance.Tags?.find(({ Key }) => Key === 'cellstamp:host')?.Value;
      if (name !== undefined) instances.set(name, instance);
    }
  }, 600_000);

  afterAll(() => {
    for (const host of hosts) host.shutDown();
    emulator?.stop();
    terraform?.remove();
  });

  const interfaceOf = (host: string) => instances.get(host)!.NetworkInterfaces![0]!;

  async function start(host: string): Promise<Host> {
    const started = await Host.boot(
      { instanceId: instances.get(host)!.InstanceId!, interfaceId: interfaceOf(host).NetworkInterfaceId! },
      emulator.port,
    );
    hosts.push(started);
    return started;
  }

  /** What the AWS command line on a host answers. */
  async function aws(host: Host, ...args: readonly string[]): Promise<string> {
    const { status, output } = await host.run(['aws', ...args, '--endpoint-url', emulator.endpoint]);
    if (status !== 0) throw new Error(`aws ${args.join(' ')}: ${output}`);
    return output;
  }

  async function parameter(host: Host, name: string) {
    const { Parameter } = JSON.parse(
      await aws(host, 'ssm', 'get-parameter', '--name', `/cellstamp/euw1-a/${name}`),
    ) as {
      Parameter: { Value: string };
    };
    return JSON.parse(Parameter.Value) as {
      bucket: string;
      bundle: string;
      topic: string;
      values: Record<string, string>;
    };
  }

  async function object(bucket: string, key: string): Promise<Uint8Array> {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return Body!.transformToByteArray();
  }

  it('has the subnets of the address plan', async () => {
    const { Subnets = [] } = await ec2.send(
      new DescribeSubnetsCommand({ Filters: [{ Name: 'tag:cellstamp:cell', Values: ['euw1-a'] }] }),
    );
    expect(Subnets.map(({ CidrBlock, AvailabilityZone }) => [CidrBlock, AvailabilityZone]).sort()).toEqual(
      cell.subnets
        .flatMap(({ zone, ...ranges }) => [
          [ranges.public, zone],
          [ranges.private, zone],
        ])
        .sort(),
    );
  });

  async function launchTemplate(host: string) {
    const { LaunchTemplateVersions = [] } = await ec2.send(
      new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateName: `cellstamp-euw1-a-${host}` }),
    );
    return LaunchTemplateVersions[0]!.LaunchTemplateData!;
  }

  it('launches every host at its address, in its subnet and group, from the newest Debian 12 image', async () => {
    const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
    const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({}));
    for (const host of [...cell.sbcs, ...cell.media]) {
      const { NetworkInterfaces, ImageId } = await launchTemplate(host.name);
      const [made] = NetworkInterfaces!;
      expect([host.name, made!.PrivateIpAddress]).toEqual([host.name, host.address]);
      expect(Subnets.find(({ SubnetId }) => SubnetId === made!.SubnetId)!.CidrBlock).toBe(host.subnet);
      expect(made!.Groups!.map((id) => SecurityGroups.find(({ GroupId }) => GroupId === id)!.GroupName)).toEqual([
        `cellstamp-euw1-a-${host.role}`,
      ]);
      expect(ImageId).toBe(debianImage);
    }
  });

  it('asks EC2 for the SBCs’ second address, tokens for metadata, and short memories of tracked flows', async () => {
    const [sbc] = cell.sbcs;
    const data = await launchTemplate('sbc-1');
    expect(data.MetadataOptions!.HttpTokens).toBe('required');
    expect(data.NetworkInterfaces![0]).toMatchObject({
      PrivateIpAddress: sbc.address,
      PrivateIpAddresses: [{ Primary: false, PrivateIpAddress: sbc.floatingSide }],
      AssociatePublicIpAddress: false,
      ConnectionTrackingSpecification: { UdpTimeout: 60, UdpStreamTimeout: 60, TcpEstablishedTimeout: 3600 },
    });
    expect(instances.get('sbc-1')!.SourceDestCheck).toBe(false);
    expect(instances.get('media-1')!.SourceDestCheck).toBe(true);
  });

  it('lets RTP in from everywhere and everything out on media hosts, and nobody else but the cell’s own', async () => {
    const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({}));
    const group = (role: string) =>
      SecurityGroups.find(({ GroupName }) => GroupName === `cellstamp-euw1-a-${role}`)!.GroupId!;
    const { SecurityGroupRules = [] } = await ec2.send(
      new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [group('media')] }] }),
    );
    const inbound = SecurityGroupRules.filter(({ IsEgress }) => !IsEgress).map((rule) =>
      [
        rule.IpProtocol,
        `${rule.FromPort}-${rule.ToPort}`,
        rule.CidrIpv4 ?? (rule.ReferencedGroupInfo?.GroupId === group('sbc') ? 'sbc' : 'media'),
      ].join(' '),
    );
    expect(inbound.sort()).toEqual([
      'tcp 9900-9900 sbc',
      'udp 16384-19998 media',
      'udp 2223-2223 sbc',
      'udp 30000-44999 0.0.0.0/0',
      'udp 5070-5070 100.64.0.10/32',
      'udp 5070-5070 sbc',
    ]);
    expect(SecurityGroupRules.filter(({ IsEgress }) => IsEgress)).toMatchObject([
      { IpProtocol: '-1', CidrIpv4: '0.0.0.0/0' },
    ]);
  });

  it('gives the SBCs’ role the floating address, the route and their own interfaces, and nothing else of EC2', async () => {
    const { PolicyDocument } = await iam.send(
      new GetRolePolicyCommand({ RoleName: 'cellstamp-euw1-a-sbc', PolicyName: 'claim-addresses' }),
    );
    const { Statement } = JSON.parse(decodeURIComponent(PolicyDocument!)) as {
      Statement: { Action: string[]; Resource: string[] }[];
    };
    expect(Statement.map(({ Action }) => Action)).toEqual([['ec2:AssociateAddress'], ['ec2:ReplaceRoute']]);
    const [associate, route] = Statement;
    for (const sbc of ['sbc-1', 'sbc-2']) {
      expect(associate!.Resource).toContainEqual(expect.stringContaining(interfaceOf(sbc).NetworkInterfaceId!));
      expect(associate!.Resource).toContainEqual(expect.stringContaining(instances.get(sbc)!.InstanceId!));
    }
    expect(associate!.Resource).toHaveLength(5);
    expect(route!.Resource).toHaveLength(1);
    const { AttachedPolicies } = await iam.send(
      new ListAttachedRolePoliciesCommand({ RoleName: 'cellstamp-euw1-a-media' }),
    );
    expect(AttachedPolicies!.map(({ PolicyName }) => PolicyName)).toEqual(['AmazonSSMManagedInstanceCore']);
  });

  it.each([...cell.sbcs, ...cell.media].map((host) => [host.name, host] as const))(
    'gives %s its user data, and its bundle by the hash in its parameter',
    async (name, host: SbcHost | MediaHost) => {
      const { UserData } = await ec2.send(
        new DescribeInstanceAttributeCommand({ InstanceId: instances.get(name)!.InstanceId!, Attribute: 'userData' }),
      );
      expect(Buffer.from(UserData!.Value!, 'base64').toString()).toBe(
        userData({ site: 'euw1-a', host: name, region: 'eu-west-1' }),
      );
      const started = await start(name);
      const { bucket, bundle: sha256 } = await parameter(started, name);
      const archive = cellBundle(cell, host);
      expect(sha256).toBe(archive.sha256);
      expect(Buffer.from(await object(bucket, `${name}/${sha256}.tar.gz`)).equals(archive.gzip)).toBe(true);
    },
  );

  it('associates an Elastic IP with every host, and the floating one with nobody', async () => {
    const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({}));
    for (const host of [...cell.sbcs, ...cell.media]) {
      const address = Addresses.find(({ Tags }) =>
        Tags?.some(({ Value }) => Value === `cellstamp-euw1-a-${host.name}`),
      )!;
      expect(address.InstanceId).toBe(instances.get(host.name)!.InstanceId);
    }
    const floating = Addresses.find(({ Tags }) => Tags?.some(({ Value }) => Value === 'cellstamp-euw1-a-sbc'))!;
    expect(floating.AssociationId).toBeUndefined();
  });

  /** The host's own claim-addresses, with its late-bound values put in by the bundle's own renderer. */
  async function claimScript(host: Host, name: string): Promise<string> {
    const { bucket, bundle: sha256, values } = await parameter(host, name);
    const folder = host.unpack(await object(bucket, `${name}/${sha256}.tar.gz`));
    for (const [key, value] of Object.entries(values)) host.write(`values/${key}`, value);
    const template = `${folder}/files/usr/local/lib/cellstamp/claim-addresses`;
    const { status, output } = await host.run([`${folder}/render`, host.path('values'), template]);
    expect(status).toBe(0);
    return host.write('claim-addresses', output);
  }

  async function whereTheAddressesAre() {
    const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({}));
    const floating = Addresses.find(({ Tags }) => Tags?.some(({ Value }) => Value === 'cellstamp-euw1-a-sbc'))!;
    const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand({}));
    const route = RouteTables.flatMap(({ Routes = [] }) => Routes).find(
      ({ DestinationCidrBlock }) => DestinationCidrBlock === '100.64.0.10/32',
    )!;
    // The emulator does not say with which of the interface's addresses the public one is associated.
    return { publicAddress: floating.NetworkInterfaceId, overlayRoute: route.NetworkInterfaceId };
  }

  it('moves the floating address and the overlay route to the SBC that becomes active, and back', async () => {
    for (const sbc of [cell.sbcs[0], cell.sbcs[1], cell.sbcs[0]]) {
      const host = await start(sbc.name);
      const script = await claimScript(host, sbc.name);
      const { status, output } = await host.run(['bash', script, 'MASTER']);
      expect(output).toMatch(/the public address is here, .* in attempt 1/);
      expect(status).toBe(0);
      const own = interfaceOf(sbc.name).NetworkInterfaceId;
      expect(await whereTheAddressesAre()).toEqual({ publicAddress: own, overlayRoute: own });
    }
  });

  it('gives nothing back on BACKUP and FAULT: the other SBC takes it', async () => {
    const before = await whereTheAddressesAre();
    const host = await start('sbc-1');
    const script = await claimScript(host, 'sbc-1');
    for (const state of ['BACKUP', 'FAULT']) {
      expect((await host.run(['bash', script, state])).status).toBe(0);
    }
    expect(await whereTheAddressesAre()).toEqual(before);
  });

  it('tries again while AWS does not answer, and gives up when the SBC is no longer active', async () => {
    const host = await start('sbc-2');
    const script = await claimScript(host, 'sbc-2');
    const unreachable = { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' };
    const claiming = host.run(['bash', script, 'MASTER'], unreachable);
    // The file is there as soon as the script has begun.
    while ((await host.run(['test', '-s', '/run/cellstamp/vrrp-state'])).status !== 0);
    expect((await host.run(['bash', script, 'BACKUP'], unreachable)).status).toBe(0);
    const { status, output } = await claiming;
    expect(status).toBe(1);
    expect(output).toMatch(/the public address: (attempt 1 failed|given up)/);
    expect(output).toContain('given up, this host is BACKUP now');
  });

  it('makes the cell’s secrets on the SBC that boots first, and the same on the other', async () => {
    const made: Record<string, string>[] = [];
    const names = ['database_sbc_password', 'redis_password', 'digest_secret', 'topology_secret'];
    const run = async (sbc: string) => {
      const host = await start(sbc);
      const { bucket, bundle: sha256, ...rest } = await parameter(host, sbc);
      host.write('run/host/parameter.json', JSON.stringify({ bucket, bundle: sha256, ...rest }));
      // Amazon's list of authorities, as an earlier boot left it: the machine of the test may have no way to it.
      host.write('state/host/rds-authorities.pem', 'AUTHORITIES OF RDS\n');
      const folder = host.unpack(await object(bucket, `${sbc}/${sha256}.tar.gz`));
      const { status, output } = await host.run([`${folder}/values`]);
      expect([status, output]).toEqual([0, expect.any(String)]);
      made.push(Object.fromEntries(names.map((name) => [name, host.read(`run/host/values/${name}`)])));
      expect(host.read('run/host/values/data_ca_certificate')).toMatch(
        /^AUTHORITIES OF RDS\n-----BEGIN CERTIFICATE-----/,
      );
      expect(host.read('run/host/values/sip_certificate')).toMatch(/^-----BEGIN CERTIFICATE-----/);
      expect(host.read('run/host/values/sip_key')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    };
    await Promise.all([run('sbc-1'), run('sbc-2')]);
    expect(made[0]).toEqual(made[1]);
    for (const value of Object.values(made[0]!)) expect(value).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(Object.values(made[0]!)).size).toBe(names.length);
  });

  /** Makes the emulator's host run a bundle of the test's own. */
  async function bootWith(files: Parameters<typeof tar>[0], tamper = false) {
    const host = await start('media-4');
    const archive = tar(files);
    const sha256 = createHash('sha256').update(archive).digest('hex');
    const { bucket, topic } = await parameter(host, 'media-1');
    await s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: `media-4/${sha256}.tar.gz`,
        Body: gzipSync(tamper ? tar([...files, { path: 'more', mode: '0644', text: '' }]) : archive),
      }),
    );
    const value = JSON.stringify({ bucket, topic, bundle: sha256, values: {}, secrets: {} });
    const put = [
      'aws',
      'ssm',
      'put-parameter',
      '--overwrite',
      '--type',
      'String',
      '--name',
      '/cellstamp/euw1-a/media-4',
    ];
    expect((await host.run([...put, '--value', value])).status).toBe(0);
    const script = host.write('boot', bootScript({ site: 'euw1-a', host: 'media-4', region: 'eu-west-1' }));
    const answer = await host.run(['bash', script]);
    const { Tags = [] } = await ec2.send(
      new DescribeTagsCommand({
        Filters: [
          { Name: 'resource-id', Values: [instances.get('media-4')!.InstanceId!] },
          { Name: 'key', Values: ['cellstamp-state'] },
        ],
      }),
    );
    return { ...answer, host, tag: Tags[0]?.Value };
  }

  const applies = (text: string) => [{ path: 'apply', mode: '0755', text: `#!/bin/sh\n${text}\n` }];

  it('boots: fetches the bundle, verifies and applies it, and says so in the instance’s tag', async () => {
    const { status, host, tag } = await bootWith(applies('touch /var/lib/cellstamp/host/it-ran'));
    expect(status).toBe(0);
    expect(host.read('state/host/it-ran')).toBe('');
    expect(tag).toBe('ready');
  });

  it('runs nothing of a bundle that is not what the parameter says', async () => {
    const { status, host, tag } = await bootWith(applies('touch /var/lib/cellstamp/host/it-ran'), true);
    expect(status).toBe(1);
    expect(() => host.read('state/host/it-ran')).toThrow('ENOENT');
    expect(tag).toBe('failed: verifying the bundle');
  });

  it('says in which step it failed, in the tag and to the alarm topic', async () => {
    const listener = await start('media-4');
    const { QueueUrl } = JSON.parse(await aws(listener, 'sqs', 'create-queue', '--queue-name', 'alarms')) as Record<
      string,
      string
    >;
    const { topic } = await parameter(listener, 'media-1');
    const queue = 'arn:aws:sqs:eu-west-1:123456789012:alarms';
    await aws(
      listener,
      'sns',
      'subscribe',
      '--topic-arn',
      topic,
      '--protocol',
      'sqs',
      '--notification-endpoint',
      queue,
    );
    const step = 'echo "building the module" >/run/cellstamp/host/step; exit 1';
    const { status, output, tag } = await bootWith(applies(step));
    expect(status).toBe(1);
    expect(output).toContain('boot: FAILED: building the module');
    expect(tag).toBe('failed: building the module');
    const told = await aws(listener, 'sqs', 'receive-message', '--queue-url', QueueUrl!);
    expect(told).toContain('media-4 of euw1-a: failed: building the module');
  });

  it('wants to take neither address nor route back at the next plan, and leaves every host alone', async () => {
    const changed: CellInput = {
      ...input,
      media: { relay: { calls: 3000 } },
      aws: { ...input.aws, media: { instanceType: 'c6in.4xlarge' } },
    };
    terraform.write(configuration(changed));
    const [replaced] = Object.keys(configuration(changed).resource['aws_instance']!).filter((name) =>
      /media-2_/.test(name),
    );
    await terraform.succeed(['plan', '-no-color', '-input=false', `-replace=aws_instance.${replaced}`, '-out=plan']);
    const plan = JSON.parse((await terraform.succeed(['show', '-json', 'plan'])).output) as {
      resource_changes: { address: string; type: string; change: { actions: string[] } }[];
    };
    const changes = plan.resource_changes.filter(({ change }) => change.actions.join() !== 'no-op');
    const of = (type: string) => changes.filter((change) => change.type === type).map(({ address }) => address);
    // A new type and a new limit: new templates and parameters.
    expect(of('aws_launch_template').length).toBeGreaterThan(0);
    expect(of('aws_ssm_parameter').length).toBeGreaterThan(0);
    expect(of('aws_eip')).toEqual([]);
    expect(of('aws_route')).toEqual([]);
    // Only the host that is to be replaced, and its association.
    expect(of('aws_instance')).toEqual([`aws_instance.${replaced}`]);
    // The emulator knows one public address an interface: the floating one has taken the place of the SBCs' own.
    expect(of('aws_eip_association').filter((address) => !address.includes('_sbcs_'))).toHaveLength(1);
  });
});
