/** Dialogs through edges of which one message is not what it should be: nothing is left on edges and cells, and nothing goes astray. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../requirements.ts';
import { chosen } from '../lab/mutated-findings.ts';
import { MutatedFrontBed } from './mutated-bed.ts';

const { seed = 5626, number } = chosen;
const dialogs = 2000;

describeWith(['root', 'debian-packages'], 'mutated dialogs through edges', () => {
  let bed: MutatedFrontBed;
  beforeAll(async () => {
    bed = await MutatedFrontBed.up('lab-mutants', 79);
  });
  afterAll(() => bed?.down());

  it('leave nothing behind, go nowhere else, and stop nobody', async () => {
    const numbers = number === undefined ? Array.from({ length: dialogs }, (_, n) => n) : [number];
    const found = await bed.finish(await bed.play(seed, numbers), { alsoExpiring: true });
    expect(found.join('\n\n')).toBe('');
  });
});
