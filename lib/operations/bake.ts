/** Watches the cells of a wave after their release, until their calls say whether it is good. */
import { counted } from '../config-file/counted.ts';
import { judge, noCalls, tried, type CallCounts, type Gates } from './gates.ts';
import { hour, worse, type Span } from './rollout-log.ts';

export interface BakeRule {
  /** A cell is good only after these minutes and these calls, and when its gates say so. */
  readonly minutes: number;
  readonly calls: number;
  /** When a bake ends that its calls have not decided. */
  readonly longestMinutes: number;
  readonly gates: Gates;
}

/** What a bake needs of the fleet and of time. */
export interface BakePort {
  /** Milliseconds since 1970. */
  now(): number;

  /** @throws the signal's reason once it is aborted */
  pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void>;

  /**
   * The calls of the cells of the fleet in a span of time, its ends in milliseconds since 1970. A cell of which they are not known is left out.
   */
  counts(from: number, to: number): Promise<ReadonlyMap<string, CallCounts>>;

  /** Tells whoever looks on. */
  say(text: string): void;
}

/** A cell was judged by the calls that it had had. */
export interface Look {
  readonly cell: string;
  readonly result: 'good' | 'bad' | 'undecided';
  readonly why: string;
  readonly calls: number;
}

export interface Bake {
  /** What is compared with: the last hour of it, or as many as it takes for as many calls as since then. */
  readonly before: Span;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** When its longest time began: `since`, or when it was run again after it had stopped. */
  readonly waits: number;
  /** With the calls at each earlier look. */
  readonly cells: readonly { readonly name: string; readonly looks: readonly number[] }[];
}

/** What came of it; of those that are not good, the cells and why. */
export type Baked = Pick<Look, 'result' | 'why'>;

const longestPause = 30_000;
/** A night has few calls, and a day has the most that a server is asked for at once. */
const hoursBefore = [1, 2, 4, 8, 16, 24];

/**
 * A cell is looked at when it has an eighth of the calls of its bake, whenever it has twice as many as at the look before, and at the end: so
 * the looks stay few, however long a bake lasts.
 *
 * @param note keeps a look, by which the same bake goes on after an interruption
 * @returns as soon as a cell is bad, else when all are good or the longest time is over
 */
export async function bake(
  port: BakePort,
  rule: BakeRule,
  { before: settled, since, waits, cells }: Bake,
  note: (look: Look) => void,
  signal: AbortSignal | undefined,
): Promise<Baked> {
  const baking = cells.map(({ name, looks }) => new BakingCell(name, looks, rule));
  for (;;) {
    signal?.throwIfAborted();
    const now = port.now();
    const minutes = (now - since) / 60_000;
    const isLast = now - waits >= rule.longestMinutes * 60_000;
    const after = await port.counts(since, now);
    const due = baking.filter((cell) => cell.isDue(after.get(cell.name), minutes, isLast));
    const most = Math.max(rule.calls, ...due.map(({ name }) => tried(after.get(name)!)));
    const before = due.length > 0 ? await callsBefore(port, settled, cells, most) : after;
    const others = [...after.keys()].filter((name) => before.has(name) && !baking.some((cell) => cell.name === name));
    for (const cell of due) {
      // A look decides nothing then, and puts the next one off.
      if (!before.has(cell.name) && !isLast) continue;
      const of = (name: string) => ({ before: before.get(name) ?? noCalls, since: after.get(name)! });
      const look = cell.look({ cell: of(cell.name), others: others.map(of) }, minutes);
      note(look);
      port.say(
        `cell ${look.cell}, after ${counted(Math.round(look.calls), 'call')}: ${look.result}${look.why && `: ${look.why}`}`,
      );
      if (look.result === 'bad') return { result: 'bad', why: worse(look.cell, look.why) };
    }
    const open = baking.filter(({ isGood }) => !isGood);
    if (open.length === 0) return { result: 'good', why: counted(Math.round(minutes), 'minute') };
    if (isLast) {
      return { result: 'undecided', why: open.map((cell) => cell.whyOpen(after.get(cell.name))).join('; ') };
    }
    await port.pause(Math.min(longestPause, rule.minutes * 6000), signal);
  }
}

/**
 * Of this number of hours before a wave, in which each of its cells had enough calls: in its last hour, at night, it may have had none. With fewer calls before
 * than since, no number of them would decide.
 */
async function callsBefore(
  port: BakePort,
  { from, to }: Span,
  cells: Bake['cells'],
  enough: number,
): Promise<ReadonlyMap<string, CallCounts>> {
  let counts: ReadonlyMap<string, CallCounts> = new Map();
  for (const hours of hoursBefore) {
    const begin = Math.max(from, to - hours * hour);
    counts = await port.counts(begin, to);
    const hasEnough = cells.every(({ name }) => tried(counts.get(name) ?? noCalls) >= enough);
    if (hasEnough || counts.size === 0 || begin === from) break;
  }
  return counts;
}

class BakingCell {
  readonly name: string;
  readonly #rule: BakeRule;
  #looks: number;
  /** At the look before. */
  #calls: number;
  /** The last look of this run that the bake may end with. */
  #last: Look | undefined;

  constructor(name: string, looks: readonly number[], rule: BakeRule) {
    this.name = name;
    this.#rule = rule;
    this.#looks = looks.length;
    this.#calls = looks.at(-1) ?? rule.calls / 16;
  }

  get isGood(): boolean {
    return this.#last?.result === 'good';
  }

  isDue(counts: CallCounts | undefined, minutes: number, isLast: boolean): boolean {
    if (this.isGood || counts === undefined) return false;
    const calls = tried(counts);
    const hasBaked = this.#isBaked(calls, minutes) && this.#last === undefined;
    return calls >= 2 * this.#calls || (isLast && calls > this.#calls) || hasBaked;
  }

  look(compared: Parameters<typeof judge>[1], minutes: number): Look {
    this.#calls = tried(compared.cell.since);
    this.#looks += 1;
    const look = { cell: this.name, calls: this.#calls, ...judge(this.#rule.gates, compared, this.#looks) };
    if (this.#isBaked(this.#calls, minutes)) this.#last = look;
    return look;
  }

  whyOpen(counts: CallCounts | undefined): string {
    if (counts === undefined) return `cell ${this.name}: its calls are not known`;
    if (this.#last !== undefined) return `cell ${this.name}: ${this.#last.why}`;
    return `cell ${this.name}: ${Math.round(tried(counts))} of the ${counted(this.#rule.calls, 'call')} of its bake`;
  }

  #isBaked(calls: number, minutes: number): boolean {
    return minutes >= this.#rule.minutes && calls >= this.#rule.calls;
  }
}
