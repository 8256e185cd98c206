/** What each type of resource of a stack costs, and which cost nothing. */
import { counted } from '../../../config-file/counted.ts';
import type { Unit } from './prices.ts';
import { databaseGB, hostLogGB } from './use.ts';

/** A resource as a synthesised stack has it: attributes by Terraform's names. */
export type Resource = Readonly<Record<string, unknown>>;
/** By type and name. */
export type Resources = Readonly<Record<string, Readonly<Record<string, Resource>>>>;

/** AWS's month: 730 hours. */
export const monthHours = 730;

/** What is used in a month. */
export interface Usage {
  readonly item: string;
  readonly quantity: number;
  /** How it is sold: by the hour of a type, or by the piece. */
  readonly sold:
    { readonly by: 'instance' | 'databaseClass' | 'redisNode'; readonly type: string } | { readonly by: Unit };
  /** Where it is not used in the resource's own region. */
  readonly region?: string;
}

const pieces = (item: string, by: Unit, quantity = 1): Usage => ({ item, quantity, sold: { by } });
const blocks = (value: unknown): readonly Resource[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as Resource[]) : [value as Resource];

/** EC2's metrics that detailed monitoring adds. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/manage-detailed-monitoring.html */
const detailedMetrics = 7;

export const priced: Readonly<Record<string, (resource: Resource) => readonly Usage[]>> = {
  // An instance has its type from its launch template, and each has one of its own.
  aws_launch_template: ({ instance_type: type, monitoring }) => [
    { item: String(type), quantity: monthHours, sold: { by: 'instance', type: String(type) } },
    ...(blocks(monitoring)[0]?.['enabled'] === true
      ? [pieces('metrics of EC2, each minute', 'metric', detailedMetrics)]
      : []),
  ],
  aws_instance: ({ root_block_device: volume }) =>
    blocks(volume).map((one) => pieces(`volumes ${String(one['volume_type'])}`, 'volume', Number(one['volume_size']))),
  aws_eip: () => [pieces('public IPv4 addresses', 'address', monthHours)],
  aws_rds_cluster: ({ manage_master_user_password: managed }) => [
    pieces('database storage', 'databaseStorage', databaseGB),
    ...(managed === true ? [pieces('secrets', 'secret')] : []),
  ],
  aws_rds_cluster_instance: ({ instance_class: type }) => [
    { item: String(type), quantity: monthHours, sold: { by: 'databaseClass', type: String(type) } },
  ],
  aws_elasticache_replication_group: ({ node_type: type, num_cache_clusters: nodes }) => [
    { item: String(type), quantity: Number(nodes) * monthHours, sold: { by: 'redisNode', type: String(type) } },
  ],
  // An alarm is paid by the metrics that it looks at.
  aws_cloudwatch_metric_alarm: ({ metric_query: queries }) => [
    pieces('alarms, each metric', 'alarm', Math.max(1, blocks(queries).filter(({ metric }) => metric).length)),
  ],
  aws_cloudwatch_dashboard: () => [pieces('dashboards', 'dashboard')],
  aws_kms_key: () => [pieces('keys', 'key')],
  aws_secretsmanager_secret: ({ replica }) => [
    pieces('secrets', 'secret'),
    ...blocks(replica).map(({ region }) => ({ ...pieces('secrets', 'secret'), region: String(region) })),
  ],
  aws_globalaccelerator_accelerator: () => [pieces('accelerator', 'accelerator', monthHours)],
  aws_route53_zone: () => [pieces('DNS zone', 'zone')],
  // What is written into them is counted with the hosts that write.
  aws_cloudwatch_log_group: ({ name, retention_in_days: days }) =>
    String(name).startsWith('/aws/rds/') ? logs('logs of the database', hostLogGB, Number(days)) : [],
};

/** Logs that are taken in, and kept for as long as their group says. */
export function logs(item: string, gigabytes: number, retentionDays: number): readonly Usage[] {
  return [
    pieces(`${item}, taken in`, 'logsTaken', gigabytes),
    pieces(`${item}, ${counted(retentionDays, 'day')}`, 'logsKept', (gigabytes * retentionDays) / (monthHours / 24)),
  ];
}

/** Types that cost nothing, and why. */
export const free: Readonly<Record<string, string>> = {
  aws_db_subnet_group: 'a setting',
  aws_default_security_group: 'a setting',
  aws_dynamodb_table: 'paid by what is asked of it; its few entries are less than a cent',
  aws_dynamodb_table_item: 'written once',
  aws_eip_association: 'a setting',
  aws_elasticache_subnet_group: 'a setting',
  aws_elasticache_user: 'a setting',
  aws_elasticache_user_group: 'a setting',
  aws_globalaccelerator_endpoint_group: 'paid with the accelerator',
  aws_globalaccelerator_listener: 'paid with the accelerator',
  aws_iam_instance_profile: 'a setting',
  aws_iam_role: 'a setting',
  aws_iam_role_policy: 'a setting',
  aws_iam_role_policy_attachment: 'a setting',
  aws_internet_gateway: 'paid by the traffic',
  aws_kms_alias: 'paid with the key',
  aws_rds_cluster_parameter_group: 'a setting',
  aws_route: 'a setting',
  aws_route53_record: 'paid by the queries',
  aws_route_table: 'a setting',
  aws_route_table_association: 'a setting',
  aws_s3_bucket: 'bundles of some 100 kB, less than a cent',
  aws_s3_bucket_lifecycle_configuration: 'a setting',
  aws_s3_bucket_ownership_controls: 'a setting',
  aws_s3_bucket_policy: 'a setting',
  aws_s3_bucket_public_access_block: 'a setting',
  aws_s3_bucket_server_side_encryption_configuration: 'a setting',
  aws_s3_bucket_versioning: 'a setting',
  aws_s3_object: 'less than a cent',
  aws_security_group: 'a setting',
  aws_sns_topic: 'mails to a person, of which the first 1,000 a month are free',
  aws_sns_topic_subscription: 'paid by the mail',
  aws_ssm_parameter: 'standard parameters are free',
  aws_subnet: 'a setting',
  aws_vpc: 'a setting',
  aws_vpc_endpoint: 'gateway endpoints are free',
  aws_vpc_security_group_egress_rule: 'a setting',
  aws_vpc_security_group_ingress_rule: 'a setting',
  terraform_data: 'Terraform’s own',
};
