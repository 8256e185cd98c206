import { describe, expect, it } from 'vitest';
import { SbcPair } from '../../../lib/targets/aws/sbc-pair.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { routeTable, surroundings } from './hosts.ts';
import { cellOf, maximal, minimal, synth } from './synth.ts';

const pair = (input: CellInput) =>
  synth((stack) => {
    const cell = cellOf(input);
    new SbcPair(stack, 'sbcs', { ...surroundings(stack, cell, 'sbc'), routeTables: [routeTable(stack)] });
  });

describe('SbcPair', () => {
  it('is two instances in different subnets, each with its address and its floating side', () => {
    const made = pair(minimal);
    const interfaces = made
      .all('aws_launch_template')
      .map((template) => (template['network_interfaces'] as Record<string, unknown>[])[0]!);
    expect(interfaces.map((each) => [each['private_ip_address'], each['ipv4_addresses']])).toEqual([
      ['10.16.0.11', ['10.16.0.21']],
      ['10.16.2.12', ['10.16.2.22']],
    ]);
    expect(new Set(interfaces.map((each) => each['subnet_id'])).size).toBe(2);
  });

  it('allocates one floating address and never associates it', () => {
    const made = pair(minimal);
    const eip = made.one('aws_eip', 'floating-address');
    expect(eip).not.toHaveProperty('instance');
    expect(eip).not.toHaveProperty('network_interface');
    expect(JSON.stringify(made.all('aws_eip_association'))).not.toContain('floating');
  });

  it('gives each host an address that it keeps while it is stopped, on its first private one', () => {
    const made = pair(minimal);
    expect(made.all('aws_eip')).toHaveLength(3);
    expect(made.all('aws_eip_association').map((each) => each['private_ip_address'])).toEqual([
      '10.16.0.11',
      '10.16.2.12',
    ]);
    for (const template of made.all('aws_launch_template')) {
      expect(template['network_interfaces']).toMatchObject([{ associate_public_ip_address: 'false' }]);
    }
  });

  it('makes the route of the overlay address and ignores from then on where it points', () => {
    expect(pair(minimal).one('aws_route')).toMatchObject({
      destination_cidr_block: '100.64.0.10/32',
      lifecycle: { ignore_changes: ['network_interface_id'] },
    });
  });

  it('lets the hosts move the address and the route, on their own resources only', () => {
    const policy = JSON.parse(String(pair(minimal).one('aws_iam_role_policy', 'claim-addresses-policy')['policy'])) as {
      Statement: { Action: string[]; Resource: string[] }[];
    };
    expect(policy.Statement.map(({ Action }) => Action)).toEqual([['ec2:AssociateAddress'], ['ec2:ReplaceRoute']]);
    const [address, route] = policy.Statement.map(({ Resource }) => Resource.join(' '));
    expect(address).not.toMatch(/(^| )\*|:\*( |$)|\/\*/);
    expect(address).toMatch(/aws_eip\.sbcs_floating-address_\w+\.arn/);
    expect(address!.match(/primary_network_interface_id/g)).toHaveLength(2);
    expect(route).toMatch(/^\$\{aws_route_table\.routes\.arn\}$/);
  });

  it('takes the instance type and the network of the spec', () => {
    const made = pair(maximal);
    expect(made.all('aws_launch_template').map((template) => template['instance_type'])).toEqual([
      'c6i.2xlarge',
      'c6i.2xlarge',
    ]);
    expect(made.text).toContain('10.32.0.11');
  });
});
