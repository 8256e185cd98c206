/** A thousand dialogs in each of which one message is not what it should be: the cell answers, forgets, and sends nothing astray. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../requirements.ts';
import { MutatedBed } from '../lab/mutated-bed.ts';
import { chosen } from '../lab/mutated-findings.ts';

const { seed = 4475, number } = chosen;
const dialogs = 1000;

describeWith(['root', 'debian-packages'], 'mutated dialogs', () => {
  let bed: MutatedBed;
  beforeAll(async () => {
    bed = await MutatedBed.up('lab-mutated', '10.91.0.0/20', 20);
  });
  afterAll(() => bed?.down());

  it('leave nothing behind, go nowhere else, and stop nobody', async () => {
    const numbers = number === undefined ? Array.from({ length: dialogs }, (_, n) => n) : [number];
    const found = await bed.play(seed, numbers);
    expect(found.join('\n\n')).toBe('');
  });
});
