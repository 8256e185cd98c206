import { describe, expect, it } from 'vitest';
import { CellNetwork } from '../../lib/aws/cell-network.ts';
import { CellSecurity, type CellSecurityProps } from '../../lib/aws/cell-security.ts';
import type { ListeningPort } from '../../lib/software/host-config.ts';
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

const security = (ports: CellSecurityProps['ports']) =>
  synth((stack) => {
    const cell = cellOf(minimal);
    new CellSecurity(stack, 'security', { cell, network: new CellNetwork(stack, 'network', { cell }), ports });
  });

describe('CellSecurity', () => {
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

  it('lets the databases open no connection', () => {
    expect(security(none).names('aws_vpc_security_group_egress_rule')).toEqual([
      'security_media-to-everywhere',
      'security_sbc-to-everywhere',
    ]);
  });
});
