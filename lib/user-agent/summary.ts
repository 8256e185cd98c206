import type { AudioResult, CallResult } from './call-result.ts';

/** The results of many calls. */
export interface Summary {
  readonly calls: number;
  readonly answered: number;
  /** Calls with at least one failure. */
  readonly failed: number;
  /** Calls by what was wrong, the most frequent first, with the details of one of them. */
  readonly failures: readonly { readonly what: string; readonly calls: number; readonly example: string }[];
  /** Calls by the INVITE's final status. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly kinds: Readonly<Record<string, { readonly calls: number; readonly failed: number }>>;
  /** Milliseconds from INVITE to 200 of the answered calls; null when there are none. */
  readonly setupMs: Percentiles | null;
  /** Milliseconds from INVITE to the first 18x. */
  readonly postDialDelayMs: Percentiles | null;
  readonly packets: {
    readonly sent: number;
    readonly received: number;
    readonly lost: number;
    readonly reordered: number;
  };
  readonly worstJitterMs: number;
  readonly longestGapMs: number;
  /** Calls by the address to which the caller has to send its audio. */
  readonly mediaAddresses: Readonly<Record<string, number>>;
}

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

export function summarise(results: readonly CallResult[]): Summary {
  const audio = results.flatMap(({ toCallee, toCaller }) => [toCallee, toCaller]).filter((each) => each !== null);
  const total = (count: (each: AudioResult) => number) => audio.reduce((sum, each) => sum + count(each), 0);
  const most = (value: (each: AudioResult) => number) => audio.reduce((worst, each) => Math.max(worst, value(each)), 0);
  const kinds: Record<string, { calls: number; failed: number }> = {};
  for (const { kind, failures } of results) {
    const entry = (kinds[kind] ??= { calls: 0, failed: 0 });
    entry.calls++;
    if (failures.length > 0) entry.failed++;
  }
  return {
    calls: results.length,
    answered: results.filter(({ answered }) => answered).length,
    failed: results.filter(({ failures }) => failures.length > 0).length,
    failures: countFailures(results),
    statuses: countBy(results.map(({ status }) => String(status))),
    kinds,
    setupMs: percentiles(results.map(({ setupMs }) => setupMs)),
    postDialDelayMs: percentiles(results.map(({ postDialDelayMs }) => postDialDelayMs)),
    packets: {
      sent: total((each) => each.sent ?? 0),
      received: total((each) => each.received),
      lost: total((each) => each.lost),
      reordered: total((each) => each.reordered),
    },
    worstJitterMs: most((each) => each.jitterMs),
    longestGapMs: most((each) => each.longestGapMs),
    mediaAddresses: countBy(results.map(({ mediaAddress }) => mediaAddress.caller).filter((each) => each !== null)),
  };
}

function countFailures(results: readonly CallResult[]): Summary['failures'] {
  const counts = new Map<string, { calls: number; example: string }>();
  for (const { failures } of results) {
    // A call in which the same went wrong twice counts once.
    for (const { what, detail } of new Map(failures.map((failure) => [failure.what, failure])).values()) {
      const entry = counts.get(what) ?? { calls: 0, example: detail };
      counts.set(what, { ...entry, calls: entry.calls + 1 });
    }
  }
  return [...counts].map(([what, entry]) => ({ what, ...entry })).sort((one, other) => other.calls - one.calls);
}

function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

/** By the nearest rank: each figure is one that was measured. */
function percentiles(values: readonly (number | null)[]): Percentiles | null {
  const sorted = values.filter((value) => value !== null).sort((one, other) => one - other);
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return sorted.length === 0 ? null : { p50: rank(0.5), p99: rank(0.99), worst: rank(1) };
}
