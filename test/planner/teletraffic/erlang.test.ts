import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  erlangB,
  erlangC,
  extendedErlangB,
  idleLines,
  linesForErlangB,
  linesForErlangC,
  lnErlangB,
  lnErlangC,
  trafficForErlangB,
  trafficForErlangC,
} from '../../../lib/planner/teletraffic/erlang.ts';
import { overflow } from '../../../lib/planner/teletraffic/overflow.ts';
import {
  EXTENDED_B,
  LN_ERLANG_B,
  LN_ERLANG_C,
  MANY_AND_FEW_LINES,
  relativeError,
  relativeErrorOfLn,
  TRAFFIC_FOR_B,
  TRAFFIC_FOR_C,
} from './references.ts';

const TOLERANCE = 1e-9;

describe('against references of 40 digits and more', () => {
  it.each(LN_ERLANG_B)('Erlang B of %d lines and %d erlangs', (lines, erlangs, ln) => {
    expect(relativeErrorOfLn(lnErlangB(lines, erlangs), ln)).toBeLessThan(TOLERANCE);
    if (ln > -700) expect(relativeError(erlangB(lines, erlangs), Math.exp(ln))).toBeLessThan(TOLERANCE);
  });

  it.each(MANY_AND_FEW_LINES)('%d lines and %d erlangs', (lines, erlangs, ln, idle, carried, burstiness) => {
    expect(relativeErrorOfLn(lnErlangB(lines, erlangs), ln)).toBeLessThan(TOLERANCE);
    expect(relativeError(idleLines(lines, erlangs), idle)).toBeLessThan(TOLERANCE);
    expect(relativeError(lines - idleLines(lines, erlangs), carried)).toBeLessThan(
      TOLERANCE + Number.EPSILON * (lines / carried),
    );
    const { mean, variance } = overflow(lines, erlangs);
    if (mean > 1e-290) expect(relativeError(variance / mean, 1 + burstiness)).toBeLessThan(TOLERANCE);
  });

  it.each(LN_ERLANG_C)('Erlang C of %d lines and %d erlangs', (lines, erlangs, ln) => {
    expect(relativeErrorOfLn(lnErlangC(lines, erlangs), ln)).toBeLessThan(TOLERANCE);
  });

  it.each(TRAFFIC_FOR_B)('traffic for %d lines at a blocking of %d', (lines, target, erlangs) => {
    expect(relativeError(trafficForErlangB(lines, target), erlangs)).toBeLessThan(TOLERANCE);
  });

  it.each(TRAFFIC_FOR_C)('traffic for %d agents where %d of the calls wait', (lines, target, erlangs) => {
    expect(relativeError(trafficForErlangC(lines, target), erlangs)).toBeLessThan(TOLERANCE);
  });

  it.each(EXTENDED_B)('Extended B of %d lines, %d erlangs, %d retry', (lines, first, share, erlangs, blocking) => {
    const found = extendedErlangB(lines, first, share);
    expect(relativeError(found.erlangs, erlangs)).toBeLessThan(TOLERANCE);
    expect(relativeError(found.blocking, blocking)).toBeLessThan(TOLERANCE);
  });

  it('agrees with published tables: 45 lines for 33.33 erlangs and 8.108 erlangs on 15 lines at 1 %', () => {
    expect(linesForErlangB(33.33, 0.01)).toBe(45);
    expect(trafficForErlangB(15, 0.01)).toBeCloseTo(8.108, 3);
  });
});

describe('Erlang B', () => {
  const lines = fc.double({ min: 1e-3, max: 3000, noNaN: true });
  const erlangs = fc.double({ min: 1e-3, max: 5000, noNaN: true });
  const target = fc.double({ min: 1e-9, max: 0.999, noNaN: true });

  it('falls with every line and rises with every call', () => {
    fc.assert(
      fc.property(lines, erlangs, (n, a) => {
        expect(lnErlangB(n + 1, a)).toBeLessThan(lnErlangB(n, a));
        expect(lnErlangB(n, a * 1.01)).toBeGreaterThan(lnErlangB(n, a));
      }),
    );
  });

  it('keeps the recursion B(n) = A B(n-1) / (n + A B(n-1)) for real n, on both sides of n = A', () => {
    fc.assert(
      fc.property(lines, erlangs, (n, a) => {
        const before = erlangB(n, a);
        const after = (a * before) / (n + 1 + a * before);
        fc.pre(after > 1e-290);
        expect(relativeError(erlangB(n + 1, a), after)).toBeLessThan(TOLERANCE);
      }),
    );
  });

  it('is undone by its inverse in traffic', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 3000, noNaN: true }), target, (n, p) => {
        expect(relativeError(erlangB(n, trafficForErlangB(n, p)), p)).toBeLessThan(TOLERANCE);
      }),
    );
  });

  it('needs exactly the lines its inverse says: one fewer blocks too much', () => {
    fc.assert(
      fc.property(erlangs, target, (a, p) => {
        const n = linesForErlangB(a, p);
        expect(erlangB(n, a)).toBeLessThanOrEqual(p * (1 + 1e-12));
        if (n > 0) expect(erlangB(n - 1, a)).toBeGreaterThan(p);
      }),
    );
  });

  it('carries no more than its lines', () => {
    fc.assert(
      fc.property(lines, erlangs, (n, a) => {
        expect(idleLines(n, a)).toBeGreaterThanOrEqual(0);
        expect(idleLines(n, a)).toBeLessThanOrEqual(n * (1 + TOLERANCE));
      }),
    );
  });

  it('loses everything without lines and nothing without traffic', () => {
    expect(erlangB(0, 5)).toBe(1);
    expect(erlangB(5, 0)).toBe(0);
    expect(linesForErlangB(0, 0.01)).toBe(0);
    expect(trafficForErlangB(0, 0.01)).toBe(0);
  });

  it('refuses what is no number of lines, traffic or share, and says what is allowed', () => {
    expect(() => erlangB(-1, 5)).toThrow('lines must be a finite number >= 0, got -1');
    expect(() => erlangB(5, NaN)).toThrow('erlangs must be a finite number >= 0, got NaN');
    expect(() => linesForErlangB(5, 0)).toThrow('target blocking must lie between 0 and 1, got 0');
    expect(() => trafficForErlangB(5, 1)).toThrow('target blocking must lie between 0 and 1, got 1');
  });
});

describe('Erlang C', () => {
  it('lets more calls wait than Erlang B loses, and all of them from full load on', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.double({ min: 0.01, max: 0.999, noNaN: true }), (n, load) => {
        expect(lnErlangC(n, n * load)).toBeGreaterThanOrEqual(lnErlangB(n, n * load));
        expect(erlangC(n, n / load)).toBe(1);
      }),
    );
  });

  it('is undone by its inverses', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.double({ min: 1e-6, max: 0.99, noNaN: true }), (n, p) => {
        const erlangs = trafficForErlangC(n, p);
        expect(relativeError(erlangC(n, erlangs), p)).toBeLessThan(TOLERANCE);
        expect(linesForErlangC(erlangs * (1 - 1e-9), p)).toBe(n);
      }),
    );
  });
});

describe('Extended Erlang B', () => {
  it('has no stable load when every blocked call comes back to a group that cannot carry the first attempts', () => {
    expect(extendedErlangB(10, 10, 1)).toEqual({ erlangs: Infinity, blocking: 1 });
  });

  it('never offers less than the first attempts, and solves its own equation', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 500 }),
        fc.double({ min: 0, max: 600, noNaN: true }),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (n, first, share) => {
          const { erlangs, blocking } = extendedErlangB(n, first, share);
          expect(erlangs).toBeGreaterThanOrEqual(first);
          expect(erlangs * (1 - share * blocking)).toBeCloseTo(first, 8);
        },
      ),
    );
  });
});
