import { describe, expect, it } from 'vitest';
import { changes, factsOf } from '../../lib/cli/status-facts.ts';
import type { CellStatus, HostStatus } from '../../lib/targets/local/index.ts';

const host = (name: string, state: HostStatus['state'], reason?: string): HostStatus => ({
  name,
  role: 'media',
  address: '10.16.0.33',
  state,
  ...(reason === undefined ? {} : { reason }),
  services: [],
});

const cell = (state: CellStatus['state'], hosts: readonly HostStatus[]): CellStatus => ({
  name: 'example',
  state,
  network: '10.16.0.0/20',
  publicNetwork: '198.18.1.0/24',
  floatingAddress: '198.18.1.10',
  startedAt: '2026-01-01T00:00:00.000Z',
  hosts,
  notes: [],
});

const facts = (...cells: readonly CellStatus[]) => factsOf({ cells, fronts: [], remains: [] });
const well = facts(cell('running', [host('media-1', 'ready'), host('media-2', 'ready')]));

describe('what a watch of the status tells', () => {
  it('is at first each cell, and what is not well', () => {
    expect(changes(new Map(), well)).toEqual(['cell example is running, no SBC is active']);
    expect(changes(new Map(), facts(cell('degraded', [host('media-1', 'faulty', 'its link is down')])))).toEqual([
      'cell example is degraded, no SBC is active',
      'media-1 of example is faulty: media-1: its link is down',
    ]);
  });

  it('is nothing while nothing changes', () => {
    expect(changes(well, new Map(well))).toEqual([]);
  });

  it('is what becomes bad, what becomes good again, and what is gone', () => {
    const bad = facts(cell('degraded', [host('media-1', 'dead'), host('media-2', 'ready')]));
    expect(changes(well, bad)).toEqual([
      'cell example is degraded, no SBC is active',
      'media-1 of example is dead: media-1 is dead; "npx cellstamp up example" recreates it',
    ]);
    expect(changes(bad, well)).toEqual(['cell example is running, no SBC is active', 'media-1 of example is ready']);
    expect(changes(bad, facts())).toEqual(['no cell is up on this machine', 'cell example is gone']);
  });

  it('is a host that is drained, and where its relay is', () => {
    const work = { calls: 0, drained: true, relayAt: 'media-2' };
    const drained = facts(cell('running', [{ ...host('media-1', 'ready'), work }, host('media-2', 'ready')]));
    expect(changes(well, drained)).toEqual(['media-1 of example is ready, drained, relay at media-2']);
    expect(changes(new Map(), drained)).toContain('media-1 of example is ready, drained, relay at media-2');
  });

  it('is a change of the active SBC', () => {
    const active = facts(cell('running', [{ ...host('sbc-2', 'ready'), active: true }, host('media-1', 'ready')]));
    expect(changes(well, active)[0]).toBe('cell example is running, sbc-2 is active');
  });
});
