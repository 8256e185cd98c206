/** Finds room for one more network in the private address space. */
import { sbcOverlayAddress } from './schema/fixed.ts';
import { overlaps, parseRange, rangeEnd, rangeSize, type Range } from './range.ts';

/** Where room is looked for, in this order: from the first cell's default range on, then below it, then elsewhere. */
const searched = [
  '10.16.0.0/12',
  '10.32.0.0/11',
  '10.64.0.0/10',
  '10.128.0.0/9',
  '10.0.0.0/12',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
].map(parseRange);

/**
 * All ranges with the prefix length that overlap neither one of the taken ones nor each other, in one pass.
 * @example freeRanges([parseRange('10.16.0.0/20')], 20).next().value // 10.16.16.0/20
 */
export function* freeRanges(taken: readonly Range[], prefix: number): Generator<Range, undefined> {
  const size = rangeSize({ first: 0, prefix });
  const sorted = [...taken, parseRange(sbcOverlayAddress)].sort((a, b) => a.first - b.first);
  for (const space of searched) {
    let first = space.first;
    for (const range of sorted) {
      if (!overlaps(range, space)) continue;
      for (; first + size <= range.first; first += size) yield { first, prefix };
      first = Math.max(first, Math.ceil(rangeEnd(range) / size) * size);
    }
    for (; first + size <= rangeEnd(space); first += size) yield { first, prefix };
  }
  return undefined;
}
