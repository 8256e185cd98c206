/** Rows of history files, CSV, NDJSON and Parquet, one after the other, whatever the size of the file. */
import { createReadStream } from 'node:fs';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { counted } from '../../config-file/counted.ts';
import { requireFile, requireTextFile, UnreadableFile } from '../../config-file/read-text.ts';
import { NoCsv, readCsvRecords } from './csv-records.ts';
import { readParquetRows } from './parquet-rows.ts';
import { areColumns, columnsAllowed, FormProblem, isColumn, type Column, type Row, type RowReader } from './row.ts';

const ALLOWED_FILE = 'a .csv, .ndjson or .parquet file';

/**
 * By the end of the name: `.csv` with a header line, `.ndjson` with an object a line, `.parquet`.
 * @throws FormProblem for what can't be read to the end
 */
export async function readRows(path: string, reader: RowReader, signal?: AbortSignal): Promise<void> {
  try {
    if (path.endsWith('.parquet')) requireFile(path, ALLOWED_FILE);
    else requireTextFile(path, ALLOWED_FILE);
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw new FormProblem(1, error.finding.message, error.finding.allowed);
  }
  if (path.endsWith('.csv')) await readCsv(path, reader, signal);
  else if (path.endsWith('.ndjson')) await readNdjson(path, reader, signal);
  else if (path.endsWith('.parquet')) await readParquetRows(path, reader, signal);
  else
    throw new FormProblem(
      1,
      `the name ends in ${extname(path) || 'nothing that tells what the file is'}`,
      'a name that ends in .csv, .ndjson or .parquet',
    );
}

async function readCsv(path: string, reader: RowReader, signal?: AbortSignal): Promise<void> {
  let places: Places | undefined;
  let width = 0;
  const take = (record: readonly string[], line: number): void => {
    if (record.length === 1 && record[0] === '') return;
    if (places === undefined) {
      places = placesOf(record, line);
      width = record.length;
    } else if (record.length === width) reader(rowOf(record, places), line);
    else
      throw new FormProblem(
        line,
        `the line has ${counted(record.length, 'field')}`,
        `${width}, as many as the first line`,
      );
  };
  try {
    await readCsvRecords(path, take, signal);
  } catch (error) {
    if (!(error instanceof NoCsv)) throw error;
    throw new FormProblem(error.line, `invalid CSV: ${error.message}`, 'UTF-8, fields between commas, closed quotes');
  }
  if (places === undefined) throw new FormProblem(1, 'the file is empty', headerAllowed);
}

/** Where in a record the columns stand; those that are missing, behind its end. */
type Places = Readonly<Record<Column, number>>;

function rowOf(record: readonly string[], places: Places): Row {
  return {
    time: record[places.time],
    // Every line has all fields; an empty name is none.
    cell: record[places.cell] || undefined,
    tenant: record[places.tenant] || undefined,
    resource: record[places.resource],
    value: record[places.value],
  };
}

const headerAllowed = `a first line that names ${columnsAllowed}`;

function placesOf(header: readonly string[], line: number): Places {
  if (!areColumns(header)) {
    throw new FormProblem(line, `the first line is ${header.join(',').slice(0, 200)}`, headerAllowed);
  }
  const places = new Map(header.map((name, place) => [name, place]));
  const place = (column: Column): number => places.get(column) ?? header.length;
  return {
    time: place('time'),
    cell: place('cell'),
    tenant: place('tenant'),
    resource: place('resource'),
    value: place('value'),
  };
}

async function readNdjson(path: string, reader: RowReader, signal?: AbortSignal): Promise<void> {
  const input = createReadStream(path, { ...(signal && { signal }) });
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    number++;
    const text = number === 1 ? line.replace(/^\ufeff/, '') : line;
    if (text.trim() === '') continue;
    reader(objectOf(text, number), number);
  }
  signal?.throwIfAborted();
  if (number === 0) throw new FormProblem(1, 'the file is empty', objectAllowed);
}

const objectAllowed = 'an object a line with the keys time, resource, value, and cell or tenant or both';

function objectOf(line: string, number: number): Row {
  if (line.includes('\ufffd')) throw new FormProblem(number, 'there is a byte that is not UTF-8', 'text in UTF-8');
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new FormProblem(number, 'the line is not JSON', objectAllowed);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FormProblem(number, 'the line is not an object', objectAllowed);
  }
  const unknown = Object.keys(value).filter((key) => !isColumn(key));
  if (unknown.length > 0)
    throw new FormProblem(number, `there is no key ${unknown.slice(0, 5).join(', ')}`, objectAllowed);
  const names = keysOf(line);
  const twice = names.find((name, place) => names.indexOf(name) < place);
  if (twice !== undefined) throw new FormProblem(number, `the key ${twice} is given twice`, 'each key once');
  return value as Row;
}

/** The keys of an object as they stand in its line: of those that are repeated, JSON.parse keeps only the last. */
function keysOf(line: string): readonly string[] {
  return [...line.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?/g)].flatMap(([, text, colon]) =>
    colon === undefined ? [] : [JSON.parse(text!) as string],
  );
}
