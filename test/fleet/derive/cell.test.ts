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
