/** Ten thousand dialogs in each of which one message is not what it should be. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../requirements.ts';
import { MutatedBed } from '../lab/mutated-bed.ts';
import { chosen } from '../lab/mutated-findings.ts';

const { seed = 3261, number } = chosen;
const dialogs = 10_000;
const atOnce = 2500;

describeWith(['root', 'debian-packages'], 'many mutated dialogs', () => {
  let bed: MutatedBed;
  beforeAll(async () => {
    bed = await MutatedBed.up('lab-many-mutated', '10.91.32.0/20', 20);
  });
  afterAll(() => bed?.down());

  const firsts = number === undefined ? Array.from({ length: dialogs / atOnce }, (_, n) => n * atOnce) : [number];
  it.each(firsts)('from the %ith on leave nothing behind, go nowhere else, and stop nobody', async (first) => {
    const numbers = Array.from({ length: number === undefined ? atOnce : 1 }, (_, n) => first + n);
    // An INVITE whose answer names another transaction waits for it as long as a phone may ring: 180 s.
    const found = await bed.play(seed, numbers, 200);
    expect(found.join('\n\n')).toBe('');
  });
});
