import { describe, expect, expectTypeOf, it } from 'vitest';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';
import { formatFinding } from '../../../lib/config-file/finding.ts';
import { loadFleet } from '../../../lib/fleet/fleet.ts';
import { parseFront } from '../../../lib/fleet/schema/front.ts';
import type { OldCellInput } from '../../../lib/fleet/schema/old-form.ts';

const fleetOf = (text: string, name = 'euw1-a') => loadFleet([{ path: `cells/${name}.yaml`, text }]);
const linesOf = (text: string, name?: string) => fleetOf(text, name).findings.map(formatFinding);

const oldCell = `name: euw1-a
region: eu-west-1
zones: [a, b]
sbc:
  workers: 8
  # The fastest
  instanceType: c6i.2xlarge
media: { hosts: 2, instanceType: c6in.4xlarge }
database: { version: '16.6', instanceClass: db.r6g.xlarge, readers: 2, backupRetentionDays: 35 }
redis: { version: '7.0', nodeType: cache.m6g.xlarge, replicas: 2 }
retention: { logDays: 365, recordDays: 30 }
image: ami-0123456789abcdef0
alarmEmails: [noc@example.com]
`;
const newCell = `name: euw1-a
region: eu-west-1
sbc: { workers: 8 }
media: { hosts: 2 }
database: { readers: 2 }
redis: { replicas: 2 }
retention: { recordDays: 30 }
aws:
  zones: [a, b]
  sbc: { instanceType: c6i.2xlarge }
  media: { instanceType: c6in.4xlarge }
  database: { version: '16.6', instanceClass: db.r6g.xlarge, backupRetentionDays: 35 }
  redis: { version: '7.0', nodeType: cache.m6g.xlarge }
  retention: { logDays: 365 }
  image: ami-0123456789abcdef0
  alarmEmails: [noc@example.com]
`;
const oldFront = `domain: voice.example.com
anycast: { ranges: [198.51.100.0/24], clientAffinity: none }
regions:
  - { region: eu-west-1, zones: [a, b, c], network: 10.40.0.0/20, trafficDial: 50 }
  - { region: us-east-1, network: 10.40.16.0/24 }
edge: { instanceType: c6i.xlarge, workers: 8 }
image: ami-0123456789abcdef0
alarmEmails: [noc@example.com]
`;
const newFront = `domain: voice.example.com
anycast: { clientAffinity: none }
regions:
  - { region: eu-west-1, network: 10.40.0.0/20, aws: { zones: [a, b, c], trafficDial: 50 } }
  - { region: us-east-1, network: 10.40.16.0/24 }
edge: { workers: 8 }
aws:
  anycast: { ranges: [198.51.100.0/24] }
  edge: { instanceType: c6i.xlarge }
  image: ami-0123456789abcdef0
  alarmEmails: [noc@example.com]
`;
const why = 'AWS alone understands this, so it belongs in its section; allowed: ';

describe('a file of before targets had sections', () => {
  it('is the same cell, with a warning at each value that names its new place', () => {
    expect(fleetOf(oldCell).cells).toEqual(fleetOf(newCell).cells);
    expect(fleetOf(oldCell).cells).toHaveLength(1);
    expect(linesOf(newCell)).toEqual([]);
    expect(linesOf(oldCell)).toEqual([
      `cells/euw1-a.yaml:3:1 warning zones: ${why}aws.zones`,
      `cells/euw1-a.yaml:7:3 warning sbc.instanceType: ${why}aws.sbc.instanceType`,
      `cells/euw1-a.yaml:8:20 warning media.instanceType: ${why}aws.media.instanceType`,
      `cells/euw1-a.yaml:9:13 warning database.version: ${why}aws.database.version`,
      `cells/euw1-a.yaml:9:30 warning database.instanceClass: ${why}aws.database.instanceClass`,
      `cells/euw1-a.yaml:9:72 warning database.backupRetentionDays: ${why}aws.database.backupRetentionDays`,
      `cells/euw1-a.yaml:10:10 warning redis.version: ${why}aws.redis.version`,
      `cells/euw1-a.yaml:10:26 warning redis.nodeType: ${why}aws.redis.nodeType`,
      `cells/euw1-a.yaml:11:14 warning retention.logDays: ${why}aws.retention.logDays`,
      `cells/euw1-a.yaml:12:1 warning image: ${why}aws.image`,
      `cells/euw1-a.yaml:13:1 warning alarmEmails: ${why}aws.alarmEmails`,
    ]);
  });

  it('is the same front, with a warning at each value that names its new place', () => {
    expect(fleetOf(oldFront, 'front').front).toEqual(fleetOf(newFront, 'front').front);
    expect(fleetOf(oldFront, 'front').front).toBeDefined();
    expect(linesOf(newFront, 'front')).toEqual([]);
    expect(linesOf(oldFront, 'front').map((line) => line.replace(why, ''))).toEqual([
      'cells/front.yaml:2:12 warning anycast.ranges: aws.anycast.ranges',
      'cells/front.yaml:4:26 warning regions[0].zones: regions[0].aws.zones',
      'cells/front.yaml:4:67 warning regions[0].trafficDial: regions[0].aws.trafficDial',
      'cells/front.yaml:6:9 warning edge.instanceType: aws.edge.instanceType',
      'cells/front.yaml:7:1 warning image: aws.image',
      'cells/front.yaml:8:1 warning alarmEmails: aws.alarmEmails',
    ]);
  });

  it('that names no target is for AWS, as it was, and is told to say so', () => {
    const text = '# The smallest\nname: euw1-a\nregion: eu-west-1\n';
    expect(fleetOf(text).cells).toEqual(fleetOf(`${text}aws: {}\n`).cells);
    expect(linesOf(text)).toEqual([
      'cells/euw1-a.yaml:2:1 warning: no target is named; without one a file is taken to be for AWS; allowed: aws: {}; or kubernetes: with its settings; or local: {} for this machine alone',
    ]);
  });

  it('gets errors by the new place, at the line where the value stands', () => {
    expect(linesOf('name: euw1-a\nregion: eu-west-1\nsbc:\n  instanceType: c7g.large\nzones: [a]\n')).toEqual([
      expect.stringMatching(/^cells\/euw1-a\.yaml:4:3 warning sbc\.instanceType: /),
      expect.stringMatching(/^cells\/euw1-a\.yaml:4:3 error aws\.sbc\.instanceType: c7g\.large has an ARM processor/),
      expect.stringMatching(/^cells\/euw1-a\.yaml:5:1 warning zones: /),
      expect.stringMatching(/^cells\/euw1-a\.yaml:5:1 error aws\.zones: must be a list: 2 to 4, .*; got a list of 1$/),
    ]);
  });

  it('can’t say the same in both places', () => {
    expect(linesOf('name: euw1-a\nregion: eu-west-1\naws: { image: ami-11111111 }\nimage: ami-22222222\n')).toEqual([
      'cells/euw1-a.yaml:4:1 error image: is given twice, here and as aws.image; allowed: aws.image alone',
    ]);
  });

  it('may be a value in code', () => {
    const both = { name: 'euw1-a', region: 'eu-west-1', media: { hosts: 2 } } as const;
    const old = parseCell({ ...both, media: { hosts: 2, instanceType: 'c6in.4xlarge' }, zones: ['a', 'b'] });
    expect(old).toEqual(parseCell({ ...both, aws: { media: { instanceType: 'c6in.4xlarge' }, zones: ['a', 'b'] } }));
    expect(parseCell(both)).toEqual(parseCell({ ...both, aws: {} }));
    expectTypeOf<CellInput>().toExtend<OldCellInput>();
    const regions = [{ region: 'eu-west-1', network: '10.15.0.0/24' }];
    const domain = 'voice.example.com';
    expect(parseFront({ domain, regions: [{ ...regions[0]!, trafficDial: 50 }], image: 'ami-11111111' })).toEqual(
      parseFront({ domain, regions: [{ ...regions[0]!, aws: { trafficDial: 50 } }], aws: { image: 'ami-11111111' } }),
    );
  });
});

describe('a cell without the section aws', () => {
  const text = 'name: lab\nregion: cellar\nlocal: {}\n';

  it('may be anywhere, and no rule of AWS is asked', () => {
    expect(linesOf(text, 'lab')).toEqual([]);
    expect(fleetOf(text, 'lab').cells[0]).toMatchObject({ region: 'cellar', aws: undefined, media: { hosts: 4 } });
    expect(linesOf(`${text}aws: {}\n`, 'lab')).toEqual([
      'cells/lab.yaml:2:1 error region: cellar is not an AWS region; allowed: an AWS region, for example eu-west-1; or no section aws',
    ]);
  });

  it('takes no section where it says nothing, nor a key that a target does not have', () => {
    expect(linesOf('name: lab\nregion: cellar\nlocal: { speed: 1 }\n', 'lab')).toEqual([
      'cells/lab.yaml:3:10 error local.speed: there is no such key; allowed: no keys',
    ]);
  });
});

describe('the front', () => {
  it('has a section in a region only where it has one itself', () => {
    const text = newFront.replace(/^aws:[^]*$/m, 'local: {}\n').replace('regions:', '# edges\nregions:');
    expect(linesOf(text, 'front')).toEqual([
      'cells/front.yaml:5:49 error regions[0].aws: eu-west-1 has the section aws, and the front has none; allowed: aws: {} beside regions, or no section here',
    ]);
  });

  it('is checked at the intervals that Global Accelerator has, where it is on AWS', () => {
    const text =
      'domain: voice.example.com\nregions: [{ region: eu-west-1, network: 10.15.0.0/24 }]\nhealth: { intervalSeconds: 5 }\n';
    expect(linesOf(`${text}local: {}\n`, 'front')).toEqual([]);
    expect(linesOf(`${text}aws: {}\n`, 'front')).toEqual([
      'cells/front.yaml:3:11 error health.intervalSeconds: Global Accelerator does not check every 5 seconds; allowed: 10 or 30',
    ]);
  });
});
