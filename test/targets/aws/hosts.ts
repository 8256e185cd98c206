import { InternetGateway } from '@cdktf/provider-aws/lib/internet-gateway/index.js';
import { RouteTable } from '@cdktf/provider-aws/lib/route-table/index.js';
import { Subnet } from '@cdktf/provider-aws/lib/subnet/index.js';
import type { TerraformStack } from 'cdktf';
import { HostRole } from '../../../lib/targets/aws/host-role.ts';
import { cellSite } from '../../../lib/targets/aws/site.ts';
import type { Cell } from '../../../lib/fleet/derive/cell.ts';

/** What hosts need of the stack around them, without the rest of a cell. */
export function surroundings(stack: TerraformStack, cell: Cell, role: 'sbc' | 'media') {
  const kmsKeyArn = 'arn:aws:kms:eu-west-1:123456789012:key/1';
  return {
    cell,
    subnets: new Map(
      cell.subnets.map(({ public: cidrBlock, zone }) => [
        cidrBlock,
        new Subnet(stack, zone, { vpcId: 'vpc-1', cidrBlock }),
      ]),
    ),
    internetGateway: new InternetGateway(stack, 'internet-gateway', { vpcId: 'vpc-1' }),
    securityGroupId: 'sg-1',
    role: new HostRole(stack, 'role', {
      site: cellSite(cell),
      role,
      bundleBucketArn: 'arn:aws:s3:::bundles',
      kmsKeyArn,
      logGroupArn: 'arn:aws:logs:eu-west-1:123456789012:log-group:hosts',
      alarmTopicArn: 'arn:aws:sns:eu-west-1:123456789012:alarms',
      readableSecretArns: [],
    }),
    imageId: 'ami-0123456789abcdef0',
    kmsKeyArn,
  };
}

export function routeTable(stack: TerraformStack): RouteTable {
  return new RouteTable(stack, 'routes', { vpcId: 'vpc-1' });
}
