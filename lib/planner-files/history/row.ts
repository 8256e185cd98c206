/** A row of a history file, whatever the form of the file. */

const COLUMNS = ['time', 'cell', 'tenant', 'resource', 'value'] as const;
export type Column = (typeof COLUMNS)[number];

/** As it stands in the file; what is missing is undefined. */
export type Row = Readonly<Record<Column, unknown>>;

/** @param line from 1; of a Parquet file the row */
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

export const isColumn = (name: string): name is Column => (COLUMNS as readonly string[]).includes(name);

export const columnsAllowed = 'the columns time, resource, value, and cell or tenant or both';

/** Whether a file has all columns that it needs, each once, and no other. */
export function areColumns(names: readonly string[]): names is readonly Column[] {
  const there = new Set(names);
  const needed = (['time', 'resource', 'value'] as const).every((name) => there.has(name));
  return needed && (there.has('cell') || there.has('tenant')) && there.size === names.length && names.every(isColumn);
}
