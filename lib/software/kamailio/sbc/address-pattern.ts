/** Regular expressions that know addresses: made once at synthesis from ranges, so that a call costs one match. */
import { contains, overlaps, type Range } from '../../../fleet/range.ts';

/**
 * An extended regular expression (POSIX) for every address outside the ranges, as a plain dotted quad: four decimal numbers from 0
 * to 255 without leading zeros. It matches nothing else.
 */
export function addressPattern(excluded: readonly Range[]): string {
  return quads({ first: 0, prefix: 0 }, excluded);
}

/** The rest of a quad whose first octets are those of the block; empty when the whole block is excluded. */
function quads(block: Range, excluded: readonly Range[]): string {
  if (excluded.some((range) => contains(range, block))) return '';
  if (block.prefix === 32) return 'end';
  const prefix = block.prefix + 8;
  const octetsByRest = new Map<string, number[]>();
  const near = excluded.filter((range) => overlaps(range, block));
  const untouched = ['end', octet, `${octet}[.]${octet}`, `${octet}[.]${octet}[.]${octet}`][(32 - prefix) / 8]!;
  for (let value = 0; value < 256; value++) {
    const part = { first: block.first + value * 2 ** (32 - prefix), prefix };
    const rest = near.some((range) => overlaps(range, part)) ? quads(part, near) : untouched;
    if (rest !== '') octetsByRest.set(rest, [...(octetsByRest.get(rest) ?? []), value]);
  }
  return either(
    [...octetsByRest].map(([rest, octets]) => (rest === 'end' ? numbers(octets) : `${numbers(octets)}[.]${rest}`)),
  );
}

/** Numbers from 0 to 255 in decimal, by their last digit. */
function numbers(values: readonly number[]): string {
  const leadingByLast = new Map<string, number[]>();
  const lastOf = (leading: number) =>
    digits(values.filter((value) => Math.floor(value / 10) === leading).map((value) => value % 10));
  for (const leading of new Set(values.map((value) => Math.floor(value / 10)))) {
    const last = lastOf(leading);
    if (leading > 0) leadingByLast.set(last, [...(leadingByLast.get(last) ?? []), leading]);
  }
  const single = lastOf(0);
  return either([
    ...(single === '' ? [] : [single]),
    ...[...leadingByLast].map(([last, leading]) => `${numbers(leading)}${last}`),
  ]);
}

/** `[0-46]` */
function digits(values: readonly number[]): string {
  if (values.length === 0) return '';
  if (values.length === 1) return String(values[0]);
  const runs: [number, number][] = [];
  for (const value of values) {
    const run = runs.at(-1);
    if (run?.[1] === value - 1) run[1] = value;
    else runs.push([value, value]);
  }
  return `[${runs.map(([from, to]) => (from === to ? from : to === from + 1 ? `${from}${to}` : `${from}-${to}`)).join('')}]`;
}

function either(alternatives: readonly string[]): string {
  return alternatives.length === 1 ? alternatives[0]! : `(${alternatives.join('|')})`;
}

const octet = numbers(Array.from({ length: 256 }, (_, value) => value));

/** A text without line feed that begins with none of the prefixes; they are lower case and none begins another. */
export function beginsWithNoneOf(prefixes: readonly string[]): string {
  if (prefixes.length === 0) return '[^\\n]*';
  const first = [...new Set(prefixes.map((prefix) => prefix[0]!))];
  const following = first.flatMap((letter) => {
    const rests = prefixes.filter((prefix) => prefix.startsWith(letter)).map((prefix) => prefix.slice(1));
    return rests.includes('') ? [] : [`${letter}${beginsWithNoneOf(rests)}`];
  });
  // A hyphen stands for itself at the end of a bracket expression only.
  const others = first.sort((a, b) => Number(a === '-') - Number(b === '-')).join('');
  return `(${[`[^\\n${others}][^\\n]*`, ...following].join('|')})?`;
}
