/** A few of the kills of `kills.faults.test.ts`, in every run. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../requirements.ts';
import { KillsBed, numberFrom } from '../lab/kills.ts';

const seed = numberFrom('KILLS_SEED', 1 + Math.floor(Math.random() * 1_000_000));

describeWith(['root', 'debian-packages'], `SBCs that die under calls (KILLS_SEED=${seed})`, () => {
  let bed: KillsBed;

  beforeAll(async () => {
    bed = await KillsBed.up('lab-kills-few', '10.83.16.0/20');
  });
  afterAll(() => bed?.down());

  it('take no record and no counter with them, with Redis frozen or not', async () => {
    const { lost, lostYoung, doubled, wrongTimes, endsFirst, left, sessionsLeft } = await bed.kill(3, seed);
    expect({ lost, lostYoung, doubled, wrongTimes, endsFirst, left, sessionsLeft }).toEqual({
      ...{ lost: [], lostYoung: [], doubled: [], wrongTimes: [], endsFirst: [], left: [], sessionsLeft: 0 },
    });
  });
});
