import { readFileSync } from 'node:fs';
import { format } from 'prettier';
import { describe, expect, it } from 'vitest';
import { faultPage, pageFile } from './page.ts';
import { faultDetails, faultTable, readResults, type FaultResult } from './results.ts';

const result: FaultResult = {
  ...{ part: 'media host', fault: 'power lost', host: 'media-2', seed: 4 },
  held: { ringing: [3, 0], 'in talk': [3, 1] },
  longestGapMs: 1100,
  packetsLost: [50, 60],
  ...{ arrived: 40, failed: 2, failingMs: 400, recordsLost: 0, recordsDoubled: 1 },
  wholeMs: 9000,
  left: ['sbc-1 t:acme=1'],
  why: ['silence of over 2 s'],
};
const other: FaultResult = {
  ...result,
  held: { ringing: [3, 0], 'in talk': [3, 0] },
  ...{
    longestGapMs: 900,
    packetsLost: [40, 40],
    failed: 0,
    failingMs: 0,
    recordsDoubled: 0,
    wholeMs: 8000,
    left: [],
    why: [],
  },
};
const order = [
  ['SBC, active', 'power lost'],
  ['media host', 'power lost'],
] as const;

describe('the page of faults', () => {
  it('adds up what may not be, and spreads what varies, in the order of the table', () => {
    const rows = faultTable([result, other], order).split('\n').slice(2);
    expect(rows).toEqual([
      '| media host | power lost | 2 | 12 | 1 | 0.90 / 1.10 / 1.10 | 40 / 50 / 50 | 40 / 60 / 60 | 80 | 2 | 0.0 / 0.4 / 0.4 | 0 | 1 | 1 | 8.0 / 9.0 / 9.0 |',
    ]);
  });

  it('says where a cell was not whole again', () => {
    expect(faultTable([{ ...result, wholeMs: null }, other], order)).toContain('| not within 90 |');
  });

  it('names lost calls by their moment, and says why, with the number of runs', () => {
    expect(faultDetails([result, result, other])).toBe(
      '- media host, power lost\n  - lost: in talk (2)\n  - silence of over 2 s (2)',
    );
    expect(faultDetails([other])).toBe('');
  });

  it('is made from the results that are kept', async () => {
    expect(readFileSync(pageFile, 'utf8')).toBe(await format(faultPage(readResults()), { parser: 'markdown' }));
  });
});
