/** The cell's name, region, zones and private range. */
import { narrowestPrefix, sbcOverlayAddress, widestPrefix } from '../fixed.ts';
import { aligned, contains, formatRange, parseRange, privateRanges } from '../range.ts';
import { suggestion } from '../allowed.ts';
import type { Rule } from './rule.ts';

/**
 * Names that something made from the cell's name refuses. Their length needs no rule: `cellstamp-` and 20 characters leave
 * room in the tightest limit, the 40 of an ElastiCache replication group.
 */
const nameIsAccepted: Rule = {
  severity: 'error',
  reads: ['name'],
  *check({ name }) {
    if (!name.includes('--')) return;
    // https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/CHAP_Limits.html, and the same in ElastiCache
    yield {
      path: ['name'],
      message: `${name} has two hyphens in a row, which Aurora and ElastiCache refuse`,
      allowed: `single hyphens, for example ${name.replace(/-{2,}/g, '-')}`,
    };
  },
};

const networkHasACellsSize: Rule = {
  severity: 'error',
  reads: ['network'],
  *check({ network }) {
    const { prefix } = parseRange(network);
    if (prefix >= widestPrefix && prefix <= narrowestPrefix) return;
    yield {
      path: ['network'],
      message: `${network} is too ${prefix < widestPrefix ? 'large' : 'small'} for a cell`,
      allowed: `/${widestPrefix} to /${narrowestPrefix}`,
    };
  },
};

const networkBeginsOnItsBoundary: Rule = {
  severity: 'error',
  reads: ['network'],
  *check({ network }) {
    const range = parseRange(network);
    if (aligned(range).first === range.first) return;
    yield {
      path: ['network'],
      message: `${network} does not begin on a boundary of its size`,
      allowed: formatRange(aligned(range)),
    };
  },
};

const networkIsPrivate: Rule = {
  severity: 'error',
  reads: ['network'],
  *check({ network }) {
    if (privateRanges.some((range) => contains(range, parseRange(network)))) return;
    yield {
      path: ['network'],
      message: `${network} is not private address space`,
      allowed: `a range within ${privateRanges.map(formatRange).join(', ')} (RFC 1918, RFC 6598)`,
    };
  },
};

const networkKeepsOffTheOverlay: Rule = {
  severity: 'error',
  reads: ['network'],
  *check({ network }) {
    if (!contains(parseRange(network), parseRange(sbcOverlayAddress))) return;
    yield {
      path: ['network'],
      message: `${network} contains ${sbcOverlayAddress}, the overlay address of every cell’s active SBC`,
      allowed: `a range without ${sbcOverlayAddress}`,
    };
  },
};

const zonesAreDistinct: Rule = {
  severity: 'error',
  reads: ['zones'],
  *check({ zones }) {
    for (const [index, zone] of zones.entries()) {
      if (zones.indexOf(zone) === index) continue;
      yield { path: ['zones', index], message: `zone ${zone} is given twice`, allowed: 'each zone once' };
    }
  },
};

/** Regions of the commercial and US government partitions in 2025, https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html */
export const knownRegions: readonly string[] = (
  'af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1 ' +
  'ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1 ' +
  'eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1 ' +
  'me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 us-gov-east-1 us-gov-west-1 us-west-1 us-west-2'
).split(' ');

const regionIsKnown: Rule = {
  severity: 'warning',
  reads: ['region'],
  *check({ region }) {
    if (knownRegions.includes(region)) return;
    yield {
      path: ['region'],
      message: `${region} is none of the regions known here${suggestion(region, knownRegions)}`,
      allowed: 'a region of AWS; check that it is newer than this list',
    };
  },
};

export const networkRules: readonly Rule[] = [
  nameIsAccepted,
  networkHasACellsSize,
  networkBeginsOnItsBoundary,
  networkIsPrivate,
  networkKeepsOffTheOverlay,
  zonesAreDistinct,
  regionIsKnown,
];
