import fc from 'fast-check';
import { expect, it } from 'vitest';
import { priceRoutes, readPrices, type Price } from '../../lib/fleet/prices.ts';

const trunks = ['a', 'b', 'c'];
const prefix = fc.stringMatching(/^[1-3]{1,4}$/).map((digits) => `+${digits}`);
const prices = fc.uniqueArray(
  fc.record({ prefix, trunk: fc.constantFrom(...trunks), price: fc.integer({ min: 0, max: 3 }) }),
  { selector: ({ prefix: digits, trunk }) => `${digits} ${trunk}`, maxLength: 30 },
);

/** The carriers of a number by the words of the definition: of each its longest prefix, then by price. */
function cheapest(all: readonly Price[], number: string): readonly string[] {
  const offers = trunks.flatMap((trunk) => {
    const own = all.filter((price) => price.trunk === trunk && number.startsWith(price.prefix));
    const best = own.sort((a, b) => b.prefix.length - a.prefix.length)[0];
    return best === undefined ? [] : [best];
  });
  return offers.sort((a, b) => a.price - b.price).map(({ trunk }) => trunk);
}

/** What an SBC does: the longest prefix that is there. */
function lookedUp(routes: ReadonlyMap<string, readonly string[]>, number: string): readonly string[] {
  for (let length = number.length; length > 0; length--) {
    const found = routes.get(number.slice(0, length));
    if (found !== undefined) return found;
  }
  return [];
}

it('lead every number to the carriers that reach it, the cheapest first', () => {
  fc.assert(
    fc.property(prices, fc.stringMatching(/^[1-4]{1,6}$/), (all, digits) => {
      expect(lookedUp(priceRoutes(all, trunks), `+${digits}`)).toEqual(cheapest(all, `+${digits}`));
    }),
  );
});

it('have no prefix that says what a shorter one says', () => {
  fc.assert(
    fc.property(prices, (all) => {
      const routes = priceRoutes(all, trunks);
      for (const [digits, order] of routes) expect(lookedUp(routes, digits.slice(0, -1))).not.toEqual(order);
    }),
  );
});

it('take 100,000 prefixes of two carriers', () => {
  const many = Array.from({ length: 100_000 }, (_, n) => `+${100_000 + n}`);
  const all = many.flatMap((digits, n): Price[] => [
    { prefix: digits, trunk: 'a', price: n % 7 },
    { prefix: digits, trunk: 'b', price: n % 5 },
  ]);
  const routes = priceRoutes(all, trunks);
  expect(routes.size).toBe(100_000);
  expect(routes.get('+100006')).toEqual(['b', 'a']);
});

it('are read with all that is wrong, a line each', () => {
  const text = '# of March\n+49,a,0.01\n\n+49,b,1\n49,a,1\n+49,d,1\n+49,c,free\n+49,a,2\n+49,a\n+4989,c,0.5,x\n';
  const { prices: read, findings } = readPrices(text, trunks);
  expect(read).toEqual([
    { prefix: '+49', trunk: 'a', price: 0.01 },
    { prefix: '+49', trunk: 'b', price: 1 },
  ]);
  expect(findings.map(({ line, message }) => `${line} ${message}`)).toEqual([
    '5 "49" is not a prefix; allowed: a plus sign and 1 to 15 digits, for example +4989',
    '6 the cell has no trunk "d"; allowed: a, b, c',
    '7 "free" is not a price; allowed: a number of at least 0 without a sign, for example 0.012',
    '8 +49 of a is in line 2 already; allowed: each prefix of a trunk once',
    '9 "+49,a" is not prefix,trunk,price; allowed: for example +4989,carrier-a,0.012',
    '10 "+4989,c,0.5,x" is not prefix,trunk,price; allowed: for example +4989,carrier-a,0.012',
  ]);
});
