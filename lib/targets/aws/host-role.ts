import { IamInstanceProfile } from '@cdktf/provider-aws/lib/iam-instance-profile/index.js';
import { IamRolePolicyAttachment } from '@cdktf/provider-aws/lib/iam-role-policy-attachment/index.js';
import { IamRolePolicy } from '@cdktf/provider-aws/lib/iam-role-policy/index.js';
import { IamRole } from '@cdktf/provider-aws/lib/iam-role/index.js';
import { Construct } from 'constructs';
import { stateTag } from './host/boot.ts';
import { metricNamespace, partition, resourceName, sitePath, siteTag, type Site } from './site.ts';

/** A statement of an IAM policy that allows something. */
export interface Allow {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface HostRoleProps {
  readonly site: Site;
  /** `sbc`; unique within the site, and for a site in several regions within all of them: IAM knows no regions. */
  readonly role: string;
  readonly bundleBucketArn: string;
  readonly kmsKeyArn: string;
  readonly logGroupArn: string;
  readonly alarmTopicArn: string;
  /** Secrets that the hosts may read. */
  readonly readableSecretArns: readonly string[];
  /** ARN of the policy that bounds what the role may ever do. @default - none */
  readonly permissionsBoundaryArn?: string;
}

/**
 * What a host may do: read its configuration and secrets, report its health, and be reached by Session Manager. What only a
 * role's hosts may do beyond that is added with `allow`.
 */
export class HostRole extends Construct {
  readonly role: IamRole;
  readonly instanceProfile: IamInstanceProfile;

  constructor(scope: Construct, id: string, props: HostRoleProps) {
    super(scope, id);
    const { site } = props;
    const { region } = site;
    const name = resourceName(site, props.role);
    const arn = (rest: string) => `arn:${partition(region)}:${rest}`;
    this.role = new IamRole(this, 'role', {
      name,
      description: `Hosts of role ${props.role} in ${site.kind} ${site.name}`,
      assumeRolePolicy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      }),
      ...(props.permissionsBoundaryArn === undefined ? {} : { permissionsBoundary: props.permissionsBoundaryArn }),
      tags: { Name: name },
    });
    this.instanceProfile = new IamInstanceProfile(this, 'profile', {
      name,
      role: this.role.name,
      tags: { Name: name },
    });
    new IamRolePolicyAttachment(this, 'session-manager', {
      role: this.role.name,
      policyArn: arn('iam::aws:policy/AmazonSSMManagedInstanceCore'),
    });
    this.allow('host', [
      { actions: ['s3:GetObject'], resources: [`${props.bundleBucketArn}/*`] },
      { actions: ['s3:GetObject'], resources: [arn(`s3:::amazon-ssm-${region}/*`)] },
      { actions: ['ssm:GetParameter'], resources: [arn(`ssm:${region}:*:parameter${sitePath(site)}/*`)] },
      ...(props.readableSecretArns.length > 0
        ? [{ actions: ['secretsmanager:GetSecretValue'], resources: props.readableSecretArns }]
        : []),
      { actions: ['kms:Decrypt'], resources: [props.kmsKeyArn] },
      {
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [props.logGroupArn, `${props.logGroupArn}:*`],
      },
      { actions: ['sns:Publish'], resources: [props.alarmTopicArn] },
      {
        actions: ['cloudwatch:PutMetricData'],
        resources: ['*'],
        condition: { StringEquals: { 'cloudwatch:namespace': metricNamespace } },
      },
      {
        // A host says how far it has come, by one tag, on hosts of its own site.
        actions: ['ec2:CreateTags'],
        resources: [arn(`ec2:${region}:*:instance/*`)],
        condition: {
          StringEquals: { [`aws:ResourceTag/${siteTag(site)}`]: site.name },
          'ForAllValues:StringEquals': { 'aws:TagKeys': [stateTag] },
        },
      },
    ]);
  }

  /** Adds a policy; `id` is a part of the resource's address. */
  allow(id: string, statements: readonly Allow[]): void {
    new IamRolePolicy(this, `${id}-policy`, {
      name: id,
      role: this.role.name,
      policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: statements.map((statement) => ({
          Effect: 'Allow',
          Action: statement.actions,
          Resource: statement.resources,
          ...(statement.condition ? { Condition: statement.condition } : {}),
        })),
      }),
    });
  }
}
