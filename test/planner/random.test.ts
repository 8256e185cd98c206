import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exponential, normal, pick, poisson, seededRandom, seedOf } from '../../lib/planner/random.ts';

const draws = (count: number, draw: () => number): { mean: number; variance: number } => {
  const values = Array.from({ length: count }, draw);
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count };
};

describe('random source', () => {
  it('gives the same numbers for the same seed and others for another', () => {
    const some = (seed: number): number[] => Array.from({ length: 5 }, seededRandom(seed));
    expect(some(1)).toEqual(some(1));
    expect(some(1)).not.toEqual(some(2));
  });

  it('is at least 0 and below 1, also right after any seed', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const value = seededRandom(seed)();
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThan(1);
      }),
    );
  });

  it('begins anywhere for seeds in a row', () => {
    let seed = 0;
    const { mean, variance } = draws(20_000, () => seededRandom(seedOf(7, seed++))());
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.01);
    expect(variance).toBeCloseTo(1 / 12, 2);
  });

  it('gives parts seeds of their own', () => {
    expect(new Set(Array.from({ length: 10_000 }, (_, i) => seedOf(1, i))).size).toBe(10_000);
  });
});

describe('distributions', () => {
  const random = seededRandom(42);

  it('have the mean and variance they are named for', () => {
    const gauss = draws(50_000, () => normal(random));
    expect(gauss.mean).toBeCloseTo(0, 1);
    expect(gauss.variance).toBeCloseTo(1, 1);
    const waiting = draws(50_000, () => exponential(random, 3));
    expect(waiting.mean / 3).toBeCloseTo(1, 1);
    expect(waiting.variance / 9).toBeCloseTo(1, 1);
    for (const mean of [0.2, 5, 59, 61, 1e6]) {
      const counts = draws(20_000, () => poisson(random, mean));
      expect(counts.mean / mean).toBeCloseTo(1, 1);
      expect(counts.variance / mean).toBeCloseTo(1, 1);
    }
    expect(poisson(random, 0)).toBe(0);
  });

  it('pick in proportion to the weight, never what weighs nothing', () => {
    const counts = { a: 0, b: 0, c: 0 };
    const weight = { a: 3, b: 0, c: 1 };
    for (let i = 0; i < 8_000; i++) counts[pick(random, ['a', 'b', 'c'] as const, (key) => weight[key])]++;
    expect(counts.b).toBe(0);
    expect(counts.a / counts.c).toBeGreaterThan(2.6);
    expect(counts.a / counts.c).toBeLessThan(3.4);
  });
});
