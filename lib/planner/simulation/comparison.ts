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

/** The deciders side by side, a column each, a line a figure. */
export function comparisonLines(results: readonly SimulationResult[]): string[] {
  const rows = [
    ['', ...results.map(({ decider }) => decider)],
    ...FIGURES.map(([what, figure]) => [what, ...results.map((result) => Math.round(figure(result)).toString())]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((text, c) => (c === 0 ? text.padEnd(widths[c]!) : text.padStart(widths[c]!))).join('  '),
  );
}
