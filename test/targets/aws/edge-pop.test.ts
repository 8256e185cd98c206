import { AwsProvider } from '@cdktf/provider-aws/lib/provider/index.js';
import { describe, expect, it } from 'vitest';
import { EdgePop } from '../../../lib/targets/aws/edge-pop.ts';
import { edgeMetrics, hostMetrics, tlsMetrics } from '../../../lib/observability/host-metrics.ts';
import { regionAlarms } from '../../../lib/targets/aws/front-alarms.ts';
import type { FrontInput } from '../../../lib/fleet/schema/front.ts';
import { frontOf, maximalFront, minimalFront, synth } from './synth.ts';

const certificate = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:sip-tls';
const keys = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:edge-keys';
const pop = (input: FrontInput) =>
  synth((stack) => {
    const front = frontOf(input);
    const region = front.regions[0]!;
    new EdgePop(stack, region.region, {
      front,
      region,
      anycastAddresses: ['192.0.2.1', '198.51.100.1'],
      directoryTableName: 'directory',
      edgeKeysSecret: { name: 'cellstamp/front/edge-keys', arn: keys, isCopy: input === maximalFront },
      ...(input === minimalFront ? { sipTlsSecretArn: certificate } : {}),
      ...(input === maximalFront
        ? { provider: new AwsProvider(stack, 'there', { alias: 'there', region: region.region }) }
        : {}),
    });
  });

describe('EdgePop', () => {
  const small = pop(minimalFront);
  const large = pop(maximalFront);

  it('is two edges in two zones for the smallest spec, and as many as the spec says', () => {
    expect(small.all('aws_instance')).toHaveLength(2);
    expect(small.all('aws_subnet').map((subnet) => subnet['availability_zone'])).toEqual(['eu-west-1a', 'eu-west-1b']);
    expect(large.all('aws_instance')).toHaveLength(3);
    expect(large.all('aws_subnet')).toHaveLength(3);
  });

  it('maps an edge’s own Elastic IP onto its second address, and leaves the first to anycast traffic', () => {
    const [edge] = frontOf(minimalFront).edges;
    expect(small.one('aws_launch_template', 'eu-west-1-edge-1_launch-template')['network_interfaces']).toMatchObject([
      { private_ip_address: edge!.address, ipv4_addresses: [edge!.unicastSide] },
    ]);
    expect(small.one('aws_eip_association', 'eu-west-1-edge-1-association')['private_ip_address']).toBe(
      edge!.unicastSide,
    );
  });

  it('gives an edge another one on its first address, by which it reaches AWS after a stop, too', () => {
    const [edge] = frontOf(minimalFront).edges;
    const association = small.one('aws_eip_association', 'eu-west-1-edge-1-primary-association');
    expect(association['private_ip_address']).toBe(edge!.address);
    expect(small.all('aws_eip')).toHaveLength(4);
  });

  it('opens SIP to everybody, health to Amazon’s checkers, metrics to the front, and nothing else', () => {
    expect(small.names('aws_vpc_security_group_ingress_rule').map((name) => name.replace(/.*_edge-/, ''))).toEqual([
      'health-from-health-checkers',
      'metrics-from-10-15-0-0-24',
      'sip-tcp-from-internet',
      'sip-tls-from-internet',
      'sip-udp-from-internet',
    ]);
    expect(
      small.one('aws_vpc_security_group_ingress_rule', 'edge-health-from-health-checkers')['prefix_list_id'],
    ).toMatch(/data\.aws_ec2_managed_prefix_list/);
    expect(small.data('aws_ec2_managed_prefix_list')).toMatchObject([
      { name: 'com.amazonaws.eu-west-1.route53-healthchecks' },
    ]);
  });

  const policy = (id: string, of = small) =>
    (
      JSON.parse(String(of.one('aws_iam_role_policy', id)['policy'])) as {
        Statement: { Action: string[]; Resource: string[] }[];
      }
    ).Statement;

  it('lets an edge read the front’s keys, and fill the secret where it is no copy', () => {
    expect(policy('edge-keys-policy')).toEqual([
      { Effect: 'Allow', Action: ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'], Resource: [keys] },
    ]);
    expect(policy('edge-keys-policy', large)).toEqual([
      { Effect: 'Allow', Action: ['secretsmanager:GetSecretValue'], Resource: [keys] },
    ]);
  });

  it('lets an edge read the directory beside it and its certificate, and write neither', () => {
    expect(policy('read-directory-policy').map(({ Action, Resource }) => [Action, Resource])).toEqual([
      [['dynamodb:DescribeTable', 'dynamodb:Scan'], ['arn:aws:dynamodb:eu-west-1:*:table/directory']],
      [
        ['dynamodb:DescribeStream', 'dynamodb:GetShardIterator', 'dynamodb:GetRecords'],
        ['arn:aws:dynamodb:eu-west-1:*:table/directory/stream/*'],
      ],
    ]);
    const secrets = policy('host-policy').filter(({ Action }) => Action[0]!.startsWith('secretsmanager:'));
    expect(secrets).toMatchObject([{ Action: ['secretsmanager:GetSecretValue'], Resource: [certificate] }]);
  });

  it('names a role after its region: IAM knows no regions', () => {
    expect(small.one('aws_iam_role')['name']).toBe('cellstamp-front-edge-eu-west-1');
    expect(String(large.one('aws_iam_role')['name']).length).toBeLessThanOrEqual(64);
  });

  it('makes everything by the region’s provider where one is given', () => {
    const made = large.types().flatMap((type) => large.all(type));
    expect(new Set(made.map(({ provider }) => provider))).toEqual(new Set(['aws.there']));
    expect(large.data('aws_ec2_managed_prefix_list')).toMatchObject([{ provider: 'aws.there' }]);
  });

  it('tells an edge its addresses and where its directory is', () => {
    const { values, secrets } = JSON.parse(
      String(small.one('aws_ssm_parameter', 'eu-west-1-edge-2-bundle_parameter')['value']),
    ) as Record<'values' | 'secrets', Record<string, string>>;
    expect(values).toEqual({
      public_address: expect.stringMatching(/eu-west-1-edge-2-address_\w+\.public_ip/) as string,
      anycast_address_1: '192.0.2.1',
      anycast_address_2: '198.51.100.1',
      directory:
        '"backend": "dynamodb", "source": {"table":"directory","region":"eu-west-1"}, "keys": {"secret":"cellstamp/front/edge-keys","region":"eu-west-1","fill":true}, "keySeconds": 30',
    });
    expect(secrets).toEqual({ sipTls: certificate });
  });

  it('has an alarm for an edge without its directory, and for a region without a ready edge', () => {
    expect(small.one('aws_cloudwatch_metric_alarm', 'eu-west-1-edge-1-directory')).toMatchObject({
      metric_name: 'DirectoryReachable',
      dimensions: { Front: 'front', Host: 'eu-west-1-edge-1' },
    });
    expect(JSON.stringify(small.one('aws_cloudwatch_metric_alarm', 'alarms_eu-west-1-ready'))).toContain(
      '"expression":"FILL(e1, 0) + FILL(e2, 0)"',
    );
  });

  it('asks for no metric that edges do not publish', () => {
    const front = frontOf(maximalFront);
    const published = new Set(Object.keys({ ...hostMetrics, ...edgeMetrics, ...tlsMetrics }));
    const ids = new Map(front.edges.map(({ name }) => [name, 'i-1']));
    const asked = regionAlarms(front, front.regions[0]!, ids)
      .flatMap(({ metrics }) => Object.values(metrics))
      .filter(({ namespace }) => namespace === 'Cellstamp');
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter(({ name }) => !published.has(name))).toEqual([]);
  });
});
