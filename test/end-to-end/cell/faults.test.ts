/** A few faults of the table that `npm run faults` has whole: what docs/faults.md says of them still holds. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../requirements.ts';
import { FaultBed } from '../faults/bed.ts';
import { faults, parts } from '../faults/faults.ts';

describeWith(['root', 'debian-packages'], 'faults in a cell with calls at every moment', () => {
  let bed: FaultBed;

  beforeAll(async () => {
    bed = await FaultBed.up('lab-faults-short', '10.82.48.0/20');
  });
  afterAll(() => bed?.down());

  it.each([
    ['media host', 'power lost'],
    ['SBC, active', 'power lost'],
  ])('%s, %s: no call and no record is lost, nothing is left behind', async (part, fault) => {
    const result = await bed.run(
      parts.find(({ name }) => name === part)!,
      faults.find(({ name }) => name === fault)!,
      1,
    );
    console.log(JSON.stringify(result));
    const { held, recordsLost, recordsDoubled, left, wholeMs, failingMs } = result;
    const lost = Object.entries(held).filter(([, [, calls]]) => calls > 0);
    expect({ lost, recordsLost, recordsDoubled, left }).toEqual({
      lost: [],
      recordsLost: 0,
      recordsDoubled: 0,
      left: [],
    });
    expect(wholeMs).not.toBeNull();
    expect(failingMs).toBeLessThan(5000);
  });
});
