/** Rules between the files of a fleet. All take time n log n, because a fleet may have a thousand cells. */
import { formatPath, type Finding } from '../../config-file/finding.ts';
import { freeRanges } from '../free-range.ts';
import type { IndexedFile, Placed } from '../fleet-index.ts';
import { formatRange, overlaps, rangeEnd, type Range } from '../range.ts';
import type { Source } from '../../config-file/source.ts';

/**
 * @param indexed in the order of the files: of two that collide the later one is to blame
 * @param only findings that concern this file alone, placed in it
 */
export function checkBetween(indexed: readonly IndexedFile[], only?: Source): readonly Finding[] {
  const order = new Map(indexed.map(({ source }, index) => [source, index]));
  const collision: Collision = (a, b, describe) => {
    const [earlier, later] = order.get(a.source)! <= order.get(b.source)! ? [a, b] : [b, a];
    const [blamed, other] = only === earlier.source && only !== later.source ? [earlier, later] : [later, earlier];
    if (only !== undefined && blamed.source !== only) return [];
    return [{ ...place('error', blamed), ...describe(blamed, where(other)) }];
  };
  return [
    ...repeated(
      indexed.filter(({ kind }) => kind === 'cell').flatMap(({ name }) => name ?? []),
      'cell',
      collision,
    ),
    ...namedLikeTheFront(indexed, collision),
    ...repeated(
      indexed.flatMap(({ tenants }) => tenants),
      'tenant',
      collision,
    ),
    ...repeated(
      indexed.flatMap(({ domains }) => domains),
      'domain',
      collision,
    ),
    ...takenByTheFront(indexed, collision),
    ...repeated(
      indexed.flatMap(({ dids }) => dids),
      'number',
      collision,
    ),
    ...overlapping(
      indexed.flatMap(({ networks }) => networks),
      collision,
    ),
  ];
}

type Collision = <T>(
  a: Placed<T>,
  b: Placed<T>,
  describe: (blamed: Placed<T>, other: string) => Pick<Finding, 'message' | 'given' | 'allowed'>,
) => readonly Finding[];

/** `cells/euw1-a.yaml:3` */
function where({ source, path }: Pick<Placed<unknown>, 'source' | 'path'>): string {
  const { line } = source.locate(path);
  return line === 0 ? source.file : `${source.file}:${line}`;
}

function place(severity: Finding['severity'], { source, path }: Pick<Placed<unknown>, 'source' | 'path'>) {
  return { severity, file: source.file, ...source.locate(path), path: formatPath(path) };
}

function repeated(entries: readonly Placed<string>[], what: string, collision: Collision): readonly Finding[] {
  const first = new Map<string, Placed<string>>();
  return entries.flatMap((entry) => {
    const earlier = first.get(entry.value);
    if (earlier === undefined) {
      first.set(entry.value, entry);
      return [];
    }
    return collision(earlier, entry, ({ value }, other) => ({
      message: `the ${what} ${value} already exists, in ${other}`,
      given: value,
      allowed: `each ${what} once in the fleet`,
    }));
  });
}

/** What is made of the front and of a cell is distinguished by these names. */
function namedLikeTheFront(indexed: readonly IndexedFile[], collision: Collision): readonly Finding[] {
  const front = indexed.find(({ kind }) => kind === 'front')?.name;
  if (front === undefined) return [];
  const alike = indexed.flatMap(({ kind, name }) => (kind === 'cell' && name?.value === front.value ? [name] : []));
  return alike.flatMap((cell) =>
    collision(front, cell, ({ value }, other) => ({
      message: `the cell ${value} has the name of the front, in ${other}`,
      given: value,
      allowed: 'another name',
    })),
  );
}

/** Names that the front's zone has for itself: the service's and those of the edges (`lib/fleet/dns-records.ts`). */
function takenByTheFront(indexed: readonly IndexedFile[], collision: Collision): readonly Finding[] {
  const front = indexed.flatMap(({ edgeDomain }) => edgeDomain ?? [])[0];
  if (front === undefined) return [];
  const [service, edges] = [`sip.${front.value}`, `edge.${front.value}`];
  const taken = indexed
    .flatMap(({ domains }) => domains)
    .filter(({ value }) => value === service || value === edges || value.endsWith(`.${edges}`));
  return taken.flatMap((domain) =>
    collision<string>(front, domain, ({ value }, other) => ({
      message: `${value} is taken by the front, whose domain is in ${other}`,
      given: value,
      allowed: `any other name under ${front.value}; ${service}, ${edges} and what is below it lead to the edges`,
    })),
  );
}

function overlapping(networks: readonly Placed<Range>[], collision: Collision): readonly Finding[] {
  const suggest = suggestions(networks.map(({ value }) => value));
  const sorted = [...networks].sort((a, b) => a.value.first - b.value.first || a.value.prefix - b.value.prefix);
  const findings: Finding[] = [];
  let widest: Placed<Range> | undefined;
  for (const network of sorted) {
    if (widest !== undefined && overlaps(widest.value, network.value)) {
      findings.push(
        ...collision(widest, network, ({ value, source, path }, other) => {
          const given = formatRange(value);
          const free = suggest(value.prefix);
          return {
            message: `${given}${source.written(path) === undefined ? ' (the default)' : ''} overlaps the network in ${other}`,
            given,
            allowed: `a range of its own${free === undefined ? '; none of this size is free' : `, for example ${formatRange(free)}`}`,
          };
        }),
      );
    }
    if (widest === undefined || rangeEnd(network.value) > rangeEnd(widest.value)) widest = network;
  }
  return findings;
}

/** A free range for each of several cells, no two the same. */
function suggestions(taken: readonly Range[]): (prefix: number) => Range | undefined {
  const suggested: Range[] = [];
  const free = new Map<number, Generator<Range, undefined>>();
  return (prefix) => {
    if (!free.has(prefix)) free.set(prefix, freeRanges([...taken, ...suggested], prefix));
    let range = free.get(prefix)!.next().value;
    while (range !== undefined && suggested.some((other) => overlaps(other, range!)))
      range = free.get(prefix)!.next().value;
    if (range !== undefined) suggested.push(range);
    return range;
  };
}
