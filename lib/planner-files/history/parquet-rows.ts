/** Rows of a Parquet file, a row group at a time, whatever the size of the file. */
import type { FileMetaData, SchemaElement } from 'hyparquet';
import { areColumns, columnsAllowed, FormProblem, type Column, type RowReader } from './row.ts';

/** Times as seconds since 1970, as other files have them, and not an object a row. */
const SECONDS = {
  timestampFromMilliseconds: (millis: bigint) => Number(millis) / 1e3,
  timestampFromMicroseconds: (micros: bigint) => Number(micros) / 1e6,
  timestampFromNanoseconds: (nanos: bigint) => Number(nanos) / 1e9,
};

/**
 * Reads the columns of a row group, then the next one: of a file in one group all of it is in memory.
 *
 * @throws FormProblem for a file that is not Parquet or has other columns, and where nothing is installed that reads it
 */
export async function readParquetRows(path: string, reader: RowReader, signal?: AbortSignal): Promise<void> {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetScan, parquetSchema, compressors } = await libraries();
  const file = await asyncBufferFromFile(path);
  const metadata = await parsed(1, () => parquetMetadataAsync(file));
  const columns = columnsOf(parquetSchema(metadata).children.map(({ element }) => element));
  const scan = await parsed(1, () => parquetScan({ file, metadata, columns, compressors, parsers: SECONDS }));
  for (const { rowStart, rowEnd } of rowGroups(metadata)) {
    signal?.throwIfAborted();
    const read = async (column: Column): Promise<ArrayLike<unknown> | undefined> =>
      columns.includes(column)
        ? parsed(rowStart + 1, () => scan.readColumn({ column, rowStart, rowEnd }))
        : Promise.resolve(undefined);
    const [time, cell, tenant, resource, value] = [
      await read('time'),
      await read('cell'),
      await read('tenant'),
      await read('resource'),
      await read('value'),
    ];
    for (let i = 0; i < rowEnd - rowStart; i++) {
      const row = {
        time: number(time![i]),
        // As in CSV, an empty name is none.
        cell: cell?.[i] || undefined,
        tenant: tenant?.[i] || undefined,
        resource: resource![i],
        value: number(value![i]),
      };
      reader(row, rowStart + i + 1);
    }
  }
}

/** Who plans from other files needs none of these. */
async function libraries() {
  try {
    return { ...(await import('hyparquet')), ...(await import('hyparquet-compressors')) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new FormProblem(
      1,
      'nothing is installed that reads Parquet',
      'npm install hyparquet@1 hyparquet-compressors@1, or a .csv or .ndjson file',
    );
  }
}

async function parsed<T>(row: number, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new FormProblem(row, `invalid Parquet: ${(error as Error).message}`, 'a whole Parquet file');
  }
}

function columnsOf(elements: readonly SchemaElement[]): Column[] {
  const names = elements.map(({ name }) => name);
  if (!areColumns(names)) {
    throw new FormProblem(1, `the columns are ${names.join(', ').slice(0, 200)}`, columnsAllowed);
  }
  for (const { name, logical_type: logical } of elements) {
    if (name === 'time' && logical?.type === 'TIMESTAMP' && !logical.isAdjustedToUTC) {
      throw new FormProblem(
        1,
        'the times have no zone, and are two instants when clocks go back',
        'timestamps in UTC, texts with an offset, or seconds since 1970',
      );
    }
  }
  return [...names];
}

function* rowGroups({ row_groups: groups }: FileMetaData): Iterable<{ rowStart: number; rowEnd: number }> {
  let rowStart = 0;
  for (const { num_rows: rows } of groups) {
    const rowEnd = rowStart + Number(rows);
    if (rowEnd > rowStart) yield { rowStart, rowEnd };
    rowStart = rowEnd;
  }
}

const number = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);
