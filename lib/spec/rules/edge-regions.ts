/** The front's regions: each once, with zones and a private range for its edges. */
import { suggestion } from '../allowed.ts';
import type { FrontSpec } from '../front-types.ts';
import { aligned, contains, formatRange, parseRange, privateRanges } from '../range.ts';
import { knownRegions } from './network.ts';
import type { Rule } from './rule.ts';

const regionsAreListedOnce: Rule<FrontSpec> = {
  severity: 'error',
  reads: ['regions'],
  *check({ regions }) {
    const names = regions.map(({ region }) => region);
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) === index) continue;
      yield {
        path: ['regions', index, 'region'],
        message: `region ${name} is given twice`,
        allowed: 'each region once',
      };
    }
  },
};

const regionsAreKnown: Rule<FrontSpec> = {
  severity: 'warning',
  reads: ['regions'],
  *check({ regions }) {
    for (const [index, { region }] of regions.entries()) {
      if (knownRegions.includes(region)) continue;
      yield {
        path: ['regions', index, 'region'],
        message: `${region} is none of the regions known here${suggestion(region, knownRegions)}`,
        allowed: 'a region of AWS; check that it is newer than this list',
      };
    }
  },
};

const zonesAreListedOnce: Rule<FrontSpec> = {
  severity: 'error',
  reads: ['regions'],
  *check({ regions }) {
    for (const [index, { zones }] of regions.entries()) {
      for (const [place, zone] of zones.entries()) {
        if (zones.indexOf(zone) === place) continue;
        yield {
          path: ['regions', index, 'zones', place],
          message: `zone ${zone} is given twice`,
          allowed: 'each zone once',
        };
      }
    }
  },
};

/** A quarter of a /24 is the smallest subnet that has the addresses of ten edges, two each (`lib/front/front.ts`). */
const [widestPrefix, narrowestPrefix] = [20, 24];

const networksAreSound: Rule<FrontSpec> = {
  severity: 'error',
  reads: ['regions'],
  *check({ regions }) {
    for (const [index, { network }] of regions.entries()) {
      const path = ['regions', index, 'network'];
      const range = parseRange(network);
      if (range.prefix < widestPrefix || range.prefix > narrowestPrefix) {
        yield {
          path,
          message: `${network} is too ${range.prefix < widestPrefix ? 'large' : 'small'} for the edges of a region`,
          allowed: `/${widestPrefix} to /${narrowestPrefix}`,
        };
      } else if (aligned(range).first !== range.first) {
        yield {
          path,
          message: `${network} does not begin on a boundary of its size`,
          allowed: formatRange(aligned(range)),
        };
      } else if (!privateRanges.some((outer) => contains(outer, range))) {
        yield {
          path,
          message: `${network} is not private address space`,
          allowed: `a range within ${privateRanges.map(formatRange).join(', ')} (RFC 1918, RFC 6598)`,
        };
      }
    }
  },
};

export const edgeRegionRules: readonly Rule<FrontSpec>[] = [
  regionsAreListedOnce,
  regionsAreKnown,
  zonesAreListedOnce,
  networksAreSound,
];
