import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as busyHour from '../../../lib/planner/teletraffic/busy-hour.ts';
import * as eModel from '../../../lib/planner/teletraffic/e-model.ts';
import * as erlang from '../../../lib/planner/teletraffic/erlang.ts';
import * as guaranteedPools from '../models/guaranteed-pools.ts';
import * as kaufmanRoberts from '../models/kaufman-roberts.ts';
import * as overflow from '../../../lib/planner/teletraffic/overflow.ts';
import * as tokenBucket from '../../../lib/planner/teletraffic/token-bucket.ts';
import { blockingByFractions, blockingByRecursion, relativeError } from './references.ts';

const TOLERANCE = 1e-9;

/** Any double, most often one that is a sensible argument, of every size. */
const amount = fc.oneof(
  fc.double({ min: -324, max: 308, noNaN: true }).map((exponent) => 10 ** exponent),
  fc.double({ min: -5, max: 12, noNaN: true }).map((exponent) => 10 ** exponent),
  fc.integer({ min: 0, max: 200_000 }),
  fc.double(),
);
const share = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double({ min: -324, max: 0, noNaN: true }).map((exponent) => 10 ** exponent),
  fc.double({ min: -16, max: 0, noNaN: true }).map((exponent) => 1 - 10 ** exponent),
  amount,
);
const stream = fc.oneof(
  fc.record({ mean: amount, variance: amount }),
  fc
    .tuple(fc.double({ min: -9, max: 12, noNaN: true }), fc.double({ min: -16, max: 12, noNaN: true }))
    .map(([mean, above]) => ({ mean: 10 ** mean, variance: 10 ** mean * (1 + 10 ** above) })),
);
const whole = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.maxSafeNat(), amount);
const bucket = fc.record({ rate: amount, burst: whole });
const callClass = fc.record({ erlangs: amount, slots: whole, reserved: whole });
const party = fc.record({ erlangs: amount, guaranteed: whole, limit: whole, slots: whole });
const day = fc.float64Array({ minLength: 0, maxLength: 300 });
const month = fc.record({ minutes: amount, dayToMonth: share, busyHourToDay: share, efficiency: share });

type Call = readonly [name: string, call: (...args: never[]) => unknown, args: readonly fc.Arbitrary<unknown>[]];
const calls: readonly Call[] = [
  ['erlangB', erlang.erlangB, [amount, amount]],
  ['lnErlangB', erlang.lnErlangB, [amount, amount]],
  ['idleLines', erlang.idleLines, [amount, amount]],
  ['erlangC', erlang.erlangC, [amount, amount]],
  ['lnErlangC', erlang.lnErlangC, [amount, amount]],
  ['linesForErlangB', erlang.linesForErlangB, [amount, share]],
  ['offeredForCarried', erlang.offeredForCarried, [amount, amount]],
  ['trafficForErlangB', erlang.trafficForErlangB, [amount, share]],
  ['linesForErlangC', erlang.linesForErlangC, [amount, share]],
  ['trafficForErlangC', erlang.trafficForErlangC, [amount, share]],
  ['extendedErlangB', erlang.extendedErlangB, [amount, amount, share]],
  ['overflow', overflow.overflow, [amount, amount]],
  ['joinStreams', overflow.joinStreams, [fc.array(stream)]],
  ['equivalentRandom', overflow.equivalentRandom, [stream]],
  ['equivalentRandomBlocking', overflow.equivalentRandomBlocking, [amount, stream]],
  ['haywardBlocking', overflow.haywardBlocking, [amount, stream]],
  ['linesForHayward', overflow.linesForHayward, [stream, share]],
  ['linesForEquivalentRandom', overflow.linesForEquivalentRandom, [stream, share]],
  ['kaufmanRoberts', kaufmanRoberts.kaufmanRoberts, [whole, fc.array(callClass, { maxLength: 4 })]],
  ['guaranteedPoolsBlocking', guaranteedPools.guaranteedPoolsBlocking, [whole, fc.array(party, { maxLength: 3 })]],
  ['refusedShare', tokenBucket.refusedShare, [amount, bucket]],
  ['rateForRefused', tokenBucket.rateForRefused, [bucket, share]],
  ['busyHourFromMonth', busyHour.busyHourFromMonth, [month]],
  ['busyHours', busyHour.busyHours, [fc.array(day, { maxLength: 3 }), whole]],
  ['mosFromR', eModel.mosFromR, [fc.double()]],
  ['rFromMos', eModel.rFromMos, [fc.oneof(fc.double(), fc.double({ min: 1, max: 4.5, noNaN: true }))]],
];

/** True for a number, or a list or an object of numbers, that holds NaN; an hour that is not known has no number. */
const hasNaN = (result: unknown): boolean =>
  typeof result === 'number'
    ? Number.isNaN(result)
    : result !== null && typeof result === 'object' && Object.values(result).some(hasNaN);

describe('over the whole domain of doubles', () => {
  it('every exported function is tried', () => {
    const exported = [busyHour, eModel, erlang, guaranteedPools, kaufmanRoberts, overflow, tokenBucket].flatMap(
      (module) => Object.entries(module).flatMap(([name, value]) => (typeof value === 'function' ? [name] : [])),
    );
    expect(calls.map(([name]) => name).sort()).toEqual(exported.sort());
  });

  it.each(calls)('%s gives a number, or says what is allowed, in half a second', (_, call, args) => {
    fc.assert(
      fc.property(fc.tuple(...args), (given) => {
        let result: unknown;
        const isQuick = () => {
          const start = process.cpuUsage();
          try {
            result = call(...(given as never[]));
          } catch (error) {
            result = error;
          }
          const { user, system } = process.cpuUsage(start);
          return user + system <= 500_000;
        };
        // The compiler or the collector may come in between, but not three times.
        expect([1, 2, 3].some(isQuick)).toBe(true);
        // What it is, what is allowed, what was given.
        if (result instanceof Error) {
          expect(result).toBeInstanceOf(RangeError);
          expect(result.message).toMatch(/^.+ (must|needs|lies|lie) .+, (got|day) /);
        }
        expect(hasNaN(result)).toBe(false);
      }),
      { numRuns: 1500 },
    );
  });

  it('answers what once took for ever', () => {
    expect(relativeError(erlang.erlangB(1e308, 1e308), Math.sqrt(2 / Math.PI) * 1e-154)).toBeLessThan(TOLERANCE);
    // Of next to no line a call finds the part n e^A E1(A) free: for 1e-25 erlangs that is n (ln(1e25) - 0.577).
    const { erlangs } = erlang.extendedErlangB(1e-300, 5e-324, 1);
    expect(relativeError(erlangs * (-Math.log(erlangs) - 0.5772156649015329), 5e-324 / 1e-300)).toBeLessThan(TOLERANCE);
    // One line carries E / (1 + E), so that E = E0 / (1 - E0).
    const nearlyFull = erlang.extendedErlangB(1, 0.999999999999, 1).erlangs;
    expect(relativeError(nearlyFull, 0.999999999999 / (1 - 0.999999999999))).toBeLessThan(TOLERANCE);
    const peaked = { mean: 5, variance: 5e9 };
    const group = overflow.equivalentRandom(peaked);
    // As near as 7.5e19 erlangs in a double can be.
    expect(relativeError(overflow.overflow(group.lines, group.erlangs).mean, 5)).toBeLessThan(1e-5);
    expect(overflow.linesForEquivalentRandom(peaked, 0.01)).toBeGreaterThan(1e9);
  });
});

describe('against computations of another kind', () => {
  it('Erlang B of up to 30 lines is right to the last digits, by fractions of whole numbers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 30 }),
        fc.double({ min: -300, max: 300, noNaN: true }).map((exponent) => 10 ** exponent),
        (lines, erlangs) => {
          const { lost, carried } = blockingByFractions(lines, erlangs);
          if (lost > 1e-290) expect(relativeError(erlang.erlangB(lines, erlangs), lost)).toBeLessThan(TOLERANCE);
          if (lines === 0 || erlangs < 1e-290) return;
          const idle = erlang.idleLines(lines, erlangs);
          expect(Math.abs(lines - idle - erlangs * carried)).toBeLessThan(TOLERANCE * lines);
        },
      ),
    );
  });

  it('Erlang B is right on both sides of where the way of computing it changes, by the recursion of the textbook', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 99_000, max: 101_000 }), fc.constant(2_000_000)),
        fc.double({ min: -30, max: 30, noNaN: true }),
        (lines, deviations) => {
          const erlangs = lines + deviations * Math.sqrt(lines);
          fc.pre(erlangs > 0);
          const { blocking, idle } = blockingByRecursion(lines, erlangs);
          if (blocking < 1e-290) return;
          expect(relativeError(erlang.erlangB(lines, erlangs), blocking)).toBeLessThan(TOLERANCE);
          if (idle > 1e-4 * lines)
            expect(relativeError(erlang.idleLines(lines, erlangs), idle)).toBeLessThan(TOLERANCE);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('Extended Erlang B of one line solves its quadratic equation, however near to full', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -15, max: 0, noNaN: true }),
        fc.double({ min: -15, max: 0, noNaN: true }),
        (f, r) => {
          // One line: B = E / (1 + E), so that (1 - R) E^2 + (1 - E0) E - E0 = 0.
          const first = 1 - 10 ** f / 2;
          const retry = 1 - 10 ** r;
          const [a, b] = [1 - retry, 1 - first];
          const expected = (2 * first) / (b + Math.sqrt(b * b + 4 * a * first));
          expect(relativeError(erlang.extendedErlangB(1, first, retry).erlangs, expected)).toBeLessThan(TOLERANCE);
        },
      ),
    );
  });

  it('the group of the equivalent random method overflows with the stream that it was made from', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -3, max: 6, noNaN: true }),
        fc.double({ min: -6, max: 4, noNaN: true }),
        (lnMean, lnAbove) => {
          const mean = 10 ** lnMean;
          const variance = mean * (1 + 10 ** lnAbove);
          const { lines, erlangs } = overflow.equivalentRandom({ mean, variance });
          const found = overflow.overflow(lines, erlangs);
          // What the group is rounded to in doubles, and no more: the overflow is a small part of many erlangs.
          const rounding = 1e-15 * (erlangs / mean) * (1 + Math.sqrt(lines));
          expect(relativeError(found.mean, mean)).toBeLessThan(TOLERANCE + rounding);
          expect(relativeError(found.variance, variance)).toBeLessThan(TOLERANCE + rounding);
        },
      ),
    );
  });

  it('Kaufman-Roberts of one class with slots of any size is Erlang B of the calls that fit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 20_000 }),
        fc.integer({ min: 1, max: 300 }),
        fc.double({ min: -3, max: 15, noNaN: true }).map((exponent) => 10 ** exponent),
        (capacity, slots, erlangs) => {
          const lines = Math.floor(capacity / slots);
          const expected = blockingByRecursion(lines, erlangs).blocking;
          if (expected < 1e-280) return;
          const [lost] = kaufmanRoberts.kaufmanRoberts(capacity, [{ erlangs, slots }]).blocking;
          expect(relativeError(lost!, expected)).toBeLessThan(TOLERANCE);
        },
      ),
      { numRuns: 60 },
    );
  });
});
