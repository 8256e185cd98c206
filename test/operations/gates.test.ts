/** What the gates say, and how seldom they err. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge, limitsOf, noCalls, type CallCounts, type Spans } from '../../lib/operations/gates.ts';

/** Calls of which a share is answered, and all else is well. */
const calls = (setups: number, answered: number, more: Partial<CallCounts> = {}): CallCounts => ({
  ...{ setups, answered: setups * answered, turnedAway: 0, broken: 0 },
  ...{ delaySeconds: setups, delays: setups, mos: setups * 4.2, scores: setups },
  ...more,
});
const gates = { answerSeizureRatio: 0.1, postDialDelaySeconds: 1, mos: 0.3, failures: 0.02 };
const steady = { before: calls(50_000, 0.6), since: calls(50_000, 0.6) };
const verdict = (since: CallCounts, others: Spans | readonly Spans[] = steady, before = calls(5000, 0.6)) =>
  judge(gates, { cell: { before, since }, others: [others].flat() }, 1);

describe('the limits of a share', () => {
  const limits = (mean: number, calls: number, chance: number) => limitsOf([{ mean, calls, factor: 1 }], chance);

  it('hold the mean, stay between 0 and 1, and close in with more calls and with a larger chance to err', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0.01, max: 1e7, noNaN: true }),
        fc.double({ min: 1e-9, max: 0.1, noNaN: true }),
        (mean, calls, chance) => {
          const [low, high] = limits(mean, calls, chance);
          expect(low).toBeGreaterThanOrEqual(0);
          expect(high).toBeLessThanOrEqual(1);
          expect(low).toBeLessThanOrEqual(mean + 1e-12);
          expect(mean).toBeLessThanOrEqual(high + 1e-12);
          const more = limits(mean, calls * 2, chance);
          expect(more[0]).toBeGreaterThanOrEqual(low - 1e-9);
          expect(more[1]).toBeLessThanOrEqual(high + 1e-9);
          expect(limits(mean, calls, chance / 10)[1]).toBeGreaterThanOrEqual(high - 1e-9);
        },
      ),
    );
  });

  it('are those of the exact binomial or wider: each errs no more often than it may', () => {
    // None of n calls failed: a share q of failures has that happen with (1 - q)^n.
    for (const n of [1, 10, 300]) expect((1 - limits(0, n, 0.01)[1]) ** n).toBeCloseTo(0.01, 9);
    for (const [n, q] of [
      [8, 0.5],
      [40, 0.1],
      [200, 0.03],
    ] as const) {
      let errs = 0;
      for (let k = 0; k <= n; k++) if (limits(k / n, n, 0.05)[1] < q) errs += binomial(n, k, q);
      expect(errs).toBeLessThanOrEqual(0.05);
    }
  });

  it('of none are all there is where there are no calls', () => {
    expect(limits(0, 0, 0.01)).toEqual([0, 1]);
  });

  it('taken from another err no more often than they may, where one is of a handful of calls', () => {
    // Each number of failures of both is gone through, at the limit itself: the share since is the one before and 0.1.
    for (const [n, before, m] of [
      [5, 0.01, 500],
      [10, 0.003, 700],
      [5, 0.2, 40],
      [2, 0.4, 300],
    ] as const) {
      let [low, high] = [0, 0];
      for (let k = 0; k <= n; k++) {
        for (let l = 0; l <= m; l++) {
          const chance = binomial(n, k, before) * binomial(m, l, before + 0.1);
          if (chance < 1e-9) continue;
          const limits = limitsOf(
            [
              { mean: l / m, calls: m, factor: 1 },
              { mean: k / n, calls: n, factor: -1 },
            ],
            0.001,
          );
          if (limits[0] > 0.1 + 1e-9) low += chance;
          if (limits[1] < 0.1 - 1e-9) high += chance;
        }
      }
      expect(low).toBeLessThanOrEqual(0.001);
      expect(high).toBeLessThanOrEqual(0.001);
    }
  });
});

describe('a cell', () => {
  it('whose calls are as before is good, by all that is looked at', () => {
    const { result, why } = verdict(calls(5000, 0.6));
    expect(result).toBe('good');
    expect(why).toMatch(/^answer-seizure ratio .*; post-dial delay .*; MOS .*; failures /);
  });

  it.each<[what: string, since: CallCounts, why: RegExp]>([
    [
      'answers less',
      calls(5000, 0.4),
      /^answer-seizure ratio 40\.0 % \(5000 calls\) after 60\.0 % \(5000 calls\), other/,
    ],
    ['rings later', calls(5000, 0.6, { delaySeconds: 25_000 }), /^post-dial delay 5\.00 s .* allowed 1 s$/],
    ['sounds worse', calls(5000, 0.6, { mos: 5000 * 3 }), /^MOS 3\.00 .* after 4\.20 .* allowed 0\.3$/],
    ['turns callers away', calls(5000, 0.6, { turnedAway: 500 }), /^failures 9\.1 % \(5500 calls\) after 0\.0 %/],
    ['loses calls', calls(5000, 0.6, { broken: 500 }), /^failures 10\.0 %/],
  ])('that %s is bad', (_, since, why) => {
    expect(verdict(since)).toMatchObject({ result: 'bad', why: expect.stringMatching(why) as string });
  });

  it('is not bad for what the hour brings to all, and bad where it alone does not get better', () => {
    const outage = { before: calls(50_000, 0.6), since: calls(50_000, 0.3) };
    expect(verdict(calls(5000, 0.3), outage).result).toBe('good');
    const busyNight = { before: calls(50_000, 0.3), since: calls(50_000, 0.6) };
    expect(verdict(calls(5000, 0.3), busyNight, calls(5000, 0.3)).result).toBe('bad');
  });

  it('is not bad, nor good, because another cell has become quiet whose calls are always other ones', () => {
    const pooled = (before: readonly number[], since: readonly number[]) =>
      [0.3, 0.9].map((answered, at) => ({
        before: calls(before[at]!, answered),
        since: calls(since[at]!, answered),
      }));
    const evening = pooled([25_000, 25_000], [1000, 49_000]);
    expect(verdict(calls(5000, 0.6), evening)).toMatchObject({
      result: 'good',
      why: expect.stringMatching(/other cells (\d+\.\d) % \(50000 calls\) after \1 % \(50000 calls\)/) as string,
    });
    const morning = pooled([1000, 49_000], [25_000, 25_000]);
    expect(verdict(calls(5000, 0.3), morning).result).toBe('bad');
    expect(verdict(calls(5000, 0.6), pooled([0, 25_000], [50_000, 25_000])).result).toBe('good');
  });

  it('whose failures nobody knows is not good, and may still be bad by what is known', () => {
    const unknown = { turnedAway: NaN, broken: NaN };
    expect(verdict(calls(5000, 0.6, unknown))).toMatchObject({
      result: 'undecided',
      why: expect.stringMatching(/^failures unknown \(no calls\) after 0\.0 %/) as string,
    });
    expect(verdict(calls(5000, 0.3, unknown)).result).toBe('bad');
    const others = { before: calls(50_000, 0.6, unknown), since: calls(50_000, 0.6) };
    expect(verdict(calls(5000, 0.6), others).result).toBe('undecided');
    expect(verdict(calls(5000, 0.6), [others, steady]).result).toBe('good');
  });

  it('whose tenants always answer less than others is good', () => {
    expect(verdict(calls(5000, 0.2), steady, calls(5000, 0.2)).result).toBe('good');
  });

  it('of few calls is not good, whatever became of them', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.double({ min: 0, max: 1, noNaN: true }), (n, answered) => {
        expect(verdict(calls(n, answered)).result).not.toBe('good');
      }),
    );
  });

  it('whose few calls fared badly by chance is not bad', () => {
    expect(verdict(calls(4, 0)).result).toBe('undecided');
    expect(verdict(calls(1, 0.6, { broken: 1 })).result).toBe('undecided');
  });

  it('is undecided without other cells, and without an hour before', () => {
    expect(verdict(calls(5000, 0.1), []).result).toBe('undecided');
    expect(verdict(calls(5000, 0.6), steady, noCalls).result).toBe('undecided');
  });

  it('is only looked at for what has a gate', () => {
    const compared = { cell: { before: calls(5000, 0.6), since: calls(5000, 0.1) }, others: [steady] };
    expect(judge({ failures: 0.02 }, compared, 1).result).toBe('good');
    expect(judge({}, compared, 1)).toEqual({ result: 'good', why: '' });
  });

  it('has as many scores of MOS as calls: those of one call are not independent', () => {
    const scored = (n: number, mos: number) => calls(n, 1, { scores: n * 50, mos: n * 50 * mos });
    const compared = (n: number) => ({
      cell: { before: calls(5000, 1), since: scored(n, 1) },
      others: [{ before: calls(50_000, 1), since: calls(50_000, 1) }],
    });
    expect(judge({ mos: 0.3 }, compared(1), 1).result).toBe('undecided');
    expect(judge({ mos: 0.3 }, compared(400), 1).result).toBe('bad');
  });
});

it('a good release is called bad, and one that is too bad good, in fewer than one of a hundred bakes, however often they are looked at', () => {
  const draw = random(7);
  const drawn = (n: number, share: number) => {
    let answered = 0;
    for (let call = 0; call < n; call++) if (draw() < share) answered += 1;
    return answered;
  };
  const bakes = 400;
  const wrong = { bad: 0, good: 0 };
  const right = { bad: 0, good: 0 };
  for (const [expected, share] of [
    ['good', 0.6],
    ['bad', 0.49],
  ] as const) {
    for (let bake = 0; bake < bakes; bake++) {
      const before = calls(2000, drawn(2000, 0.6) / 2000);
      const others = [0.3, 0.6, 0.9].map((usual) => ({
        before: calls(3000, drawn(3000, usual) / 3000),
        since: calls(3000, drawn(3000, usual) / 3000),
      }));
      let [n, answered] = [0, 0];
      for (let look = 1; look <= 7; look++) {
        const more = look === 1 ? 60 : n;
        answered += drawn(more, share);
        n += more;
        const { result } = judge(
          { answerSeizureRatio: 0.1 },
          { cell: { before, since: calls(n, answered / n) }, others },
          look,
        );
        if (result === 'undecided') continue;
        if (result === expected) right[expected] += 1;
        else wrong[expected] += 1;
        break;
      }
    }
  }
  expect(wrong.good).toBeLessThan(bakes / 100);
  expect(wrong.bad).toBeLessThan(bakes / 100);
  expect(right.good).toBeGreaterThan(bakes * 0.9);
});

function binomial(n: number, k: number, q: number): number {
  let of = 1;
  for (let i = 1; i <= k; i++) of *= (n - k + i) / i;
  return of * q ** k * (1 - q) ** (n - k);
}

/** Numbers from 0 to 1, the same ones each time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
