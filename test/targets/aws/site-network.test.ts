import { describe, expect, it } from 'vitest';
import { SiteNetwork, type ExistingVpc } from '../../../lib/targets/aws/site-network.ts';
import { cellSite } from '../../../lib/targets/aws/site.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { cellOf, maximal, minimal, synth } from './synth.ts';

const network = (input: CellInput, vpc?: ExistingVpc) =>
  synth((stack) => {
    const cell = cellOf(input);
    new SiteNetwork(stack, 'network', {
      ...{ site: cellSite(cell), network: cell.spec.network, subnets: cell.subnets },
      ...(vpc ? { vpc } : {}),
    });
  });

describe('SiteNetwork', () => {
  it('has a public and a private subnet in each of three zones for the smallest spec', () => {
    const made = network(minimal);
    expect(made.one('aws_vpc')['cidr_block']).toBe('10.16.0.0/20');
    const subnet = (id: string) => {
      const { cidr_block, availability_zone } = made.one('aws_subnet', id);
      return [cidr_block, availability_zone];
    };
    expect(['a', 'b', 'c'].map((zone) => subnet(`public-${zone}`))).toEqual([
      ['10.16.0.0/23', 'eu-west-1a'],
      ['10.16.2.0/23', 'eu-west-1b'],
      ['10.16.4.0/23', 'eu-west-1c'],
    ]);
    expect(['a', 'b', 'c'].map((zone) => subnet(`private-${zone}`))).toEqual([
      ['10.16.8.0/23', 'eu-west-1a'],
      ['10.16.10.0/23', 'eu-west-1b'],
      ['10.16.12.0/23', 'eu-west-1c'],
    ]);
  });

  it('spreads over the zones and the range of the spec', () => {
    const made = network(maximal);
    expect(made.one('aws_vpc')['cidr_block']).toBe('10.32.0.0/16');
    expect(
      made
        .all('aws_subnet')
        .map((subnet) => subnet['availability_zone'])
        .sort(),
    ).toEqual(['a', 'a', 'b', 'b', 'c', 'c', 'd', 'd'].map((zone) => `ap-northeast-2${zone}`));
  });

  it('gives private subnets no way out: their route table has no route', () => {
    const made = network(minimal);
    const routes = made.all('aws_route');
    expect(routes).toHaveLength(1);
    expect(routes[0]!['route_table_id']).toContain('public-routes');
    expect(made.types()).not.toContain('aws_nat_gateway');
  });

  it('has no private side where no zone has a private subnet', () => {
    const made = synth(
      (stack) =>
        void new SiteNetwork(stack, 'network', {
          site: { kind: 'front', name: 'front', region: 'eu-west-1' },
          network: '10.15.0.0/24',
          subnets: [{ zone: 'eu-west-1a', public: '10.15.0.0/26' }],
        }),
    );
    expect(made.names('aws_subnet')).toEqual(['network_public-a']);
    expect(made.names('aws_route_table')).toEqual(['network_public-routes']);
  });

  it('reaches S3 through a gateway endpoint of the public routes', () => {
    expect(network(maximal).one('aws_vpc_endpoint')).toMatchObject({
      service_name: 'com.amazonaws.ap-northeast-2.s3',
      vpc_endpoint_type: 'Gateway',
    });
  });

  it('takes every rule from the VPC’s default security group', () => {
    const group = network(minimal).one('aws_default_security_group');
    expect(group).not.toHaveProperty('ingress');
    expect(group).not.toHaveProperty('egress');
  });

  it('adopts nothing of a VPC that is there: its default group, its gateway, its other routes', () => {
    const made = network(minimal, { vpcId: 'vpc-1', internetGatewayId: 'igw-1' });
    expect(made.types()).toEqual([
      ...['aws_route', 'aws_route_table', 'aws_route_table_association', 'aws_subnet', 'aws_vpc_endpoint'],
    ]);
    expect(made.one('aws_route')['gateway_id']).toBe('igw-1');
    expect(made.data('aws_vpc')).toMatchObject([{ id: 'vpc-1' }]);
    for (const subnet of made.all('aws_subnet')) expect(subnet['vpc_id']).toContain('data.aws_vpc.');
  });

  it('makes nothing in subnets that are there', () => {
    const cidrs = cellOf(minimal).subnets.flatMap((zone) => [zone.public, zone.private]);
    const subnetIds = Object.fromEntries(cidrs.map((cidr, index) => [cidr, `subnet-${index}`]));
    const made = network(minimal, { vpcId: 'vpc-1', subnetIds, publicRouteTableId: 'rtb-1' });
    expect(made.types()).toEqual([]);
    expect(made.data('aws_subnet').map(({ id }) => id)).toEqual(expect.arrayContaining(Object.values(subnetIds)));
  });

  it('names every subnet whose id is missing', () => {
    const subnetIds = { '10.16.0.0/23': 'subnet-1', '10.16.4.0/23': 'subnet-2' };
    expect(() => network(minimal, { vpcId: 'vpc-1', subnetIds, publicRouteTableId: 'rtb-1' })).toThrow(
      /vpc\.subnetIds of cell \S+ has no id of 10\.16\.8\.0\/23, 10\.16\.2\.0\/23, 10\.16\.10\.0\/23, 10\.16\.12\.0\/23; it must have one of each/,
    );
  });
});
