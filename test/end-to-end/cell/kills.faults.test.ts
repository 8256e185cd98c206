/**
 * SBCs die and freeze at random moments under calls, many times: no record is lost or doubled, and no call that has ended comes back.
 *
 * KILLS and FREEZES say how many (200 and 48), KILLS_SEED which ones: a batch has a seed of its own, which it prints. One batch alone:
 * KILLS=200 npx vitest run --project faults test/end-to-end/cell/kills.faults.test.ts -t 'kills 21 to 40 '
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../requirements.ts';
import { KillsBed, numberFrom, type Toll } from '../lab/kills.ts';

const seed = numberFrom('KILLS_SEED', 1 + Math.floor(Math.random() * 1_000_000));

/** Batches of a length that is over well before a test's time is. */
function batches(count: number, length: number): { readonly from: number; readonly to: number }[] {
  return Array.from({ length: Math.ceil(count / length) }, (_, index) => ({
    from: index * length + 1,
    to: Math.min(count, (index + 1) * length),
  }));
}

describeWith(['root', 'debian-packages'], `SBCs that die and freeze (KILLS_SEED=${seed})`, () => {
  let bed: KillsBed;

  beforeAll(async () => {
    bed = await KillsBed.up('lab-kills', '10.82.16.0/20');
  });
  afterAll(() => bed?.down());

  const nothingIsWrong = (what: string, toll: Toll) => {
    console.log(`${what}, KILLS_SEED=${seed}: ${JSON.stringify(toll)}`);
    const { lost, doubled, wrongTimes, ghosts, left } = toll;
    expect(toll.sessionsLeft).toBe(0);
    expect({ lost, doubled, wrongTimes, ghosts, left, endsFirst: toll.endsFirst }).toEqual({
      ...{ lost: [], doubled: [], wrongTimes: [], ghosts: [], left: [], endsFirst: [] },
    });
  };

  it.each(batches(numberFrom('KILLS', 200), 20))(
    'kills $from to $to of the active one, a third of them with Redis frozen',
    async ({ from, to }) => {
      nothingIsWrong(`kills ${from} to ${to}`, await bed.kill(to - from + 1, seed + from));
    },
  );

  it.each(batches(numberFrom('FREEZES', 48), 16))('freezes $from to $to, of either', async ({ from, to }) => {
    nothingIsWrong(`freezes ${from} to ${to}`, await bed.freeze(to - from + 1, seed + 1000 + from));
  });
});
