/**
 * The families of instances that vector packing is compared on, written from their descriptions: C. Mommessin, T. Erlebach, N.
 * V. Shakhlevich, Classification and evaluation of the algorithms for vector bin packing, Computers & Operations Research 173
 * (2025) 106860, whose own scripts say what the text leaves open; Panigrahy's classes first in R. Panigrahy, K. Talwar, L.
 * Uyeda, U. Wieder, Heuristics for Vector Bin Packing (2011). Their random numbers are not these, so that means are compared,
 * not instances.
 */
import { normal, type Random } from '../../lib/planner/random.ts';

export interface Instance {
  readonly dimensions: number;
  readonly capacity: number;
  readonly items: readonly (readonly number[])[];
}

export interface Family {
  readonly name: string;
  /** Numbers of items; every class of the family in 3, 5 and 10 dimensions of each. */
  readonly counts: readonly number[];
  readonly classes: readonly ((count: number, dimensions: number, random: Random) => Instance)[];
  /** Mean of bins over the lower bound: the best for each instance of some 350 heuristics, on their instances. */
  readonly published: number;
}

export const DIMENSIONS = [3, 5, 10];

const whole = (random: Random, low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

/** Sizes of each dimension in turn, made sizes of each item. */
const byItem = (columns: readonly (readonly number[])[]): number[][] =>
  columns[0]!.map((_, i) => columns.map((column) => column[i]!));

function shuffled(values: number[], random: Random): number[] {
  for (let i = values.length - 1; i > 0; i--) {
    const j = whole(random, 0, i);
    [values[i], values[j]] = [values[j]!, values[i]!];
  }
  return values;
}

/** Normally distributed, whole, drawn again until it is from 0 to 100. */
function normalSize(random: Random, mean: number, deviation: number): number {
  for (;;) {
    const size = Math.round(mean + deviation * normal(random));
    if (size >= 0 && size <= 100) return size;
  }
}

type Make = Family['classes'][number];

/** Each item is large in one dimension, equally often in each, and small in the others. */
const largeInOne: Make = (count, dimensions, random) => ({
  dimensions,
  capacity: 100,
  items: times(count, (i) => {
    const large = Math.min(dimensions - 1, Math.floor(i / Math.max(1, Math.floor(count / dimensions))));
    return times(dimensions, (d) => (d === large ? whole(random, 50, 100) : whole(random, 0, 25)));
  }),
});

const alike =
  (mean: number, deviation: number): Make =>
  (count, dimensions, random) => ({
    dimensions,
    capacity: 100,
    items: times(count, () => times(dimensions, () => normalSize(random, mean, deviation))),
  });

/** In every dimension about a tenth of the items is large. */
const twoSizes =
  (large: number, small: number, deviation: number): Make =>
  (count, dimensions, random) => ({
    dimensions,
    capacity: 100,
    items: byItem(
      times(dimensions, () => {
        const wanted = Math.round(Math.floor(count * 0.1) + Math.sqrt(count / 4) * normal(random));
        const many = Math.min(count, Math.max(0, wanted));
        return shuffled(
          times(count, (i) => normalSize(random, i < many ? large : small, deviation)),
          random,
        );
      }),
    ),
  });

const uniform =
  (capacity: number, low: number, high: number): Make =>
  (count, dimensions, random) => ({
    dimensions,
    capacity,
    items: times(count, () => times(dimensions, () => whole(random, low, high))),
  });

/** Dimensions in pairs, the second of which follows from the first, give or take ten. */
const pairs =
  (second: (first: number) => number): Make =>
  (count, dimensions, random) => ({
    dimensions,
    capacity: 150,
    items: times(count, () => {
      const sizes: number[] = [];
      while (sizes.length < dimensions) {
        const first = whole(random, 20, 99);
        sizes.push(first);
        if (sizes.length < dimensions) sizes.push(second(first) + whole(random, -10, 10));
      }
      return sizes;
    }),
  });

/** Twice as many lots as dimensions are thrown into the dimensions, each lot of one size for the item; one item more than asked. */
const lots: Make = (count, dimensions, random) => {
  const items: number[][] = [];
  while (items.length <= count) {
    const thrown = new Array<number>(dimensions).fill(0);
    for (let lot = 0; lot < 2 * dimensions; lot++) thrown[whole(random, 0, dimensions - 1)]! += 1;
    const size = whole(random, 10, 40);
    const sizes = thrown.map((many) => size * many + whole(random, 0, 1));
    if (Math.max(...sizes) <= 100) items.push(sizes);
  }
  return { dimensions, capacity: 100, items };
};

/** Three items each fill a bin to the last unit in every dimension. */
const triplets =
  (split: (random: Random) => readonly [number, number]): Make =>
  (count, dimensions, random) => ({
    dimensions,
    capacity: 100,
    items: times(Math.floor(count / 3), () => {
      const columns = times(dimensions, () => {
        const [a, b] = split(random);
        return [a, b, 100 - a - b];
      });
      return byItem(columns);
    }).flat(),
  });

export const FAMILIES: readonly Family[] = [
  {
    name: 'New',
    counts: [20, 40, 60, 120, 250, 500],
    classes: [
      largeInOne,
      alike(20, 10),
      alike(30, 15),
      twoSizes(70, 30, 15),
      twoSizes(80, 20, 10),
      twoSizes(70, 15, 10),
    ],
    published: 1.1646,
  },
  {
    name: 'Triplet',
    counts: [60, 120, 249, 501],
    classes: [
      triplets((random) => {
        const a = whole(random, 38, 49);
        return [a, whole(random, 25, Math.floor((100 - a) / 2))];
      }),
      triplets((random) => [whole(random, 25, 50), whole(random, 25, 50)]),
    ],
    published: 1.1677,
  },
  {
    name: 'Panigrahy',
    counts: [20, 40, 60, 120, 250, 500],
    classes: [
      uniform(1000, 100, 400),
      uniform(1000, 1, 1000),
      uniform(1000, 200, 800),
      uniform(1000, 50, 200),
      uniform(1000, 25, 100),
      uniform(150, 20, 100),
      pairs((first) => first),
      pairs((first) => 120 - first),
      lots,
    ],
    published: 1.0663,
  },
];

/**
 * The lower bound that the families are judged by: the fullest dimension, or items of which no two fit together, as many as a
 * greedy search finds.
 */
export function familyBound({ dimensions, capacity, items }: Instance): number {
  let most = 1;
  for (let d = 0; d < dimensions; d++) {
    most = Math.max(most, Math.ceil(items.reduce((sum, sizes) => sum + sizes[d]!, 0) / capacity));
  }
  const conflict = (a: readonly number[], b: readonly number[]): boolean =>
    a.some((size, d) => size + b[d]! > capacity);
  let rest = items.map((_, i) => i);
  const against = items.map((one, i) => items.map((other, j) => i !== j && conflict(one, other)));
  let alone = 0;
  while (rest.length > 0) {
    const degrees = rest.map((i) => rest.reduce((sum, j) => sum + Number(against[i]![j]), 0));
    const best = rest[degrees.indexOf(Math.max(...degrees))]!;
    rest = rest.filter((i) => against[best]![i]);
    alone++;
  }
  return Math.max(most, alone);
}
