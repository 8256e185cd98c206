import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mosFromR, rFromMos } from '../../../lib/planner/teletraffic/e-model.ts';

describe('E-model', () => {
  // The formula of G.107 Annex B, worked out by hand to three decimals.
  it.each([
    [93.2, 4.409],
    [90, 4.339],
    [80, 4.024],
    [70, 3.597],
    [60, 3.1],
    [50, 2.575],
  ])('rates R %d with a mean opinion score of %d', (r, mos) => {
    expect(mosFromR(r)).toBeCloseTo(mos, 3);
  });

  it('rises with R from 1 to 4.5 and stays on the scale', () => {
    fc.assert(
      fc.property(fc.double({ min: -50, max: 150, noNaN: true }), (r) => {
        expect(mosFromR(r)).toBeGreaterThanOrEqual(1);
        expect(mosFromR(r)).toBeLessThanOrEqual(4.5);
        expect(mosFromR(r + 0.1)).toBeGreaterThanOrEqual(mosFromR(r));
      }),
    );
  });

  it('is undone by its inverse', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 4.5, noNaN: true }), (mos) => {
        expect(Math.abs(mosFromR(rFromMos(mos)) - mos)).toBeLessThan(1e-9);
      }),
    );
  });

  it('refuses scores off the scale', () => {
    expect(() => rFromMos(4.6)).toThrow('a mean opinion score lies between 1 and 4.5, got 4.6');
    expect(() => mosFromR(NaN)).toThrow('R must be a number');
  });
});
