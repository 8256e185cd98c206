/**
 * Rules over a Terraform plan (`terraform show -json PLAN`) for what neither Terraform nor the AWS provider notices before AWS
 * does, or never. For a pipeline: run `checkPlan` between plan and apply.
 */
import { contains, parseRange } from '../../fleet/range.ts';
import { frontPlanRules } from './front-plan-rules.ts';
import { userDataLimit } from './host/user-data.ts';
import { isKnownInstanceType } from './instance-types.ts';
import type { PlanFinding, PlannedResource, PlanRule, TerraformPlan } from './terraform-plan.ts';

type Values = Readonly<Record<string, unknown>>;

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
const blocks = (value: unknown): readonly Values[] => (Array.isArray(value) ? (value as Values[]) : []);

const ruleTypes = [
  'aws_vpc_security_group_ingress_rule',
  'aws_vpc_security_group_egress_rule',
  'aws_security_group_rule',
];

/** The rules that a resource makes, each as a flat object. */
function securityRules({ type, values }: PlannedResource): readonly Values[] {
  return type === 'aws_security_group' ? [...blocks(values['ingress']), ...blocks(values['egress'])] : [values];
}

function inboundRules({ type, values }: PlannedResource): readonly Values[] {
  if (type === 'aws_security_group') return blocks(values['ingress']);
  return type === 'aws_security_group_rule' && values['type'] !== 'ingress' ? [] : [values];
}

/** The resource of a type that an argument refers to: `vpc_id` of a subnet to its VPC. */
function referenced(plan: TerraformPlan, address: string, argument: string, type: string): PlannedResource | undefined {
  const expressions = plan.configuration.root_module.resources?.find(
    (resource) => resource.address === address,
  )?.expressions;
  const target = expressions?.[argument]?.references?.find((reference) => /^[^.]+\.[^.]+$/.test(reference));
  return plan.planned_values.root_module.resources?.find(
    (resource) => resource.type === type && resource.address === target,
  );
}

/** Whether another resource of a type refers to this one by an argument. */
function hasCompanion(plan: TerraformPlan, { address }: PlannedResource, type: string, argument: string): boolean {
  return (plan.configuration.root_module.resources ?? []).some(
    (resource) =>
      resource.address.startsWith(`${type}.`) &&
      resource.expressions?.[argument]?.references?.some((reference) => reference === address) === true,
  );
}

export const planRules: readonly PlanRule[] = [
  {
    name: 'ports-in-order',
    types: [...ruleTypes, 'aws_security_group'],
    check: (resource) =>
      securityRules(resource).flatMap((rule) => {
        const [from, to] = [number(rule['from_port']), number(rule['to_port'])];
        return from !== undefined && to !== undefined && from > to
          ? [`from_port ${from} is above to_port ${to}; it must be at most that`]
          : [];
      }),
  },
  {
    name: 'no-ssh',
    types: ['aws_vpc_security_group_ingress_rule', 'aws_security_group_rule', 'aws_security_group'],
    check: (resource) =>
      inboundRules(resource).flatMap((rule) => {
        const protocol = String(rule['ip_protocol'] ?? rule['protocol'] ?? '');
        const [from = 0, to = 65535] = [number(rule['from_port']), number(rule['to_port'])];
        const open = protocol === '-1' || (/^(tcp|6)$/.test(protocol) && from <= 22 && to >= 22);
        return open ? ['port 22 is open; hosts are reached through Session Manager, so no rule may cover it'] : [];
      }),
  },
  {
    name: 'ascii-descriptions',
    types: [...ruleTypes, 'aws_security_group'],
    check: (resource) =>
      [resource.values, ...securityRules(resource)].flatMap((rule) => {
        const description = text(rule['description']) ?? '';
        return /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{0,255}$/.test(description)
          ? []
          : [
              `the description “${description}” has characters that EC2 refuses; allowed are a-z, A-Z, 0-9, spaces and ._-:/()#,@[]+=&;{}!$*, 255 at most`,
            ];
      }),
  },
  {
    name: 'subnet-in-its-vpc',
    types: ['aws_subnet'],
    check: ({ address, values }, plan) => {
      const subnet = text(values['cidr_block']);
      const vpc = text(referenced(plan, address, 'vpc_id', 'aws_vpc')?.values['cidr_block']);
      if (subnet === undefined || vpc === undefined || contains(parseRange(vpc), parseRange(subnet))) return [];
      return [`${subnet} is not inside its VPC’s range ${vpc}`];
    },
  },
  {
    name: 'known-instance-type',
    types: ['aws_instance', 'aws_launch_template'],
    check: ({ values }) => {
      const type = text(values['instance_type']);
      return type === undefined || isKnownInstanceType(type)
        ? []
        : [`${type} is not a known instance type; examples are c6i.xlarge and c6in.2xlarge`];
    },
  },
  {
    name: 'group-sizes-in-order',
    types: ['aws_autoscaling_group'],
    check: ({ values }) => {
      const [min, max, desired] = [values['min_size'], values['max_size'], values['desired_capacity']].map(number);
      const low = min ?? 0;
      if (max !== undefined && low > max) return [`min_size ${low} is above max_size ${max}; it must be at most that`];
      return desired !== undefined && max !== undefined && (desired < low || desired > max)
        ? [`desired_capacity ${desired} is not from ${low} to ${max}`]
        : [];
    },
  },
  {
    name: 'user-data',
    types: ['aws_launch_template'],
    check: ({ values }) => {
      const data = text(values['user_data']);
      if (data === undefined || data === '') return [];
      if (
        !/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(data) ||
        Buffer.from(data, 'base64').toString('base64') !== data.replace(/\s/g, '')
      ) {
        return ['user_data of a launch template must be base64'];
      }
      const bytes = Buffer.from(data, 'base64').length;
      return bytes > userDataLimit ? [`user_data has ${bytes} bytes, EC2 takes at most ${userDataLimit}`] : [];
    },
  },
  {
    name: 'bucket-name',
    types: ['aws_s3_bucket'],
    check: ({ values }) =>
      [text(values['bucket']), text(values['bucket_prefix'])].flatMap((name) =>
        name === undefined || /^[a-z0-9][a-z0-9.-]{0,62}$/.test(name)
          ? []
          : [`${name} is not a bucket name; allowed are 3 to 63 lower-case letters, digits, dots and hyphens`],
      ),
  },
  {
    name: 'metadata-tokens',
    types: ['aws_launch_template', 'aws_instance'],
    check: ({ type, values }) => {
      const options = blocks(values['metadata_options']);
      // An instance takes them from its launch template.
      if (options.length === 0 && type === 'aws_instance' && blocks(values['launch_template']).length > 0) return [];
      return options.some((option) => option['http_tokens'] === 'required')
        ? []
        : [
            'metadata_options.http_tokens must be required (IMDSv2): anything that makes the host fetch a URL could else read its role’s keys',
          ];
    },
  },
  {
    name: 'encrypted-volumes',
    types: ['aws_instance', 'aws_launch_template', 'aws_ebs_volume'],
    check: ({ type, values }) => {
      const volumes =
        type === 'aws_ebs_volume'
          ? [values]
          : [
              ...blocks(values['root_block_device']),
              ...blocks(values['ebs_block_device']),
              ...blocks(values['block_device_mappings']).flatMap((mapping) => blocks(mapping['ebs'])),
            ];
      const bare = type === 'aws_instance' && blocks(values['root_block_device']).length === 0;
      return bare || volumes.some((volume) => String(volume['encrypted']) !== 'true')
        ? ['a volume is not encrypted; encrypted must be true on every volume, the root volume included']
        : [];
    },
  },
  {
    name: 'encrypted-databases',
    types: ['aws_rds_cluster', 'aws_db_instance'],
    check: ({ values }) => (values['storage_encrypted'] === true ? [] : ['storage_encrypted must be true']),
  },
  {
    name: 'encrypted-redis',
    types: ['aws_elasticache_replication_group'],
    check: ({ values }) =>
      (['at_rest_encryption_enabled', 'transit_encryption_enabled'] as const).flatMap((key) =>
        String(values[key]) === 'true' ? [] : [`${key} must be true`],
      ),
  },
  {
    name: 'closed-buckets',
    types: ['aws_s3_bucket'],
    check: (resource, plan) =>
      (['aws_s3_bucket_server_side_encryption_configuration', 'aws_s3_bucket_public_access_block'] as const).flatMap(
        (type) =>
          hasCompanion(plan, resource, type, 'bucket') ? [] : [`the bucket needs an ${type} that refers to it`],
      ),
  },
  ...frontPlanRules,
];

/** Every rule over every resource that is there after the apply; all findings at once. */
export function checkPlan(plan: TerraformPlan, rules: readonly PlanRule[] = planRules): readonly PlanFinding[] {
  return (plan.planned_values.root_module.resources ?? []).flatMap((resource) =>
    rules
      .filter((rule) => rule.types.includes(resource.type))
      .flatMap((rule) =>
        rule.check(resource, plan).map((message) => ({ rule: rule.name, address: resource.address, message })),
      ),
  );
}
