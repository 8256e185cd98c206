import { describe, expect, it } from 'vitest';
import { deriveFront } from '../../lib/fleet/derive/front.ts';
import { frontRecords } from '../../lib/fleet/dns-records.ts';
import { parseFront } from '../../lib/fleet/schema/front.ts';

const front = (transports = {}) =>
  deriveFront(
    parseFront({
      domain: 'voice.example.com',
      regions: [{ region: 'eu-west-1', network: '10.0.0.0/24' }],
      edge: { transports },
    }),
  );
const records = (of = front()) =>
  frontRecords(of, {
    service: ['192.0.2.1', '198.51.100.1'],
    edges: { 'eu-west-1-edge-1': '203.0.113.1', 'eu-west-1-edge-2': '203.0.113.2' },
  });
const find = (name: string, type: string, all = records()) =>
  all.find((record) => record.name === name && record.type === type)?.values;

describe('DNS records of the front', () => {
  it('lead from every tenant’s name to one set of SRV records, encrypted transport first', () => {
    expect(find('*.voice.example.com', 'NAPTR')).toEqual([
      '10 10 "S" "SIPS+D2T" "" _sips._tcp.voice.example.com.',
      '20 10 "S" "SIP+D2T" "" _sip._tcp.voice.example.com.',
      '30 10 "S" "SIP+D2U" "" _sip._udp.voice.example.com.',
    ]);
    expect(find('voice.example.com', 'NAPTR')).toEqual(find('*.voice.example.com', 'NAPTR'));
  });

  it('name the service first, then each edge by itself', () => {
    expect(find('_sips._tcp.voice.example.com', 'SRV')).toEqual([
      '10 10 5061 sip.voice.example.com.',
      '20 10 5061 eu-west-1-edge-1.edge.voice.example.com.',
      '20 10 5061 eu-west-1-edge-2.edge.voice.example.com.',
    ]);
    expect(find('sip.voice.example.com', 'A')).toEqual(['192.0.2.1', '198.51.100.1']);
    expect(find('eu-west-1-edge-2.edge.voice.example.com', 'A')).toEqual(['203.0.113.2']);
  });

  it('lead a client that knows addresses only to the service', () => {
    expect(find('*.voice.example.com', 'A')).toEqual(['192.0.2.1', '198.51.100.1']);
  });

  it('leave out a transport that is off', () => {
    const all = records(front({ udp: 'off' }));
    expect(find('_sip._udp.voice.example.com', 'SRV', all)).toBeUndefined();
    expect(find('*.voice.example.com', 'NAPTR', all)?.some((value) => value.includes('D2U'))).toBe(false);
  });
});
