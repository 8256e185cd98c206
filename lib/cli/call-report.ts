/** What test calls through a cell came to. */
import type { Summary } from '../calls/summary.ts';
import { formatTable } from './output.ts';

export interface CallReport {
  readonly cell: string;
  /** Name of the front through which they went; none: straight to the cell. */
  readonly front?: string;
  /** Every call was good and every record is there. */
  readonly good: boolean;
  /** Seconds from the start of the first call to the end of the last. */
  readonly seconds: number;
  /** When the first call was answered, ISO 8601; null when none was. */
  readonly firstAnswer: string | null;
  readonly summary: Summary;
  /** Calls by the media host that carried them; `unknown` with its address for any other. */
  readonly mediaHosts: Readonly<Record<string, number>>;
  readonly records: {
    /** Calls of which a record of the end is in Redis. */
    readonly arrived: number;
    readonly expected: number;
  };
}

/** For a person: a table of figures, and what failed. */
export function formatReport({ cell, front, seconds, summary, mediaHosts, records }: CallReport): string {
  const { calls, failed, answered, setupMs, packets, kinds, failures } = summary;
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const counts = (values: Readonly<Record<string, number>>) =>
    Object.entries(values)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => `${name} ${count}`)
      .join(', ') || 'none';
  const rows = [
    ['calls', `${calls} in ${seconds.toFixed(1)} s (${counts(countsOf(kinds))})`],
    ['answered', String(answered)],
    ['failed', String(failed)],
    ['set-up p50 / p99', setupMs === null ? 'none' : `${ms(setupMs.p50)} / ${ms(setupMs.p99)}`],
    // An echo sends what it gets: only what came back is counted.
    [
      'packets',
      `${packets.sent === 0 ? '' : `${packets.sent} sent, `}${packets.received} received, ${packets.lost} lost`,
    ],
    ['calls a media host', counts(mediaHosts)],
    ['call records', `${records.arrived} of ${records.expected}`],
  ];
  const reasons = failures.map(({ what, calls: count, example }) => [String(count), what, example]);
  return [
    `calls through ${front === undefined ? '' : `front ${front} and `}cell ${cell}`,
    '',
    formatTable([], rows),
    ...(reasons.length === 0 ? [] : ['', formatTable(['calls', 'what failed', 'for example'], reasons)]),
  ].join('\n');
}

function countsOf(kinds: Summary['kinds']): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(kinds).map(([name, { calls }]) => [name, calls]));
}
