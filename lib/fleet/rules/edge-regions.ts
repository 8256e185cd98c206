/** The front's regions: each once, with a private range for its edges. */
import type { FrontSpec } from '../schema/front-types.ts';
import { aligned, contains, formatRange, parseRange, privateRanges } from '../range.ts';
import type { Rule } from '../../config-file/rule.ts';

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

/** A quarter of a /24 is the smallest subnet that has the addresses of ten edges, two each (`lib/fleet/derive/front.ts`). */
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

export const edgeRegionRules: readonly Rule<FrontSpec>[] = [regionsAreListedOnce, networksAreSound];
