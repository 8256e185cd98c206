import { describe, expect, it } from 'vitest';
import { Accelerator } from '../../../lib/targets/aws/accelerator.ts';
import type { FrontInput } from '../../../lib/fleet/schema/front.ts';
import { frontOf, maximalFront, minimalFront, synth } from './synth.ts';

const accelerator = (input: FrontInput) =>
  synth((stack) => {
    const front = frontOf(input);
    const made = new Accelerator(stack, 'entry', { front });
    for (const region of front.regions) made.serve(region, [`i-${region.region}`]);
  });

describe('Accelerator', () => {
  it('listens on UDP 5060, and on TCP 5060 and 5061, and keeps a client at its edge', () => {
    const made = accelerator(minimalFront);
    const range = (port: number) => ({ from_port: port, to_port: port });
    expect(made.one('aws_globalaccelerator_listener', 'udp')).toMatchObject({
      protocol: 'UDP',
      client_affinity: 'SOURCE_IP',
      port_range: [range(5060)],
    });
    expect(made.one('aws_globalaccelerator_listener', 'tcp')).toMatchObject({
      protocol: 'TCP',
      port_range: [range(5060), range(5061)],
    });
    expect(made.one('aws_globalaccelerator_accelerator')).not.toHaveProperty('ip_addresses');
  });

  it('shows edges the client’s address and asks for their health over HTTP, for both protocols', () => {
    for (const protocol of ['udp', 'tcp']) {
      expect(
        accelerator(minimalFront).one('aws_globalaccelerator_endpoint_group', `${protocol}-eu-west-1`),
      ).toMatchObject({
        endpoint_group_region: 'eu-west-1',
        health_check_protocol: 'HTTP',
        health_check_path: '/',
        health_check_port: 8088,
        health_check_interval_seconds: 10,
        threshold_count: 3,
        traffic_dial_percentage: 100,
        endpoint_configuration: [{ endpoint_id: 'i-eu-west-1', client_ip_preservation_enabled: true }],
      });
    }
  });

  it('follows a spec in which everything is different', () => {
    const made = accelerator(maximalFront);
    expect(made.one('aws_globalaccelerator_accelerator')['ip_addresses']).toEqual(['198.51.100.1', '203.0.113.1']);
    expect(made.one('aws_globalaccelerator_listener', 'tcp')).toMatchObject({
      client_affinity: 'NONE',
      port_range: [{ from_port: 5443, to_port: 5443 }],
    });
    expect(made.one('aws_globalaccelerator_endpoint_group', 'udp-ap-southeast-2')).toMatchObject({
      traffic_dial_percentage: 50,
      health_check_port: 8090,
      health_check_interval_seconds: 30,
      threshold_count: 2,
    });
  });

  it('has no listener for a protocol whose ports are all off', () => {
    const made = accelerator({ ...minimalFront, edge: { transports: { udp: 'off' } } });
    expect(made.all('aws_globalaccelerator_listener').map(({ protocol }) => protocol)).toEqual(['TCP']);
    expect(made.all('aws_globalaccelerator_endpoint_group')).toHaveLength(1);
  });
});
