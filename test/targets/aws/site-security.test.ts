import { describe, expect, it } from 'vitest';
import { SiteSecurity, type Guarded } from '../../../lib/targets/aws/site-security.ts';
import { cellSite } from '../../../lib/targets/aws/site.ts';
import type { ListeningPort } from '../../../lib/software/host-config.ts';
import { cellOf, minimal, synth } from './synth.ts';

const none = { sbc: [], media: [], database: [], redis: [] };
const rtp: ListeningPort = {
  name: 'rtp',
  protocol: 'udp',
  from: 30000,
  to: 44999,
  peers: [{ internet: true }],
  description: 'RTP',
};

const security = (ports: Record<keyof typeof none, readonly ListeningPort[]>) =>
  synth((stack) => {
    const role = (name: keyof typeof none, opensConnections: boolean): Guarded => ({
      description: name,
      ports: ports[name],
      opensConnections,
    });
    new SiteSecurity(stack, 'security', {
      site: cellSite(cellOf(minimal)),
      vpcId: 'vpc-1',
      roles: {
        sbc: role('sbc', true),
        media: role('media', true),
        database: role('database', false),
        redis: role('redis', false),
      },
      healthCheckersPrefixListId: 'pl-1',
    });
  });

describe('SiteSecurity', () => {
  it('makes a group a role and admits nobody where nothing listens', () => {
    const made = security(none);
    expect(made.all('aws_security_group').map((group) => group['name'])).toEqual([
      'cellstamp-euw1-a-database',
      'cellstamp-euw1-a-media',
      'cellstamp-euw1-a-redis',
      'cellstamp-euw1-a-sbc',
    ]);
    expect(made.all('aws_vpc_security_group_ingress_rule')).toEqual([]);
  });

  it('lets RTP in from everywhere and everything out, which is what keeps its flows untracked', () => {
    const made = security({ ...none, media: [rtp] });
    expect(made.one('aws_vpc_security_group_ingress_rule', 'media-rtp-from-internet')).toMatchObject({
      cidr_ipv4: '0.0.0.0/0',
      from_port: 30000,
      to_port: 44999,
      ip_protocol: 'udp',
    });
    const out = made.one('aws_vpc_security_group_egress_rule', 'media-to-everywhere');
    expect(out).toMatchObject({ cidr_ipv4: '0.0.0.0/0', ip_protocol: '-1' });
    expect(out).not.toHaveProperty('from_port');
  });

  it('refers to the group of a role that may come', () => {
    const made = security({ ...none, database: [{ ...rtp, name: 'postgresql', peers: [{ role: 'sbc' }] }] });
    expect(
      made.one('aws_vpc_security_group_ingress_rule', 'database-postgresql-from-sbc')['referenced_security_group_id'],
    ).toMatch(/^\$\{aws_security_group\.security_sbc_\w+\.id\}$/);
  });

  it('admits health checks by the prefix list of those who ask', () => {
    const made = security({
      ...none,
      sbc: [{ ...rtp, name: 'health', protocol: 'tcp', peers: [{ healthCheckers: true }] }],
    });
    const rule = made.one('aws_vpc_security_group_ingress_rule', 'sbc-health-from-health-checkers');
    expect(rule['prefix_list_id']).toBe('pl-1');
    expect(rule).not.toHaveProperty('cidr_ipv4');
  });

  it('lets the databases open no connection', () => {
    expect(security(none).names('aws_vpc_security_group_egress_rule')).toEqual([
      'security_media-to-everywhere',
      'security_sbc-to-everywhere',
    ]);
  });
});
