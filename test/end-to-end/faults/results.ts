/** The results of faults that were put into a cell: kept line by line, told as a page. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** What one fault did to one cell under calls. */
export interface FaultResult {
  readonly fault: string;
  readonly part: string;
  readonly host: string;
  readonly seed: number;
  /** Calls that were up, or ringing, when the fault came, by their moment; and those of them that were lost. */
  readonly held: Readonly<Record<string, readonly [up: number, lost: number]>>;
  /** Longest silence of a call that was in talk, milliseconds. */
  readonly longestGapMs: number;
  /** RTP packets lost to callers and to callees, of all calls that were up. */
  readonly packetsLost: readonly [toCallers: number, toCallees: number];
  /** Calls that arrived meanwhile, those of them that failed, and from the first such one to the last, milliseconds. */
  readonly arrived: number;
  readonly failed: number;
  readonly failingMs: number;
  /** Events of answered calls without a record, and records of an event that has one already. */
  readonly recordsLost: number;
  readonly recordsDoubled: number;
  /** From the fault until every part was ready, every relay at home and the SBCs knew the same; null: not within 90 s. */
  readonly wholeMs: number | null;
  /** Calls counted or relayed a minute after the last one ended. */
  readonly left: readonly string[];
  /** Why calls were lost or failed, in words, each once. */
  readonly why: readonly string[];
}

export const resultsFile = new URL('results.jsonl', import.meta.url).pathname;

export function readResults(file = resultsFile): readonly FaultResult[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as FaultResult);
}

export function addResult(result: FaultResult, file = resultsFile): void {
  appendFileSync(file, `${JSON.stringify(result)}\n`);
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Least, median and most, or the one value that all are. */
function spread(values: readonly number[], digits = 0): string {
  const sorted = [...values].sort((a, b) => a - b);
  const [least, median, most] = [sorted[0]!, sorted[Math.floor(sorted.length / 2)]!, sorted.at(-1)!].map((value) =>
    value.toFixed(digits),
  );
  return least === most ? least! : `${least} / ${median} / ${most}`;
}

/** A table in Markdown: a row for each fault of each part, in the order of `order`. */
export function faultTable(results: readonly FaultResult[], order: readonly (readonly [string, string])[]): string {
  const header = [
    'part',
    'fault',
    'runs',
    'calls held',
    'lost',
    'longest gap, s',
    'packets lost to callers',
    'to callees',
    'calls arrived',
    'failed',
    'failing for, s',
    'records lost',
    'doubled',
    'left behind',
    'whole after, s',
  ];
  const rows = order.flatMap(([part, fault]) => {
    const own = results.filter((result) => result.part === part && result.fault === fault);
    if (own.length === 0) return [];
    const held = own.flatMap((result) => Object.values(result.held));
    const whole = own.map(({ wholeMs }) => wholeMs);
    return [
      [
        part,
        fault,
        String(own.length),
        String(sum(held.map(([up]) => up))),
        String(sum(held.map(([, lost]) => lost))),
        spread(
          own.map(({ longestGapMs }) => longestGapMs / 1000),
          2,
        ),
        spread(own.map(({ packetsLost }) => packetsLost[0])),
        spread(own.map(({ packetsLost }) => packetsLost[1])),
        String(sum(own.map(({ arrived }) => arrived))),
        String(sum(own.map(({ failed }) => failed))),
        spread(
          own.map(({ failingMs }) => failingMs / 1000),
          1,
        ),
        String(sum(own.map(({ recordsLost }) => recordsLost))),
        String(sum(own.map(({ recordsDoubled }) => recordsDoubled))),
        String(sum(own.map(({ left }) => left.length))),
        whole.includes(null)
          ? 'not within 90'
          : spread(
              whole.map((ms) => ms! / 1000),
              1,
            ),
      ],
    ];
  });
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Lost calls by their moment, and why calls were lost or failed, by part and fault. */
export function faultDetails(results: readonly FaultResult[]): string {
  const details = new Map<string, Map<string, number>>();
  for (const { part, fault, held, why } of results) {
    const lost = Object.entries(held).flatMap(([moment, [, lost]]) => (lost === 0 ? [] : [`lost: ${moment}`]));
    for (const text of [...lost, ...why]) {
      const key = `${part}, ${fault}`;
      const counts = details.get(key) ?? new Map<string, number>();
      counts.set(text, (counts.get(text) ?? 0) + 1);
      details.set(key, counts);
    }
  }
  return [...details]
    .map(([key, counts]) => {
      const lines = [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([text, runs]) => `  - ${text} (${runs})`);
      return `- ${key}\n${lines.join('\n')}`;
    })
    .join('\n');
}
