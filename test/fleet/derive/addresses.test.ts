import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deriveCell, type Cell, type Host } from '../../../lib/fleet/derive/cell.ts';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';
import { narrowestPrefix, sbcOverlayAddress, widestPrefix } from '../../../lib/fleet/schema/fixed.ts';
import { contains, formatRange, overlaps, parseAddress, parseRange, rangeEnd } from '../../../lib/fleet/range.ts';

/** Any cell that the schema allows, as far as addresses follow from it. */
const input: fc.Arbitrary<CellInput> = fc
  .record({
    prefix: fc.integer({ min: widestPrefix, max: narrowestPrefix }),
    position: fc.nat(),
    zones: fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e', 'f'], { minLength: 2, maxLength: 4 }),
    hosts: fc.integer({ min: 1, max: 32 }),
    readers: fc.integer({ min: 1, max: 15 }),
    replicas: fc.integer({ min: 1, max: 5 }),
  })
  .map(({ prefix, position, zones, hosts, readers, replicas }) => ({
    name: 'euw1-a',
    region: 'eu-west-1',
    aws: {},
    network: formatRange({
      first: parseAddress('10.0.0.0') + (position % 2 ** (prefix - 8)) * 2 ** (32 - prefix),
      prefix,
    }),
    zones,
    media: { hosts },
    database: { readers },
    redis: { replicas },
  }));

const derive = (spec: CellInput) => deriveCell(parseCell(spec));
const addresses = (host: Host) => [host.address, ...(host.role === 'sbc' ? [host.floatingSide] : [])];
const byName = (cell: Cell) =>
  new Map(cell.hosts.map(({ name, zone, subnet, address }) => [name, { zone, subnet, address }]));

describe('addresses of a cell', () => {
  it('are all different', () => {
    fc.assert(
      fc.property(input, (spec) => {
        const all = derive(spec).hosts.flatMap(addresses);
        expect(new Set(all).size).toBe(all.length);
      }),
    );
  });

  it('lie in their host’s subnet, clear of the first four and the last address, which AWS keeps', () => {
    fc.assert(
      fc.property(input, (spec) => {
        for (const host of derive(spec).hosts) {
          const subnet = parseRange(host.subnet);
          for (const address of addresses(host)) {
            expect(parseAddress(address)).toBeGreaterThanOrEqual(subnet.first + 4);
            expect(parseAddress(address)).toBeLessThan(rangeEnd(subnet) - 1);
          }
        }
      }),
    );
  });

  it('lie in subnets that are inside the cell’s network and overlap nowhere', () => {
    fc.assert(
      fc.property(input, (spec) => {
        const cell = derive(spec);
        const subnets = cell.subnets.flatMap((zone) => [parseRange(zone.public), parseRange(zone.private)]);
        for (const [index, subnet] of subnets.entries()) {
          expect(contains(parseRange(cell.spec.network), subnet)).toBe(true);
          expect(subnets.some((other, place) => place !== index && overlaps(subnet, other))).toBe(false);
        }
      }),
    );
  });

  it('keep hosts with data apart from hosts that the internet reaches', () => {
    fc.assert(
      fc.property(input, (spec) => {
        const cell = derive(spec);
        const open = new Set(cell.subnets.map((zone) => zone.public));
        for (const host of cell.hosts) {
          expect(open.has(host.subnet)).toBe(host.role === 'sbc' || host.role === 'media');
        }
      }),
    );
  });

  it('stay as they are when the cell gets more hosts', () => {
    fc.assert(
      fc.property(input, fc.integer({ min: 0, max: 31 }), (spec, more) => {
        const before = byName(derive(spec));
        const hosts = Math.min(32, spec.media!.hosts! + more);
        const after = byName(derive({ ...spec, media: { hosts }, database: { readers: 15 }, redis: { replicas: 5 } }));
        for (const [name, place] of before) expect(after.get(name)).toEqual(place);
      }),
    );
  });

  it('stay as they are when the cell gets another name', () => {
    fc.assert(
      fc.property(input, (spec) => {
        expect(byName(derive({ ...spec, name: 'another' }))).toEqual(byName(derive(spec)));
      }),
    );
  });

  it('move with the network and keep their distance from its beginning', () => {
    const distance = (cell: Cell) =>
      cell.hosts.flatMap(addresses).map((address) => parseAddress(address) - parseRange(cell.spec.network).first);
    fc.assert(
      fc.property(input, (spec) => {
        const { prefix } = parseRange(spec.network!);
        expect(distance(derive({ ...spec, network: `172.16.0.0/${prefix}` }))).toEqual(distance(derive(spec)));
      }),
    );
  });

  it('put the two SBCs into different zones', () => {
    fc.assert(
      fc.property(input, (spec) => {
        const [first, second] = derive(spec).sbcs;
        expect(first.zone).not.toBe(second.zone);
      }),
    );
  });

  it('leave the overlay address outside the default network', () => {
    const cell = derive({ name: 'euw1-a', region: 'eu-west-1' });
    expect(cell.overlayAddress).toBe(sbcOverlayAddress);
    expect(contains(parseRange(cell.spec.network), parseRange(sbcOverlayAddress))).toBe(false);
  });
});
