import type { Cell } from '../cell/cell.ts';

/** Name of a cell's resource in AWS: `cellstamp-euw1-a-media`. At most 10 + 20 characters before the suffix. */
export function resourceName(cell: Pick<Cell, 'name'>, suffix?: string): string {
  return suffix === undefined ? `cellstamp-${cell.name}` : `cellstamp-${cell.name}-${suffix}`;
}

/** Path below which a cell's parameters and secrets are named. */
export function cellPath(cell: Pick<Cell, 'name'>): string {
  return `/cellstamp/${cell.name}`;
}

/** Namespace of the metrics that the hosts publish. */
export const metricNamespace = 'Cellstamp';

/** The partition that a region's ARNs begin with. */
export function partition(region: string): string {
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

/** Log group of the hosts' journals. */
export function hostLogGroup(cell: Pick<Cell, 'name'>): string {
  return `${cellPath(cell)}/hosts`;
}
