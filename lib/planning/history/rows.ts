/** Rows of history files, CSV and NDJSON, one after the other, whatever the size of the file. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';

const columns = ['time', 'cell', 'tenant', 'resource', 'value'] as const;
type Column = (typeof columns)[number];

/** As it stands in the file; what is missing is undefined. */
export type Row = Readonly<Record<Column, unknown>>;

/** @param line from 1 */
export type RowReader = (row: Row, line: number) => void;

/** The file is not of the form that its name promises. */
export class FormProblem extends Error {
  readonly line: number;
  readonly allowed: string;

  constructor(line: number, message: string, allowed: string) {
    super(message);
    this.line = line;
    this.allowed = allowed;
  }
}

/**
 * By the end of the name: `.csv` with a header line, `.ndjson` with an object a line.
 * @throws FormProblem for what can't be read to the end
 */
export async function readRows(path: string, reader: RowReader, signal?: AbortSignal): Promise<void> {
  if (path.endsWith('.csv')) await readCsv(path, reader, signal);
  else if (path.endsWith('.ndjson')) await readNdjson(path, reader, signal);
  else throw new FormProblem(1, 'the name does not tell what the file is', 'a name that ends in .csv or .ndjson');
}

async function readCsv(path: string, reader: RowReader, signal?: AbortSignal): Promise<void> {
  let line = 0;
  let places: ReadonlyMap<Column, number> | undefined;
  let width = 0;
  const parser = parse({ bom: true, trim: true, relax_column_count: true });
  try {
    await pipeline(
      createReadStream(path),
      parser,
      async (records: AsyncIterable<string[]>) => {
        for await (const record of records) {
          line++;
          if (record.length === 1 && record[0] === '') continue;
          if (places === undefined) {
            places = placesOf(record, line);
            width = record.length;
          } else if (record.length === width) reader(rowOf(record, places), line);
          else {
            const allowed = `${width}, as many as the first line`;
            throw new FormProblem(line, `the line has ${record.length} fields`, allowed);
          }
        }
      },
      { ...(signal && { signal }) },
    );
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const allowed = 'fields between commas, closed quotes';
    throw new FormProblem(parser.info.lines, `this is no CSV: ${error.message}`, allowed);
  }
  if (places === undefined) throw new FormProblem(1, 'the file is empty', headerAllowed);
}

function rowOf(record: readonly string[], places: ReadonlyMap<Column, number>): Row {
  const field = (column: Column): string | undefined => record[places.get(column) ?? -1];
  return {
    time: field('time'),
    // Every line has all fields; an empty name is none.
    cell: field('cell') || undefined,
    tenant: field('tenant') || undefined,
    resource: field('resource'),
    value: field('value'),
  };
}

const headerAllowed = 'a first line that names the columns time, resource, value, and cell or tenant or both';

function placesOf(header: readonly string[], line: number): ReadonlyMap<Column, number> {
  const places = new Map(header.map((name, place) => [name as Column, place]));
  const unknown = header.filter((name) => !columns.includes(name as Column));
  const missing = (['time', 'resource', 'value'] as const).filter((name) => !places.has(name));
  if (
    unknown.length > 0 ||
    missing.length > 0 ||
    places.size < header.length ||
    !(places.has('cell') || places.has('tenant'))
  ) {
    throw new FormProblem(line, `the first line is ${header.join(',')}`, headerAllowed);
  }
  return places;
}

async function readNdjson(path: string, reader: RowReader, signal?: AbortSignal): Promise<void> {
  const input = createReadStream(path, { ...(signal && { signal }) });
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    number++;
    if (line.trim() === '') continue;
    reader(objectOf(line, number), number);
  }
  signal?.throwIfAborted();
  if (number === 0) throw new FormProblem(1, 'the file is empty', objectAllowed);
}

const objectAllowed = 'an object a line with the keys time, resource, value, and cell or tenant or both';

function objectOf(line: string, number: number): Row {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new FormProblem(number, 'the line is no JSON', objectAllowed);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FormProblem(number, 'the line is no object', objectAllowed);
  }
  const unknown = Object.keys(value).filter((key) => !columns.includes(key as Column));
  if (unknown.length > 0) throw new FormProblem(number, `there is no key ${unknown.join(', ')}`, objectAllowed);
  return value as Row;
}
