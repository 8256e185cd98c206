import type { SimulationResult } from './result.ts';

/** The figures of a result that deciders are compared by. */
export const FIGURES: readonly (readonly [what: string, figure: (result: SimulationResult) => number])[] = [
  ['calls offered', ({ callsOffered }) => callsOffered],
  ['calls blocked', ({ callsBlocked }) => callsBlocked],
  ['of these, of tenants that wait for a cell', ({ blockedBy }) => blockedBy.waiting],
  ['of these, of a lost region', ({ blockedBy }) => blockedBy.lostRegion],
  ['of these, of a full cell', ({ blockedBy }) => blockedBy.full],
  ['minutes short', ({ minutesShort }) => minutesShort],
  ['tenant-hours waiting for a cell', ({ tenantHoursWaiting }) => tenantHoursWaiting],
  ['cell-hours', ({ cellHours }) => cellHours],
  ['cell-hours, by media hosts in service', ({ weightedCellHours }) => weightedCellHours],
  ['cost', ({ cost }) => cost],
  ['stamps', ({ stamps }) => stamps],
  ['stamps that failed', ({ failedStamps }) => failedStamps],
  ['retirements', ({ retirements }) => retirements],
  ['tenants moved', ({ moves }) => moves],
  ['scale-ups', ({ scaleUps }) => scaleUps],
  ['scale-downs', ({ scaleDowns }) => scaleDowns],
  ['reversals', ({ reversals }) => reversals],
  ['holds', ({ holds }) => holds],
];

/** Columns of a terminal. */
const WIDTH = 80;

/** The deciders side by side, a column each, a line a figure; those that a terminal has no room for stand below. */
export function comparisonLines(results: readonly SimulationResult[]): string[] {
  const names = ['', ...FIGURES.map(([what]) => what)];
  const nameWidth = Math.max(...names.map((name) => name.length));
  const columns = results.map((result) => {
    const texts = [result.decider, ...FIGURES.map(([, figure]) => Math.round(figure(result)).toString())];
    const width = Math.max(...texts.map((text) => text.length)) + 2;
    return { width, texts: texts.map((text) => text.padStart(width)) };
  });
  const tables: (typeof columns)[] = [];
  let room = 0;
  for (const column of columns) {
    if (column.width > room) {
      tables.push([]);
      room = WIDTH - nameWidth;
    }
    tables.at(-1)!.push(column);
    room -= column.width;
  }
  return tables.flatMap((table, at) => [
    ...(at === 0 ? [] : ['']),
    ...names.map((name, row) => name.padEnd(nameWidth) + table.map(({ texts }) => texts[row]!).join('')),
  ]);
}
