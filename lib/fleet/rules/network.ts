/** The cell's private range. */
import { narrowestPrefix, sbcOverlayAddress, widestPrefix } from '../schema/fixed.ts';
import { aligned, contains, formatRange, parseRange, privateRanges } from '../range.ts';
import type { Rule } from '../../config-file/rule.ts';
import type { CellSpec } from '../schema/cell-types.ts';

const networkHasACellsSize: Rule<CellSpec> = {
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

const networkBeginsOnItsBoundary: Rule<CellSpec> = {
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

const networkIsPrivate: Rule<CellSpec> = {
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

const networkKeepsOffTheOverlay: Rule<CellSpec> = {
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

export const networkRules: readonly Rule<CellSpec>[] = [
  networkHasACellsSize,
  networkBeginsOnItsBoundary,
  networkIsPrivate,
  networkKeepsOffTheOverlay,
];
