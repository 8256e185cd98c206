import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { erlangB, linesForErlangB } from '../../../lib/planner/teletraffic/erlang.ts';
import {
  equivalentRandom,
  equivalentRandomBlocking,
  haywardBlocking,
  joinStreams,
  linesForEquivalentRandom,
  linesForHayward,
  overflow,
} from '../../../lib/planner/teletraffic/overflow.ts';
import { OVERFLOW, PEAKED, relativeError } from './references.ts';

const TOLERANCE = 1e-9;

describe('against references of 60 digits', () => {
  it.each(OVERFLOW)('overflow of %d lines and %d erlangs', (lines, erlangs, mean, variance) => {
    const found = overflow(lines, erlangs);
    expect(relativeError(found.mean, mean)).toBeLessThan(TOLERANCE);
    expect(relativeError(found.variance, variance)).toBeLessThan(TOLERANCE);
  });

  it.each(PEAKED)('a stream of mean %d and variance %d', (mean, variance, lines, erlangs, group, random, hayward) => {
    const found = equivalentRandom({ mean, variance });
    expect(relativeError(found.erlangs, erlangs)).toBeLessThan(TOLERANCE);
    expect(relativeError(found.lines, group)).toBeLessThan(TOLERANCE);
    expect(relativeError(equivalentRandomBlocking(lines, { mean, variance }), random)).toBeLessThan(TOLERANCE);
    expect(relativeError(haywardBlocking(lines, { mean, variance }), hayward)).toBeLessThan(TOLERANCE);
  });
});

const group = fc.record({
  lines: fc.integer({ min: 1, max: 400 }),
  load: fc.double({ min: 0.5, max: 3, noNaN: true }),
});

describe('overflow', () => {
  it('is never smoother than the Poisson traffic it comes from', () => {
    fc.assert(
      fc.property(group, ({ lines, load }) => {
        const { mean, variance } = overflow(lines, lines * load);
        expect(variance / mean).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  it('is traced back to its traffic and group by the equivalent random method', () => {
    fc.assert(
      fc.property(group, ({ lines, load }) => {
        const found = equivalentRandom(overflow(lines, lines * load));
        expect(relativeError(found.erlangs, lines * load)).toBeLessThan(1e-6);
        expect(relativeError(found.lines, lines)).toBeLessThan(1e-6);
      }),
    );
  });

  it('adds up when streams are joined', () => {
    expect(joinStreams([overflow(10, 10), { mean: 1, variance: 3 }]).variance).toBeCloseTo(7.362447, 6);
  });
});

describe('lines for a stream', () => {
  it('are those of Erlang B where the stream is Poisson', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 1000, noNaN: true }), (mean) => {
        const lines = linesForErlangB(mean, 0.01);
        expect(linesForHayward({ mean, variance: mean }, 0.01)).toBe(lines);
        expect(linesForEquivalentRandom({ mean, variance: mean }, 0.01)).toBe(lines);
        expect(equivalentRandomBlocking(lines, { mean, variance: mean })).toBeCloseTo(erlangB(lines, mean), 12);
      }),
    );
  });

  it('grow with the peakedness and differ by a few between the two methods', () => {
    const stream = { mean: 50, variance: 100 };
    expect(linesForHayward(stream, 0.01)).toBeGreaterThan(linesForErlangB(50, 0.01));
    expect(Math.abs(linesForHayward(stream, 0.01) - linesForEquivalentRandom(stream, 0.01))).toBeLessThanOrEqual(2);
  });

  it('cannot come from the equivalent random method for smooth traffic, which is said', () => {
    expect(() => equivalentRandom({ mean: 5, variance: 4 })).toThrow('peakedness (variance / mean) >= 1, got 0.8');
    expect(haywardBlocking(8, { mean: 5, variance: 4 })).toBeLessThan(erlangB(8, 5));
  });
});
