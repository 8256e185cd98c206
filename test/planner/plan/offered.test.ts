import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plan } from '../../../lib/planner/plan.ts';
import { offeredCalls } from '../../../lib/planner/plan/offered.ts';
import { erlangB, offeredForCarried } from '../../../lib/planner/teletraffic/erlang.ts';
import { blueprint, cellOf, historyUpTo, NOW, tenantsOf } from './fleets.ts';

describe('offeredForCarried', () => {
  it('is the traffic of which Erlang B leaves so much', () => {
    expect(offeredForCarried(30, 25 * (1 - erlangB(30, 25)))).toBeCloseTo(25, 9);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), fc.double({ min: 0.01, max: 3, noNaN: true }), (lines, load) => {
        const erlangs = load * lines;
        const carried = erlangs * (1 - erlangB(lines, erlangs));
        fc.pre(carried < 0.999 * lines);
        expect(offeredForCarried(lines, carried) / erlangs).toBeCloseTo(1, 6);
      }),
    );
  });

  it('is undefined for as much as the lines, and nothing for nothing', () => {
    expect(() => offeredForCarried(10, 10)).toThrow('carried must be below the 10 lines, got 10');
    expect(offeredForCarried(10, 0)).toBe(0);
  });
});

describe('a cell whose media hosts were full in its busy hours', () => {
  // The four media hosts let in 400 calls; 480 erlangs were offered by day, of which they carry 394.
  const offered = (hour: number): number => ((((hour + 9) % 24) + 24) % 24 < 8 ? 60 : 480);
  const carried = (hour: number): number => offered(hour) * (1 - erlangB(400, offered(hour)));
  const planOf = (calls: (hour: number) => number) =>
    plan({
      now: NOW,
      cells: [cellOf('euw1-a', { calls, noise: 0.002 })],
      tenants: tenantsOf('euw1-a', 20, 394),
      blueprints: [blueprint()],
    });

  it('is planned for what was offered: two cells for ten tenants, where what was carried asks for one for seven', () => {
    const { actions, cells } = planOf(carried);
    expect(cells[0]!.erlangs).toBeGreaterThan(470);
    expect(actions.flatMap((one) => (one.kind === 'stamp' ? [one.tenants] : []))).toEqual([5, 5]);
  });

  it('is otherwise planned for what it carried', () => {
    const history = historyUpTo(NOW, { calls: () => 290, noise: 0.005 });
    expect(offeredCalls(history, 400)).toBe(history);
  });

  it('never has less, more with more, and not without end', () => {
    const values = Float64Array.from({ length: 401 }, (_, calls) => calls);
    const found = offeredCalls({ ...historyUpTo(NOW, { calls: () => 1 }), values }, 400).values;
    for (const [calls, value] of found.entries()) {
      expect(value).toBeGreaterThanOrEqual(calls);
      expect(value).toBeGreaterThanOrEqual(found[calls - 1] ?? 0);
    }
    expect(found[400]).toBe(600);
    expect(
      offeredCalls({ ...historyUpTo(NOW, { calls: () => 1 }), values: Float64Array.of(NaN, 500) }, 400).values[1],
    ).toBe(500);
  });
});
