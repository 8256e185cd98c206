/** How available the calls of a cell are, part by part. */
import { counted } from '../../config-file/counted.ts';
import type { Assumed } from './assumptions.ts';
import { groupAway, minutesPerYear, series, type Group } from './redundancy.ts';

/** What of a cell's spec counts. */
export interface CellShape {
  readonly media: { readonly hosts: number };
}

/** What of the front's spec counts. */
export interface FrontShape {
  readonly regions: readonly { readonly region: string; readonly edges: number }[];
}

export interface Part {
  readonly name: string;
  /** Absent where hosts are not what it is made of. */
  readonly group?: Group;
  /** Share of time, or of calls, that it costs: 0 to 1. */
  readonly unavailable: number;
  readonly because: string;
}

export interface Availability {
  readonly parts: readonly Part[];
  /** 0 to 1. */
  readonly available: number;
  readonly minutesAYear: number;
}

/** What a part costs a year, in minutes. */
export const minutesOf = ({ unavailable }: Pick<Part, 'unavailable'>): number => unavailable * minutesPerYear;

export function availabilityOf(parts: readonly Part[]): Availability {
  const unavailable = series(parts.map((part) => part.unavailable));
  return { parts, available: 1 - unavailable, minutesAYear: minutesOf({ unavailable }) };
}

/** The cell's own parts, without its site and without what the fleet has in common. */
function ownParts({ media }: CellShape, assumed: Assumed): readonly Part[] {
  const pair = { hosts: 2, needed: 1 };
  const failOver = (assumed['host-failures'] * assumed['fail-over']) / 60 / minutesPerYear;
  const pool = { hosts: media.hosts, needed: Math.max(1, media.hosts - 1) };
  return [
    {
      name: 'SBCs',
      group: pair,
      unavailable: groupAway(pair, assumed),
      because: 'both are away at once',
    },
    {
      name: 'fail-over of the SBCs',
      unavailable: Math.min(1, failOver),
      because: 'the active one dies, and the other takes over',
    },
    {
      name: 'media hosts',
      group: pool,
      unavailable: groupAway(pool, assumed),
      because: 'the hosts left can’t take all calls of the busy hour',
    },
  ];
}

const notInTheWay: Part = {
  name: 'PostgreSQL and Redis',
  unavailable: 0,
  because: 'calls and known phones go on without them',
};

/**
 * @param cells that roll-outs go through: a bad release is found in one of them and stops there
 * @example cellAvailability(parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {} }), assumedWith(), 1).available // 0.99985...
 */
export function cellAvailability(spec: CellShape, assumed: Assumed, cells: number): Availability {
  const minutesOfReleases = (assumed.releases * assumed['bad-releases'] * assumed['bad-release']) / cells;
  return availabilityOf([
    ...ownParts(spec, assumed),
    notInTheWay,
    { name: 'site', unavailable: 1 - assumed.site, because: 'the region, its power or its networks fail' },
    {
      name: 'bad releases',
      unavailable: Math.min(1, minutesOfReleases / minutesPerYear),
      because: cells === 1 ? 'each fails in this cell' : `each fails in one cell of ${cells}, and goes no further`,
    },
  ]);
}

/** What cells and the front have in the same region, once. */
export function withoutSite({ parts }: Availability): Availability {
  return availabilityOf(parts.filter(({ name }) => name !== 'site'));
}

/**
 * The front, as tenants of the cells in a region see it. The site of that region counts as the cell's: while it is down, so is the cell.
 */
export function frontAvailability({ regions }: FrontShape, assumed: Assumed, ofCellsIn: string): Availability {
  const away = regions.map(({ region, edges }) =>
    series([groupAway({ hosts: edges, needed: 1 }, assumed), region === ofCellsIn ? 0 : 1 - assumed.site]),
  );
  return availabilityOf([
    { name: 'entry', unavailable: 1 - assumed.entry, because: 'the anycast addresses do not answer' },
    {
      name: 'edges',
      unavailable: away.reduce((all, one) => all * one, 1),
      because:
        regions.length === 1
          ? 'no edge of the only region takes calls'
          : `no edge takes calls in any of the ${counted(regions.length, 'region')}`,
    },
  ]);
}
