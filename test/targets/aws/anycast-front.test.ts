import { AwsProvider } from '@cdktf/provider-aws/lib/provider/index.js';
import { describe, expect, it } from 'vitest';
import { AnycastFront } from '../../../lib/targets/aws/anycast-front.ts';
import { parseFront, type FrontInput } from '../../../lib/fleet/schema/front.ts';
import { maximalFront, minimalFront, synth } from './synth.ts';

const front = (input: FrontInput, regions = input.regions.map(({ region }) => region)) =>
  synth((stack) => {
    const providers = Object.fromEntries(
      regions.map((region) => [region, new AwsProvider(stack, region, { alias: region, region })]),
    );
    new AnycastFront(stack, 'front', { spec: parseFront(input), providers });
  }, input.regions[0]!.region);

describe('AnycastFront', () => {
  const large = front(maximalFront);

  it('sends traffic to every edge of every region, and knows each by its own address', () => {
    const groups = large.all('aws_globalaccelerator_endpoint_group');
    const endpoints = groups.flatMap((group) => group['endpoint_configuration'] as { endpoint_id: string }[]);
    // Seven edges, behind a listener for UDP and one for TCP.
    expect(new Set(endpoints.map(({ endpoint_id }) => endpoint_id)).size).toBe(7);
    expect(endpoints).toHaveLength(14);
    expect(large.all('aws_dynamodb_table_item')).toHaveLength(7);
    for (const item of large.all('aws_dynamodb_table_item')) expect(item['item']).toMatch(/aws_eip\.\S+\.public_ip/);
  });

  it('has one certificate to fill in, and lets each edge read the copy of its region', () => {
    expect(large.one('aws_secretsmanager_secret', 'sip-tls')['replica']).toEqual([
      { region: 'eu-central-1' },
      { region: 'us-east-1' },
    ]);
    const policy = large.one('aws_iam_role_policy', 'us-east-1_role_host-policy')['policy'];
    expect(policy).toContain('replace(aws_secretsmanager_secret.');
    expect(policy).toContain(':us-east-1:');
  });

  it('has no certificate where TLS is off', () => {
    const made = front({ ...minimalFront, edge: { transports: { tls: 'off' } } });
    expect(made.all('aws_secretsmanager_secret').map(({ name }) => name)).toEqual(['cellstamp/front/edge-keys']);
  });

  it('has one secret for the keys of its edges, under a name that cells can know, with a copy in every region', () => {
    expect(large.one('aws_secretsmanager_secret', 'edge-keys')).toMatchObject({
      name: 'cellstamp/a-front-of-20-letter/edge-keys',
      recovery_window_in_days: 0,
      replica: [{ region: 'eu-central-1' }, { region: 'us-east-1' }],
    });
    const keys = (region: string) =>
      String(large.one('aws_iam_role_policy', `${region}_role_edge-keys-policy`)['policy']);
    expect(keys('ap-southeast-2')).toContain('PutSecretValue');
    expect(keys('us-east-1')).not.toContain('PutSecretValue');
    expect(keys('us-east-1')).toContain(':us-east-1:');
  });

  it('tells cells the addresses of its edges by one parameter', () => {
    const parameter = large.one('aws_ssm_parameter', 'front_edges');
    expect(parameter).toMatchObject({ name: '/cellstamp/a-front-of-20-letter/edges', type: 'StringList' });
    expect(String(parameter['value']).split(',')).toHaveLength(7);
  });

  it('knows no cell', () => {
    expect(large.text).not.toMatch(/cell:|terraform_remote_state/);
  });

  it('is not made of a spec that breaks rules, and names each', () => {
    const regions = minimalFront.regions.map((region) => ({ ...region, aws: { zones: ['a', 'a'] } }));
    expect(() => front({ ...minimalFront, regions, health: { port: 5060 } })).toThrow(
      /can't be built:\nhealth\.port: 5060 is .*\nregions\[0\]\.aws\.zones\[1\]: zone a is given twice; allowed: each zone once$/,
    );
  });

  it('says which region has no provider, and that Global Accelerator serves no government region', () => {
    expect(() => front(maximalFront, ['us-east-1'])).toThrow(
      'front a-front-of-20-letter: region ap-southeast-2 needs a provider; there are us-east-1',
    );
    const government = { ...minimalFront, regions: [{ region: 'us-gov-west-1', network: '10.15.0.0/24' }] };
    expect(() => front(government)).toThrow(/us-gov-west-1 can't have edges/);
  });
});
