import { describe, expect, it } from 'vitest';
import { deriveCell } from '../../../lib/fleet/derive/cell.ts';
import { parseCell } from '../../../lib/fleet/schema/cell.ts';

const cell = deriveCell(parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {} }));

describe('a cell of a name and a region', () => {
  it('has two SBCs, four media hosts, a database writer and reader, a Redis primary and replica', () => {
    expect(cell.hosts.map((host) => host.name)).toEqual([
      ...['database-1', 'database-2', 'redis-1', 'redis-2'],
      ...['media-1', 'media-2', 'media-3', 'media-4', 'sbc-1', 'sbc-2'],
    ]);
  });

  it('is spread over three zones', () => {
    expect(cell.subnets.map((subnet) => subnet.zone)).toEqual(['eu-west-1a', 'eu-west-1b', 'eu-west-1c']);
    expect(cell.media.map((host) => host.zone)).toEqual(['eu-west-1a', 'eu-west-1b', 'eu-west-1c', 'eu-west-1a']);
  });

  it('serves the tier standard on all media hosts and high-volume on the upper half', () => {
    expect(cell.media.map((host) => host.pools)).toEqual([
      ['standard'],
      ['standard'],
      ['standard', 'high-volume'],
      ['standard', 'high-volume'],
    ]);
  });

  it('takes 500 tenants', () => {
    expect(cell.spec.maxTenants).toBe(500);
  });

  it('names its hosts so that they differ over the fleet', () => {
    expect(cell.media[0]!.hostname).toBe('euw1-a-media-1');
  });
});

describe('the media hosts of a cell whose addresses move', () => {
  const mediaOf = (hosts: number, network = '10.16.0.0/20') =>
    deriveCell(parseCell({ name: 'euw1-a', region: 'eu-west-1', local: {}, network, media: { hosts } }), 'movable')
      .media;

  it.each(Array.from({ length: 31 }, (_, index) => index + 2))(
    '%i of them: a ring, each of whom is taken over by the next, in another zone, and has an address for its relay alone',
    (count) => {
      const media = mediaOf(count, '10.16.0.0/22');
      const guests = media.map(({ guest }) => media.find(({ number }) => number === guest)!);
      let [at, steps] = [media[0]!, 0];
      do {
        at = media.find(({ number }) => number === at.guest)!;
        steps++;
      } while (at !== media[0]);
      expect(steps).toBe(count);
      expect(media.filter(({ zone }, index) => zone === guests[index]!.zone)).toEqual([]);
      const addresses = media.flatMap(({ address, relayAddress }) => [address, relayAddress]);
      expect(new Set(addresses).size).toBe(2 * count);
    },
  );

  it('have nobody to take them over where there is one', () => {
    const [only] = mediaOf(1);
    expect(only!.guest).toBeUndefined();
    expect(only!.relayAddress).toBe(only!.address);
  });

  it('have their own address alone where addresses stay', () => {
    for (const { address, relayAddress, guest } of cell.media) {
      expect([relayAddress, guest]).toEqual([address, undefined]);
    }
  });
});
