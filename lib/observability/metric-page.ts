/** Prometheus pages of programs, as data: the names, what they count, and how a query or a script names one series. */

export interface PageMetric {
  readonly kind: 'counter' | 'gauge';
  /** `calls`, `seconds`, `1 or 0`. */
  readonly unit: string;
  /** What it counts or says. */
  readonly what: string;
  /** Name of its one label. Never a tenant: with 500 tenants and more that would be thousands of series a host. */
  readonly label?: string;
}

export interface MetricPage<Name extends string> {
  /** Begins every name on the page. */
  readonly prefix: string;
  readonly metrics: Readonly<Record<Name, PageMetric>>;
}

/**
 * A series as a page and a query name it.
 * @param value of the metric's label; default: all of them, in a query
 * @example series(sbcPage, 'records_total', 'sent') // cellstamp_sbc_records_total{step="sent"}
 */
export function series<Name extends string>(page: MetricPage<Name>, name: Name, value?: string): string {
  const { label } = page.metrics[name];
  return `${page.prefix}${name}${value === undefined ? '' : `{${label}="${value}"}`}`;
}
