/** Source addresses: a call from one of them is taken without registration, as that trunk's or that tenant's. */
import { counted } from '../../config-file/counted.ts';
import { aligned, contains, formatRange, overlaps, parseRange, rangeEnd, type Range } from '../range.ts';
import type { CellSpec } from '../schema/cell-types.ts';
import type { Path } from '../../config-file/finding.ts';
import type { Rule } from '../../config-file/rule.ts';

interface Source {
  readonly path: Path;
  /** `trunk carrier-a` */
  readonly owner: string;
  readonly text: string;
  readonly range: Range;
}

function allSources({ trunks, tenants }: CellSpec): readonly Source[] {
  const source = (owner: string, text: string, path: Path) => ({ owner, text, path, range: parseRange(text) });
  return [
    ...trunks.flatMap(({ name, address, sources }, index) => [
      ...(/^\d+(\.\d+){3}$/.test(address) ? [source(`trunk ${name}`, address, ['trunks', index, 'address'])] : []),
      ...sources.map((text, place) => source(`trunk ${name}`, text, ['trunks', index, 'sources', place])),
    ]),
    ...tenants.flatMap(({ name, sources }, index) =>
      sources.map((text, place) => source(`tenant ${name}`, text, ['tenants', index, 'sources', place])),
    ),
  ];
}

/** The widest range of one PBX or carrier that is still believed; 0.0.0.0/0 would be an open relay. */
const widestSourcePrefix = 16;

const sourcesAreSound: Rule<CellSpec> = {
  severity: 'error',
  reads: ['trunks', 'tenants', 'network'],
  *check(spec) {
    for (const { path, owner, text, range } of allSources(spec)) {
      if (range.prefix < widestSourcePrefix) {
        yield {
          path,
          message: `${text} lets ${counted(2 ** (32 - range.prefix), 'address', 'addresses')} call as ${owner} without registration`,
          allowed: `/${widestSourcePrefix} to /32`,
        };
      } else if (aligned(range).first !== range.first) {
        yield {
          path,
          message: `${text} does not begin on a boundary of its size`,
          allowed: `${formatRange(aligned(range))}, or ${text.split('/')[0]}/32 for one address`,
        };
      } else if (contains(parseRange(spec.network), range) && !path.includes('address')) {
        yield {
          path,
          message: `${text} is in the cell’s own network (${spec.network}): its hosts would call as ${owner}`,
          allowed: 'a range outside',
        };
      }
    }
  },
};

/** By its source a call must belong to one trunk or one tenant, and be listed once there. A trunk's address may be in a range. */
const sourcesAreListedOnce: Rule<CellSpec> = {
  severity: 'error',
  reads: ['trunks', 'tenants'],
  *check(spec) {
    const sources = allSources(spec)
      .filter(({ range }) => range.prefix >= widestSourcePrefix)
      .sort((a, b) => a.range.first - b.range.first || a.range.prefix - b.range.prefix);
    let widest: Source | undefined;
    for (const source of sources) {
      if (widest !== undefined && overlaps(widest.range, source.range) && !isTrunkInItsRange(widest, source)) {
        yield {
          path: source.path,
          message: `${source.text} of ${source.owner} overlaps ${widest.text} of ${widest.owner}`,
          allowed: 'each source address once, with one trunk or one tenant',
        };
      }
      if (widest === undefined || rangeEnd(source.range) > rangeEnd(widest.range)) widest = source;
    }
  },
};

function isTrunkInItsRange(a: Source, b: Source): boolean {
  return a.owner === b.owner && (a.path.includes('address') || b.path.includes('address'));
}

export const sourceRules: readonly Rule<CellSpec>[] = [sourcesAreSound, sourcesAreListedOnce];
