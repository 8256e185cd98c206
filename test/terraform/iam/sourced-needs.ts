/** What no recording can show: types that the emulator lacks, the state's bucket, the operations, the other services' own calls. */
import { account, type Need } from './need.ts';

/** Whose files say so: of Terraform's provider for AWS 5.100.0, `internal/service`; of this project; AWS's guides. */
interface Sourced {
  readonly source: string;
  /** Which role has to be allowed it: a plan reads, a deploy does both. */
  readonly role: 'plan' | 'deploy';
  readonly actions: string;
  readonly resource: string;
  readonly context?: Need['context'];
}

const elasticache = (rest: string) => `arn:aws:elasticache:eu-west-1:${account}:${rest}`;
const rds = (rest: string) => `arn:aws:rds:eu-west-1:${account}:${rest}`;
const accelerator = `arn:aws:globalaccelerator::${account}:accelerator/a`;
const replica = `arn:aws:dynamodb:us-east-1:${account}:table/cellstamp-front-directory`;
const bucket = 'arn:aws:s3:::cellstamp-euw1-a-2026';
const state = 'arn:aws:s3:::states';
const instance = `arn:aws:ec2:eu-west-1:${account}:instance/i-0123456789abcdef0`;
const ownCell = { 'aws:ResourceTag/cellstamp:cell': 'euw1-a' };
const ownFront = { 'aws:ResourceTag/cellstamp:front': 'front' };

const rows: readonly Sourced[] = [
  // aws_elasticache_replication_group, aws_elasticache_user_group, and what is deleted with them
  {
    source: 'elasticache/replication_group.go, user_group.go',
    role: 'plan',
    actions: 'elasticache:DescribeReplicationGroups ListTagsForResource',
    resource: elasticache('replicationgroup:cellstamp-euw1-a'),
  },
  {
    source: 'elasticache/replication_group.go',
    role: 'plan',
    actions: 'elasticache:DescribeCacheClusters',
    resource: elasticache('cluster:cellstamp-euw1-a-001'),
  },
  {
    source: 'elasticache/user_group.go',
    role: 'plan',
    actions: 'elasticache:DescribeUserGroups ListTagsForResource',
    resource: elasticache('usergroup:cellstamp-euw1-a'),
  },
  {
    source: 'elasticache/replication_group.go',
    role: 'deploy',
    actions:
      'elasticache:AddTagsToResource CreateReplicationGroup DecreaseReplicaCount DeleteReplicationGroup IncreaseReplicaCount ModifyReplicationGroup',
    resource: elasticache('replicationgroup:cellstamp-euw1-a'),
  },
  {
    source: 'the actions of ElastiCache: a replication group is made with a parameter group, the default one',
    role: 'deploy',
    actions: 'elasticache:CreateReplicationGroup',
    resource: elasticache('parametergroup:default.redis7'),
  },
  {
    source: 'the actions of ElastiCache: who it is made for and where it lies',
    role: 'deploy',
    actions: 'elasticache:CreateReplicationGroup',
    resource: elasticache('subnetgroup:cellstamp-euw1-a'),
  },
  {
    source: 'the actions of ElastiCache: who it is made for and where it lies',
    role: 'deploy',
    actions: 'elasticache:CreateReplicationGroup',
    resource: elasticache('usergroup:cellstamp-euw1-a'),
  },
  {
    source: 'elasticache/user_group.go',
    role: 'deploy',
    actions: 'elasticache:AddTagsToResource CreateUserGroup DeleteUserGroup ModifyUserGroup',
    resource: elasticache('usergroup:cellstamp-euw1-a'),
  },
  {
    source: 'the actions of ElastiCache: a user group is made of users',
    role: 'deploy',
    actions: 'elasticache:CreateUserGroup',
    resource: elasticache('user:cellstamp-euw1-a'),
  },
  {
    source: 'elasticache/subnet_group.go',
    role: 'deploy',
    actions: 'elasticache:DeleteCacheSubnetGroup',
    resource: elasticache('subnetgroup:cellstamp-euw1-a'),
  },
  {
    source: 'Using service-linked roles for Amazon ElastiCache',
    role: 'deploy',
    actions: 'iam:CreateServiceLinkedRole',
    resource: `arn:aws:iam::${account}:role/aws-service-role/elasticache.amazonaws.com/AWSServiceRoleForElastiCache`,
    context: { 'iam:AWSServiceName': 'elasticache.amazonaws.com' },
  },
  {
    source: 'At-rest encryption in ElastiCache: a key of the customer’s own',
    role: 'deploy',
    actions: 'kms:CreateGrant DescribeKey',
    resource: `arn:aws:kms:eu-west-1:${account}:key/k`,
    context: {
      ...ownCell,
      'kms:GrantIsForAWSResource': 'true',
      'kms:ViaService': 'elasticache.eu-west-1.amazonaws.com',
    },
  },
  // aws_s3_bucket_policy
  { source: 's3/bucket_policy.go', role: 'plan', actions: 's3:GetBucketPolicy', resource: bucket },
  { source: 's3/bucket_policy.go', role: 'deploy', actions: 's3:DeleteBucketPolicy PutBucketPolicy', resource: bucket },
  // aws_rds_cluster and its parts, where the emulator stops short of the end
  {
    source: 'rds/cluster.go',
    role: 'deploy',
    actions: 'rds:DeleteDBCluster ModifyDBCluster',
    resource: rds('cluster:cellstamp-euw1-a'),
  },
  {
    source: 'rds/cluster_parameter_group.go',
    role: 'deploy',
    actions: 'rds:DeleteDBClusterParameterGroup',
    resource: rds('cluster-pg:cellstamp-euw1-a-2026'),
  },
  {
    source: 'rds/subnet_group.go',
    role: 'deploy',
    actions: 'rds:DeleteDBSubnetGroup',
    resource: rds('subgrp:cellstamp-euw1-a'),
  },
  {
    source: 'rds/cluster_instance.go: another class, another promotion tier',
    role: 'deploy',
    actions: 'rds:ModifyDBInstance',
    resource: rds('db:cellstamp-euw1-a-1'),
  },
  {
    source: 'the actions of RDS: a snapshot is taken before a cluster is deleted',
    role: 'deploy',
    actions: 'rds:CreateDBClusterSnapshot DeleteDBCluster',
    resource: rds('cluster-snapshot:cellstamp-euw1-a-final'),
  },
  ...[
    'cluster:cellstamp-euw1-a',
    'cluster-pg:cellstamp-euw1-a-2026',
    'cluster-snapshot:cellstamp-a',
    'subgrp:cellstamp-a',
    'og:default:a',
  ].map((rest): Sourced => ({
    source: 'rds/cluster.go, with snapshot_identifier; the actions of RDS: all that a restored cluster is made of',
    role: 'deploy',
    actions: 'rds:RestoreDBClusterFromSnapshot',
    resource: rds(rest),
  })),
  // What the emulator can't delete while interfaces are left.
  {
    source: 'ec2/vpc_.go',
    role: 'deploy',
    actions: 'ec2:DeleteVpc',
    resource: `arn:aws:ec2:eu-west-1:${account}:vpc/vpc-0123456789abcdef0`,
    context: ownCell,
  },
  {
    source: 'kms/key.go',
    role: 'deploy',
    actions: 'kms:ScheduleKeyDeletion',
    resource: `arn:aws:kms:eu-west-1:${account}:key/k`,
    context: ownCell,
  },
  // aws_globalaccelerator_accelerator, _listener and _endpoint_group
  {
    source: 'globalaccelerator/accelerator.go',
    role: 'plan',
    actions: 'globalaccelerator:DescribeAccelerator DescribeAcceleratorAttributes ListTagsForResource',
    resource: accelerator,
  },
  {
    source: 'globalaccelerator/listener.go',
    role: 'plan',
    actions: 'globalaccelerator:DescribeListener',
    resource: `${accelerator}/listener/l`,
  },
  {
    source: 'globalaccelerator/endpoint_group.go',
    role: 'plan',
    actions: 'globalaccelerator:DescribeEndpointGroup',
    resource: `${accelerator}/listener/l/endpoint-group/e`,
  },
  {
    source: 'globalaccelerator/accelerator.go',
    role: 'deploy',
    actions: 'globalaccelerator:CreateAccelerator',
    resource: '*',
    context: { 'aws:RequestTag/cellstamp:front': 'front' },
  },
  {
    source: 'globalaccelerator/accelerator.go, listener.go',
    role: 'deploy',
    actions: 'globalaccelerator:CreateListener TagResource UpdateAccelerator',
    resource: accelerator,
    context: ownFront,
  },
  {
    source: 'globalaccelerator/listener.go, endpoint_group.go',
    role: 'deploy',
    actions: 'globalaccelerator:CreateEndpointGroup DeleteListener UpdateListener',
    resource: `${accelerator}/listener/l`,
  },
  {
    source: 'globalaccelerator/endpoint_group.go',
    role: 'deploy',
    actions: 'globalaccelerator:DeleteEndpointGroup UpdateEndpointGroup',
    resource: `${accelerator}/listener/l/endpoint-group/e`,
  },
  {
    source: 'Using service-linked roles for Global Accelerator',
    role: 'deploy',
    actions: 'iam:CreateServiceLinkedRole',
    resource: `arn:aws:iam::${account}:role/aws-service-role/globalaccelerator.amazonaws.com/AWSServiceRoleForGlobalAccelerator`,
    context: { 'iam:AWSServiceName': 'globalaccelerator.amazonaws.com' },
  },
  // Replicas of aws_dynamodb_table, in their own regions: DynamoDB global tables security
  {
    source: 'dynamodb/table.go',
    role: 'plan',
    actions: 'dynamodb:DescribeContinuousBackups DescribeTable ListTagsOfResource',
    resource: replica,
  },
  {
    source: 'DynamoDB global tables security: what a new replica takes',
    role: 'deploy',
    actions:
      'dynamodb:BatchWriteItem CreateTable CreateTableReplica DeleteItem GetItem PutItem Query Scan UpdateItem UpdateTable',
    resource: replica,
  },
  {
    source: 'dynamodb/table.go: backups and tags of a replica, and one that goes with its region',
    role: 'deploy',
    actions: 'dynamodb:DeleteTable DeleteTableReplica TagResource UpdateContinuousBackups',
    resource: replica,
  },
  {
    source: 'DynamoDB global tables security: its service-linked role',
    role: 'deploy',
    actions: 'iam:CreateServiceLinkedRole',
    resource: `arn:aws:iam::${account}:role/aws-service-role/replication.dynamodb.amazonaws.com/AWSServiceRoleForDynamoDBReplication`,
    context: { 'iam:AWSServiceName': 'replication.dynamodb.amazonaws.com' },
  },
  {
    source: 'secretsmanager/secret.go: copies of the front’s secrets in its other regions',
    role: 'deploy',
    actions: 'secretsmanager:ReplicateSecretToRegions',
    resource: `arn:aws:secretsmanager:us-east-1:${account}:secret:cellstamp/front/edge-keys-AbCdEf`,
  },
  // The state: Terraform's backend s3, "Permissions required", with use_lockfile
  { source: 'backend s3', role: 'plan', actions: 's3:ListBucket', resource: state },
  { source: 'backend s3', role: 'plan', actions: 's3:GetObject', resource: `${state}/cellstamp/cell-euw1-a.tfstate` },
  {
    source: 'backend s3',
    role: 'deploy',
    actions: 's3:PutObject',
    resource: `${state}/cellstamp/cell-euw1-a.tfstate`,
  },
  {
    source: 'backend s3, use_lockfile',
    role: 'deploy',
    actions: 's3:DeleteObject GetObject PutObject',
    resource: `${state}/cellstamp/cell-euw1-a.tfstate.tflock`,
  },
  {
    source: 'the provider’s start asks whose keys it has',
    role: 'plan',
    actions: 'sts:GetCallerIdentity',
    resource: '*',
  },
  // Operations: lib/targets/aws/operations
  { source: 'hosts.ts', role: 'deploy', actions: 'ssm:SendCommand', resource: instance, context: ownCell },
  {
    source: 'hosts.ts',
    role: 'deploy',
    actions: 'ssm:SendCommand',
    resource: `arn:aws:ssm:eu-west-1:${account}:document/AWS-RunShellScript`,
  },
  { source: 'hosts.ts', role: 'deploy', actions: 'ssm:GetCommandInvocation', resource: '*' },
  {
    source: 'lock.ts',
    role: 'deploy',
    actions: 'ssm:DeleteParameter GetParameter PutParameter',
    resource: `arn:aws:ssm:eu-west-1:${account}:parameter/cellstamp/euw1-a/operation`,
  },
  {
    source: 'front-moves.ts',
    role: 'deploy',
    actions: 'dynamodb:GetItem PutItem',
    resource: replica,
  },
  {
    source: 'proof-users.ts',
    role: 'deploy',
    actions: 'secretsmanager:GetSecretValue',
    resource: `arn:aws:secretsmanager:eu-west-1:${account}:secret:cellstamp-proof`,
  },
  {
    source: 'examples/pipeline/terraform-stack.ts plan --save',
    role: 'plan',
    actions: 'kms:GenerateDataKey',
    resource: `arn:aws:kms:eu-west-1:${account}:key/plans`,
    context: { 'aws:ResourceTag/cellstamp:pipeline': 'plans' },
  },
  {
    source: 'examples/pipeline/terraform-stack.ts apply --saved',
    role: 'deploy',
    actions: 'kms:Decrypt',
    resource: `arn:aws:kms:eu-west-1:${account}:key/plans`,
    context: { 'aws:ResourceTag/cellstamp:pipeline': 'plans' },
  },
  {
    source: 'examples/pipeline/notify.sh',
    role: 'plan',
    actions: 'sns:Publish',
    resource: `arn:aws:sns:eu-west-1:${account}:cellstamp-pipeline`,
  },
  {
    source:
      'lib/planner-files: a workspace of Amazon Managed Service for Prometheus, "Query using Prometheus-compatible APIs"',
    role: 'plan',
    actions: 'aps:GetLabels GetMetricMetadata GetSeries QueryMetrics',
    resource: `arn:aws:aps:eu-west-1:${account}:workspace/ws-1`,
  },
];

/** What a role has to be allowed, with who says so. */
export function sourcedNeeds(role: Sourced['role']): readonly (Need & { readonly source: string })[] {
  return rows
    .filter((row) => role === 'deploy' || row.role === 'plan')
    .flatMap(({ source, actions, resource, context = {} }) => {
      const [service, names] = actions.split(':') as [string, string];
      return names.split(' ').map((name) => ({ source, action: `${service}:${name}`, resource, context }));
    });
}
