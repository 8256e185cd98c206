import fc from 'fast-check';
import { expect, it } from 'vitest';
import { addressPattern, beginsWithNoneOf } from '../../../lib/software/kamailio/sbc/address-pattern.ts';
import { contains, formatAddress, parseRange, privateRanges, type Range } from '../../../lib/fleet/range.ts';

const whole = (pattern: string) => new RegExp(`^(${pattern})$`, 'i');
const address = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const range = fc
  .tuple(address, fc.integer({ min: 1, max: 32 }))
  .map(([first, prefix]): Range => ({ first: first - (first % 2 ** (32 - prefix)), prefix }));
const isIn = (ranges: readonly Range[], one: number) =>
  ranges.some((range) => contains(range, { first: one, prefix: 32 }));

it('an address matches exactly when it is in none of the ranges, at their edges too', () => {
  fc.assert(
    fc.property(
      fc.array(range, { minLength: 1, maxLength: 8 }),
      fc.array(address, { maxLength: 50 }),
      (ranges, more) => {
        const pattern = whole(addressPattern(ranges));
        const edges = ranges.flatMap(({ first, prefix }) => {
          const last = first + 2 ** (32 - prefix) - 1;
          return [first - 1, first, first + 1, last - 1, last, last + 1];
        });
        for (const one of [...edges, ...more].filter((one) => one >= 0 && one < 2 ** 32)) {
          expect([formatAddress(one), pattern.test(formatAddress(one))]).toEqual([
            formatAddress(one),
            !isIn(ranges, one),
          ]);
        }
      },
    ),
    { numRuns: 60 },
  );
});

it('every address of the private ranges is known to be one, octet by octet', () => {
  const pattern = whole(addressPattern(privateRanges));
  for (let first = 0; first < 256; first++) {
    for (let second = 0; second < 256; second++) {
      const one = (first * 256 + second) * 65536;
      for (const rest of [0, 1, 255, 65535]) {
        expect([formatAddress(one + rest), pattern.test(formatAddress(one + rest))]).toEqual([
          formatAddress(one + rest),
          !isIn(privateRanges, one + rest),
        ]);
      }
    }
  }
});

it.each([
  '010.1.1.1',
  '11.1.1',
  '11.1.1.256',
  '11.1.1.1.1',
  '11.1.1.01',
  '0xb.1.1.1',
  '184549377',
  '11.1.1.1 ',
  '::1',
  '',
])('nothing but a plain dotted quad matches: "%s"', (text) => {
  expect(whole(addressPattern([parseRange('10.0.0.0/8')])).test(text)).toBe(false);
});

it('a text matches exactly when it begins with none of the prefixes', () => {
  const prefixes = ['rtcp:', 'candidate', 'ice-'];
  const pattern = whole(beginsWithNoneOf(prefixes));
  const near = fc
    .tuple(fc.constantFrom(...prefixes), fc.nat(10), fc.string({ maxLength: 4 }))
    .map(([prefix, length, rest]) => prefix.slice(0, length) + rest);
  fc.assert(
    fc.property(fc.oneof(near, fc.string()), (text) => {
      fc.pre(!/[\n\r\u2028\u2029]/.test(text));
      const lower = text.toLowerCase();
      expect(pattern.test(text)).toBe(!prefixes.some((prefix) => lower.startsWith(prefix)));
    }),
    { numRuns: 2000 },
  );
});
