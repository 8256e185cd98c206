import type { SimulationResult } from './result.ts';

const COLUMNS: readonly (readonly [title: string, value: (result: SimulationResult) => string])[] = [
  ['decider', ({ decider }) => decider],
  ['calls', ({ callsOffered }) => Math.round(callsOffered).toString()],
  ['blocked', ({ callsBlocked }) => Math.round(callsBlocked).toString()],
  ['minutes short', ({ minutesShort }) => minutesShort.toString()],
  ['tenant h waiting', ({ tenantHoursWaiting }) => Math.round(tenantHoursWaiting).toString()],
  ['cell h', ({ cellHours }) => Math.round(cellHours).toString()],
  ['weighted cell h', ({ weightedCellHours }) => Math.round(weightedCellHours).toString()],
  ['cost', ({ cost }) => Math.round(cost).toString()],
  ['stamps', ({ stamps }) => stamps.toString()],
  ['failed', ({ failedStamps }) => failedStamps.toString()],
  ['retired', ({ retirements }) => retirements.toString()],
  ['moves', ({ moves }) => moves.toString()],
  ['up', ({ scaleUps }) => scaleUps.toString()],
  ['down', ({ scaleDowns }) => scaleDowns.toString()],
  ['reversals', ({ reversals }) => reversals.toString()],
  ['holds', ({ holds }) => holds.toString()],
];

/** The deciders side by side, a line each under a line of titles. */
export function comparisonLines(results: readonly SimulationResult[]): string[] {
  const rows = [COLUMNS.map(([title]) => title), ...results.map((result) => COLUMNS.map(([, value]) => value(result)))];
  const widths = COLUMNS.map((_, c) => Math.max(...rows.map((row) => row[c]!.length)));
  return rows.map((row) =>
    row.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))).join('  '),
  );
}
