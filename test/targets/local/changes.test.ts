/** Which hosts of a running cell are made at once, and which one after the other. */
import { describe, expect, it } from 'vitest';
import { parseCell, type CellInput } from '../../../lib/fleet/schema/cell.ts';
import { deriveCell } from '../../../lib/fleet/derive/cell.ts';
import { changesOf, recordOf } from '../../../lib/targets/local/changes.ts';
import { hostPlan } from '../../../lib/targets/local/host-plan.ts';

const input = {
  name: 'lab-changes',
  region: 'eu-west-1',
  local: {},
  size: 'test',
  network: '10.72.64.0/20',
  media: { hosts: 2, kernelForwarding: 'preferred' },
  tenants: [{ name: 'acme', domain: 'acme.example.com' }],
} satisfies CellInput;

const plansOf = (cell: CellInput) => {
  const derived = deriveCell(parseCell(cell), 'movable');
  return derived.hosts.map((host) => hostPlan(derived, host, '198.18.1.0/24', false));
};
const namespacesOf = (cell: CellInput) =>
  Object.fromEntries(plansOf(cell).map((plan) => [plan.name, { init: { pid: 1, started: '1' }, ...recordOf(plan) }]));
const change = (to: CellInput, dead: readonly string[] = []) =>
  changesOf(namespacesOf(input), plansOf(to), (name) => name in namespacesOf(input) && !dead.includes(name));
const nothing = { make: [], renew: [], ring: [], tell: [], gone: [] };

describe('a cell whose file has changed', () => {
  it('has nothing to do where nothing or a limit of a tenant has', () => {
    expect(change(input)).toEqual(nothing);
    const limited = { ...input, tenants: [{ ...input.tenants[0]!, limits: { calls: 77 } }] };
    expect(change(limited)).toEqual(nothing);
  });

  it('makes nothing at once for a value of the SBCs, or of the relays', () => {
    expect(change({ ...input, sbc: { flood: { banSeconds: 77 } } })).toEqual({ ...nothing, renew: ['sbc-1', 'sbc-2'] });
    const { make, renew } = change({ ...input, media: { ...input.media, relay: { calls: 77 } } });
    expect(make).toEqual([]);
    expect(renew).toEqual(expect.arrayContaining(['media-1', 'media-2']));
  });

  it('makes what has died at once, and the rest one after the other', () => {
    expect(change({ ...input, sbc: { flood: { banSeconds: 77 } } }, ['media-2', 'sbc-1'])).toEqual({
      ...nothing,
      make: ['media-2', 'sbc-1'],
      renew: ['sbc-2'],
    });
  });

  it('makes both SBCs when all databases have died, whose schema they put into them', () => {
    expect(change(input, ['database-1', 'database-2']).make).toEqual(['database-1', 'database-2', 'sbc-1', 'sbc-2']);
    expect(change(input, ['database-2']).make).toEqual(['database-2']);
    expect(change(input, ['redis-1']).make).toEqual(['redis-1']);
  });

  it('leaves a primary as it is until another host has its place', () => {
    const to = { ...input, size: 'small' } as const;
    const all = changesOf(namespacesOf(input), plansOf(to), () => true);
    expect(all.make).toEqual(expect.arrayContaining(['redis-1', 'redis-2']));
    const { make } = changesOf(namespacesOf(input), plansOf(to), () => true, ['redis-1']);
    expect(make).toEqual(all.make.filter((name) => name !== 'redis-1'));
  });

  it('makes a host that has come, tells data hosts of it, and takes the SBCs one after the other', () => {
    const grown = change({ ...input, media: { ...input.media, hosts: 3 } });
    expect(grown).toEqual({
      make: ['media-3'],
      renew: ['sbc-1', 'sbc-2'],
      ring: ['media-1', 'media-2'],
      tell: ['database-1', 'database-2', 'redis-1', 'redis-2'],
      gone: [],
    });
  });

  it('recreates media hosts that get another neighbour only for what else has changed', () => {
    const { ring, renew } = change({ ...input, media: { ...input.media, hosts: 3, relay: { calls: 77 } } });
    expect(ring).toEqual(['media-1', 'media-2']);
    expect(renew).toEqual(expect.arrayContaining(['media-1', 'media-2']));
  });

  it('ends hosts that are no part of it any more', () => {
    const shrunk = change({ ...input, media: { ...input.media, hosts: 1 } });
    // Its relay has an address of its own no more: that can't change under calls.
    expect(shrunk).toMatchObject({ make: [], ring: [], gone: ['media-2'] });
    expect(shrunk.renew).toContain('media-1');
  });
});
