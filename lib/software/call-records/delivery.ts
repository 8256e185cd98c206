/**
 * Call records from the stream of a cell into files: at least once to the files, and once in them. An entry is acknowledged only after
 * its line is on the disk, so one that was under way when the process died comes again; a file takes each name once.
 */
import { lineOf, lineOfLoss, type Loss, type RecordLine, type StreamEntry } from './record-line.ts';

/** The stream as one consumer of a group sees it. */
export interface RecordStream {
  /** Entries that were handed out after this id and never acknowledged, oldest first. */
  unacknowledged(after: string): Promise<readonly StreamEntry[]>;
  /** Entries that nobody of the group has read, oldest first; or that some of them have left the stream. */
  next(): Promise<readonly StreamEntry[] | Loss>;
  /** Goes on behind a loss that is written down. */
  pass(loss: Loss): Promise<void>;
  acknowledge(ids: readonly string[]): Promise<void>;
  /** All entries after this id that the stream has, a bounded number at a time, whoever has read them. */
  all(after: string): Promise<readonly StreamEntry[]>;
}

/** The files of one cell. */
export interface RecordFiles {
  /** Names of the lines of a file, all of which are on the disk. */
  names(file: string): Promise<ReadonlySet<string>>;
  /** Adds lines, which are on the disk when this returns. What it throws leaves some of them, none or all. */
  append(file: string, lines: readonly RecordLine[]): Promise<void>;
}

export interface Delivery {
  readonly cell: string;
  readonly stream: RecordStream;
  readonly files: RecordFiles;
  /** Aborted when no further batch is to begin. */
  readonly signal: AbortSignal;
}

export interface Delivered {
  /** Lines that were added. */
  readonly added: number;
  /** Entries whose line was there already. */
  readonly known: number;
  /** Entries that left the stream unread. */
  readonly lost: number;
}

const nothing: Delivered = { added: 0, known: 0, lost: 0 };
const sum = (one: Delivered, other: Delivered): Delivered => ({
  added: one.added + other.added,
  known: one.known + other.known,
  lost: one.lost + other.lost,
});

/** Delivers what is under way and what nobody has read, until the stream has nothing else. */
export async function deliver({ cell, stream, files, signal }: Delivery): Promise<Delivered> {
  let delivered = nothing;
  for (let after = '0'; !signal.aborted;) {
    const entries = await stream.unacknowledged(after);
    if (entries.length === 0) break;
    delivered = sum(delivered, await write(cell, files, entries));
    await stream.acknowledge(entries.map(({ id }) => id));
    after = entries.at(-1)!.id;
  }
  while (!signal.aborted) {
    const next = await stream.next();
    if ('left' in next) {
      await writeLines(files, [lineOfLoss(cell, next)]);
      await stream.pass(next);
      delivered = sum(delivered, { ...nothing, lost: next.left - next.from });
      continue;
    }
    if (next.length === 0) break;
    delivered = sum(delivered, await write(cell, files, next));
    await stream.acknowledge(next.map(({ id }) => id));
  }
  return delivered;
}

/**
 * Adds what the stream has and the files lack.
 * @param from milliseconds since 1970: the time at which Redis took the first entry to look at
 */
export async function replay({ cell, stream, files, signal }: Delivery, from: number): Promise<Delivered> {
  let delivered = nothing;
  // No entry of the millisecond before has a higher number.
  for (let after = `${Math.max(from - 1, 0)}-${(1n << 64n) - 1n}`; !signal.aborted;) {
    const entries = await stream.all(after);
    if (entries.length === 0) break;
    delivered = sum(delivered, await write(cell, files, entries));
    after = entries.at(-1)!.id;
  }
  return delivered;
}

async function write(cell: string, files: RecordFiles, entries: readonly StreamEntry[]): Promise<Delivered> {
  const added = await writeLines(
    files,
    entries.map((entry) => lineOf(cell, entry)),
  );
  return { ...nothing, added, known: entries.length - added };
}

/** @returns how many lines were not there yet */
async function writeLines(files: RecordFiles, lines: readonly RecordLine[]): Promise<number> {
  let added = 0;
  for (const file of new Set(lines.map((line) => line.file))) {
    const names = await files.names(file);
    const ofFile = new Map(lines.filter((line) => line.file === file).map((line) => [line.name, line]));
    const fresh = [...ofFile.values()].filter(({ name }) => !names.has(name));
    if (fresh.length > 0) await files.append(file, fresh);
    added += fresh.length;
  }
  return added;
}
