/** Records of a CSV file, one after the other, whatever the size of the file. */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';

/** @param line in which the record begins, from 1 */
export type RecordReader = (record: readonly string[], line: number) => void;

/** The text is not CSV. */
export class NoCsv extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

const CHUNK_BYTES = 1 << 20;
/** Where one of these is, not every comma and every end of a line is what it seems, or something has to be trimmed. */
const SPECIAL = ['"', '\r', ' ', '\t', '\f'];

/**
 * Lines with nothing but fields between commas, as programs write measurements, are cut here. From the first other line on
 * csv-parse reads, which takes nine times as long: with the history of a large fleet that is most of a plan's time.
 *
 * @throws NoCsv
 */
export async function readCsvRecords(path: string, reader: RecordReader, signal?: AbortSignal): Promise<void> {
  const input = createReadStream(path, { encoding: 'utf8', highWaterMark: CHUNK_BYTES, ...(signal && { signal }) });
  const chunks = input[Symbol.asyncIterator]() as AsyncIterableIterator<string>;
  let line = 0;
  let rest = '';
  try {
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
      const text = line === 0 && rest === '' ? next.value.replace(/^\ufeff/, '') : rest + next.value;
      requirePlainText(next.value, line);
      const whole = text.lastIndexOf('\n') + 1;
      const lines = text.slice(0, whole).replaceAll('\r\n', '\n');
      if (!isPlain(lines)) {
        await parseRest(text, chunks, reader, line, signal);
        return;
      }
      line = cut(lines, reader, line);
      rest = text.slice(whole);
    }
    if (isPlain(rest)) cut(rest === '' ? '' : `${rest}\n`, reader, line);
    else await parseRest(rest, chunks, reader, line, signal);
  } finally {
    input.destroy();
  }
}

/** Bytes that are not UTF-8 come out of the decoder as U+FFFD. */
function requirePlainText(text: string, before: number): void {
  for (const [character, message] of [
    ['\0', 'a NUL byte'],
    ['\ufffd', 'a byte that is not UTF-8'],
  ] as const) {
    const at = text.indexOf(character);
    if (at >= 0) throw new NoCsv(before + text.slice(0, at).split('\n').length, `there is ${message}`);
  }
}

const newlinesIn = (text: string): number => text.split('\n').length - 1;

const isPlain = (text: string): boolean => !SPECIAL.some((character) => text.includes(character));

/** @returns the number of the last line */
function cut(text: string, reader: RecordReader, before: number): number {
  let line = before;
  let at = 0;
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', at)) {
    const record: string[] = [];
    for (let comma = text.indexOf(',', at); comma !== -1 && comma < end; comma = text.indexOf(',', at)) {
      record.push(text.slice(at, comma));
      at = comma + 1;
    }
    record.push(text.slice(at, end));
    at = end + 1;
    reader(record, ++line);
  }
  return line;
}

async function parseRest(
  text: string,
  chunks: AsyncIterable<string>,
  reader: RecordReader,
  before: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const parser = parse({ trim: true, relax_column_count: true });
  let line = before;
  let read = before + newlinesIn(text);
  try {
    await pipeline(
      async function* () {
        yield text;
        for await (const chunk of chunks) {
          requirePlainText(chunk, read);
          read += newlinesIn(chunk);
          yield chunk;
        }
      },
      parser,
      async (records: AsyncIterable<string[]>) => {
        for await (const record of records) {
          reader(record, ++line);
          line += record.reduce((sum, field) => sum + newlinesIn(field), 0);
        }
      },
      { ...(signal && { signal }) },
    );
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    // The record that could not be read begins there; the parser says where it ends, and counts from where it began.
    throw new NoCsv(line + 1, error.message.replace(/ at line \d+/, ''));
  }
}
