import { describe, expect, it } from 'vitest';
import { HostRole, type HostRoleProps } from '../../../lib/targets/aws/host-role.ts';
import { cellSite } from '../../../lib/targets/aws/site.ts';
import { cellOf, maximal, minimal, synth } from './synth.ts';

interface Statement {
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: unknown;
}

const base: Omit<HostRoleProps, 'site'> = {
  role: 'media',
  bundleBucketArn: 'arn:aws:s3:::bundles',
  kmsKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/1',
  logGroupArn: 'arn:aws:logs:eu-west-1:123456789012:log-group:hosts',
  alarmTopicArn: 'arn:aws:sns:eu-west-1:123456789012:alarms',
  readableSecretArns: [],
};

function statements(props: HostRoleProps): readonly Statement[] {
  const made = synth((stack) => void new HostRole(stack, 'role', props));
  return (JSON.parse(String(made.one('aws_iam_role_policy')['policy'])) as { Statement: Statement[] }).Statement;
}

const allowing = (all: readonly Statement[], action: string) =>
  all.filter((statement) => statement.Action.includes(action));

describe('HostRole', () => {
  it('reads its own cell’s parameters, bundles and no secret unless told', () => {
    const all = statements({ ...base, site: cellSite(cellOf(minimal)) });
    expect(allowing(all, 'ssm:GetParameter')[0]!.Resource).toEqual([
      'arn:aws:ssm:eu-west-1:*:parameter/cellstamp/euw1-a/*',
    ]);
    expect(allowing(all, 's3:GetObject')[0]!.Resource).toEqual(['arn:aws:s3:::bundles/*']);
    expect(allowing(all, 'secretsmanager:GetSecretValue')).toEqual([]);
  });

  it('reads the secrets that it is given, and those only', () => {
    const secret = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:token';
    const all = statements({ ...base, site: cellSite(cellOf(maximal)), role: 'sbc', readableSecretArns: [secret] });
    expect(allowing(all, 'secretsmanager:GetSecretValue')[0]!.Resource).toEqual([secret]);
  });

  it('has everything on a resource of its own, but for metrics, which are held to one namespace', () => {
    const everything = statements({ ...base, site: cellSite(cellOf(minimal)) }).filter(({ Resource }) =>
      Resource.includes('*'),
    );
    expect(everything).toEqual([
      {
        Effect: 'Allow',
        Action: ['cloudwatch:PutMetricData'],
        Resource: ['*'],
        Condition: { StringEquals: { 'cloudwatch:namespace': 'Cellstamp' } },
      },
    ]);
  });

  it('may set one tag, on hosts of its own cell', () => {
    const [tag] = allowing(statements({ ...base, site: cellSite(cellOf(minimal)) }), 'ec2:CreateTags');
    expect(tag!.Condition).toEqual({
      StringEquals: { 'aws:ResourceTag/cellstamp:cell': 'euw1-a' },
      'ForAllValues:StringEquals': { 'aws:TagKeys': ['cellstamp-state'] },
    });
  });

  it('is reached through Session Manager', () => {
    const made = synth((stack) => void new HostRole(stack, 'role', { ...base, site: cellSite(cellOf(minimal)) }));
    expect(made.one('aws_iam_role_policy_attachment')['policy_arn']).toBe(
      'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore',
    );
  });

  it('uses the names of the government’s partition in its regions', () => {
    const made = synth(
      (stack) =>
        void new HostRole(stack, 'role', { ...base, site: cellSite(cellOf({ ...maximal, region: 'us-gov-west-1' })) }),
    );
    expect(made.one('aws_iam_role_policy_attachment')['policy_arn']).toContain('arn:aws-us-gov:iam');
  });
});
