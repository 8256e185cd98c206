import { describe, expect, it } from 'vitest';
import { checked, minimal } from '../checked.ts';

const cases: readonly (readonly [what: string, text: string, finding: string])[] = [
  [
    'a region that is not known here',
    `name: euw1-a
region: eu-west-9
`,
    'cells/euw1-a.yaml:2:1 warning region: eu-west-9 is none of the regions known here; did you mean "eu-west-1"?; allowed: a region of AWS; check that it is newer than this list',
  ],
  [
    'a tenant that would reach no emergency services',
    `${minimal}trunks: [{ name: psap, address: 192.0.2.1 }]
emergency: { DE: { trunks: [psap], test: '19900' } }
tenants:
  - name: acme
    domain: acme.example.com
    country: FR
    dids: { '+4930555001': alice }
`,
    'cells/euw1-a.yaml:8:5 warning tenants[0].country: acme is in FR, to whose emergency services the cell has no route; allowed: DE, or a route under emergency',
  ],
  [
    'a tenant that is nowhere',
    `${minimal}trunks: [{ name: psap, address: 192.0.2.1 }]
emergency: { DE: { trunks: [psap], test: '19900' } }
tenants:
  - name: acme
    domain: acme.example.com
    dids: { '+4930555001': alice }
`,
    'cells/euw1-a.yaml:6:5 warning tenants[0].country: acme has no country, so that nobody knows which emergency services its users call; allowed: DE',
  ],
  [
    'a tenant whom nobody can call back',
    `${minimal}trunks: [{ name: psap, address: 192.0.2.1 }]
emergency: { DE: { trunks: [psap], test: '19900' } }
tenants:
  - { name: acme, domain: acme.example.com, country: DE }
`,
    'cells/euw1-a.yaml:6:5 warning tenants[0].dids: acme has no number under which emergency services could call back; allowed: a number under dids, or a callback for every site',
  ],
  [
    'a route that nobody tests',
    `${minimal}trunks: [{ name: psap, address: 192.0.2.1 }]
emergency: { DE: { trunks: [psap] } }
`,
    'cells/euw1-a.yaml:4:14 warning emergency.DE: nobody tests the route to the emergency services of DE: it has no test number; allowed: test, a number that the carrier has given for it',
  ],
  [
    'a host without a pool',
    `${minimal}media:
  pools: { standard: [1, 2], high-volume: [4] }
`,
    'cells/euw1-a.yaml:4:3 warning media.pools: media host 3 is in no pool and gets no calls; allowed: every host in a pool',
  ],
  [
    'more packets a second than is likely',
    `${minimal}aws: { media: { instanceType: c6i.large } }
`,
    'cells/euw1-a.yaml:3:17 warning media.relay.calls: 2500 calls are 500000 packets/s; AWS publishes no limit for c6i.large, about 69000 are likely; allowed: at most about 345 calls a host until you have measured more',
  ],
  [
    'more calls in user space than its cores carry',
    `${minimal}media:
  kernelForwarding: off
aws: { media: { instanceType: c6in.xlarge } }
`,
    'cells/euw1-a.yaml:4:3 warning media.kernelForwarding: off lets 2500 calls pass through user space on 4 cores; allowed: required, or at most about 1840 calls (460 a core were measured; measure yours)',
  ],
  [
    'a burstable machine in a cell for use',
    `${minimal}aws: { sbc: { instanceType: t3.large } }
`,
    'cells/euw1-a.yaml:3:15 warning aws.sbc.instanceType: t3.large slows down when its processor credits are used up; allowed: a type without credits (c, m) in a cell that is not for tests',
  ],
  [
    'an instance type whose limits are not known here',
    `${minimal}aws: { sbc: { instanceType: c8i.xlarge } }
`,
    'cells/euw1-a.yaml:3:15 warning aws.sbc.instanceType: the limits of c8i.xlarge are not known here, so they are not checked; did you mean "c6i.xlarge"?; allowed: any EC2 type that the region has',
  ],
  [
    'more FreeSWITCH sessions than relayed calls',
    `${minimal}media:
  relay: { calls: 500 }
`,
    "cells/euw1-a.yaml:4:12 warning media.freeswitch.sessions: 900 sessions can't be reached with 500 relayed calls; allowed: at most media.relay.calls (500)",
  ],
  [
    'more call set-ups than were ever reported',
    `${minimal}sbc: { setupsPerSecond: 400 }
`,
    'cells/euw1-a.yaml:3:8 warning sbc.setupsPerSecond: 400 call set-ups a second are more than was ever reported for one SBC with media relay; allowed: at most 300 until you have measured more',
  ],
  [
    'more tenants than should share a fate',
    `${minimal}maxTenants: 800
`,
    'cells/euw1-a.yaml:3:1 warning maxTenants: 800 tenants share the fate of this cell; allowed: at most 500; more tenants want another cell',
  ],
  [
    'a database version that is not known here',
    `${minimal}aws: { database: { version: '19.1' } }
`,
    'cells/euw1-a.yaml:3:20 warning aws.database.version: PostgreSQL 19.1 is none of the versions of Aurora known here; allowed: a version of 13, 14, 15, 16 or 17, for example 15.10',
  ],
  [
    'TLS on the port of UDP and TCP',
    `${minimal}trunks:
  - name: carrier-a
    address: 192.0.2.10
    transport: tls
`,
    'cells/euw1-a.yaml:6:5 warning trunks[0].port: carrier-a speaks TLS on 5060, which carriers have for UDP and TCP; allowed: port: 5061 unless the carrier says otherwise',
  ],
  [
    'a tenant that may have more calls than its pool carries',
    `${minimal}size: test
tenants:
  - name: acme
    domain: acme.example.com
    limits: { calls: 900 }
`,
    'cells/euw1-a.yaml:7:15 warning tenants[0].limits.calls: acme may have 900 calls; the media hosts of standard carry 800; allowed: at most 800',
  ],
  [
    'a trunk that may set up more calls than the cell takes',
    `${minimal}trunks:
  - name: carrier-a
    address: 192.0.2.10
    limits: { callsPerSecond: 500 }
`,
    'cells/euw1-a.yaml:6:15 warning trunks[0].limits.callsPerSecond: carrier-a may set up 500 calls a second; the cell takes 200; allowed: at most 200',
  ],
  [
    'a retired cell with tenants',
    `${minimal}state: retired
tenants:
  - { name: acme, domain: acme.example.com }
`,
    'cells/euw1-a.yaml:4:1 warning tenants: the cell is retired and still names 1 tenant; allowed: no tenants in a retired cell',
  ],
];

describe('what only a quota, a measurement or the future decides gets a warning', () => {
  it.each(cases)('%s', (_, text, finding) => {
    expect(checked(text)).toEqual([finding]);
  });
});
