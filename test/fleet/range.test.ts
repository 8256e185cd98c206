import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sbcOverlayAddress } from '../../lib/fleet/schema/fixed.ts';
import { freeRanges } from '../../lib/fleet/free-range.ts';
import {
  aligned,
  block,
  contains,
  formatRange,
  overlaps,
  parseRange,
  privateRanges,
  rangeEnd,
  rangeSize,
  type Range,
} from '../../lib/fleet/range.ts';

const range: fc.Arbitrary<Range> = fc
  .record({ first: fc.integer({ min: 0, max: 2 ** 32 - 1 }), prefix: fc.integer({ min: 0, max: 32 }) })
  .map(aligned);

describe('an IPv4 range', () => {
  it('is read as it is written', () => {
    expect(parseRange('10.16.0.0/20')).toEqual({ first: 10 * 2 ** 24 + 16 * 2 ** 16, prefix: 20 });
    fc.assert(
      fc.property(range, (one) => {
        expect(parseRange(formatRange(one))).toEqual(one);
      }),
    );
  });

  it('overlaps another just when it holds the first address of the other, or the other holds its own', () => {
    const holds = (one: Range, address: number) => one.first <= address && address < rangeEnd(one);
    fc.assert(
      fc.property(range, range, (a, b) => {
        expect(overlaps(a, b)).toBe(holds(a, b.first) || holds(b, a.first));
        expect(overlaps(a, b)).toBe(overlaps(b, a));
      }),
    );
  });

  it('is cut into blocks that fill it and do not overlap', () => {
    fc.assert(
      fc.property(
        range.filter(({ prefix }) => prefix <= 29),
        (one) => {
          const blocks = Array.from({ length: 8 }, (_, n) => block(one, one.prefix + 3, n));
          expect(blocks.reduce((sum, part) => sum + rangeSize(part), 0)).toBe(rangeSize(one));
          for (const [n, part] of blocks.entries()) {
            expect(contains(one, part)).toBe(true);
            expect(part.first).toBe(n === 0 ? one.first : rangeEnd(blocks[n - 1]!));
          }
        },
      ),
    );
  });

  it('on its boundary is at most its own size away', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 32 }), (first, prefix) => {
        const on = aligned({ first, prefix });
        expect(on.first % rangeSize(on)).toBe(0);
        expect(first).toBeGreaterThanOrEqual(on.first);
        expect(first).toBeLessThan(rangeEnd(on));
      }),
    );
  });
});

describe('free ranges', () => {
  const privateRange = fc
    .record({
      space: fc.constantFrom(...privateRanges),
      prefix: fc.integer({ min: 12, max: 28 }),
      position: fc.nat(),
    })
    .map(({ space, prefix, position }) => aligned({ first: space.first + (position % rangeSize(space)), prefix }));

  it('are private, on their boundary, and overlap neither what is taken, nor each other, nor the overlay address', () => {
    fc.assert(
      fc.property(fc.array(privateRange, { maxLength: 30 }), fc.integer({ min: 16, max: 22 }), (taken, prefix) => {
        const given: Range[] = [...taken, parseRange(sbcOverlayAddress)];
        const free = freeRanges(taken, prefix);
        for (let n = 0; n < 10; n++) {
          const found = free.next().value;
          if (found === undefined) break;
          expect(found.prefix).toBe(prefix);
          expect(found).toEqual(aligned(found));
          expect(privateRanges.some((space) => contains(space, found))).toBe(true);
          expect(given.some((other) => overlaps(other, found))).toBe(false);
          given.push(found);
        }
      }),
    );
  });

  it('begin after the first cell’s default range, and go round to what is below it', () => {
    const next = (taken: readonly string[], prefix: number) => {
      const found = freeRanges(taken.map(parseRange), prefix).next().value;
      return found === undefined ? undefined : formatRange(found);
    };
    expect(next([], 20)).toBe('10.16.0.0/20');
    expect(next(['10.16.0.0/20'], 20)).toBe('10.16.16.0/20');
    expect(next(['10.16.0.0/20'], 16)).toBe('10.17.0.0/16');
    expect(next(['10.16.0.0/12', '10.32.0.0/11', '10.64.0.0/10', '10.128.0.0/9'], 20)).toBe('10.0.0.0/20');
  });

  it('are all found: as many as the private space holds', () => {
    // 10/8 and 100.64/10 have 256 and 64 ranges of /16, 172.16/12 has 16, 192.168/16 is one; one holds the overlay address.
    expect([...freeRanges([], 16)]).toHaveLength(256 + 64 + 16 + 1 - 1);
  });
});
