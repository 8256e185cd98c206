import { describe, expect, it } from 'vitest';
import { checked, minimal } from '../checked.ts';

const cases: readonly (readonly [what: string, text: string, finding: string])[] = [
  [
    'a key that is not known',
    `${minimal}netwrok: 10.16.0.0/20
`,
    'cells/euw1-a.yaml:3:1 error netwrok: there is no such key; did you mean "network"?; allowed: name, region, state, size, maxTenants, network, sbc, media, calls, probe, database, redis, retention, aws, kubernetes, local, routing, trunks, emergency, fraud, tenants',
  ],
  [
    'an unknown key deep inside',
    `${minimal}media:
  relay:
    port: 30000-39999
`,
    'cells/euw1-a.yaml:5:5 error media.relay.port: there is no such key; did you mean "ports"?; allowed: calls, ports',
  ],
  [
    'a missing region',
    `name: euw1-a
`,
    'cells/euw1-a.yaml:1:1 error region: is missing; allowed: 1 to 32 lower-case letters, digits and hyphens, beginning with a letter, for example eu-west-1',
  ],
  [
    'a name in capitals',
    `name: EUW1-A
region: eu-west-1
`,
    'cells/EUW1-A.yaml:1:1 error name: must be 1 to 20 lower-case letters, digits and hyphens, beginning with a letter, for example euw1-a; got EUW1-A',
  ],
  [
    'a name that is too long',
    `name: europe-west-one-production-a
region: eu-west-1
`,
    'cells/europe-west-one-production-a.yaml:1:1 error name: must be 1 to 20 lower-case letters, digits and hyphens, beginning with a letter, for example euw1-a; got europe-west-one-production-a',
  ],
  [
    'a region that is none',
    `name: euw1-a
region: Ireland
`,
    'cells/euw1-a.yaml:2:1 error region: must be 1 to 32 lower-case letters, digits and hyphens, beginning with a letter, for example eu-west-1; got Ireland',
  ],
  [
    'a size that is not there',
    `${minimal}size: standrad
`,
    'cells/euw1-a.yaml:3:1 error size: must be test, small or standard; got standrad; did you mean "standard"?',
  ],
  [
    'a state that is not there',
    `${minimal}state: live
`,
    'cells/euw1-a.yaml:3:1 error state: must be planned, active, cordoned, draining or retired; got live',
  ],
  [
    'a number out of range',
    `${minimal}media: { hosts: 33 }
`,
    'cells/euw1-a.yaml:3:10 error media.hosts: must be a whole number from 1 to 32; got 33',
  ],
  [
    'a word where a number belongs',
    `${minimal}media: { hosts: four }
`,
    'cells/euw1-a.yaml:3:10 error media.hosts: must be a whole number from 1 to 32; got four (a string)',
  ],
  [
    'a version without quotes',
    `${minimal}aws: { database: { version: 15.10 } }
`,
    "cells/euw1-a.yaml:3:20 error aws.database.version: 15.10 without quotes is a number; allowed: '15.10' in quotes: a PostgreSQL version, for example 15.10",
  ],
  [
    'a list where keys belong',
    `${minimal}media:
  - hosts: 4
`,
    'cells/euw1-a.yaml:3:1 error media: must be a mapping with the keys hosts, kernelForwarding, rtcpMux, relay, freeswitch, pools; got a list of 1',
  ],
  [
    'a retention that CloudWatch does not take',
    `${minimal}aws: { retention: { logDays: 31 } }
`,
    'cells/euw1-a.yaml:3:21 error aws.retention.logDays: must be 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545 or 731; got 31',
  ],
  [
    'a key given twice',
    `${minimal}region: eu-west-2
`,
    'cells/euw1-a.yaml:3:1 error region: the key is given twice; allowed: each key once',
  ],
  [
    'a text that is no YAML',
    `${minimal}zones: [a, b
`,
    'cells/euw1-a.yaml:4:1 error: invalid YAML: flow sequence in block collection must be sufficiently indented and end with a ]; allowed: YAML 1.2',
  ],
  [
    'a tab for indentation',
    `${minimal}media:
	hosts: 4
`,
    'cells/euw1-a.yaml:4:1 error: invalid YAML: tabs are not allowed as indentation; allowed: spaces',
  ],
  [
    'an alias without quotes',
    `${minimal}tenants:
  - name: acme
    domain: acme.example.com
    dids:
      '+442079460100': *43
`,
    'cells/euw1-a.yaml:7:24 error tenants[0].dids["+442079460100"]: *43 without quotes is a YAML alias, and there is no anchor of that name; allowed: \'*43\' in quotes',
  ],
  [
    'two documents in a file',
    `${minimal}---
name: euw1-b
`,
    'cells/euw1-a.yaml:3:1 error: a second document begins after ---; allowed: one document a file',
  ],
  [
    'a network that is none',
    `${minimal}network: 10.16.0.0
`,
    'cells/euw1-a.yaml:3:1 error network: must be an IPv4 range, for example 10.16.0.0/20; got 10.16.0.0',
  ],
  [
    'one zone alone',
    `${minimal}aws: { zones: [a] }
`,
    'cells/euw1-a.yaml:3:8 error aws.zones: must be a list: 2 to 4, each the letter of a zone, a to f; got a list of 1',
  ],
  [
    'an AMI id that is none',
    `${minimal}aws: { image: debian-12 }
`,
    'cells/euw1-a.yaml:3:8 error aws.image: must be an AMI id, for example ami-0abcdef1234567890; got debian-12',
  ],
  [
    'an alarm address that is none',
    `${minimal}aws: { alarmEmails: [ops] }
`,
    'cells/euw1-a.yaml:3:22 error aws.alarmEmails[0]: must be an e-mail address; got ops',
  ],
  [
    'a codec that is not known',
    `${minimal}tenants:
  - { name: acme, domain: acme.example.com, codecs: [PCMX] }
`,
    'cells/euw1-a.yaml:4:54 error tenants[0].codecs[0]: must be PCMU, PCMA, G722, opus or G729; got PCMX; did you mean "PCMU"?',
  ],
  [
    'a tenant’s domain in capitals',
    `${minimal}tenants:
  - name: acme
    domain: ACME.example.com
`,
    'cells/euw1-a.yaml:5:5 error tenants[0].domain: must be a domain name in lower case, for example acme.example.com; got ACME.example.com',
  ],
  [
    'a number that is not E.164',
    `${minimal}tenants:
  - name: acme
    domain: acme.example.com
    dids: { 02079460100: alice }
`,
    'cells/euw1-a.yaml:6:13 error tenants[0].dids["02079460100"]: the key must be an E.164 number, for example +4930123456; got 02079460100',
  ],
];

describe('a wrong value gets one clear error', () => {
  it.each(cases)('%s', (_, text, finding) => {
    expect(checked(text)).toEqual([finding]);
  });
});
