import { counted } from '../../config-file/counted.ts';
import { requireWhole } from '../teletraffic/arguments.ts';
import { instantOf } from './instant.ts';
import type { TimeZone } from './time-zone.ts';
import { MINUTE_MS } from '../time.ts';

/** A measured quantity in equal intervals without a break: call set-ups per second, concurrent calls, counts. */
export interface History {
  /** The zone whose clock the users live by. */
  readonly zone: TimeZone;
  /** Instant the first interval begins, milliseconds since 1970 UTC. */
  readonly start: number;
  /** Length of an interval: 1 to 60, a divisor of 60. */
  readonly stepMinutes: number;
  /** One value an interval, >= 0. NaN where nothing is known, which is not the same as zero. */
  readonly values: Float64Array;
}

/** One measured interval, as it stands in a file or comes from a metrics server. */
export interface Sample {
  /**
   * When the interval began: milliseconds since 1970 UTC, ISO 8601 with an offset (`2025-03-30T01:00:00Z`), or without
   * one (`2025-03-30T03:00`), which is then the time on the clock of the history's zone.
   */
  at: number | string;
  /** >= 0; null where the source says that it does not know. */
  value: number | null;
}

/**
 * Something odd about the samples. What is odd is made unknown, never used and never zero.
 *
 * - `gap`: nothing was measured.
 * - `duplicate`: an interval twice. Kept where both say the same, else unknown.
 * - `negative`, `no number`: a value that cannot be.
 * - `unreadable time`, `off the grid`: a time that cannot be placed.
 * - `skipped hour`: a time on the clock that did not exist, as clocks went forward.
 * - `repeated hour`: a time on the clock that came twice, as clocks went back, and does not tell which is meant.
 * - `clock jump`: an hour is missing or comes twice exactly where the zone's clocks change, although the times claim to be
 *   UTC: the source writes local time under another name, so that half of the year is off by an hour.
 * - `out of order`: a time before the one of the sample before. Harmless; the samples are sorted.
 */
export interface Finding {
  kind:
    | 'gap'
    | 'duplicate'
    | 'negative'
    | 'no number'
    | 'unreadable time'
    | 'off the grid'
    | 'skipped hour'
    | 'repeated hour'
    | 'clock jump'
    | 'out of order';
  /** Whether times cannot be trusted, so that nobody should plan on this history before it is repaired. */
  severity: 'warning' | 'error';
  /** What it is about: instant of the first interval where it is known, and how many intervals or samples. */
  at: number | undefined;
  count: number;
  message: string;
}

export interface ReadHistory {
  /** Undefined where no sample was usable. */
  history: History | undefined;
  /** All there are, by time; runs of one kind are one finding. */
  findings: Finding[];
}

/** 19 years of five minutes. Beyond, some times are in another unit. */
const MOST_INTERVALS = 2_000_000;

/**
 * Puts samples on a grid and reports everything odd about them at once.
 *
 * @param stepMinutes length of an interval, a divisor of 60
 * @throws RangeError for a step that does not divide an hour, and for samples more than 2,000,000 intervals apart
 */
export function readHistory(samples: readonly Sample[], zone: TimeZone, stepMinutes: number): ReadHistory {
  requireWhole('stepMinutes', stepMinutes);
  if (stepMinutes === 0 || 60 % stepMinutes !== 0) {
    throw new RangeError(`stepMinutes must divide 60, got ${stepMinutes}`);
  }
  const step = stepMinutes * MINUTE_MS;
  const found = new Findings(step);
  const placed = placedSamples(samples, zone, step, found);
  if (placed.length === 0) return { history: undefined, findings: found.all() };

  const start = placed[0]!.at;
  const intervals = Math.round((placed.at(-1)!.at - start) / step) + 1;
  if (intervals > MOST_INTERVALS) {
    const [first, last] = [placed[0]!, placed.at(-1)!].map(({ at }) => new Date(at).toISOString().slice(0, 10));
    throw new RangeError(
      `samples from ${first} to ${last} are ${counted(intervals, 'interval')} apart, allowed are ${MOST_INTERVALS}; ` +
        'times that are numbers must be milliseconds since 1970',
    );
  }
  const values = new Float64Array(intervals).fill(NaN);
  const times = new Uint16Array(intervals);
  for (const { at, value } of placed) {
    const i = Math.round((at - start) / step);
    times[i]!++;
    const usable = usableValue(at, value, found);
    if (times[i]! === 1) values[i] = usable;
    else {
      found.add('duplicate', at);
      if (values[i] !== usable) values[i] = NaN;
    }
  }
  for (let i = 0; i < intervals; i++) if (times[i] === 0) found.add('gap', start + i * step);
  findClockJumps(samples, zone, start, step, times, found);
  return { history: { zone, start, stepMinutes, values }, findings: found.all() };
}

function usableValue(at: number, value: number | null, found: Findings): number {
  if (value === null) found.add('gap', at);
  else if (!Number.isFinite(value)) found.add('no number', at);
  else if (value < 0) found.add('negative', at);
  else return value;
  return NaN;
}

interface Placed {
  at: number;
  value: number | null;
}

/** Samples with an instant on the grid, in order of time. The grid is where most of them are. */
function placedSamples(samples: readonly Sample[], zone: TimeZone, step: number, found: Findings): Placed[] {
  const placed: Placed[] = [];
  let before = -Infinity;
  let latest = -Infinity;
  for (const { at, value } of samples) {
    const instant = typeof at === 'string' ? instantOf(at, zone, before) : Number.isFinite(at) ? at : 'unreadable time';
    if (typeof instant === 'string') {
      found.add(instant, undefined);
      continue;
    }
    if (instant < latest) found.add('out of order', instant);
    before = instant;
    latest = Math.max(latest, instant);
    placed.push({ at: instant, value });
  }
  const phase = commonest(placed.map(({ at }) => ((at % step) + step) % step));
  const onGrid = placed.filter(({ at }) => {
    const fits = ((at % step) + step) % step === phase;
    if (!fits) found.add('off the grid', at);
    return fits;
  });
  return onGrid.sort((a, b) => a.at - b.at);
}

function commonest(values: readonly number[]): number {
  const counts = new Map<number, number>();
  let best = 0;
  for (const value of values) {
    const count = (counts.get(value) ?? 0) + 1;
    counts.set(value, count);
    if (count > (counts.get(best) ?? 0)) best = value;
  }
  return best;
}

/** Looks at every change of the zone's clock for the hour that local time would lack or have twice. */
function findClockJumps(
  samples: readonly Sample[],
  zone: TimeZone,
  start: number,
  step: number,
  times: Uint16Array,
  found: Findings,
): void {
  // Times without an offset are local time by right; their hours are accounted for already.
  if (samples.some(({ at }) => typeof at === 'string' && !/(Z|[+-]\d\d:?\d\d)$/i.test(at.trim()))) return;
  const all = (from: number, to: number, want: (count: number) => boolean): boolean => {
    const first = Math.round((from - start) / step);
    const last = Math.round((to - start) / step);
    return first >= 0 && last <= times.length && times.subarray(first, last).every(want);
  };
  const end = start + times.length * step;
  for (let change = zone.nextChange(start); change < end; change = zone.nextChange(change)) {
    const before = zone.offsetAt(change - 1) * MINUTE_MS;
    const moved = zone.offsetAt(change) * MINUTE_MS - before;
    if (moved === 0 || moved % step !== 0) continue;
    // What the clock shows at the change, read as if it were UTC.
    const shown = change + before;
    const [from, to] = moved > 0 ? [shown, shown + moved] : [shown + moved, shown];
    const odd = all(from, to, (count) => (moved > 0 ? count === 0 : count > 1));
    const evenAround =
      all(from - Math.abs(moved), from, (count) => count === 1) &&
      all(to, to + Math.abs(moved), (count) => count === 1);
    if (odd && evenAround) found.add('clock jump', from);
  }
}

const SEVERE = new Set<Finding['kind']>(['unreadable time', 'off the grid', 'clock jump']);

const TEXTS: Record<Finding['kind'], string> = {
  gap: 'not measured; unknown, not zero',
  duplicate: 'measured more than once; used where both agree, else unknown',
  negative: 'negative; unknown',
  'no number': 'not a number; unknown',
  'unreadable time': 'time cannot be read; allowed are ISO 8601 and milliseconds since 1970; not used',
  'off the grid': 'not at the start of an interval like the others; not used',
  'skipped hour': 'local time that did not exist, as clocks went forward; not used',
  'repeated hour': 'local time that came twice, as clocks went back, without saying which; not used',
  'clock jump': 'an hour is missing or doubled where local clocks change: these are local times that claim to be UTC',
  'out of order': 'earlier than the sample before; sorted',
};

/** Collects what is odd; runs of intervals of one kind become one finding. */
class Findings {
  readonly #step: number;
  readonly #instants = new Map<Finding['kind'], number[]>();
  readonly #without = new Map<Finding['kind'], number>();

  constructor(step: number) {
    this.#step = step;
  }

  add(kind: Finding['kind'], at: number | undefined): void {
    if (at === undefined) {
      this.#without.set(kind, (this.#without.get(kind) ?? 0) + 1);
      return;
    }
    const instants = this.#instants.get(kind);
    if (instants) instants.push(at);
    else this.#instants.set(kind, [at]);
  }

  all(): Finding[] {
    const findings: Finding[] = [];
    for (const [kind, count] of this.#without) findings.push(this.#finding(kind, undefined, count));
    for (const [kind, instants] of this.#instants) {
      instants.sort((a, b) => a - b);
      for (let from = 0, i = 1; i <= instants.length; i++) {
        if (i < instants.length && instants[i]! - instants[i - 1]! <= this.#step) continue;
        findings.push(this.#finding(kind, instants[from]!, i - from));
        from = i;
      }
    }
    return findings.sort((a, b) => (a.at ?? -Infinity) - (b.at ?? -Infinity) || a.kind.localeCompare(b.kind));
  }

  #finding(kind: Finding['kind'], at: number | undefined, count: number): Finding {
    const where = at === undefined ? '' : ` from ${new Date(at).toISOString()} on`;
    return {
      kind,
      severity: SEVERE.has(kind) ? 'error' : 'warning',
      at,
      count,
      message: `${counted(count, 'interval')}${where}: ${TEXTS[kind]}`,
    };
  }
}
