import { describe, expect, it } from 'vitest';
import { formatFinding } from '../../lib/config-file/finding.ts';
import { loadFleet, type FleetFile } from '../../lib/fleet/fleet.ts';
import { overlaps, parseRange } from '../../lib/fleet/range.ts';
import { onAws } from './checked.ts';

function cell(name: string, rest = '', region = 'eu-west-1'): FleetFile {
  return { path: `cells/${name}.yaml`, text: onAws(`name: ${name}\nregion: ${region}\n${rest}`) };
}
/** Cells in regions of their own, so that no quota is passed. */
const a = (rest = '') => cell('a', rest, 'eu-west-1');
const b = (rest = '') => cell('b', rest, 'eu-west-2');
const apart = 'network: 10.16.16.0/20\n';
const lines = (files: readonly FleetFile[], only?: string) =>
  loadFleet(files, only === undefined ? {} : { only }).findings.map(formatFinding);

describe('a fleet', () => {
  it('of a file with a name, a region and a target is one whole cell', () => {
    const fleet = loadFleet([a()]);
    expect(fleet.findings).toEqual([]);
    expect(fleet.cells.map(({ name, network, aws }) => ({ name, network, zones: aws?.zones }))).toEqual([
      { name: 'a', network: '10.16.0.0/20', zones: ['a', 'b', 'c'] },
    ]);
  });

  it('has its cells in the order of the files, whatever order they come in', () => {
    expect(loadFleet([b(apart), a()]).cells.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('leaves a cell with a wrong value out and keeps the others', () => {
    const fleet = loadFleet([a('size: huge\n'), b(apart)]);
    expect(fleet.cells.map(({ name }) => name)).toEqual(['b']);
  });

  it('reports everything that is wrong in a file at once', () => {
    const text = `
size: small
aws: { zones: [a, a] }
network: 10.16.8.0/20
media:
  relay: { calls: many, prots: 1-2 }
  freeswitch: { ports: 16384-16500 }
tenants:
  - { name: acme, domain: acme.example.com, tier: gold }
`;
    expect(lines([a(text)]).map((line) => line.replace(/^(\S+) error ([^:]+):.*/, '$1 $2'))).toEqual([
      'cells/a.yaml:5:19 aws.zones[1]',
      'cells/a.yaml:6:1 network',
      'cells/a.yaml:8:12 media.relay.calls',
      'cells/a.yaml:8:25 media.relay.prots',
      'cells/a.yaml:9:17 media.freeswitch.ports',
      'cells/a.yaml:11:45 tenants[0].tier',
    ]);
  });

  it('does not blame a rule’s other values for a value that is wrong by itself', () => {
    // Of 1000 ports nobody knows whether they are enough before the size is known.
    const text = 'size: tset\nmedia: { relay: { ports: 30000-30999 } }\n';
    expect(lines([a(text)])).toEqual([
      'cells/a.yaml:3:1 error size: must be test, small or standard; got tset; did you mean "test"?',
    ]);
  });
});

describe('between cells', () => {
  it('networks that overlap are an error in the later file, with a free range', () => {
    expect(lines([a('network: 10.16.0.0/20\n'), b('network: 10.16.8.0/21\n')])).toEqual([
      'cells/b.yaml:3:1 error network: 10.16.8.0/21 overlaps the network in cells/a.yaml:3; allowed: a range of its own, for example 10.16.16.0/21',
    ]);
  });

  it('two cells that both leave the network out overlap', () => {
    expect(lines([a(), b()])).toEqual([
      'cells/b.yaml:1:1 error network: 10.16.0.0/20 (the default) overlaps the network in cells/a.yaml:1; allowed: a range of its own, for example 10.16.16.0/20',
    ]);
  });

  it('each of many overlapping cells gets a free range of its own', () => {
    const files = Array.from({ length: 20 }, (_, index) =>
      cell(`c${index}`, index % 3 === 0 ? '' : 'network: 10.16.0.0/18\n'),
    );
    const free = lines(files).flatMap((line) => /for example (10\S+)$/.exec(line)?.[1] ?? []);
    expect(free).toHaveLength(19);
    const ranges = free.map(parseRange);
    for (const [index, range] of ranges.entries()) {
      expect(overlaps(range, parseRange('10.16.0.0/18'))).toBe(false);
      expect(ranges.slice(0, index).some((other) => overlaps(range, other))).toBe(false);
    }
  });

  it('a network of the front overlaps like that of a cell', () => {
    const front = {
      path: 'cells/front.yaml',
      text: 'domain: voice.example.com\nregions:\n  - region: us-east-1\n    network: 10.16.0.0/24\naws: {}\n',
    };
    expect(lines([a(), front])).toEqual([
      'cells/a.yaml:1:1 error network: 10.16.0.0/20 (the default) overlaps the network in cells/front.yaml:4; allowed: a range of its own, for example 10.16.16.0/20',
    ]);
  });

  it.each([
    [
      'a cell’s name',
      '',
      '',
      'name: a\nregion: eu-west-2\n' + apart,
      'cells/b.yaml:1:1 error name: the cell a already exists, in cells/a.yaml:1; allowed: each cell once in the fleet',
    ],
    [
      'a tenant',
      'tenants: [{ name: acme, domain: a.example.com }]\n',
      'tenants: [{ name: acme, domain: b.example.com }]\n',
      '',
      'cells/b.yaml:4:13 error tenants[0].name: the tenant acme already exists, in cells/a.yaml:3; allowed: each tenant once in the fleet',
    ],
    [
      'a domain',
      'tenants: [{ name: a, domain: acme.example.com }]\n',
      'tenants: [{ name: b, domain: acme.example.com }]\n',
      '',
      'cells/b.yaml:4:22 error tenants[0].domain: the domain acme.example.com already exists, in cells/a.yaml:3; allowed: each domain once in the fleet',
    ],
    [
      'a number',
      "tenants: [{ name: a, domain: a.example.com, dids: { '+442079460100': x } }]\n",
      "tenants: [{ name: b, domain: b.example.com, dids: { '+442079460100': x } }]\n",
      '',
      'cells/b.yaml:4:53 error tenants[0].dids["+442079460100"]: the number +442079460100 already exists, in cells/a.yaml:3; allowed: each number once in the fleet',
    ],
  ])('%s is there once', (_, inA, inB, textB, finding) => {
    const second = textB === '' ? b(apart + inB) : { path: 'cells/b.yaml', text: textB };
    expect(lines([a(inA), second])).toContain(finding);
  });

  it('a file is named as its cell', () => {
    expect(lines([{ path: 'cells/c.yaml', text: 'name: a\nregion: eu-west-1\naws: {}\n' }])).toEqual([
      'cells/c.yaml:1:1 error name: the cell a is in the file c.yaml; allowed: the file’s name without .yaml (c), or the file name a.yaml',
    ]);
  });
});

describe('one cell of a fleet', () => {
  const files = [a(), b(), cell('c', `${apart}media: { hosts: 40 }\n`, 'eu-west-3')];

  it('is checked wholly', () => {
    expect(lines(files, 'c')).toEqual([
      'cells/c.yaml:4:10 error media.hosts: must be a whole number from 1 to 32; got 40',
    ]);
  });

  it('is checked against all others, even where a later file is to blame', () => {
    expect(lines(files, 'a')).toEqual([
      'cells/a.yaml:1:1 error network: 10.16.0.0/20 (the default) overlaps the network in cells/b.yaml:1; allowed: a range of its own, for example 10.16.32.0/20',
    ]);
  });

  it('does not suffer from what is wrong between others', () => {
    const fleet = loadFleet([a(), b(), cell('c', apart, 'eu-west-3')], { only: 'c' });
    expect(fleet.findings).toEqual([]);
    expect(fleet.cells.map(({ name }) => name)).toEqual(['c']);
  });

  it('that no file has is no cell', () => {
    expect(loadFleet(files, { only: 'd' })).toEqual({ cells: [], front: undefined, findings: [] });
  });
});

describe('the front’s file', () => {
  const front: FleetFile = {
    path: 'cells/front.yaml',
    text: 'domain: voice.example.com\nregions:\n  - region: us-east-1\n    network: 10.15.0.0/24\naws: {}\n',
  };

  it('is read with every cell, also with one alone', () => {
    expect(loadFleet([a(), front], { only: 'a' }).front).toEqual(loadFleet([a(), front]).front);
    expect(loadFleet([a(), front]).front?.domain).toBe('voice.example.com');
  });

  it('is not for a cell that takes no SIP over UDP', () => {
    const off = a('sbc:\n  transports:\n    udp: off\n');
    expect(lines([off])).toEqual([]);
    expect(lines([off, front])).toEqual([
      'cells/a.yaml:5:5 error sbc.transports.udp: the edges of the front reach a cell over UDP only, and it is off; allowed: a port, for example 5060; or no file front.yaml',
    ]);
  });

  it('is not for a source that its edges can’t list', () => {
    const wide = a('tenants: [{ name: acme, domain: acme.example.com, sources: [198.18.0.0/24, 198.51.0.0/16] }]\n');
    expect(lines([wide])).toEqual([]);
    expect(lines([wide, front])).toEqual([
      'cells/a.yaml:3:76 error tenants[0].sources[1]: 198.51.0.0/16 of acme is too wide for the edges of the front, which know a source by single addresses; allowed: /24 to /32, several of them if need be; or no file front.yaml',
    ]);
  });

  it('is checked by its own schema', () => {
    const fleet = loadFleet([
      { path: 'cells/front.yaml', text: 'domain: voice.example.com\nregion: eu-west-1\naws: {}\n' },
    ]);
    expect(fleet.findings.map(formatFinding)).toEqual([
      'cells/front.yaml:1:1 error regions: is missing; allowed: a list: 1 to 20, each a mapping with the keys region, network, edges, aws, kubernetes',
      'cells/front.yaml:2:1 error region: there is no such key; did you mean "regions"?; allowed: name, domain, anycast, regions, edge, health, directory, aws, kubernetes, local',
    ]);
  });
});

describe('a trunk’s address', () => {
  it('may lie in its own source range', () => {
    const trunks = 'trunks:\n  - { name: carrier-a, address: 192.0.2.10, sources: [192.0.2.0/28] }\n';
    expect(lines([a(trunks)])).toEqual([]);
  });
});
