/** Arithmetic over IPv4 addresses and ranges, as numbers: a thousand cells are compared in a moment. */

/** First address and prefix length of an IPv4 range, as numbers. */
export interface Range {
  readonly first: number;
  readonly prefix: number;
}

export function parseAddress(text: string): number {
  return text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

/** A single address is a range of /32. */
export function parseRange(text: string): Range {
  const [address, prefix = '32'] = text.split('/') as [string, string?];
  return { first: parseAddress(address), prefix: Number(prefix) };
}

export function formatRange(range: Range): string {
  return `${formatAddress(range.first)}/${range.prefix}`;
}

export function rangeSize(range: Range): number {
  return 2 ** (32 - range.prefix);
}

/** The first address after a range. */
export function rangeEnd(range: Range): number {
  return range.first + rangeSize(range);
}

export function overlaps(a: Range, b: Range): boolean {
  return a.first < rangeEnd(b) && b.first < rangeEnd(a);
}

export function contains(outer: Range, inner: Range): boolean {
  return outer.first <= inner.first && rangeEnd(inner) <= rangeEnd(outer);
}

/** The n-th of the equal blocks with the given prefix length inside a range. */
export function block(range: Range, prefix: number, n: number): Range {
  return { first: range.first + n * 2 ** (32 - prefix), prefix };
}

/** The range of the same size that holds the address and begins on its boundary: 10.16.1.0/20 becomes 10.16.0.0/20. */
export function aligned(range: Range): Range {
  return { ...range, first: range.first - (range.first % rangeSize(range)) };
}

/** Private address space: RFC 1918, and the shared address space of RFC 6598. */
export const privateRanges: readonly Range[] = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'].map(
  parseRange,
);
