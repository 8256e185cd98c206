/** Lines of the files that call records are delivered to, and which file each belongs to. */
import { z } from 'zod';
import type { CallEvent } from '../kamailio/sbc/records.ts';

/** An entry of the stream. */
export interface StreamEntry {
  /** Its id there: the milliseconds at which Redis took it, and a number. */
  readonly id: string;
  /** What its field `event` says; undefined where the stream no longer has the entry. */
  readonly text: string | undefined;
}

/**
 * Entries that left the stream before they were read. The stream counts what it takes: these are the entries numbered `from` + 1 to `left`.
 */
export interface Loss {
  readonly from: number;
  readonly left: number;
  /** Id of the last entry that was read. */
  readonly after: string;
  /** Id of the first entry that is still there; empty where there is none. */
  readonly before: string;
}

/** A line of a file, without its newline. */
export interface RecordLine {
  /** In the folder of the cell: `2026-11-30.ndjson`, or one of the two below. */
  readonly file: string;
  /** What makes it one: a file has each name once. */
  readonly name: string;
  readonly text: string;
}

/** What was in the stream and is not a call record. */
export const unreadableFile = 'unreadable.ndjson';
/** What left the stream before it was delivered. */
export const lossFile = 'lost.ndjson';

/** The latest instant of a `Date` is 8.64e12 s after 1970 (ECMA-262). */
const seconds = z.number().positive().max(8.64e12);

/** What of a record decides where its line stands and whether the call is whole. The other fields go into the file as they are. */
const recordSchema = z
  .looseObject({ id: z.string().min(1), invited: seconds, answered: seconds.nullable() })
  .and(
    z.union([
      z.looseObject({ event: z.literal('start'), answered: seconds }),
      z.looseObject({ event: z.enum(['end', 'refused']), ended: seconds }),
    ]),
  );

const lineSchema = z.looseObject({ stream: z.string().min(1) }).and(recordSchema);
const lossSchema = z.union([
  z.object({ from: z.int(), left: z.int(), after: z.string(), before: z.string() }),
  z.object({ trimmed: z.string() }),
]);

/** A record as it stands in a file. */
export type DeliveredRecord = CallEvent & { readonly cell: string; readonly stream: string };

const parsed = <T>(schema: z.ZodType<T>, text: string): T | undefined => {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};

/** A line of a file of a day; undefined where it is damaged. */
export const recordIn = (text: string): DeliveredRecord | undefined =>
  parsed(lineSchema, text) as DeliveredRecord | undefined;

/** A line of the file of losses: entries that nobody had read, or one that was read and perhaps not written. */
export const lossIn = (text: string) => parsed(lossSchema, text);

/** The record's own time in seconds since 1970: of a start its answer, of any other its end. */
export const timeOf = ({ answered, ended, invited }: CallEvent): number => ended ?? answered ?? invited;

/** The UTC day of a record, which every copy of it shares: `2026-11-30`. */
export const dayOf = (event: CallEvent): string => new Date(timeOf(event) * 1000).toISOString().slice(0, 10);

export const recordName = ({ id, event }: CallEvent): string => `${id}:${event}`;

/** Where an entry of the stream belongs. */
export function lineOf(cell: string, { id, text }: StreamEntry): RecordLine {
  if (text === undefined) return { file: lossFile, name: id, text: JSON.stringify({ cell, trimmed: id }) };
  const event = parsed(recordSchema, text) as CallEvent | undefined;
  if (event === undefined) {
    return { file: unreadableFile, name: id, text: JSON.stringify({ cell, stream: id, text }) };
  }
  return {
    file: `${dayOf(event)}.ndjson`,
    name: recordName(event),
    text: JSON.stringify({ ...event, cell, stream: id }),
  };
}

export function lineOfLoss(cell: string, loss: Loss): RecordLine {
  return { file: lossFile, name: lossName(loss), text: JSON.stringify({ cell, ...loss }) };
}

const lossName = ({ after, left }: Pick<Loss, 'after' | 'left'>): string => `${after} ${left}`;

/** The name of a line that stands in a file; undefined where the line is damaged. */
export function nameOfLine(file: string, text: string): string | undefined {
  if (file === unreadableFile) return parsed(z.object({ stream: z.string() }), text)?.stream;
  if (file === lossFile) {
    const loss = lossIn(text);
    return loss && ('trimmed' in loss ? loss.trimmed : lossName(loss));
  }
  const record = recordIn(text);
  return record && recordName(record);
}
