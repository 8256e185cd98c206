import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { erlangB } from '../../../lib/planner/teletraffic/erlang.ts';
import { guaranteedPoolsBlocking, type Party } from '../models/guaranteed-pools.ts';
import { kaufmanRoberts } from '../models/kaufman-roberts.ts';
import { KAUFMAN_ROBERTS, POOLS, relativeError, RESERVATION } from './references.ts';

const TOLERANCE = 1e-9;

describe('against references of 60 digits', () => {
  it.each(KAUFMAN_ROBERTS)('Kaufman-Roberts on %d slots', (capacity, classes, blocking) => {
    const found = kaufmanRoberts(
      capacity,
      classes.map(([erlangs, slots]) => ({ erlangs, slots })),
    );
    for (const [k, reference] of blocking.entries()) {
      expect(relativeError(found.blocking[k]!, reference)).toBeLessThan(TOLERANCE);
    }
  });

  it.each(RESERVATION)(
    'trunk reservation on %d lines',
    (capacity, open, held, reserved, openBlocking, heldBlocking) => {
      const { blocking } = kaufmanRoberts(capacity, [
        { erlangs: open, slots: 1 },
        { erlangs: held, slots: 1, reserved },
      ]);
      expect(relativeError(blocking[0]!, openBlocking)).toBeLessThan(TOLERANCE);
      expect(relativeError(blocking[1]!, heldBlocking)).toBeLessThan(TOLERANCE);
    },
  );

  it.each(POOLS)('pools with guarantees on %d shared slots', (shared, parties, blocking) => {
    const found = guaranteedPoolsBlocking(
      shared,
      parties.map(([erlangs, guaranteed, limit, slots]) => ({
        erlangs,
        guaranteed,
        slots,
        ...(limit === undefined ? {} : { limit }),
      })),
    );
    for (const [i, reference] of blocking.entries()) {
      expect(relativeError(found[i]!, reference)).toBeLessThan(TOLERANCE);
    }
  });
});

const classes = fc.array(
  fc.record({ erlangs: fc.double({ min: 0.01, max: 60, noNaN: true }), slots: fc.integer({ min: 1, max: 6 }) }),
  { minLength: 1, maxLength: 4 },
);

describe('Kaufman-Roberts', () => {
  it('is Erlang B for one class of one slot', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 800 }), fc.double({ min: 0.01, max: 900, noNaN: true }), (n, erlangs) => {
        const reference = erlangB(n, erlangs);
        fc.pre(reference > 1e-200);
        expect(relativeError(kaufmanRoberts(n, [{ erlangs, slots: 1 }]).blocking[0]!, reference)).toBeLessThan(
          TOLERANCE,
        );
      }),
    );
  });

  it('gives a distribution, and larger calls never a better chance', () => {
    fc.assert(
      fc.property(fc.integer({ min: 6, max: 200 }), classes, (capacity, all) => {
        const { occupancy, blocking } = kaufmanRoberts(capacity, all);
        expect(occupancy.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
        const bySize = all.map(({ slots }, k) => ({ slots, lost: blocking[k]! })).sort((a, b) => a.slots - b.slots);
        for (let k = 1; k < bySize.length; k++) {
          expect(bySize[k]!.lost).toBeGreaterThanOrEqual(bySize[k - 1]!.lost * (1 - 1e-12));
        }
      }),
    );
  });

  it('loses all calls larger than the group', () => {
    expect(kaufmanRoberts(3, [{ erlangs: 2, slots: 4 }]).blocking[0]).toBeCloseTo(1, 12);
  });

  it('refuses calls of no size', () => {
    expect(() => kaufmanRoberts(5, [{ erlangs: 1, slots: 0 }])).toThrow('slots of class 0 must be at least 1, got 0');
  });
});

describe('guaranteed pools', () => {
  it('are Kaufman-Roberts where nothing is guaranteed and nobody limited', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 120 }), classes, (capacity, all) => {
        const expected = kaufmanRoberts(capacity, all).blocking;
        const found = guaranteedPoolsBlocking(
          capacity,
          all.map((one) => ({ ...one, guaranteed: 0 })),
        );
        for (const [k, lost] of found.entries()) {
          if (expected[k]! > 1e-15) expect(relativeError(lost, expected[k]!)).toBeLessThan(TOLERANCE);
        }
      }),
    );
  });

  const party = fc.record({
    erlangs: fc.double({ min: 0.01, max: 40, noNaN: true }),
    guaranteed: fc.integer({ min: 0, max: 30 }),
  });

  it('never lose more of a party than its guarantee alone would, whatever the others offer', () => {
    fc.assert(
      fc.property(
        party,
        fc.integer({ min: 0, max: 30 }),
        fc.double({ min: 0.01, max: 1e4, noNaN: true }),
        (one, shared, flood) => {
          const parties: Party[] = [one, { erlangs: flood, guaranteed: 3 }, { erlangs: flood, guaranteed: 0 }];
          const [lost] = guaranteedPoolsBlocking(shared, parties);
          expect(lost).toBeLessThanOrEqual(erlangB(one.guaranteed, one.erlangs) * (1 + TOLERANCE));
          const aloneWithAll = erlangB(one.guaranteed + shared, one.erlangs);
          if (aloneWithAll > 1e-20) expect(lost).toBeGreaterThanOrEqual(aloneWithAll * (1 - TOLERANCE));
        },
      ),
    );
  });

  it('hold for a guarantee far above the traffic, where its states weigh next to nothing', () => {
    expect(guaranteedPoolsBlocking(10, [{ erlangs: 10, guaranteed: 1000 }])).toEqual([0]);
  });

  it('refuse a limit below the guarantee', () => {
    expect(() => guaranteedPoolsBlocking(5, [{ erlangs: 1, guaranteed: 4, limit: 3 }])).toThrow(
      'limit of party 0 must be at least its guarantee of 4, got 3',
    );
  });
});
