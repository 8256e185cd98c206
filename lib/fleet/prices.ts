/** Prices of carriers by the prefix of the number that is called, and the order of the carriers that follows from them. */

/** What a carrier asks for a call to numbers that begin with a prefix. */
export interface Price {
  /** Digits of E.164 with the plus sign: `+4989`. */
  readonly prefix: string;
  /** Name of the trunk. */
  readonly trunk: string;
  /** Of a minute, in whatever currency all prices have; only their order counts. */
  readonly price: number;
}

/** Prefix to the trunks that reach it, the cheapest first. */
export type PriceRoutes = ReadonlyMap<string, readonly string[]>;

/**
 * The price of a carrier for a number is that of its longest prefix. Every prefix of any carrier gets the trunks in the order of their prices there;
 * of equal prices, in the order of `trunks`. So the longest prefix that matches a number names all its carriers, and one look-up is enough. A
 * prefix that says what its next shorter one says is left out.
 */
export function priceRoutes(prices: readonly Price[], trunks: readonly string[]): PriceRoutes {
  const byTrunk = new Map(trunks.map((trunk) => [trunk, new Map<string, number>()]));
  for (const { prefix, trunk, price } of prices) byTrunk.get(trunk)?.set(prefix, price);
  const routes = new Map<string, readonly string[]>();
  const shortestFirst = [...new Set(prices.map(({ prefix }) => prefix))].sort(
    (a, b) => a.length - b.length || (a < b ? -1 : 1),
  );
  for (const prefix of shortestFirst) {
    const offers = [...byTrunk].flatMap(([trunk, own]) => {
      const price = longest(own, prefix);
      return price === undefined ? [] : [{ trunk, price }];
    });
    // Stable: of equals the first of the cell's file.
    const order = offers.sort((a, b) => a.price - b.price).map(({ trunk }) => trunk);
    if (longest(routes, prefix)?.join() !== order.join()) routes.set(prefix, order);
  }
  return routes;
}

/** The value of the longest key that the text begins with. */
function longest<T>(values: ReadonlyMap<string, T>, text: string): T | undefined {
  for (let length = text.length; length > 0; length--) {
    const value = values.get(text.slice(0, length));
    if (value !== undefined) return value;
  }
  return undefined;
}

/** What is wrong with a line of a file of prices. */
export interface PriceFinding {
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/**
 * Reads lines `prefix,trunk,price`; empty lines, and those that begin with #, say nothing.
 * @returns the prices, or what is wrong with the lines
 */
export function readPrices(
  text: string,
  trunks: readonly string[],
): { readonly prices: readonly Price[]; readonly findings: readonly PriceFinding[] } {
  const prices: Price[] = [];
  const findings: PriceFinding[] = [];
  const lineOf = new Map<string, number>();
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [prefix = '', trunk = '', price = '', ...more] = line.split(',').map((part) => part.trim());
    const refuse = (message: string) => findings.push({ line: index + 1, message });
    const first = lineOf.get(`${prefix},${trunk}`);
    if (price === '' || more.length > 0)
      refuse(`"${line}" is not prefix,trunk,price; allowed: for example +4989,carrier-a,0.012`);
    else if (!/^\+[1-9]\d{0,14}$/.test(prefix))
      refuse(`"${prefix}" is not a prefix; allowed: a plus sign and 1 to 15 digits, for example +4989`);
    else if (!trunks.includes(trunk))
      refuse(`the cell has no trunk "${trunk}"; allowed: ${trunks.join(', ') || 'none'}`);
    else if (!/^\d{1,9}(\.\d{1,9})?$/.test(price))
      refuse(`"${price}" is not a price; allowed: a number of at least 0 without a sign, for example 0.012`);
    else if (first !== undefined)
      refuse(`${prefix} of ${trunk} is in line ${first} already; allowed: each prefix of a trunk once`);
    else {
      lineOf.set(`${prefix},${trunk}`, index + 1);
      prices.push({ prefix, trunk, price: Number(price) });
    }
  }
  return { prices, findings };
}
