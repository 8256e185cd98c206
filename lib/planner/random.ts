import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** The next number of a random source: at least 0, below 1. Whoever needs chance is given one. */
export type Random = () => number;

/**
 * A random source that gives the same numbers for the same seed: xoroshiro128+ (D. Blackman, S. Vigna, 2018).
 *
 * @param seed any number; its lower 32 bits count
 */
export function seededRandom(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  // Seeds of few bits need some steps until all state bits are mixed.
  for (let i = 0; i < 16; i++) generator.next();
  return () => uniformFloat64(generator);
}

/** A seed for part `index` of something seeded, unlike those of the other parts: the mixer of splitmix32. */
export function seedOf(seed: number, index: number): number {
  let mixed = (seed + Math.imul(index + 1, 0x9e3779b9)) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return mixed ^ (mixed >>> 15);
}

/** Normally distributed, mean 0 and variance 1: G. E. P. Box, M. E. Muller (1958). */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Exponentially distributed with a given mean. */
export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random());
}

/** A Poisson count. Above a mean of 60 rounded from the normal distribution of that mean and variance. */
export function poisson(random: Random, mean: number): number {
  if (mean > 60) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count++;
  return count;
}

/** One of a list, each as likely as its weight. The list must not be empty. */
export function pick<T>(random: Random, choices: readonly T[], weight: (choice: T) => number): T {
  let left = random() * choices.reduce((sum, choice) => sum + weight(choice), 0);
  for (const choice of choices) {
    left -= weight(choice);
    if (left < 0) return choice;
  }
  return choices.at(-1)!;
}
