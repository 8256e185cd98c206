import { describe, expect, it } from 'vitest';
import { ingressRules } from '../../../lib/targets/aws/security-rules.ts';
import type { ListeningPort } from '../../../lib/software/host-config.ts';

const port = (part: Partial<ListeningPort>): ListeningPort => ({
  name: 'sip',
  protocol: 'udp',
  from: 5060,
  to: 5060,
  peers: [{ internet: true }],
  description: 'SIP',
  ...part,
});

describe('ingressRules', () => {
  it('opens a port of the internet from everywhere in one rule, so that EC2 does not track its flows', () => {
    expect(ingressRules([port({ name: 'rtp', from: 30000, to: 44999 })])).toEqual([
      {
        id: 'rtp-from-internet',
        protocol: 'udp',
        ports: { from: 30000, to: 44999 },
        source: { range: '0.0.0.0/0' },
        description: 'SIP',
      },
    ]);
  });

  it('admits a role by its group and ranges one by one, a single address as /32', () => {
    const rules = ingressRules([port({ peers: [{ role: 'sbc' }, { ranges: ['100.64.0.10', '192.0.2.0/24'] }] })]);
    expect(rules.map(({ id, source }) => [id, source])).toEqual([
      ['sip-from-sbc', { role: 'sbc' }],
      ['sip-from-100-64-0-10', { range: '100.64.0.10/32' }],
      ['sip-from-192-0-2-0-24', { range: '192.0.2.0/24' }],
    ]);
  });

  it('gives VRRP its protocol number and no ports', () => {
    const [rule] = ingressRules([port({ name: 'vrrp', protocol: 'vrrp', from: 0, to: 0, peers: [{ role: 'sbc' }] })]);
    expect(rule).toEqual({ id: 'vrrp-from-sbc', protocol: '112', source: { role: 'sbc' }, description: 'SIP' });
  });

  it('makes one rule of what several hosts of a role say alike', () => {
    expect(ingressRules([port({}), port({})])).toHaveLength(1);
  });

  it('leaves no character in a description that EC2 refuses', () => {
    expect(ingressRules([port({ description: 'the SBC’s port — “SIP”' })])[0]!.description).toBe(
      'the SBC s port    SIP ',
    );
  });
});
