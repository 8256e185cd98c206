/** What one history file says, put on the grid of the plan. */
import { instantOf, yearProblem } from '../../planner/forecast/instant.ts';
import { timeZone, type TimeZone } from '../../planner/forecast/time-zone.ts';
import { RESOURCES, type Resource } from '../../planner/resources.ts';
import { suggestion } from '../../config-file/allowed.ts';
import { intervalAt, type Grid, type Values } from './grid.ts';
import type { Subject } from './measured.ts';
import type { Row } from './row.ts';
import { MINUTE_MS } from '../../planner/time.ts';

/** The finest measurements: at most twelve in an interval, whose presence is kept in a bit each. */
const FINEST_MINUTES = 5;
const FINEST_MS = FINEST_MINUTES * MINUTE_MS;
const UTC = timeZone('UTC');

/** Why nobody should plan on this file. */
export interface RowProblem {
  readonly line: number;
  readonly message: string;
  readonly given: string;
  readonly allowed: string;
}

export interface FileSeries {
  readonly subject: Subject;
  readonly name: string;
  readonly resource: Resource;
  readonly values: Values;
}

/** What a time without a row means: see `history.missingRows` of `planning.yaml`. */
type MissingRows = 'unknown' | 'zero';

const PLACES: ReadonlyMap<unknown, number> = new Map(RESOURCES.map((resource, place) => [resource, place]));

/** What a time of the file means. */
interface Instant {
  /** Undefined for what is none. */
  readonly at: number | undefined;
  readonly interval: number;
  /** Whether a row of the fleet has it. */
  used: boolean;
}

interface Sums extends Omit<FileSeries, 'values'> {
  /** Sum of the values in each interval. */
  readonly sums: Values;
  /** Which twelfths of an hour, counted from the start of the interval, are among them. */
  readonly seen: Uint16Array;
  lastTime: number;
  lastValue: number;
}

/**
 * Takes the rows of a file, in any order. A row about a tenant may name a cell, too; it counts for the tenant, wherever that
 * was. The same row twice is one row. Two values for one time are a problem, and so is a time that could be two instants.
 */
export class FileReading {
  /** The first ones; {@link problemCount} is how many there are. */
  readonly problems: RowProblem[] = [];
  problemCount = 0;
  /** Cells and tenants that are not wanted. */
  readonly strangers = new Set<string>();
  /** When cells and tenants were last measured before the plan's history begins. */
  readonly earlier: Readonly<Record<Subject, Map<string, number>>> = { cell: new Map(), tenant: new Map() };
  readonly #grid: Grid;
  readonly #wants: (subject: Subject, name: string) => boolean;
  readonly #mostProblems: number;
  readonly #missingRows: MissingRows;
  /** By name, a series a resource; undefined for strangers. Rows are many: nothing is made or hashed twice for one. */
  readonly #series: Readonly<Record<Subject, Map<string, (Sums | undefined)[] | undefined>>> = {
    cell: new Map(),
    tenant: new Map(),
  };
  readonly #instants = new Map<unknown, Instant>();
  readonly #times = new Set<number>();

  constructor(
    grid: Grid,
    wants: (subject: Subject, name: string) => boolean,
    mostProblems: number,
    missingRows: MissingRows,
  ) {
    this.#grid = grid;
    this.#wants = wants;
    this.#mostProblems = mostProblems;
    this.#missingRows = missingRows;
  }

  add(row: Row, line: number): void {
    const subject: Subject = row.tenant === undefined || row.tenant === null ? 'cell' : 'tenant';
    const name = row[subject];
    const time = this.#instant(row.time, line);
    const resource = this.#resource(row.resource, line);
    const value = this.#value(row.value, line);
    if (typeof name !== 'string' || name === '') {
      this.#problem(line, 'the line names neither a cell nor a tenant', name, 'the name of a cell or of a tenant');
      return;
    }
    if (time.at === undefined || resource === undefined || value === undefined) return;
    const own = this.#seriesOf(subject, name);
    if (own === undefined) return;
    if (time.interval < 0 && !Number.isNaN(value)) {
      const last = this.earlier[subject];
      if (time.at > (last.get(name) ?? -Infinity)) last.set(name, time.at);
    }
    if (time.interval < 0 || time.interval >= this.#grid.length) return;
    if (!time.used) {
      time.used = true;
      this.#times.add(time.at);
    }
    // A gap that is written down is a gap.
    if (Number.isNaN(value) && this.#missingRows === 'unknown') return;
    const series = (own[resource] ??= this.#emptySeries(subject, name, RESOURCES[resource]!));
    this.#put(series, time.interval, time.at, value, line);
  }

  /** Minutes from one row to the next of the same series: the commonest distance of two times. */
  stepMinutes(): number {
    const times = Float64Array.from(this.#times).sort();
    const counts = new Map<number, number>();
    let step = this.#grid.stepMinutes;
    for (let i = 1; i < times.length; i++) {
      const gap = (times[i]! - times[i - 1]!) / MINUTE_MS;
      const count = (counts.get(gap) ?? 0) + 1;
      counts.set(gap, count);
      if (count > (counts.get(step) ?? 0)) step = gap;
    }
    return step;
  }

  /**
   * What is known: the mean of the rows in an interval of which at least half is covered. To be asked for once, when all rows
   * are there: the sums become the means in place, as the series of a large fleet fill the memory.
   */
  *series(): Iterable<FileSeries> {
    const least = this.#grid.stepMinutes / this.stepMinutes() / 2;
    const rowsOf = this.#missingRows === 'zero' ? this.#timesWithin() : (_: number, seen: number) => bitCount(seen);
    const named = [...this.#series.cell.values(), ...this.#series.tenant.values()];
    for (const { sums: values, seen, subject, name, resource } of named.flatMap((own) => own?.filter(isThere) ?? [])) {
      for (let i = 0; i < values.length; i++) {
        const rows = rowsOf(i, seen[i]!);
        values[i] = rows > 0 && rows >= least ? values[i]! / rows : NaN;
      }
      yield { subject, name, resource, values };
    }
  }

  /**
   * Where an hour is missing exactly when a zone's clocks go forward, although the times claim an offset: the source writes
   * local time under another name, and half of the year is off by an hour.
   */
  *clockJumps(zones: Iterable<TimeZone>): Iterable<{ readonly zone: TimeZone; readonly at: number }> {
    const { start, stepMinutes, length } = this.#grid;
    const end = start + length * stepMinutes * MINUTE_MS;
    const step = this.stepMinutes() * MINUTE_MS;
    const among = (from: number, to: number): number => {
      let count = 0;
      for (let at = from; at < to; at += step) if (this.#times.has(at)) count++;
      return count;
    };
    for (const zone of zones) {
      for (let change = zone.nextChange(start); change < end; change = zone.nextChange(change)) {
        const before = zone.offsetAt(change - 1) * MINUTE_MS;
        const moved = zone.offsetAt(change) * MINUTE_MS - before;
        if (moved <= 0 || step > moved) continue;
        // What the clock shows at the change, read as if it were UTC.
        const shown = change + before;
        const rows = moved / step;
        const around = among(shown - moved, shown) === rows && among(shown + moved, shown + 2 * moved) === rows;
        if (around && among(shown, shown + moved) === 0) yield { zone, at: shown };
      }
    }
  }

  /** How many rows each interval has of a series that lacks none, from the file's first time to its last. */
  #timesWithin(): (interval: number) => number {
    const { start, stepMinutes } = this.#grid;
    const [interval, step] = [stepMinutes * MINUTE_MS, this.stepMinutes() * MINUTE_MS];
    const times = Float64Array.from(this.#times).sort();
    const [first, last] = [times[0]!, times.at(-1)!];
    return (i) => {
      const from = start + i * interval;
      return Math.floor((Math.min(last, from + interval - step) - Math.max(first, from)) / step) + 1;
    };
  }

  #seriesOf(subject: Subject, name: string): (Sums | undefined)[] | undefined {
    const named = this.#series[subject];
    let own = named.get(name);
    if (own !== undefined || named.has(name)) return own;
    if (this.#wants(subject, name)) own = RESOURCES.map(() => undefined);
    else this.strangers.add(`${subject} ${name}`);
    named.set(name, own);
    return own;
  }

  #emptySeries(subject: Subject, name: string, resource: Resource): Sums {
    const { length } = this.#grid;
    const [sums, seen] = [new Float32Array(length), new Uint16Array(length)];
    // A part of a text keeps the whole text in memory, and names outlive the file: this is a copy.
    const copy = Buffer.from(name).toString();
    return { subject, name: copy, resource, sums, seen, lastTime: NaN, lastValue: NaN };
  }

  #put(series: Sums, interval: number, at: number, value: number, line: number): void {
    const { start, stepMinutes } = this.#grid;
    const bit = 1 << ((at - start - interval * stepMinutes * MINUTE_MS) / FINEST_MS);
    const before = series.seen[interval]!;
    if ((before & bit) === 0) {
      series.seen[interval] = before | bit;
      series.sums[interval]! += value;
      series.lastTime = at;
      series.lastValue = value;
      return;
    }
    // Of finer rows only the sum is kept: two that do not follow one another can't be compared.
    const same =
      series.lastTime === at
        ? Object.is(series.lastValue, value)
        : before === bit && series.sums[interval] === Math.fround(value);
    if (same) return;
    const { subject, name, resource } = series;
    this.#problem(
      line,
      `${resource} of ${subject} ${name} at ${new Date(at).toISOString()} is there already, with another value or apart from this line`,
      value,
      'one value for one time',
    );
  }

  #instant(time: unknown, line: number): Instant {
    // Many rows have the same time; whoever reads it first reports it.
    const known = this.#instants.get(time);
    if (known !== undefined) {
      if (known.at === undefined) this.problemCount++;
      return known;
    }
    const read = readTime(time);
    if (typeof read === 'string')
      this.#problem(
        line,
        time === undefined || time === null || time === '' ? 'the time is missing' : `the time ${nameOf(time)} ${read}`,
        time,
        timeAllowed,
      );
    const at = typeof read === 'string' ? undefined : read;
    const instant = { at, interval: at === undefined ? -1 : intervalAt(this.#grid, at), used: false };
    this.#instants.set(time, instant);
    return instant;
  }

  /** Place of a resource in `RESOURCES`. */
  #resource(resource: unknown, line: number): number | undefined {
    const place = PLACES.get(resource);
    if (place !== undefined) return place;
    const hint = suggestion(String(resource), RESOURCES);
    this.#problem(line, `there is no resource ${nameOf(resource)}${hint}`, resource, RESOURCES.join(', '));
    return undefined;
  }

  /** NaN for what the source says that it does not know. */
  #value(given: unknown, line: number): number | undefined {
    if (given === null || given === '') return NaN;
    const value = typeof given === 'string' && DECIMAL.test(given) ? Number(given) : given;
    if (typeof value === 'number' && value >= 0 && value <= LARGEST) return value;
    if (typeof value === 'number' && value > LARGEST) {
      this.#problem(line, `the value ${nameOf(given)} is too large`, given, `a decimal number from 0 to ${LARGEST}`);
      return undefined;
    }
    const what = typeof value === 'number' && value < 0 ? 'is negative' : 'is not a number';
    this.#problem(line, `the value ${nameOf(given)} ${what}`, given, valueAllowed);
    return undefined;
  }

  #problem(line: number, message: string, given: unknown, allowed: string): void {
    this.problemCount++;
    if (this.problems.length < this.#mostProblems) {
      this.problems.push({ line, message, given: nameOf(given), allowed });
    }
  }
}

const DECIMAL = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
/** More than anything that a cell does, and little enough that sums of single precision stay finite. */
const LARGEST = 1e15;
const valueAllowed = 'a decimal number of 0 or more, or nothing where it is not known';
const timeAllowed = 'ISO 8601 with an offset (2026-03-29T01:00:00Z), or seconds since 1970, every 5 minutes or more';

/** The instant in milliseconds, or what is wrong with the time. */
export function readTime(time: unknown): number | string {
  const text = typeof time === 'number' ? String(time) : time;
  if (text === undefined || text === null || text === '') return 'is missing';
  if (typeof text !== 'string') return 'is not a time';
  if (/^\d+(\.\d+)?$/.test(text)) {
    const seconds = Number(text);
    if (seconds >= 1e11) return 'is in milliseconds';
    return placed(seconds * 1000);
  }
  if (/:\d\d(\.\d+)?$/.test(text) && !/[+-]\d\d:\d\d$/.test(text)) {
    return 'has no offset, and is two instants when clocks go back';
  }
  const instant = instantOf(text, UTC, -Infinity);
  return typeof instant === 'string' ? 'is not a time' : placed(instant);
}

function placed(instant: number): number | string {
  const problem = yearProblem(instant);
  if (problem !== undefined) return problem;
  return instant % FINEST_MS === 0 ? instant : `is not a multiple of ${FINEST_MINUTES} minutes`;
}

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** As it stands in the file, as much of it as a line can hold. */
function nameOf(given: unknown): string {
  if (given === undefined || given === '') return 'nothing';
  if (typeof given === 'object' && given !== null) return Array.isArray(given) ? 'a list' : 'an object';
  return String(given).slice(0, 100);
}

const isThere = <T>(value: T | undefined): value is T => value !== undefined;
