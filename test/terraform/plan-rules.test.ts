/** What Terraform and the provider let through, and our own rules find: in one real plan with every mistake in it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkPlan } from '../../lib/targets/aws/plan-rules.ts';
import type { PlanFinding, TerraformPlan } from '../../lib/targets/aws/terraform-plan.ts';
import { describeWith } from '../requirements.ts';
import { offline, TerraformFolder, type Configuration } from './terraform.ts';

/** Rule to the resource that breaks it. */
const mistakes = {
  'ports-in-order': 'aws_vpc_security_group_ingress_rule.reversed',
  'no-ssh': 'aws_vpc_security_group_ingress_rule.ssh',
  'ascii-descriptions': 'aws_vpc_security_group_ingress_rule.umlaut',
  'subnet-in-its-vpc': 'aws_subnet.outside',
  'known-instance-type': 'aws_instance.unknown',
  'group-sizes-in-order': 'aws_autoscaling_group.reversed',
  'srv-records': 'aws_route53_record.malformed',
  'srv-targets': 'aws_route53_record.aliased',
  'naptr-records': 'aws_route53_record.unquoted',
  'client-addresses': 'aws_globalaccelerator_endpoint_group.hidden',
  'recoverable-tables': 'aws_dynamodb_table.lost',
  'user-data': 'aws_launch_template.plain',
  'bucket-name': 'aws_s3_bucket.capitals',
  'metadata-tokens': 'aws_launch_template.open',
  'encrypted-volumes': 'aws_ebs_volume.plain',
  'encrypted-databases': 'aws_rds_cluster.plain',
  'encrypted-redis': 'aws_elasticache_replication_group.plain',
  'closed-buckets': 'aws_s3_bucket.capitals',
} as const;

const tokens = { metadata_options: { http_tokens: 'required' } };
const rule = (values: Record<string, unknown>) => ({
  security_group_id: 'sg-12345678',
  cidr_ipv4: '0.0.0.0/0',
  ip_protocol: 'tcp',
  ...values,
});

const wrong: Configuration = offline({
  terraform: { required_providers: { aws: { source: 'hashicorp/aws', version: '>= 5.100.0, < 7.0.0' } } },
  provider: { aws: [{ region: 'eu-west-1' }] },
  resource: {
    aws_vpc: { vpc: { cidr_block: '10.16.0.0/20' } },
    aws_subnet: { outside: { vpc_id: '${aws_vpc.vpc.id}', cidr_block: '10.99.0.0/24' } },
    aws_vpc_security_group_ingress_rule: {
      reversed: rule({ ip_protocol: 'udp', from_port: 44999, to_port: 30000 }),
      ssh: rule({ from_port: 22, to_port: 22 }),
      umlaut: rule({ from_port: 5060, to_port: 5060, description: 'Anrufe für München' }),
    },
    aws_launch_template: {
      plain: { ...tokens, user_data: '#cloud-config\n' },
      open: { metadata_options: { http_tokens: 'optional' } },
    },
    aws_instance: {
      unknown: {
        ...tokens,
        ami: 'ami-0123456789abcdef0',
        instance_type: 'c6i.3xlarge',
        root_block_device: { encrypted: true },
      },
    },
    aws_autoscaling_group: {
      reversed: {
        min_size: 4,
        max_size: 2,
        availability_zones: ['eu-west-1a'],
        launch_template: { id: 'lt-12345678' },
      },
    },
    aws_route53_record: {
      malformed: { zone_id: 'Z1', name: '_sip._udp.example.com', type: 'SRV', ttl: 60, records: ['10 5060 sip'] },
      alias: { zone_id: 'Z1', name: 'sip.example.com', type: 'CNAME', ttl: 60, records: ['elsewhere.example.net'] },
      aliased: {
        zone_id: 'Z1',
        name: '_sip._tcp.example.com',
        type: 'SRV',
        ttl: 60,
        records: ['10 10 5060 sip.example.com.'],
      },
      unquoted: {
        zone_id: 'Z1',
        name: 'example.com',
        type: 'NAPTR',
        ttl: 60,
        records: ['10 10 S SIP+D2U _sip._udp.example.com.'],
      },
    },
    aws_globalaccelerator_endpoint_group: {
      hidden: {
        listener_arn: 'arn:aws:globalaccelerator::123456789012:accelerator/a/listener/l',
        endpoint_configuration: [{ endpoint_id: 'i-12345678', client_ip_preservation_enabled: false }],
      },
    },
    aws_dynamodb_table: {
      lost: {
        name: 'lost',
        billing_mode: 'PAY_PER_REQUEST',
        hash_key: 'id',
        attribute: [{ name: 'id', type: 'S' }],
      },
    },
    aws_s3_bucket: { capitals: { bucket: 'Cellstamp-Bundles' } },
    aws_ebs_volume: { plain: { availability_zone: 'eu-west-1a', size: 8 } },
    aws_rds_cluster: {
      plain: {
        cluster_identifier: 'plain',
        engine: 'aurora-postgresql',
        master_username: 'owner',
        manage_master_user_password: true,
        skip_final_snapshot: true,
      },
    },
    aws_elasticache_replication_group: {
      plain: { replication_group_id: 'plain', description: 'plain', node_type: 'cache.t4g.micro' },
    },
  },
});

describeWith(['terraform', 'aws-provider'], 'mistakes in a plan', () => {
  const folder = new TerraformFolder();
  let findings: readonly PlanFinding[];

  beforeAll(async () => {
    folder.write(wrong);
    await folder.succeed(['init', '-no-color', '-input=false']);
    await folder.succeed(['plan', '-no-color', '-input=false', '-out=plan']);
    findings = checkPlan(JSON.parse((await folder.succeed(['show', '-json', 'plan'])).output) as TerraformPlan);
  });
  afterAll(() => folder.remove());

  it.each(Object.entries(mistakes))('%s: %s passes Terraform and its provider, and not our rule', (name, address) => {
    expect(findings.filter((finding) => finding.rule === name && finding.address === address)).not.toEqual([]);
  });
});
