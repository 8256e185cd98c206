import { describe, expect, it } from 'vitest';
import { FrontZone } from '../../../lib/targets/aws/front-zone.ts';
import type { FrontInput } from '../../../lib/fleet/schema/front.ts';
import { frontOf, maximalFront, minimalFront, synth } from './synth.ts';

const zone = (input: FrontInput) =>
  synth((stack) => {
    const front = frontOf(input);
    const edges = Object.fromEntries(front.edges.map(({ name, id }) => [name, `203.0.113.${id}`]));
    new FrontZone(stack, 'zone', { front, addresses: { service: ['192.0.2.1', '198.51.100.1'], edges } });
  });

describe('FrontZone', () => {
  it('is the zone of the front’s domain, and answers for every tenant with one record of a type', () => {
    const made = zone(minimalFront);
    expect(made.one('aws_route53_zone')['name']).toBe('voice.example.com');
    expect(made.one('aws_route53_record', 'naptr-tenants')).toMatchObject({ name: '*.voice.example.com', ttl: 300 });
    expect(made.one('aws_route53_record', 'a-tenants')['records']).toEqual(['192.0.2.1', '198.51.100.1']);
    expect(made.all('aws_route53_record')).toHaveLength(10);
  });

  it('grows with the edges and the transports, not with the tenants', () => {
    const made = zone(maximalFront);
    // Two transports, seven edges: sip and their names, SRV, and NAPTR and A of the domain and of all tenants.
    expect(made.all('aws_route53_record')).toHaveLength(8 + 2 + 4);
    expect(made.one('aws_route53_record', 'srv-_sips-_tcp')['records']).toHaveLength(8);
  });
});
