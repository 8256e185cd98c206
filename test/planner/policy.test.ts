import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { erlangB } from '../../lib/planner/teletraffic/erlang.ts';
import { refusedShare } from '../../lib/planner/teletraffic/token-bucket.ts';
import {
  gradeOfServiceOf,
  linesFor,
  POLICIES,
  requirePolicy,
  trafficFor,
  usableLimit,
  type Policy,
} from '../../lib/planner/policy.ts';

const all: readonly Policy[] = Object.values(POLICIES);
const { gradeOfService, telecomRule, fixedHeadroom } = POLICIES;

describe('policies', () => {
  it('at 1,000 erlangs the grade of service buys at most 0.6 of what the telecom rule buys, and holds its target', () => {
    const bought = gradeOfServiceOf(gradeOfService, 1000);
    const rule = gradeOfServiceOf(telecomRule, 1000);
    expect(rule.lines).toBe(1800);
    expect(bought.lines).toBe(1029);
    expect(bought.lines / rule.lines).toBeLessThanOrEqual(0.6);
    expect(bought.blocking).toBeLessThanOrEqual(0.01);
  });

  it('the grade of service never blocks above its target, and one line less would', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 20_000, noNaN: true }),
        fc.double({ min: 1e-5, max: 0.2, noNaN: true }),
        (erlangs, blocking) => {
          const policy = { ...gradeOfService, blocking };
          const { lines, blocking: found } = gradeOfServiceOf(policy, erlangs);
          expect(found).toBeLessThanOrEqual(blocking * (1 + 1e-9));
          expect(erlangB(lines - 1, erlangs)).toBeGreaterThan(blocking * (1 - 1e-9));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('the telecom rule blocks 9.5 % of 2 erlangs with 4 lines, and is right at 10 erlangs', () => {
    expect(gradeOfServiceOf(telecomRule, 2).lines).toBe(4);
    expect(gradeOfServiceOf(telecomRule, 2).blocking).toBeCloseTo(0.0952, 4);
    expect(linesFor(telecomRule, 10)).toBe(18);
    expect(linesFor(gradeOfService, 10)).toBe(18);
    expect(linesFor({ ...telecomRule, growth: 0.5 }, 10)).toBe(27);
  });

  it('no traffic needs nothing and loses nothing', () => {
    for (const policy of all) expect(gradeOfServiceOf(policy, 0)).toEqual({ lines: 0, blocking: 0 });
  });

  it('what lines carry needs no more than these lines', () => {
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.integer({ min: 1, max: 20_000 }), (policy, lines) => {
        expect(linesFor(policy, trafficFor(policy, lines) * (1 - 1e-9))).toBeLessThanOrEqual(lines);
      }),
      { numRuns: 200 },
    );
  });

  it('contacts need no reserve for chance under the grade of service, calls do', () => {
    expect(usableLimit(gradeOfService, { resource: 'registrations', limit: 1000 })).toBe(1000);
    expect(usableLimit(gradeOfService, { resource: 'relayedCalls', limit: 1000 })).toBeLessThan(1000);
    expect(usableLimit(fixedHeadroom, { resource: 'registrations', limit: 1000 })).toBe(700);
    expect(usableLimit(gradeOfService, { resource: 'relayedCalls', limit: 0 })).toBe(0);
  });

  it('set-ups are refused by the bucket of the SBC, not by lines that each holds for a second', () => {
    const usable = usableLimit(gradeOfService, { resource: 'setups', limit: 50 });
    expect(refusedShare(usable, { rate: 50, burst: 50 })).toBeCloseTo(0.01, 12);
    // By Erlang B it would be 37.9.
    expect(usable).toBeCloseTo(49.997, 3);
    expect(usableLimit(gradeOfService, { resource: 'setups', limit: 5 })).toBeCloseTo(3.208, 3);
    expect(usableLimit(gradeOfService, { resource: 'setups', limit: 200 })).toBe(200);
  });

  it('refuses numbers outside their range, and says which', () => {
    expect(() => requirePolicy({ ...gradeOfService, blocking: 0 })).toThrow('blocking of policy gradeOfService');
    expect(() => requirePolicy({ ...fixedHeadroom, free: 1 })).toThrow('below 1, got 1');
    expect(() => requirePolicy({ ...telecomRule, growth: -1 })).toThrow('growth');
    for (const policy of all) expect(() => requirePolicy(policy)).not.toThrow();
  });
});
