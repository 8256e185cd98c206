import { describe, expect, it } from 'vitest';
import { SiteNetwork } from '../../../lib/targets/aws/site-network.ts';
import { cellSite } from '../../../lib/targets/aws/site.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { cellOf, maximal, minimal, synth } from './synth.ts';

const network = (input: CellInput) =>
  synth((stack) => {
    const cell = cellOf(input);
    new SiteNetwork(stack, 'network', { site: cellSite(cell), network: cell.spec.network, subnets: cell.subnets });
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
});
