/** Prometheus pages of programs, as data: the names, what they count, and how a query or a script names one series. */

export interface PageMetric {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** `calls`, `seconds`, `1 or 0`. */
  readonly unit: string;
  /** What it counts or says. */
  readonly what: string;
  /** Names of its labels. Never a tenant: with 500 tenants and more that would be thousands of series a host. */
  readonly labels?: readonly string[];
  /** Of a histogram: upper ends of its buckets, in its unit, rising. */
  readonly buckets?: readonly number[];
}

export interface MetricPage<Name extends string> {
  /** Begins every name on the page. */
  readonly prefix: string;
  readonly metrics: Readonly<Record<Name, PageMetric>>;
}

/**
 * A series as a page and a query name it.
 * @param values of the metric's first labels; none: all series, in a query
 * @example series(sbcPage, 'records_total', 'sent') // cellstamp_sbc_records_total{step="sent"}
 */
export function series<Name extends string>(page: MetricPage<Name>, name: Name, ...values: readonly string[]): string {
  const { labels = [] } = page.metrics[name];
  const matchers = values.map((value, at) => `${labels[at]}="${value}"`);
  return `${page.prefix}${name}${matchers.length === 0 ? '' : `{${matchers.join(', ')}}`}`;
}

/**
 * The series of which a histogram consists: how many values are not above the label `le`, their sum, and their number.
 * @example histogramSeries(sbcPage, 'post_dial_delay_milliseconds', 'sum') // cellstamp_sbc_post_dial_delay_milliseconds_sum
 */
export function histogramSeries<Name extends string>(
  page: MetricPage<Name>,
  name: Name,
  part: 'bucket' | 'sum' | 'count',
): string {
  return `${page.prefix}${name}_${part}`;
}
