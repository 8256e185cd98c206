/** One measured figure of a benchmark: a line of docs/benchmarks.md. */
export interface BenchRow {
  /** What was measured, in words that stand alone. */
  what: string;
  figure: number;
  unit: string;
  /** What it is compared with in the same run, if anything. */
  baseline?: string;
  /** What the figure has to be; a row without a goal is information. */
  goal?: { atMost?: number; atLeast?: number };
}

export function isMet(row: BenchRow): boolean {
  const { atMost = Infinity, atLeast = -Infinity } = row.goal ?? {};
  return row.figure <= atMost && row.figure >= atLeast;
}

/** The rows as text lines, for a bench file that is run alone. */
export function rowLines(rows: readonly BenchRow[]): string {
  return rows
    .map((row) => {
      const goal = [
        row.goal?.atLeast === undefined ? '' : `>= ${row.goal.atLeast}`,
        row.goal?.atMost === undefined ? '' : `<= ${row.goal.atMost}`,
      ]
        .filter(Boolean)
        .join(' and ');
      const verdict = goal ? `  goal ${goal}: ${isMet(row) ? 'met' : 'NOT MET'}` : '';
      const against = row.baseline ? `  (against ${row.baseline})` : '';
      return `${row.what}: ${Number(row.figure.toPrecision(4))} ${row.unit}${against}${verdict}`;
    })
    .join('\n');
}
