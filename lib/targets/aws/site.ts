import type { Cell } from '../../fleet/derive/cell.ts';
import type { Front, FrontRegion } from '../../fleet/derive/front.ts';

/** What has hosts in one region, and lends them its name: a cell, or the front in one of its regions. */
export interface Site {
  readonly kind: 'cell' | 'front';
  /** Name of the cell or of the front. */
  readonly name: string;
  /** `eu-west-1` */
  readonly region: string;
}

export function cellSite({ name, spec }: Pick<Cell, 'name' | 'spec'>): Site {
  return { kind: 'cell', name, region: spec.region };
}

export function frontSite({ name }: Pick<Front, 'name'>, { region }: Pick<FrontRegion, 'region'>): Site {
  return { kind: 'front', name, region };
}

/** Name of a site's resource in AWS: `cellstamp-euw1-a-media`. At most 10 + 20 characters before the suffix. */
export function resourceName({ name }: Pick<Site, 'name'>, suffix?: string): string {
  return suffix === undefined ? `cellstamp-${name}` : `cellstamp-${name}-${suffix}`;
}

/** Path below which a site's parameters and secrets are named. */
export function sitePath({ name }: Pick<Site, 'name'>): string {
  return `/cellstamp/${name}`;
}

/** Tag that tells whose a host is: `cellstamp:cell`. */
export function siteTag({ kind }: Pick<Site, 'kind'>): string {
  return `cellstamp:${kind}`;
}

/** Namespace of the metrics that the hosts publish. */
export const metricNamespace = 'Cellstamp';

/** What tells the metrics of one host from all others. */
export function metricDimensions({ kind, name }: Site, host: { readonly name: string }): Record<string, string> {
  return { [kind === 'cell' ? 'Cell' : 'Front']: name, Host: host.name };
}

/** The partition that a region's ARNs begin with. */
export function partition(region: string): string {
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

/** Log group of the hosts' journals. */
export function hostLogGroup(site: Pick<Site, 'name'>): string {
  return `${sitePath(site)}/hosts`;
}
