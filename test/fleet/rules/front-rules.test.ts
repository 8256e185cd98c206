import { describe, expect, it } from 'vitest';
import { formatFinding } from '../../../lib/config-file/finding.ts';
import { loadFleet } from '../../../lib/fleet/fleet.ts';
import { onAws } from '../checked.ts';

/** The least that is a whole front. */
const minimal = `domain: voice.example.com
regions:
  - region: eu-west-1
    network: 10.32.0.0/24
`;

function checked(front: string, ...cells: readonly (readonly [name: string, text: string])[]): readonly string[] {
  const files = [['front', front] as const, ...cells].map(([name, text]) => ({
    path: `cells/${name}.yaml`,
    text: onAws(text),
  }));
  return loadFleet(files).findings.map(formatFinding);
}

/** A cell in a region where the front has no edges. */
const cell = (rest = '', name = 'a') => [name, `name: ${name}\nregion: eu-west-2\n${rest}`] as const;

const cases: readonly (readonly [what: string, text: string, finding: string])[] = [
  [
    'a network too large',
    minimal.replace('10.32.0.0/24', '10.0.0.0/8'),
    'cells/front.yaml:4:5 error regions[0].network: 10.0.0.0/8 is too large for the edges of a region; allowed: /20 to /24',
  ],
  [
    'a network too small',
    minimal.replace('/24', '/28'),
    'cells/front.yaml:4:5 error regions[0].network: 10.32.0.0/28 is too small for the edges of a region; allowed: /20 to /24',
  ],
  [
    'a network off its boundary',
    minimal.replace('10.32.0.0/24', '10.32.1.0/23'),
    'cells/front.yaml:4:5 error regions[0].network: 10.32.1.0/23 does not begin on a boundary of its size; allowed: 10.32.0.0/23',
  ],
  [
    'a public network',
    minimal.replace('10.32.0.0/24', '203.0.0.0/24'),
    'cells/front.yaml:4:5 error regions[0].network: 203.0.0.0/24 is not private address space; allowed: a range within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10 (RFC 1918, RFC 6598)',
  ],
  [
    'a region twice',
    `${minimal}  - { region: eu-west-1, network: 10.32.1.0/24 }
`,
    'cells/front.yaml:5:7 error regions[1].region: region eu-west-1 is given twice; allowed: each region once',
  ],
  [
    'a region that is not known',
    minimal.replace('eu-west-1', 'eu-west-9'),
    'cells/front.yaml:3:5 warning regions[0].region: eu-west-9 is none of the regions known here; did you mean "eu-west-1"?; allowed: a region of AWS; check that it is newer than this list',
  ],
  [
    'a government region',
    minimal.replace('eu-west-1', 'us-gov-west-1'),
    "cells/front.yaml:3:5 error regions[0].region: us-gov-west-1 can't have edges: Global Accelerator serves commercial regions only; allowed: a region that does not begin with us-gov-",
  ],
  [
    'a zone that the region lacks',
    `${minimal}    aws: { zones: [a, e] }
`,
    'cells/front.yaml:5:23 warning regions[0].aws.zones[1]: eu-west-1 has no zone e for a new account of AWS; allowed: zones of a, b, c, for example zones: [a, b]',
  ],
  [
    'a zone twice',
    `${minimal}    aws: { zones: [a, b, a] }
`,
    'cells/front.yaml:5:26 error regions[0].aws.zones[2]: zone a is given twice; allowed: each zone once',
  ],
  [
    'no SIP transport at all',
    `${minimal}edge:
  transports: { udp: off, tcp: off, tls: off }
`,
    'cells/front.yaml:6:3 error edge.transports: udp, tcp and tls are all off, so no call is possible; allowed: a port for at least one of them',
  ],
  [
    'TCP and TLS on one port',
    `${minimal}edge:
  transports:
    tls: 5060
`,
    'cells/front.yaml:7:5 error edge.transports.tls: port 5060 is that of tcp too; allowed: two ports, for example tcp: 5060 and tls: 5061, or one of them off',
  ],
  [
    'a SIP port that is the metrics’',
    `${minimal}edge: { transports: { tcp: 9494 } }
`,
    'cells/front.yaml:5:23 error edge.transports.tcp: 9494 is the port of the edge’s metrics; allowed: any port but 9494',
  ],
  [
    'a SIP port that is the flood guard’s',
    `${minimal}edge: { transports: { udp: 5090 } }
`,
    'cells/front.yaml:5:23 error edge.transports.udp: 5090 is the port of the edge’s flood guard; allowed: any port but 5090',
  ],
  [
    'a health port that is a SIP port',
    `${minimal}health: { port: 5061 }
`,
    'cells/front.yaml:5:11 error health.port: 5061 is the port of the edge’s SIP over TLS; allowed: any port but 5061',
  ],
  [
    'a SIP port that is the default health port',
    `${minimal}edge: { transports: { tcp: 8088 } }
`,
    'cells/front.yaml:5:23 error health.port: 8088 is the port of the edge’s SIP over TCP; allowed: any port but 8088',
  ],
  [
    'a health port that is the metrics’',
    `${minimal}health: { port: 9494 }
`,
    'cells/front.yaml:5:11 error health.port: 9494 is the port of the edge’s metrics; allowed: any port but 9494',
  ],
  [
    'an instance type that is none',
    `${minimal}aws: { edge: { instanceType: c6ilarge } }
`,
    'cells/front.yaml:5:16 error aws.edge.instanceType: c6ilarge is not an instance type; did you mean "c6i.large"?; allowed: an EC2 type, for example c6i.xlarge',
  ],
  [
    'an instance type for ARM',
    `${minimal}aws: { edge: { instanceType: c7g.large } }
`,
    'cells/front.yaml:5:16 error aws.edge.instanceType: c7g.large has an ARM processor, and the hosts are set up for amd64; allowed: an x86 type, for example c7i.large',
  ],
  [
    'an instance type whose limits are not known',
    `${minimal}aws: { edge: { instanceType: u7i-12tb.224xlarge } }
`,
    'cells/front.yaml:5:16 warning aws.edge.instanceType: the limits of u7i-12tb.224xlarge are not known here, so they are not checked; allowed: any EC2 type that the region has',
  ],
  [
    'a private range to announce',
    `${minimal}aws: { anycast: { ranges: [10.99.0.0/24] } }
`,
    'cells/front.yaml:5:28 error aws.anycast.ranges[0]: 10.99.0.0/24 is not public address space; allowed: a public range that is yours',
  ],
  [
    'the whole internet to announce',
    `${minimal}aws: { anycast: { ranges: [0.0.0.0/0] } }
`,
    'cells/front.yaml:5:28 error aws.anycast.ranges[0]: 0.0.0.0/0 is not public address space; allowed: a public range that is yours',
  ],
  [
    'a range too small to announce',
    `${minimal}aws: { anycast: { ranges: [203.0.113.0/28] } }
`,
    'cells/front.yaml:5:28 error aws.anycast.ranges[0]: 203.0.113.0/28 is too small to be announced; allowed: /24 or larger',
  ],
  [
    'a range to announce off its boundary',
    `${minimal}aws: { anycast: { ranges: [203.0.113.0/23] } }
`,
    'cells/front.yaml:5:28 error aws.anycast.ranges[0]: 203.0.113.0/23 does not begin on a boundary of its size; allowed: 203.0.112.0/23',
  ],
  [
    'two ranges to announce, one in the other',
    `${minimal}aws: { anycast: { ranges: [203.0.112.0/23, 203.0.113.0/24] } }
`,
    'cells/front.yaml:5:44 error aws.anycast.ranges[1]: 203.0.113.0/24 overlaps 203.0.112.0/23: both addresses would fail with one route; allowed: two ranges without a common address',
  ],
  [
    'two regions that share addresses',
    `${minimal}  - { region: eu-west-2, network: 10.32.0.0/24 }
`,
    'cells/front.yaml:5:26 error regions[1].network: 10.32.0.0/24 overlaps the network in cells/front.yaml:4; allowed: a range of its own, for example 10.16.0.0/24',
  ],
];

describe('values of the front that do not fit each other get one clear error', () => {
  it.each(cases)('%s', (_, text, finding) => {
    expect(checked(text)).toEqual([finding]);
  });

  it('all at once, also beside a value that is wrong by itself', () => {
    const text = `${minimal.replace('/24', '/28')}health: { port: 5060, threshold: 99 }
edge: { transports: { tls: 5060 } }
`;
    expect(checked(text).map((line) => line.split(': ')[0])).toEqual([
      'cells/front.yaml:4:5 error regions[0].network',
      'cells/front.yaml:5:11 error health.port',
      'cells/front.yaml:5:11 error health.port',
      'cells/front.yaml:5:23 error health.threshold',
      'cells/front.yaml:6:23 error edge.transports.tls',
    ]);
  });
});

describe('the front among cells', () => {
  it('fits beside them', () => {
    expect(checked(minimal, cell('tenants: [{ name: acme, domain: acme.voice.example.com }]\n'))).toEqual([]);
  });

  it.each([
    [
      'that is given',
      `name: a\n${minimal}`,
      cell(),
      'cells/a.yaml:1:1 error name: the cell a has the name of the front, in cells/front.yaml:1; allowed: another name',
    ],
    [
      'of the service',
      minimal,
      cell('tenants: [{ name: acme, domain: sip.voice.example.com }]\n'),
      'cells/a.yaml:3:25 error tenants[0].domain: sip.voice.example.com is taken by the front, whose domain is in cells/front.yaml:1; allowed: any other name under voice.example.com; sip.voice.example.com, edge.voice.example.com and what is below it lead to the edges',
    ],
    [
      'above the edges',
      minimal,
      cell('tenants: [{ name: acme, domain: edge.voice.example.com }]\n'),
      'cells/a.yaml:3:25 error tenants[0].domain: edge.voice.example.com is taken by the front, whose domain is in cells/front.yaml:1; allowed: any other name under voice.example.com; sip.voice.example.com, edge.voice.example.com and what is below it lead to the edges',
    ],
    [
      'below that of the edges',
      minimal,
      cell('tenants: [{ name: acme, domain: x.edge.voice.example.com }]\n'),
      'cells/a.yaml:3:25 error tenants[0].domain: x.edge.voice.example.com is taken by the front, whose domain is in cells/front.yaml:1; allowed: any other name under voice.example.com; sip.voice.example.com, edge.voice.example.com and what is below it lead to the edges',
    ],
  ])('keeps a name %s for itself', (_, front, other, finding) => {
    expect(checked(front, other)).toEqual([finding]);
  });
});
