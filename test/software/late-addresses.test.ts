/** Texts that are made before any address is known, and what becomes of them once it is. */
import { describe, expect, it } from 'vitest';
import { deriveCell } from '../../lib/fleet/derive/cell.ts';
import { deriveFront } from '../../lib/fleet/derive/front.ts';
import { lateNames } from '../../lib/fleet/late-bound.ts';
import { parseCell } from '../../lib/fleet/schema/cell.ts';
import { parseFront } from '../../lib/fleet/schema/front.ts';
import { hostConfig } from '../../lib/software/cell-host.ts';
import { edgeHostConfig } from '../../lib/software/edge-host.ts';
import type { HostConfig } from '../../lib/software/host-config.ts';

const specs = {
  'the default cell': parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {} }),
  'a cell with all that is optional': parseCell({
    name: 'euw1-b',
    region: 'eu-west-1',
    local: {},
    network: '10.32.0.0/20',
    sbc: { transports: { udp: 5060, tcp: 5060, tls: 5061 } },
    media: { hosts: 3, kernelForwarding: 'required', freeswitch: { install: 'signalwire' } },
    database: { readers: 2 },
    redis: { replicas: 2 },
  }),
  'a cell with TLS alone': parseCell({
    name: 'euw1-c',
    region: 'eu-west-1',
    local: {},
    size: 'test',
    sbc: { transports: { udp: 'off', tcp: 'off', tls: 5061 } },
    media: { kernelForwarding: 'off' },
  }),
};

const front = (transports: object) =>
  parseFront({
    domain: 'voice.example.com',
    edge: { transports },
    regions: [
      { region: 'eu-west-1', network: '10.0.0.0/24' },
      { region: 'us-east-1', network: '10.0.1.0/24' },
    ],
    aws: {},
  });
const fronts = {
  'the default front': front({}),
  'a front without UDP': front({ udp: 'off', tcp: 'off', tls: 5061 }),
};

interface Made {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly config: HostConfig;
}

const cellHosts = (spec: (typeof specs)[keyof typeof specs], addressing: 'decided' | 'late'): readonly Made[] => {
  const cell = deriveCell(spec, addressing);
  return cell.hosts.map((host) => ({
    name: host.name,
    addresses: host.role === 'sbc' ? [host.address, host.floatingSide] : [host.address],
    config: hostConfig(cell, host),
  }));
};
const edges = (spec: (typeof fronts)[keyof typeof fronts], addressing: 'decided' | 'late'): readonly Made[] => {
  const made = deriveFront(spec, addressing);
  return made.edges.map((host) => ({
    name: host.name,
    addresses: [host.address, host.unicastSide],
    config: edgeHostConfig(made, host),
  }));
};

const sites = [
  ...Object.entries(specs).map(([name, spec]) => [name, cellHosts(spec, 'decided'), cellHosts(spec, 'late')] as const),
  ...Object.entries(fronts).map(([name, spec]) => [name, edges(spec, 'decided'), edges(spec, 'late')] as const),
];

describe.each(sites)('%s with late-bound addresses', (_, decided, late) => {
  const addresses = decided.flatMap((host) => host.addresses);
  const marks = late.flatMap((host) => host.addresses);
  const known = new Map(marks.map((mark, index) => [mark, addresses[index]!]));
  const replaced = (text: string) => text.replace(/@@[a-z0-9_]+@@/g, (mark) => known.get(mark) ?? mark);
  const hosts = late.map((host, index) => [host.name, host.config, decided[index]!.config] as const);

  it('has a mark of its own for every address', () => {
    expect(new Set(marks).size).toBe(addresses.length);
    expect(new Set(addresses).size).toBe(addresses.length);
    expect(marks.filter((mark) => lateNames(mark).length !== 1)).toEqual([]);
  });

  it.each(hosts)('%s: no text contains a decided address', (_name, config) => {
    const text = JSON.stringify(config);
    const found = addresses.filter((address) =>
      new RegExp(`(?<![0-9.])${address.replaceAll('.', '[.]')}(?![0-9.])`).test(text),
    );
    expect(found).toEqual([]);
  });

  it.each(hosts)(
    '%s: every mark in its files is one of its values, and nothing but files has marks',
    (_name, config) => {
      const { files, values, ...rest } = config;
      const inFiles = [...new Set(files.flatMap(({ text }) => lateNames(text)))].sort();
      expect(inFiles.filter((name) => !values.some((value) => value.name === name))).toEqual([]);
      expect(inFiles.filter((name) => marks.includes(`@@${name}@@`)).length).toBeGreaterThan(0);
      expect(lateNames(JSON.stringify([rest, files.map(({ path }) => path)]))).toEqual([]);
    },
  );

  it.each(hosts)('%s: with the addresses put in, all is as where they are decided', (_name, config, expected) => {
    const filled = config.files.map((file) => ({ ...file, text: replaced(file.text) }));
    const values = config.values.filter(({ name }) => !marks.includes(`@@${name}@@`));
    expect({ ...config, files: filled, values }).toEqual(expected);
  });
});
