import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exponential, seededRandom } from '../../../lib/planner/random.ts';
import { rateForRefused, refusedShare, type TokenBucket } from '../../../lib/planner/teletraffic/token-bucket.ts';
import { relativeError } from './references.ts';

/**
 * Poisson calls at the SBC: the arithmetic of its TAKE_TOKEN, hundred-thousandths of a token and a clock of milliseconds.
 * Returns by how much the share that it refuses is off the formula at the rate that came: near full load a rate that is off by
 * a thousandth by chance moves the share by several percent.
 */
function errorAgainstSimulation(perSecond: number, { rate, burst }: TokenBucket, calls: number, seed: number): number {
  const random = seededRandom(seed);
  const full = burst * 100_000;
  const gain = Math.round(rate * 100);
  let level = full;
  let refilled = 0;
  let seconds = 0;
  let refused = 0;
  for (let i = 0; i < calls; i++) {
    seconds += exponential(random, 1 / perSecond);
    const now = Math.floor(seconds * 1000);
    level = Math.min(full, level + (now - refilled) * gain);
    refilled = now;
    if (level >= 100_000) level -= 100_000;
    else refused++;
  }
  return relativeError(refusedShare(calls / seconds, { rate, burst }), refused / calls);
}

/**
 * What a queue M/D/1 with room for K loses in closed form: O. Brun, J.-M. Garcia, Journal of Applied Probability 37 (2000)
 * 1092. Its signs alternate, so that it is good for little room only.
 */
function lostInClosedForm(load: number, room: number): number {
  let sum = 0;
  let factor = 1;
  for (let k = 0; k < room; k++) {
    const left = room - 1 - k;
    sum += factor * left ** k * Math.exp(left * load);
    factor *= -load / (k + 1);
  }
  return 1 - sum / (1 + load * sum);
}

const bucket = fc.record({
  rate: fc.double({ min: 0.1, max: 5000, noNaN: true }),
  burst: fc.integer({ min: 1, max: 10_000 }),
});
const load = fc.double({ min: 0.01, max: 3, noNaN: true });

describe('a token bucket', () => {
  it('refuses what the closed form of its queue loses', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.double({ min: 0.5, max: 3, noNaN: true }), (burst, perSecond) => {
        const expected = lostInClosedForm(perSecond, burst);
        expect(relativeError(refusedShare(perSecond, { rate: 1, burst }), expected)).toBeLessThan(1e-9);
      }),
    );
  });

  it.each([
    // Rate, burst and calls per second: a cell, tenants with their defaults, and a tenant that floods.
    [50, 50, 50],
    [50, 50, 55],
    [200, 200, 204],
    [5, 10, 4.5],
    [5, 10, 5],
    [0.5, 1, 0.2],
    [2, 20, 2.2],
    [5, 10, 500],
  ])(
    'of %d/s and %d tokens refuses of %d Poisson calls a second what a simulation refuses',
    (rate, burst, perSecond) => {
      expect(errorAgainstSimulation(perSecond, { rate, burst }, 4_000_000, 1)).toBeLessThan(0.02);
    },
  );

  it('of any rate and burst refuses what a simulation refuses', () => {
    fc.assert(
      fc.property(
        // A millisecond of the clock is little against what a token takes to come back.
        fc.integer({ min: 10, max: 2000 }).map((hundredths) => hundredths / 100),
        // Where it refuses so much that the simulation's own chance is some tenths of a percent.
        fc.oneof(
          fc.tuple(fc.integer({ min: 1, max: 3 }), fc.double({ min: 0.6, max: 2, noNaN: true })),
          fc.tuple(fc.integer({ min: 1, max: 20 }), fc.double({ min: 1.2, max: 2, noNaN: true })),
        ),
        fc.integer({ min: 1, max: 1_000_000 }),
        (rate, [burst, times], seed) => {
          expect(errorAgainstSimulation(rate * times, { rate, burst }, 1_000_000, seed)).toBeLessThan(0.02);
        },
      ),
      { numRuns: 12 },
    );
  });

  it('refuses more of more calls, less with a deeper bucket, and lets no more through than its rate', () => {
    fc.assert(
      fc.property(bucket, load, ({ rate, burst }, times) => {
        const refused = refusedShare(rate * times, { rate, burst });
        expect(refusedShare(rate * times * 1.01, { rate, burst })).toBeGreaterThanOrEqual(refused);
        expect(refusedShare(rate * times, { rate, burst: burst + 1 })).toBeLessThanOrEqual(refused * (1 + 1e-9));
        expect(times * (1 - refused)).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });

  it('is undone by its inverse', () => {
    fc.assert(
      fc.property(bucket, fc.double({ min: -12, max: -0.1, noNaN: true }), (one, exponent) => {
        const target = 10 ** exponent;
        expect(relativeError(refusedShare(rateForRefused(one, target), one), target)).toBeLessThan(1e-9);
      }),
    );
  });

  it('refuses what is no bucket, and says what is allowed', () => {
    expect(() => refusedShare(5, { rate: 0, burst: 5 })).toThrow('rate must be a finite number > 0, got 0');
    expect(() => refusedShare(5, { rate: 5, burst: 0.5 })).toThrow(
      'burst must be a whole number from 1 to 100000, got 0.5',
    );
    expect(() => rateForRefused({ rate: 5, burst: 5 }, 1)).toThrow('target share must lie between 0 and 1, got 1');
  });
});
