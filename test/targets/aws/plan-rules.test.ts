import { describe, expect, it } from 'vitest';
import { checkPlan, planRules } from '../../../lib/targets/aws/plan-rules.ts';
import type { TerraformPlan } from '../../../lib/targets/aws/terraform-plan.ts';

const plan = (
  resources: readonly (readonly [type: string, values: Record<string, unknown>, refers?: Record<string, string>])[],
): TerraformPlan => ({
  planned_values: {
    root_module: { resources: resources.map(([type, values], n) => ({ address: `${type}.r${n}`, type, values })) },
  },
  configuration: {
    root_module: {
      resources: resources.map(([type, , refers = {}], n) => ({
        address: `${type}.r${n}`,
        expressions: Object.fromEntries(
          Object.entries(refers).map(([argument, target]) => [argument, { references: [`${target}.id`, target] }]),
        ),
      })),
    },
  },
});

const found = (
  type: string,
  values: Record<string, unknown>,
  ...others: readonly (readonly [string, Record<string, unknown>, Record<string, string>?])[]
) => checkPlan(plan([[type, values], ...others])).map(({ rule }) => rule);

const ingress = 'aws_vpc_security_group_ingress_rule';
const tokens = { metadata_options: [{ http_tokens: 'required' }] };

/** A wrong resource for each rule that looks at one alone. */
const wrong: readonly (readonly [rule: string, type: string, values: Record<string, unknown>])[] = [
  ['ports-in-order', ingress, { ip_protocol: 'udp', from_port: 44999, to_port: 30000 }],
  ['ports-in-order', 'aws_security_group', { ingress: [{ protocol: 'udp', from_port: 2, to_port: 1 }], egress: [] }],
  ['no-ssh', ingress, { ip_protocol: 'tcp', from_port: 20, to_port: 30 }],
  ['no-ssh', ingress, { ip_protocol: '-1' }],
  ['no-ssh', 'aws_security_group_rule', { type: 'ingress', protocol: 'tcp', from_port: 22, to_port: 22 }],
  ['ascii-descriptions', 'aws_security_group', { description: 'Anrufe für München' }],
  ['known-instance-type', 'aws_launch_template', { ...tokens, instance_type: 'c6i.3xlarge' }],
  ['group-sizes-in-order', 'aws_autoscaling_group', { min_size: 4, max_size: 2 }],
  ['group-sizes-in-order', 'aws_autoscaling_group', { min_size: 1, max_size: 2, desired_capacity: 3 }],
  ['srv-records', 'aws_route53_record', { type: 'SRV', records: ['10 5060 sip.example.com.'] }],
  ['srv-records', 'aws_route53_record', { type: 'SRV', records: ['10 5 70000 sip.example.com.'] }],
  ['naptr-records', 'aws_route53_record', { type: 'NAPTR', records: ['10 10 S SIP+D2U _sip._udp.example.com.'] }],
  ['naptr-records', 'aws_route53_record', { type: 'NAPTR', records: ['10 10 "S" "SIP+D2U" "!.*!sip:x!" .'] }],
  [
    'client-addresses',
    'aws_globalaccelerator_endpoint_group',
    { endpoint_configuration: [{ endpoint_id: 'i-1', client_ip_preservation_enabled: false }] },
  ],
  ['recoverable-tables', 'aws_dynamodb_table', { deletion_protection_enabled: true }],
  ['recoverable-tables', 'aws_dynamodb_table', { point_in_time_recovery: [{ enabled: true }] }],
  ['user-data', 'aws_launch_template', { ...tokens, user_data: '#cloud-config\n' }],
  ['user-data', 'aws_launch_template', { ...tokens, user_data: Buffer.alloc(16385, 'x').toString('base64') }],
  ['metadata-tokens', 'aws_launch_template', { metadata_options: [{ http_tokens: 'optional' }] }],
  ['metadata-tokens', 'aws_instance', { root_block_device: [{ encrypted: true }] }],
  ['encrypted-volumes', 'aws_instance', tokens],
  ['encrypted-volumes', 'aws_ebs_volume', { size: 8 }],
  [
    'encrypted-volumes',
    'aws_launch_template',
    { ...tokens, block_device_mappings: [{ ebs: [{ encrypted: 'false' }] }] },
  ],
  ['encrypted-databases', 'aws_rds_cluster', { storage_encrypted: false }],
  [
    'encrypted-redis',
    'aws_elasticache_replication_group',
    { transit_encryption_enabled: false, at_rest_encryption_enabled: 'true' },
  ],
];

describe('plan rules', () => {
  it.each(wrong)('%s finds a wrong %s', (rule, type, values) => {
    expect(found(type, values)).toEqual([rule]);
  });

  it('subnet-in-its-vpc finds a subnet outside the range of the VPC that it refers to', () => {
    const subnet = (cidr_block: string) =>
      checkPlan(
        plan([
          ['aws_vpc', { cidr_block: '10.16.0.0/20' }],
          ['aws_subnet', { cidr_block }, { vpc_id: 'aws_vpc.r0' }],
        ]),
      );
    expect(subnet('10.16.14.0/23')).toEqual([]);
    expect(subnet('10.16.16.0/23')).toEqual([
      {
        rule: 'subnet-in-its-vpc',
        address: 'aws_subnet.r1',
        message: '10.16.16.0/23 is not inside its VPC’s range 10.16.0.0/20',
      },
    ]);
  });

  it('srv-targets finds an SRV record that leads to an alias', () => {
    const srv = ['aws_route53_record', { type: 'SRV', records: ['10 5 5060 sip.example.com.'] }] as const;
    const target = (type: string) =>
      found(...srv, ['aws_route53_record', { type, name: 'sip.example.com', records: [] }]);
    expect(target('CNAME')).toEqual(['srv-targets']);
    expect(target('A')).toEqual([]);
  });

  it('bucket-name and closed-buckets find an open bucket with capitals', () => {
    expect(found('aws_s3_bucket', { bucket: 'Cellstamp-Bundles' })).toEqual([
      'bucket-name',
      'closed-buckets',
      'closed-buckets',
    ]);
  });

  it('finds nothing wrong with what is right', () => {
    expect(
      checkPlan(
        plan([
          ['aws_s3_bucket', { bucket_prefix: 'cellstamp-euw1-a-' }],
          ['aws_s3_bucket_server_side_encryption_configuration', {}, { bucket: 'aws_s3_bucket.r0' }],
          ['aws_s3_bucket_public_access_block', {}, { bucket: 'aws_s3_bucket.r0' }],
          [ingress, { ip_protocol: 'udp', from_port: 5060, to_port: 5060, description: 'SIP' }],
          ['aws_vpc_security_group_egress_rule', { ip_protocol: '-1' }],
          ['aws_security_group_rule', { type: 'egress', protocol: 'tcp', from_port: 22, to_port: 22 }],
          ['aws_launch_template', { ...tokens, instance_type: 'c6in.2xlarge', user_data: 'I2Nsb3VkLWNvbmZpZwo=' }],
          ['aws_instance', { launch_template: [{ version: '1' }], root_block_device: [{ encrypted: true }] }],
          ['aws_autoscaling_group', { min_size: 1, max_size: 2 }],
          ['aws_route53_record', { type: 'SRV', records: ['10 5 5060 sip.example.com.'] }],
          [
            'aws_route53_record',
            {
              type: 'NAPTR',
              records: [
                '10 10 "S" "SIP+D2U" "" _sip._udp.example.com.',
                '100 50 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .',
              ],
            },
          ],
          [
            'aws_globalaccelerator_endpoint_group',
            { endpoint_configuration: [{ client_ip_preservation_enabled: true }] },
          ],
          ['aws_dynamodb_table', { point_in_time_recovery: [{ enabled: true }], deletion_protection_enabled: true }],
          ['aws_route53_record', { type: 'A', records: ['192.0.2.1'] }],
          [
            'aws_elasticache_replication_group',
            { transit_encryption_enabled: true, at_rest_encryption_enabled: 'true' },
          ],
          ['aws_rds_cluster', { storage_encrypted: true }],
        ]),
      ),
    ).toEqual([]);
  });

  it('has a wrong example for every rule', () => {
    const examples = new Set([
      ...wrong.map(([rule]) => rule),
      ...['subnet-in-its-vpc', 'srv-targets', 'bucket-name', 'closed-buckets'],
    ]);
    expect(new Set(planRules.map(({ name }) => name))).toEqual(examples);
  });
});
