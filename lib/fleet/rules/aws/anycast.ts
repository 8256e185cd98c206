/** The front's own address ranges, which AWS announces to the world. */
import type { FrontSpec } from '../../schema/front-types.ts';
import { aligned, formatRange, overlaps, parseRange, privateRanges } from '../../range.ts';
import type { OnAws } from '../../schema/targets/on-aws.ts';
import type { Rule } from '../../../config-file/rule.ts';
import { notHosts } from '../trunks.ts';

/** The smallest range that AWS takes in, because nobody's routers accept a smaller one. */
const narrowestPrefix = 24;

const rangesCanBeAnnounced: Rule<OnAws<FrontSpec>> = {
  severity: 'error',
  reads: ['aws.anycast.ranges'],
  *check({ aws: { anycast } }) {
    for (const [index, text] of anycast.ranges.entries()) {
      const path = ['aws', 'anycast', 'ranges', index];
      const range = parseRange(text);
      if ([...privateRanges, ...notHosts].some((other) => overlaps(other, range))) {
        yield { path, message: `${text} is not public address space`, allowed: 'a public range that is yours' };
      } else if (range.prefix > narrowestPrefix) {
        yield {
          path,
          message: `${text} is too small to be announced`,
          allowed: `/${narrowestPrefix} or larger`,
        };
      } else if (aligned(range).first !== range.first) {
        yield {
          path,
          message: `${text} does not begin on a boundary of its size`,
          allowed: formatRange(aligned(range)),
        };
      }
    }
  },
};

const rangesAreApart: Rule<OnAws<FrontSpec>> = {
  severity: 'error',
  reads: ['aws.anycast.ranges'],
  *check({ aws: { anycast } }) {
    const [first, second] = anycast.ranges;
    if (first === undefined || second === undefined || !overlaps(parseRange(first), parseRange(second))) return;
    yield {
      path: ['aws', 'anycast', 'ranges', 1],
      message: `${second} overlaps ${first}: both addresses would fail with one route`,
      allowed: 'two ranges without a common address',
    };
  },
};

export const anycastRules: readonly Rule<OnAws<FrontSpec>>[] = [rangesCanBeAnnounced, rangesAreApart];
