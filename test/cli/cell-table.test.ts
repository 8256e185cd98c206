import { describe, expect, it } from 'vitest';
import { formatStatus } from '../../lib/cli/cell-table.ts';
import type { CellStatus } from '../../lib/targets/local/index.ts';

const status: CellStatus = {
  name: 'example',
  state: 'degraded',
  network: '10.16.16.0/20',
  publicNetwork: '198.18.1.0/24',
  floatingAddress: '198.18.1.10',
  startedAt: '2026-01-01T00:00:00.000Z',
  hosts: [
    {
      name: 'media-1',
      role: 'media',
      address: '10.16.16.33',
      publicAddress: '198.18.1.33',
      state: 'failed',
      work: { calls: 0, drained: true, relayAt: 'media-2' },
      probe: { good: false, secondsAgo: 7.4, why: 'its call has no audio in either direction', inService: false },
      services: [
        { name: 'media-guard', state: 'finished', starts: 1 },
        { name: 'rtpengine', state: 'faulty', starts: 1, reason: 'no answer within 1.2 s' },
        { name: 'freeswitch', state: 'failed', starts: 3, reason: 'exit status 255' },
      ],
    },
    {
      name: 'sbc-1',
      role: 'sbc',
      address: '10.16.16.11',
      publicAddress: '198.18.1.10',
      state: 'ready',
      active: true,
      work: { calls: 7, drained: false },
      probe: { good: true, secondsAgo: 12, why: null, inService: true },
      services: [{ name: 'database-schema', state: 'finished', starts: 1 }],
    },
    {
      name: 'sbc-2',
      role: 'sbc',
      address: '10.16.18.12',
      publicAddress: '198.18.1.10',
      state: 'dead',
      active: false,
      services: [],
    },
  ],
  notes: ['FreeSWITCH is not on this machine.'],
};

describe('the table of a running cell', () => {
  it('has a line a host, with its calls, what is not well and why, and what this machine does otherwise', () => {
    expect(formatStatus(status).split('\n')).toEqual([
      'cell example: degraded, network 10.16.16.0/20, called at 198.18.1.10',
      '',
      'host     address      public       state            calls  probe  services',
      'media-1  10.16.16.33  198.18.1.33  failed, drained  0      out    1 of 3',
      'sbc-1    10.16.16.11  198.18.1.10  ready, active    7      good   1 of 1',
      'sbc-2    10.16.18.12  -            dead             -      -      0 of 0',
      '',
      'the relay of media-1 is at media-2',
      'rtpengine on media-1 is faulty: no answer within 1.2 s',
      'freeswitch on media-1 is failed: exit status 255',
      'sbc-2 is dead; "npx cellstamp up example" recreates it',
      '',
      'FreeSWITCH is not on this machine.',
    ]);
  });
});
