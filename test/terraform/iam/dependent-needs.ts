/**
 * What AWS does in the name of a caller, who has to be allowed it, too. The service authorization reference names little of it;
 * each entry says where AWS does.
 */
import type { Call } from './call.ts';
import { account, arnOf, tagContext, tagsOf, type Need } from './need.ts';
import type { TagsOfResources } from './tags.ts';

/** Permission to tag what is made, where the tags come with the call that makes it. */
const taggingActions: Readonly<Record<string, string>> = {
  cloudwatch: 'cloudwatch:TagResource',
  dynamodb: 'dynamodb:TagResource',
  elasticache: 'elasticache:AddTagsToResource',
  globalaccelerator: 'globalaccelerator:TagResource',
  kms: 'kms:TagResource',
  logs: 'logs:TagResource',
  rds: 'rds:AddTagsToResource',
  secretsmanager: 'secretsmanager:TagResource',
  sns: 'sns:TagResource',
  ssm: 'ssm:AddTagsToResource',
};

/**
 * Services that make their service-linked role with the first of these calls in an account.
 * Using service-linked roles, in the guide of each: RDS, ElastiCache, Global Accelerator, DynamoDB (global tables),
 * CloudWatch ("stop, terminate, reboot, or recover an EC2 instance").
 */
const linkedRoles: Readonly<Record<string, { readonly service: string; readonly role: string }>> = {
  'rds:CreateDBCluster': { service: 'rds.amazonaws.com', role: 'AWSServiceRoleForRDS' },
  'elasticache:CreateReplicationGroup': {
    service: 'elasticache.amazonaws.com',
    role: 'AWSServiceRoleForElastiCache',
  },
  'globalaccelerator:CreateAccelerator': {
    service: 'globalaccelerator.amazonaws.com',
    role: 'AWSServiceRoleForGlobalAccelerator',
  },
  'dynamodb:CreateTableReplica': {
    service: 'replication.dynamodb.amazonaws.com',
    role: 'AWSServiceRoleForDynamoDBReplication',
  },
  'cloudwatch:PutMetricAlarm': { service: 'events.amazonaws.com', role: 'AWSServiceRoleForCloudWatchEvents' },
};

export function dependentNeeds(call: Call, tags: TagsOfResources): readonly Need[] {
  return [
    ...taggingNeeds(call),
    ...linkedRoleNeeds(call),
    ...passRoleNeeds(call),
    ...keyNeeds(call, tags),
    ...otherNeeds(call),
  ];
}

function taggingNeeds(call: Call): readonly Need[] {
  const [service, name] = call.action.split(':') as [string, string];
  const given = tagsOf(call);
  if (Object.keys(given).length === 0 || call.action === 'ec2:CreateTags') return [];
  const context = { ...tagContext('aws:RequestTag', given), 'aws:TagKeys': Object.keys(given) };
  if (service === 'ec2') {
    // Each type that the request has tags for; EC2's guide, "Grant permission to tag resources during creation".
    const types = new Set(
      Object.entries(call.parameters).flatMap(([key, value]) =>
        /^TagSpecification\.\d+\.ResourceType$/.test(key) ? [value] : [],
      ),
    );
    return [...types].map((type) => ({
      action: 'ec2:CreateTags',
      resource: arnOf('ec2', call.region, `${type}/new`),
      context: { ...context, 'ec2:CreateAction': name },
    }));
  }
  if (service === 'iam') {
    const profile = call.parameters['InstanceProfileName'];
    return profile === undefined
      ? [{ action: 'iam:TagRole', resource: arnOf('iam', '', `role/${call.parameters['RoleName']}`), context }]
      : [{ action: 'iam:TagInstanceProfile', resource: arnOf('iam', '', `instance-profile/${profile}`), context }];
  }
  const action = taggingActions[service];
  if (action === undefined || !/^(Create|Put|Copy|Restore)/.test(name)) return [];
  const resource = taggedResource(call, service);
  return [
    {
      action,
      resource,
      context: service === 'kms' ? { ...context, ...tagContext('aws:ResourceTag', given) } : context,
    },
  ];
}

function taggedResource({ parameters, region }: Call, service: string): string {
  const rest: Readonly<Record<string, string | undefined>> = {
    cloudwatch: `alarm:${parameters['AlarmName']}`,
    dynamodb: `table/${parameters['TableName']}`,
    elasticache: [
      'CacheSubnetGroupName:subnetgroup',
      'UserGroupId:usergroup',
      'ReplicationGroupId:replicationgroup',
      'UserId:user',
    ]
      .map((pair) => pair.split(':') as [string, string])
      .flatMap(([name, type]) => (parameters[name] === undefined ? [] : [`${type}:${parameters[name]}`]))[0],
    globalaccelerator: 'accelerator/new',
    kms: 'key/new',
    logs: `log-group:${parameters['logGroupName']}`,
    rds: [
      'DBInstanceIdentifier:db',
      'DBClusterIdentifier:cluster',
      'DBSubnetGroupName:subgrp',
      'DBClusterParameterGroupName:cluster-pg',
    ]
      .map((pair) => pair.split(':') as [string, string])
      .flatMap(([name, type]) => (parameters[name] === undefined ? [] : [`${type}:${parameters[name]}`]))[0],
    secretsmanager: `secret:${parameters['Name']}-AbCdEf`,
    sns: parameters['Name'],
    ssm: `parameter${parameters['Name']}`,
  };
  return service === 'globalaccelerator'
    ? `arn:aws:globalaccelerator::${account}:${rest[service]}`
    : arnOf(service, region, rest[service]!);
}

function linkedRoleNeeds(call: Call): readonly Need[] {
  const linked = linkedRoles[call.action];
  if (!linked) return [];
  const alarmActions = Object.values(call.parameters).some((value) => value.includes(':automate:'));
  if (call.action === 'cloudwatch:PutMetricAlarm' && !alarmActions) return [];
  return [
    {
      action: 'iam:CreateServiceLinkedRole',
      resource: `arn:aws:iam::${account}:role/aws-service-role/${linked.service}/${linked.role}`,
      context: { 'iam:AWSServiceName': linked.service },
    },
  ];
}

/** IAM's guide, "Grant a user permissions to pass a role to an AWS service". */
function passRoleNeeds({ action, parameters }: Call): readonly Need[] {
  const role =
    action === 'iam:AddRoleToInstanceProfile'
      ? parameters['RoleName']
      : action === 'ec2:RunInstances'
        ? parameters['IamInstanceProfile.Name']
        : undefined;
  if (role === undefined) return [];
  return [
    {
      action: 'iam:PassRole',
      resource: `arn:aws:iam::${account}:role/${role}`,
      context: { 'iam:PassedToService': 'ec2.amazonaws.com' },
    },
  ];
}

/**
 * Keys of the customer's own. EBS: "Requirements for Amazon EBS encryption"; RDS: "Encrypting Amazon Aurora resources" and
 * "Password management with Amazon Aurora and AWS Secrets Manager"; S3: "Using server-side encryption with AWS KMS keys";
 * ElastiCache: "At-rest encryption in ElastiCache".
 */
const keyUses: readonly {
  readonly calls: RegExp;
  readonly service: string;
  readonly actions: readonly string[];
}[] = [
  {
    calls: /^ec2:RunInstances$/,
    service: 'ec2',
    actions: [
      'CreateGrant',
      'Decrypt',
      'DescribeKey',
      'GenerateDataKeyWithoutPlaintext',
      'ReEncryptFrom',
      'ReEncryptTo',
    ],
  },
  {
    calls: /^rds:(CreateDBCluster|RestoreDBClusterFromSnapshot)$/,
    service: 'rds',
    actions: ['CreateGrant', 'DescribeKey', 'Decrypt', 'GenerateDataKey'],
  },
  { calls: /^elasticache:CreateReplicationGroup$/, service: 'elasticache', actions: ['CreateGrant', 'DescribeKey'] },
  { calls: /^s3:PutObject$/, service: 's3', actions: ['GenerateDataKey'] },
];

function keyNeeds(call: Call, tags: TagsOfResources): readonly Need[] {
  const use = keyUses.find(({ calls }) => calls.test(call.action));
  // The state's bucket has no key of a site.
  if (!use || (use.service === 's3' && !call.path.startsWith('/cellstamp-'))) return [];
  const key =
    Object.values(call.parameters).find((value) => value.startsWith('arn:aws:kms:')) ?? tags.someKey(call.region);
  return use.actions.map((name) => ({
    action: `kms:${name}`,
    resource: key,
    context: {
      ...tagContext('aws:ResourceTag', tags.of(key)),
      'kms:ViaService': `${use.service}.${call.region}.amazonaws.com`,
      ...(name === 'CreateGrant' ? { 'kms:GrantIsForAWSResource': 'true' } : {}),
    },
  }));
}

function otherNeeds({ action, parameters, path, region }: Call): readonly Need[] {
  switch (action) {
    // "Password management with Amazon Aurora and AWS Secrets Manager", permissions.
    case 'rds:CreateDBCluster':
      return parameters['ManageMasterUserPassword'] === 'true'
        ? ['CreateSecret', 'TagResource'].map((name) => ({
            action: `secretsmanager:${name}`,
            resource: arnOf('secretsmanager', region, 'secret:rds!cluster-0123-AbCdEf'),
            context: {},
          }))
        : [];
    // Their API references, "Required permissions".
    case 'secretsmanager:CreateSecret':
      return parameters['AddReplicaRegions.0.Region'] === undefined
        ? []
        : [
            {
              action: 'secretsmanager:ReplicateSecretToRegions',
              resource: arnOf('secretsmanager', region, `secret:${parameters['Name']}-AbCdEf`),
              context: {},
            },
          ];
    case 's3:PutObject':
      return parameters['x-amz-tagging'] === undefined
        ? []
        : [{ action: 's3:PutObjectTagging', resource: `arn:aws:s3:::${path.slice(1)}`, context: {} }];
    default:
      return [];
  }
}
