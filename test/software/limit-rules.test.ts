import { expect, it } from 'vitest';
import { deriveCell } from '../../lib/fleet/derive/cell.ts';
import { parseCell } from '../../lib/fleet/schema/cell.ts';
import { limitRules } from '../../lib/software/limit-rules.ts';

it('limits are those of the file, and the relays’ with one media host lost', () => {
  const cell = deriveCell(
    parseCell({
      name: 'lab',
      region: 'eu-west-1',
      local: {},
      size: 'test',
      sbc: { setupsPerSecond: 30 },
      media: { hosts: 3, relay: { calls: 100 } },
      trunks: [{ name: 'carrier-a', address: '192.0.2.10', limits: { calls: 40 } }],
    }),
  );
  expect(limitRules(cell).rules).toEqual([
    { record: 'cellstamp:calls_limit', expr: 'vector(200)', labels: { cell: 'lab' } },
    { record: 'cellstamp:setups_limit', expr: 'vector(30)', labels: { cell: 'lab' } },
    { record: 'cellstamp:trunk_calls_limit', expr: 'vector(40)', labels: { cell: 'lab', trunk: 'carrier-a' } },
  ]);
});
