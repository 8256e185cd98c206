/** The results of test calls through a cell. */
import type { Summary } from '../user-agent/summary.ts';
import { formatTable } from './output.ts';

/** The results of calls, wherever they went. */
export interface CallFigures {
  readonly good: boolean;
  /** Seconds from the start of the first call to the end of the last. */
  readonly seconds: number;
  /** When the first call was answered, ISO 8601; null when none was. */
  readonly firstAnswer: string | null;
  readonly summary: Summary;
  /** Calls by what carried their audio: the name of a media host, or its address where names are not known. */
  readonly mediaHosts: Readonly<Record<string, number>>;
}

/** Of calls through a cell on this machine. It is good when every call was, and every record is there. */
export interface CallReport extends CallFigures {
  readonly cell: string;
  /** Name of the front through which they went; none: straight to the cell. */
  readonly front?: string;
  readonly records: {
    /** Calls of which a record of the end is in Redis. */
    readonly arrived: number;
    readonly expected: number;
  };
}

/** Of calls to an SBC elsewhere, whose records are out of reach. */
export interface RemoteCallReport extends CallFigures {
  /** Address or name of the SBC, as it was given. */
  readonly to: string;
}

/** For a person: a table of figures, and what failed. */
export function formatReport(report: CallReport | RemoteCallReport): string {
  const { seconds, summary, mediaHosts } = report;
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
    ...('to' in report ? [] : [['call records', `${report.records.arrived} of ${report.records.expected}`]]),
  ];
  const reasons = failures.map(({ what, calls: count, example }) => [String(count), what, example]);
  return [
    `calls ${wayOf(report)}`,
    '',
    formatTable([], rows),
    ...(reasons.length === 0 ? [] : ['', formatTable(['calls', 'what failed', 'for example'], reasons)]),
  ].join('\n');
}

function wayOf(report: CallReport | RemoteCallReport): string {
  if ('to' in report) return `to ${report.to}`;
  return `through ${report.front === undefined ? '' : `front ${report.front} and `}cell ${report.cell}`;
}

function countsOf(kinds: Summary['kinds']): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(kinds).map(([name, { calls }]) => [name, calls]));
}
