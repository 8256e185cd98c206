import { describe, expect, it } from 'vitest';
import { checked, minimal } from '../checked.ts';

const cases: readonly (readonly [what: string, text: string, finding: string])[] = [
  [
    'a name with two hyphens in a row',
    `name: euw1--a
region: eu-west-1
`,
    'cells/euw1--a.yaml:1:1 error name: euw1--a has two hyphens in a row, which Aurora and ElastiCache refuse; allowed: single hyphens, for example euw1-a',
  ],
  [
    'a government region without an image',
    `name: a
region: us-gov-west-1
`,
    'cells/a.yaml:2:1 error aws.image: us-gov-west-1 needs an image: Debian publishes none there; allowed: the id of an AMI of Debian 12 in that region, for example ami-0abcdef1234567890',
  ],
  [
    'a country that is not known here',
    `${minimal}trunks: [{ name: psap, address: 192.0.2.1 }]
emergency: { DD: { trunks: [psap], test: '19900' } }
`,
    'cells/euw1-a.yaml:4:14 error emergency.DD: DD is a country whose emergency numbers nobody here knows; did you mean "DE"?; allowed: AT, AU, BE, BR, CA, CH, CZ, DE, DK, ES, FI, FR, GB, GR, HK, HU, IE, IN, IT, JP, KR, LU, MX, NL, NO, NZ, PL, PT, RO, SE, SG, US, ZA',
  ],
  [
    'an emergency trunk that is not there',
    `${minimal}trunks: [{ name: psap, address: 192.0.2.1 }]
emergency: { DE: { trunks: [psap, pspa], test: '19900' } }
`,
    'cells/euw1-a.yaml:4:35 error emergency.DE.trunks[1]: emergency calls of DE go to the trunk pspa, which is not there; did you mean "psap"?; allowed: psap',
  ],
  ...(
    [
      ['112', 'DE'],
      // Not the emergency number of the route's country, but one all the same.
      ['911', 'DE'],
      ['*#100+', 'DE'],
      ['199', 'FR'],
    ] as const
  ).map(
    ([test, country]) =>
      [
        `a route that would be tested with ${test}`,
        `${minimal}trunks: [{ name: psap, address: 192.0.2.1 }]
emergency: { ${country}: { trunks: [psap], test: '${test}' } }
`,
        `cells/euw1-a.yaml:4:36 error emergency.${country}.test: the probe would call ${test}, an emergency number, every day; allowed: the carrier’s own test number`,
      ] as const,
  ),
  [
    'a route of numbers that is tested with a service',
    `${minimal}trunks: [{ name: psap, address: 192.0.2.1 }]
emergency: { DE: { trunks: [psap], test: 'urn:service:test.sos' } }
`,
    'cells/euw1-a.yaml:4:36 error emergency.DE.test: the carriers of DE are called with numbers, and its test urn:service:test.sos is a service; allowed: the carrier’s own test number, or form: urn',
  ],
  [
    'a location by value and by reference',
    `${minimal}tenants:
  - name: acme
    domain: acme.example.com
    sites:
      hq:
        location: { point: 52.5 13.4, reference: 'https://places.example.com/hq' }
`,
    'cells/euw1-a.yaml:8:9 error tenants[0].sites.hq.location: hq of acme says its location by value and by reference; allowed: civic or point or both, or reference alone',
  ],
  [
    'a user at two sites',
    `${minimal}tenants:
  - name: acme
    domain: acme.example.com
    sites:
      hq: { users: [alice] }
      lab: { users: [bob, alice] }
`,
    'cells/euw1-a.yaml:8:27 error tenants[0].sites.lab.users[1]: alice of acme is at hq and at lab; allowed: each user once, at one site',
  ],
  [
    'limits on calls to carriers that nobody looks at',
    `${minimal}tenants:
  - name: acme
    domain: acme.example.com
    outbound: { minutesPerDay: 60 }
`,
    'cells/euw1-a.yaml:6:5 error tenants[0].outbound: acme has limits on calls to carriers, which the cell does not look at; allowed: none, or fraud.byTenant: true',
  ],
  [
    'a cap on international calls of a tenant that is nowhere',
    `${minimal}fraud: { byTenant: true }
tenants:
  - name: acme
    domain: acme.example.com
    outbound: { internationalCalls: 3 }
`,
    'cells/euw1-a.yaml:7:5 error tenants[0].country: acme has a cap on international calls and no country, so that nobody knows which calls are international; allowed: a country',
  ],
  [
    'too few relay ports',
    `${minimal}media:
  relay:
    calls: 2500
    ports: 30000-30999
`,
    'cells/euw1-a.yaml:6:5 error media.relay.ports: 1000 ports are too few for 2500 calls; allowed: at least 10000 (4 a call), or 5000 with media.rtcpMux: true',
  ],
  [
    'too few relay ports with rtcp-mux',
    `${minimal}media:
  rtcpMux: true
  relay: { calls: 2500, ports: 30000-34998 }
`,
    'cells/euw1-a.yaml:5:25 error media.relay.ports: 4999 ports are too few for 2500 calls; allowed: at least 5000 (2 a call)',
  ],
  [
    'more calls than the default ports carry',
    `${minimal}media:
  relay:
    calls: 5000
`,
    'cells/euw1-a.yaml:5:5 error media.relay.ports: 15000 ports are too few for 5000 calls; allowed: at least 20000 (4 a call), or 10000 with media.rtcpMux: true',
  ],
  [
    'too few FreeSWITCH ports',
    `${minimal}media:
  freeswitch: { ports: 16384-17000 }
`,
    'cells/euw1-a.yaml:4:17 error media.freeswitch.ports: 16384-17000 has ports for 309 sessions, too few for 900; allowed: at least 1800 ports (2 a session), or at most 309 sessions',
  ],
  [
    'port ranges that overlap',
    `${minimal}media:
  freeswitch:
    ports: 29000-31999
`,
    'cells/euw1-a.yaml:5:5 error media.relay.ports: 30000-44999 overlaps media.freeswitch.ports (29000-31999); allowed: two ranges without a common port',
  ],
  [
    'a port range that goes backwards',
    `${minimal}media: { relay: { ports: 44999-30000 } }
`,
    'cells/euw1-a.yaml:3:19 error media.relay.ports: 44999-30000 goes backwards; allowed: 30000-44999',
  ],
  [
    'a port range past the last port',
    `${minimal}media: { relay: { ports: 60000-70000 } }
`,
    'cells/euw1-a.yaml:3:19 error media.relay.ports: 60000-70000 is out of range; allowed: ports from 1024 to 65535',
  ],
  [
    'a port range over FreeSWITCH’s own SIP port',
    `${minimal}media: { freeswitch: { ports: 4000-8000 } }
`,
    'cells/euw1-a.yaml:3:24 error media.freeswitch.ports: 4000-8000 contains 5070, FreeSWITCH’s SIP; allowed: a range without 5070',
  ],
  [
    'no SIP transport at all',
    `${minimal}sbc:
  transports: { udp: off, tcp: off, tls: off }
`,
    'cells/euw1-a.yaml:4:3 error sbc.transports: udp, tcp and tls are all off, so no call is possible; allowed: a port for at least one of them',
  ],
  [
    'TCP and TLS on one port',
    `${minimal}sbc:
  transports:
    tls: 5060
`,
    'cells/euw1-a.yaml:5:5 error sbc.transports.tls: port 5060 is that of tcp too; allowed: two ports, for example tcp: 5060 and tls: 5061, or one of them off',
  ],
  [
    'a SIP port that is the SBC’s own',
    `${minimal}sbc:
  transports: { udp: 5090 }
`,
    'cells/euw1-a.yaml:4:17 error sbc.transports.udp: 5090 is the port of the SBC’s replication between the SBCs; allowed: any port but 5090',
  ],
  [
    'a network too small',
    `${minimal}network: 10.16.0.0/24
`,
    'cells/euw1-a.yaml:3:1 error network: 10.16.0.0/24 is too small for a cell; allowed: /16 to /22',
  ],
  [
    'a network too large',
    `${minimal}network: 10.0.0.0/8
`,
    'cells/euw1-a.yaml:3:1 error network: 10.0.0.0/8 is too large for a cell; allowed: /16 to /22',
  ],
  [
    'a network off its boundary',
    `${minimal}network: 10.16.8.0/20
`,
    'cells/euw1-a.yaml:3:1 error network: 10.16.8.0/20 does not begin on a boundary of its size; allowed: 10.16.0.0/20',
  ],
  [
    'a public network',
    `${minimal}network: 203.0.0.0/20
`,
    'cells/euw1-a.yaml:3:1 error network: 203.0.0.0/20 is not private address space; allowed: a range within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10 (RFC 1918, RFC 6598)',
  ],
  [
    'a network over the overlay address',
    `${minimal}network: 100.64.0.0/20
`,
    'cells/euw1-a.yaml:3:1 error network: 100.64.0.0/20 contains 100.64.0.10, the overlay address of every cell’s active SBC; allowed: a range without 100.64.0.10',
  ],
  [
    'a zone twice',
    `${minimal}aws: { zones: [a, b, a] }
`,
    'cells/euw1-a.yaml:3:22 error aws.zones[2]: zone a is given twice; allowed: each zone once',
  ],
  [
    'a zone that the region lacks',
    `${minimal}aws: { zones: [a, d] }
`,
    'cells/euw1-a.yaml:3:19 warning aws.zones[1]: eu-west-1 has no zone d for a new account of AWS; allowed: zones of a, b, c, for example zones: [a, b]',
  ],
  [
    'a pool with a host that is not there',
    `${minimal}media:
  pools:
    standard: [1, 2, 5]
    high-volume: [3, 4]
`,
    'cells/euw1-a.yaml:5:22 error media.pools.standard[2]: host 5 is not there: the cell has 4 media hosts; allowed: 1 to 4',
  ],
  [
    'a pool with a host twice',
    `${minimal}media:
  pools: { standard: [1, 2, 2], high-volume: [3, 4] }
`,
    'cells/euw1-a.yaml:4:29 error media.pools.standard[2]: host 2 is given twice; allowed: each host once in a pool',
  ],
  [
    'no pool for a tier that every cell serves',
    `${minimal}media:
  pools: { standard: [1, 2, 3, 4] }
`,
    'cells/euw1-a.yaml:4:3 error media.pools: there is no pool for the tier high-volume; allowed: at least the pools standard and high-volume',
  ],
  [
    'FreeSWITCH from an image without an image',
    `${minimal}media: { freeswitch: { install: image } }
`,
    'cells/euw1-a.yaml:3:24 error media.freeswitch.install: image takes FreeSWITCH from the machine image, but none is given, and Debian’s has no FreeSWITCH; allowed: signalwire, or aws.image (ami-…) that has FreeSWITCH',
  ],
  [
    'an instance type that is none',
    `${minimal}aws: { sbc: { instanceType: c6ixlarge } }
`,
    'cells/euw1-a.yaml:3:15 error aws.sbc.instanceType: c6ixlarge is not an instance type; did you mean "c6i.large"?; allowed: an EC2 type, for example c6i.xlarge',
  ],
  [
    'an instance type for ARM',
    `${minimal}aws: { media: { instanceType: c7g.xlarge } }
`,
    'cells/euw1-a.yaml:3:17 error aws.media.instanceType: c7g.xlarge has an ARM processor, and the hosts are set up for amd64; allowed: an x86 type, for example c7i.xlarge',
  ],
  [
    'more calls than the bandwidth carries',
    `${minimal}media:
  hosts: 4
  relay: { calls: 1500 }
size: test
aws: { media: { instanceType: t3.medium } }
`,
    'cells/euw1-a.yaml:5:12 error media.relay.calls: 1500 G.711 calls are 0.26 Gb/s each way; t3.medium holds 0.256 Gb/s; allowed: at most 1467 calls a host, or a larger type',
  ],
  [
    'more shared memory than the machine has',
    `${minimal}sbc: { sharedMemoryMiB: 8192 }
`,
    'cells/euw1-a.yaml:3:8 error sbc.sharedMemoryMiB: 8192 MiB do not fit into c6i.xlarge, which has 8192 MiB; allowed: at most 6144 MiB (three quarters)',
  ],
  [
    'more connections than the shared memory holds',
    `${minimal}sbc: { connections: { total: 50000 } }
`,
    'cells/euw1-a.yaml:3:23 error sbc.connections.total: 50000 connections over TLS take 3386 MiB; Kamailio has 2560 MiB; allowed: at most 28355 connections, or sharedMemoryMiB: 4515',
  ],
  [
    'a source that may take most connections',
    `${minimal}sbc: { connections: { total: 2000 } }
`,
    'cells/euw1-a.yaml:3:23 error sbc.connections.perSource: one source may hold 1200 of 2000 connections: two would keep everybody else away; allowed: at most 1000 (a half)',
  ],
  [
    'a database class without db.',
    `${minimal}aws: { database: { instanceClass: r6g.large } }
`,
    'cells/euw1-a.yaml:3:20 error aws.database.instanceClass: r6g.large is not an instance class of Aurora PostgreSQL; allowed: db.t…, db.r… or db.x… with a size, for example db.r6g.large',
  ],
  [
    'a Redis node type without cache.',
    `${minimal}aws: { redis: { nodeType: m6g.large } }
`,
    'cells/euw1-a.yaml:3:17 error aws.redis.nodeType: m6g.large is not a node type of ElastiCache; allowed: cache. with a family and a size, for example cache.m6g.large',
  ],
  [
    'a Redis version that is not offered',
    `${minimal}aws: { redis: { version: '8.0' } }
`,
    'cells/euw1-a.yaml:3:17 error aws.redis.version: ElastiCache has no Redis 8.0 with TLS and replicas; allowed: 6.0, 6.2, 7.0 or 7.1',
  ],
  [
    'a trunk twice',
    `${minimal}trunks:
  - { name: carrier-a, address: 192.0.2.10 }
  - { name: carrier-a, address: 192.0.2.20 }
`,
    'cells/euw1-a.yaml:5:7 error trunks[1].name: there are two trunks carrier-a; allowed: a name of its own',
  ],
  [
    'a carrier at a loopback address',
    `${minimal}trunks:
  - name: carrier-a
    address: 127.0.0.1
`,
    'cells/euw1-a.yaml:5:5 error trunks[0].address: 127.0.0.1 is the address of no carrier; allowed: a unicast address',
  ],
  [
    'a carrier inside the cell',
    `${minimal}trunks:
  - name: carrier-a
    address: 10.16.3.4
`,
    'cells/euw1-a.yaml:5:5 error trunks[0].address: 10.16.3.4 is in the cell’s own network (10.16.0.0/20); allowed: an address outside',
  ],
  [
    'a trunk that goes on after an answer of the callee',
    `${minimal}trunks:
  - name: carrier-a
    address: 192.0.2.10
    failOverOn: [503, 486]
`,
    'cells/euw1-a.yaml:6:23 error trunks[0].failOverOn[1]: carrier-a names 486, which says that the callee is busy; allowed: another status of 400 to 599',
  ],
  [
    'a number of an exchange that is not there',
    `${minimal}tenants:
  - name: acme
    domain: acme.example.com
    dids: { '+4930123456': '@exchange' }
`,
    'cells/euw1-a.yaml:6:13 error tenants[0].dids["+4930123456"]: acme has no exchange to which +4930123456 could go; allowed: a user or a feature code, or an exchange under exchange',
  ],
  [
    'an exchange that is no source',
    `${minimal}tenants:
  - name: acme
    domain: acme.example.com
    sources: [198.51.100.0/24]
    exchange: { address: 203.0.113.9 }
`,
    'cells/euw1-a.yaml:7:17 error tenants[0].exchange.address: acme’s exchange 203.0.113.9 is not among its sources: its own calls would be a stranger’s; allowed: an address of a range under sources, for example with 203.0.113.9/32 there',
  ],
  [
    'a user who is forwarded to itself',
    `${minimal}tenants:
  - name: acme
    domain: acme.example.com
    forwards: { bert: { busy: bert } }
`,
    'cells/euw1-a.yaml:6:25 error tenants[0].forwards.bert.busy: bert is forwarded to itself; allowed: somebody else, or voicemail',
  ],
  [
    'a trunk with national numbers of no country',
    `${minimal}trunks:
  - name: carrier-a
    address: 192.0.2.10
    numbers: { form: national }
`,
    'cells/euw1-a.yaml:6:16 error trunks[0].numbers.form: carrier-a has national numbers of no country; allowed: country, for example country: 49; or the form international',
  ],
  [
    'a trunk that registers without an account',
    `${minimal}trunks:
  - name: carrier-a
    address: 192.0.2.10
    register: {}
`,
    'cells/euw1-a.yaml:6:5 error trunks[0].register: carrier-a registers and has no credentials; allowed: credentials with the user of the account, or no register',
  ],
  [
    'a trunk over a transport that is off',
    `${minimal}sbc: { transports: { tcp: off } }
trunks:
  - name: carrier-a
    address: 192.0.2.10
    transport: tcp
`,
    'cells/euw1-a.yaml:7:5 error trunks[0].transport: carrier-a uses tcp, which is off on the SBC; allowed: udp or tls, or a port for sbc.transports.tcp',
  ],
  [
    'a carrier that two trunks share',
    `${minimal}trunks:
  - name: carrier-a
    address: 192.0.2.10
  - name: carrier-b
    address: 192.0.2.20
    sources: [192.0.2.0/28]
`,
    'cells/euw1-a.yaml:5:5 error trunks[0].address: 192.0.2.10 of trunk carrier-a overlaps 192.0.2.0/28 of trunk carrier-b; allowed: each source address once, with one trunk or one tenant',
  ],
  [
    'a source range that is part of another',
    `${minimal}tenants:
  - { name: acme, domain: acme.example.com, sources: [198.51.100.0/24, 198.51.100.16/28] }
`,
    'cells/euw1-a.yaml:4:72 error tenants[0].sources[1]: 198.51.100.16/28 of tenant acme overlaps 198.51.100.0/24 of tenant acme; allowed: each source address once, with one trunk or one tenant',
  ],
  [
    'a source range as wide as the internet',
    `${minimal}tenants:
  - name: acme
    domain: acme.example.com
    sources:
      - 0.0.0.0/0
`,
    'cells/euw1-a.yaml:7:9 error tenants[0].sources[0]: 0.0.0.0/0 lets 4294967296 addresses call as tenant acme without registration; allowed: /16 to /32',
  ],
  [
    'a source range off its boundary',
    `${minimal}tenants:
  - { name: acme, domain: acme.example.com, sources: [198.51.100.5/28] }
`,
    'cells/euw1-a.yaml:4:55 error tenants[0].sources[0]: 198.51.100.5/28 does not begin on a boundary of its size; allowed: 198.51.100.0/28, or 198.51.100.5/32 for one address',
  ],
  [
    'a source range inside the cell',
    `${minimal}tenants:
  - { name: acme, domain: acme.example.com, sources: [10.16.0.0/24] }
`,
    'cells/euw1-a.yaml:4:55 error tenants[0].sources[0]: 10.16.0.0/24 is in the cell’s own network (10.16.0.0/20): its hosts would call as tenant acme; allowed: a range outside',
  ],
  [
    'a tenant with a tier without a pool',
    `${minimal}tenants:
  - name: acme
    domain: acme.example.com
    tier: standart
`,
    'cells/euw1-a.yaml:6:5 error tenants[0].tier: acme has the tier standart, for which there is no media pool; did you mean "standard"?; allowed: standard, high-volume',
  ],
  [
    'a tenant with a trunk that is not there',
    `${minimal}trunks:
  - { name: carrier-a, address: 192.0.2.10 }
tenants:
  - name: acme
    domain: acme.example.com
    trunks: [carrier-b]
`,
    'cells/euw1-a.yaml:8:14 error tenants[0].trunks[0]: acme names the trunk carrier-b, which is not there; did you mean "carrier-a"?; allowed: carrier-a',
  ],
  [
    'a tenant with a codec twice',
    `${minimal}tenants:
  - { name: acme, domain: acme.example.com, codecs: [PCMA, PCMA] }
`,
    'cells/euw1-a.yaml:4:60 error tenants[0].codecs[1]: PCMA is listed twice; allowed: each codec once, in order of preference',
  ],
  [
    'more tenants than the cell takes',
    `${minimal}maxTenants: 1
tenants:
  - { name: acme, domain: acme.example.com }
  - { name: globex, domain: globex.example.com }
`,
    'cells/euw1-a.yaml:4:1 error tenants: 2 tenants are more than the cell takes; allowed: at most 1 (maxTenants)',
  ],
  [
    'more guaranteed than its tenant may have',
    `${minimal}tenants:
  - { name: acme, domain: acme.example.com, limits: { calls: 20, guaranteedCalls: 21 } }
`,
    'cells/euw1-a.yaml:4:66 error tenants[0].limits.guaranteedCalls: acme is guaranteed 21 calls and may have 20; allowed: at most 20 (calls)',
  ],
  [
    'more guaranteed than the cell relays with one media host lost',
    `${minimal}size: test
media: { hosts: 3, relay: { calls: 100 } }
tenants:
  - { name: acme, domain: acme.example.com, limits: { calls: 150, guaranteedCalls: 150 } }
  - { name: globex, domain: globex.example.com, limits: { calls: 60, guaranteedCalls: 51 } }
`,
    'cells/euw1-a.yaml:5:1 error tenants: 201 calls are guaranteed to tenants; with one media host lost the cell relays 200; allowed: at most 200 in all: (media.hosts - 1) x media.relay.calls',
  ],
  [
    'a guarantee on media hosts that others may fill',
    `${minimal}tenants:
  - { name: acme, domain: acme.example.com, tier: high-volume, limits: { guaranteedCalls: 5 } }
`,
    'cells/euw1-a.yaml:4:74 error tenants[0].limits.guaranteedCalls: acme has the tier high-volume, which 2 of 4 media hosts serve: others may fill these; allowed: a guarantee where every media host is in the pool of the tier',
  ],
  [
    'a tenant twice',
    `${minimal}tenants:
  - { name: acme, domain: acme.example.com }
  - { name: acme, domain: globex.example.com }
`,
    'cells/euw1-a.yaml:5:7 error tenants[1].name: the tenant acme already exists, in cells/euw1-a.yaml:4; allowed: each tenant once in the fleet',
  ],
  [
    'a domain twice',
    `${minimal}tenants:
  - { name: acme, domain: acme.example.com }
  - { name: globex, domain: acme.example.com }
`,
    'cells/euw1-a.yaml:5:21 error tenants[1].domain: the domain acme.example.com already exists, in cells/euw1-a.yaml:4; allowed: each domain once in the fleet',
  ],
  [
    'a number that two tenants have',
    `${minimal}tenants:
  - { name: acme, domain: acme.example.com, dids: { '+442079460100': alice } }
  - { name: globex, domain: globex.example.com, dids: { '+442079460100': bob } }
`,
    'cells/euw1-a.yaml:5:57 error tenants[1].dids["+442079460100"]: the number +442079460100 already exists, in cells/euw1-a.yaml:4; allowed: each number once in the fleet',
  ],
];

describe('values that do not fit each other get one clear error', () => {
  it.each(cases)('%s', (_, text, finding) => {
    expect(checked(text)).toEqual([finding]);
  });
});
