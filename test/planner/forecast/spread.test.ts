import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecayingHistogram } from '../../../lib/planner/forecast/decaying-histogram.ts';
import { Spread } from '../../../lib/planner/forecast/spread.ts';
import { normal, poisson, seededRandom } from '../../../lib/planner/random.ts';

const shape = Float64Array.from({ length: 24 }, (_, hour) => (hour < 12 ? 0.5 : 1.5));

describe('decaying histogram', () => {
  it('begins as a normal distribution', () => {
    const histogram = new DecayingHistogram();
    expect(histogram.quantile(0.5)).toBeCloseTo(0, 1);
    expect(histogram.quantile(0.95)).toBeCloseTo(1.645, 1);
  });

  it('finds quantiles within the width of a bin', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -5.9, max: 13.9, noNaN: true }), { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (values, share) => {
          const histogram = new DecayingHistogram();
          for (const value of values) histogram.add(value, 1e6);
          const sorted = values.toSorted((a, b) => a - b);
          const at = share * values.length;
          expect(histogram.quantile(share)).toBeGreaterThan(sorted[Math.max(0, Math.floor(at - 1e-3))]! - 0.126);
          expect(histogram.quantile(share)).toBeLessThan(
            sorted[Math.min(values.length - 1, Math.ceil(at + 1e-3) - 1)]! + 0.126,
          );
        },
      ),
    );
  });

  it('forgets', () => {
    const histogram = new DecayingHistogram();
    histogram.add(10, 1000);
    for (let day = 0; day < 30; day++) histogram.decay(0.5);
    for (let i = 0; i < 100; i++) histogram.add(-1 + i / 50, 1);
    expect(histogram.quantile(0.99)).toBeLessThan(1.1);
  });
});

describe('spread', () => {
  it('tells chance from what is proportional: Poisson counts have variance over mean 1', () => {
    const random = seededRandom(3);
    const spread = new Spread();
    for (let day = 0; day < 200; day++) {
      spread.learnVariance(
        shape.map((share) => poisson(random, 40 * share)),
        shape,
        40,
      );
    }
    expect(spread.dispersion).toBeGreaterThan(0.8);
    expect(spread.dispersion).toBeLessThan(1.2);
    const proportional = new Spread();
    for (let day = 0; day < 200; day++) {
      proportional.learnVariance(
        shape.map((share) => 1000 * share * (1 + 0.1 * normal(random))),
        shape,
        1000,
      );
    }
    expect(proportional.deviation(1500, 1000, 0) / 150).toBeCloseTo(1, 1);
    expect(proportional.deviation(500, 1000, 0) / 50).toBeCloseTo(1, 1);
  });

  it('has the stated share of later days below its quantiles, for skewed errors too', () => {
    const random = seededRandom(4);
    const spread = new Spread();
    const day = { ln: Math.log(100), variance: 0.01 };
    const draw = (): Float64Array => {
      const level = 100 * Math.exp(0.1 * normal(random));
      return shape.map((share) => level * share * (1 + 0.2 * (-Math.log(1 - random()) - 1)));
    };
    for (let i = 0; i < 300; i++) {
      const values = draw();
      spread.learnVariance(values, shape, values.reduce((sum, value) => sum + value, 0) / 24);
      spread.learnErrors(values, shape, day, 100);
    }
    for (const level of [0.5, 0.9, 0.95, 0.99]) {
      const reach = spread.quantile(level);
      let below = 0;
      for (let i = 0; i < 500; i++) {
        for (const [slot, value] of draw().entries()) {
          const expected = 100 * shape[slot]!;
          if (value <= expected + reach * spread.deviation(expected, 100, 0.01)) below++;
        }
      }
      expect(Math.abs(below / 12_000 - level)).toBeLessThan(0.02);
    }
  });
});
