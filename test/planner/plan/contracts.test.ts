import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Limits } from '../../../lib/fleet/schema/cell.ts';
import { plan } from '../../../lib/planner/plan.ts';
import type { FleetTenant } from '../../../lib/planner/plan/input.ts';
import { factorWithin } from '../../../lib/planner/plan/within-contracts.ts';
import { normal, seededRandom } from '../../../lib/planner/random.ts';
import { blueprint, cellOf, NOW, specOf, tenantsOf } from './fleets.ts';

const limits = (calls: number): Limits => ({ calls, callsPerSecond: 20, burst: 40, guaranteedCalls: 0 }) as Limits;
const WEEK = 168;

/** 13 weeks up to now: eight of growth up to so many calls, then five at it; never beyond 700, as the SBC refuses them. */
const levelled = (calls: number) => {
  const random = seededRandom(4);
  const days = Array.from({ length: 14 * 7 }, () => Math.exp(0.03 * normal(random)));
  return (hour: number): number =>
    Math.min(700, calls * 1.2 ** Math.min(0, (hour + 5 * WEEK) / WEEK) * days[Math.floor(hour / 24) + 92]!);
};

/** A cell of 900 calls after the loss of a host, with one tenant. */
function planOf(calls: (hour: number) => number, tenant: Partial<FleetTenant>) {
  const spec = specOf('euw1-a', { media: { hosts: 4, relay: { calls: 300 } } });
  return plan({
    now: NOW,
    cells: [cellOf('euw1-a', { calls, weeks: 13, noise: 0 }, { spec })],
    tenants: tenantsOf('euw1-a', 1, 600, tenant),
    blueprints: [blueprint({ spec })],
  });
}

describe('a tenant whose growth has ended, and whose limit is 700 calls', () => {
  it('is not expected to have more', () => {
    const made = planOf(levelled(690), { limits: limits(700) });
    expect(made.cells[0]!.erlangs).toBeLessThanOrEqual(700);
    expect(made.cells[0]!.erlangs).toBeGreaterThan(690);
    expect(made.excuses.map(({ text }) => text).join()).not.toContain('no new cell could hold it');
    // Without a limit it is expected to have what the quantile says.
    expect(planOf(levelled(690), {}).cells[0]!.erlangs).toBeGreaterThan(720);
  });

  it('counts with what it was measured to have, if that is more', () => {
    const made = planOf((hour) => (hour >= -3 ? 780 : 690), { limits: limits(700) });
    expect(made.cells[0]!.erlangs).toBeGreaterThan(750);
    expect(made.cells[0]!.erlangs).toBeLessThanOrEqual(800);
  });
});

describe('tenants of a growing cell', () => {
  it('have no more than their limits, and the others have the rest', () => {
    const grown = (hour: number): number => 300 * (hour >= -14 * 24 ? 1.5 : 1);
    const spec = specOf('euw1-a', { media: { hosts: 4, relay: { calls: 300 } } });
    const [capped, ...others] = tenantsOf('euw1-a', 3, 300);
    const erlangsOf = (sold: number | undefined) =>
      plan({
        now: NOW,
        cells: [cellOf('euw1-a', { calls: grown }, { spec })],
        tenants: [{ ...capped!, ...(sold !== undefined && { limits: limits(sold) }) }, ...others],
        blueprints: [blueprint({ spec })],
      }).cells[0]!.erlangs;
    expect(erlangsOf(110)).toBeCloseTo(erlangsOf(undefined), 1);
  });
});

describe('factorWithin', () => {
  const part = fc.record({
    value: fc.double({ min: 0, max: 1e6, noNaN: true }),
    room: fc.double({ min: 1, max: 10, noNaN: true }),
  });
  const most = fc.array(part, { minLength: 1, maxLength: 30 });

  it('adds up to the target where the parts can, and else to their most', () => {
    fc.assert(
      fc.property(most, fc.double({ min: 0, max: 1e7, noNaN: true }), (given, target) => {
        const parts = Float64Array.from(given, ({ value }) => value);
        const limit = parts.map((value, i) => value * given[i]!.room);
        const factor = factorWithin(target, parts, limit);
        const sum = parts.reduce((all, value, i) => all + (value === 0 ? 0 : Math.min(value * factor, limit[i]!)), 0);
        const room = limit.reduce((all, value) => all + value, 0);
        expect(factor).toBeGreaterThanOrEqual(0);
        expect(Math.abs(sum - Math.min(target, room))).toBeLessThanOrEqual(1e-9 * Math.max(1, target, room));
      }),
    );
  });
});
