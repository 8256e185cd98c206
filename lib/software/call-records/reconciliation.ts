/** Whether the delivered files of a cell lack anything. */
import { calledSeconds } from '../kamailio/sbc/call-entry.ts';
import { dayOf, lossFile, lossIn, recordIn, recordName, timeOf, unreadableFile, type Loss } from './record-line.ts';

/** Records of a UTC day. */
export interface DayCount {
  readonly day: string;
  readonly starts: number;
  /** Ends of calls that were answered. */
  readonly ends: number;
  /** Ends of calls that were admitted and not answered. */
  readonly unanswered: number;
  readonly refused: number;
}

export interface Reconciliation {
  /** Seconds since 1970 of the latest record: nothing is known of what followed. Null without a record. */
  readonly until: number | null;
  /** From the first day with a record to the last. */
  readonly days: readonly DayCount[];
  /** Calls without an end that were answered less than 25 hours before `until`: no call lasts longer. */
  readonly up: number;
  /** Ends whose call was answered before the first record of the files. */
  readonly begunBefore: number;
  /** What is missing, doubled or damaged, a line each. Empty where the files are whole. */
  readonly gaps: readonly string[];
}

type Counts = Record<Exclude<keyof DayCount, 'day'>, number>;

const none = (): Counts => ({ starts: 0, ends: 0, unanswered: 0, refused: 0 });
const instant = (seconds: number) => new Date(seconds * 1000).toISOString();
const daySeconds = 86_400;

/** Reads the files of one cell line by line: `lost.ndjson` first, then the days in their order. */
export class Reconciler {
  readonly #days = new Map<string, Counts>();
  /** Answers of calls without an end so far, by the call's name. */
  readonly #starts = new Map<string, number>();
  /** Answers of calls without a start so far. */
  readonly #ends = new Map<string, number>();
  readonly #faults: string[] = [];
  readonly #losses: Loss[] = [];
  /** Entries that were read, and left the stream before they were acknowledged. The line of one may have reached the disk. */
  readonly #trimmed = new Set<string>();
  #names: { readonly file: string; readonly known: Set<string> } = { file: '', known: new Set() };
  #first = Infinity;
  #last = -Infinity;

  /** @param line its number in the file, from 1 */
  add(file: string, line: number, text: string): void {
    const fault = this.#take(file, text);
    if (fault !== undefined) this.#faults.push(`${file}:${line}: ${fault}`);
  }

  result(): Reconciliation {
    const isOver = (answered: number) => answered < this.#last - calledSeconds;
    const endless = [...this.#starts].filter(([, answered]) => isOver(answered));
    const begun = [...this.#ends].filter(([, answered]) => answered >= this.#first);
    return {
      until: this.#last === -Infinity ? null : this.#last,
      days: this.#everyDay(),
      up: this.#starts.size - endless.length,
      begunBefore: this.#ends.size - begun.length,
      gaps: [
        ...this.#missing(),
        ...endless.map(([id, at]) => `call ${id}, answered ${instant(at)}, has no end`),
        ...begun.map(([id, at]) => `call ${id}, answered ${instant(at)}, has no start`),
        ...this.#faults,
      ],
    };
  }

  /** @returns what is wrong with the line */
  #take(file: string, text: string): string | undefined {
    if (file === unreadableFile) return 'an entry of the stream is not a call record';
    if (file === lossFile) return this.#takeLoss(text);
    const record = recordIn(text);
    if (record === undefined) return 'the line is damaged';
    this.#trimmed.delete(record.stream);
    const { id, event, answered } = record;
    const name = recordName(record);
    if (this.#names.file !== file) this.#names = { file, known: new Set() };
    if (this.#names.known.has(name)) return `${name} is there twice`;
    this.#names.known.add(name);
    const day = dayOf(record);
    if (file !== `${day}.ndjson`) return `${name} is a record of ${day}`;
    this.#first = Math.min(this.#first, timeOf(record));
    this.#last = Math.max(this.#last, timeOf(record));
    if (!this.#days.has(day)) this.#days.set(day, none());
    const counts = this.#days.get(day)!;
    if (event === 'refused') counts.refused++;
    else if (answered === null) counts.unanswered++;
    else if (event === 'start') {
      counts.starts++;
      if (!this.#ends.delete(id)) this.#starts.set(id, answered);
    } else {
      counts.ends++;
      if (!this.#starts.delete(id)) this.#ends.set(id, answered);
    }
    return undefined;
  }

  #takeLoss(text: string): string | undefined {
    const loss = lossIn(text);
    if (loss === undefined) return 'the line is damaged';
    if ('trimmed' in loss) this.#trimmed.add(loss.trimmed);
    else this.#losses.push(loss);
    return undefined;
  }

  #everyDay(): readonly DayCount[] {
    const known = [...this.#days.keys()].sort();
    const days: DayCount[] = [];
    for (let at = Date.parse(known[0] ?? '') / 1000; at <= Date.parse(known.at(-1)!) / 1000; at += daySeconds) {
      const day = instant(at).slice(0, 10);
      days.push({ day, ...(this.#days.get(day) ?? none()) });
    }
    return days;
  }

  /** Losses, each entry once: a process that was killed while it wrote one down has the next find it again, perhaps larger. */
  #missing(): readonly string[] {
    const gaps: string[] = [];
    let counted = 0;
    for (const { from, left, after, before } of this.#losses.toSorted((a, b) => a.from - b.from || a.left - b.left)) {
      const lost = left - Math.max(from, counted);
      if (lost <= 0) continue;
      counted = left;
      gaps.push(`${entries(lost)} left the stream unread, after ${after} and before ${before || 'any that is there'}`);
    }
    for (const id of this.#trimmed) gaps.push(`entry ${id} left the stream before its line was on the disk`);
    return gaps;
  }
}

const entries = (count: number) => (count === 1 ? '1 entry' : `${count} entries`);
