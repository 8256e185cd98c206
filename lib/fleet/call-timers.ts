import type { CellSpec } from './schema/cell-types.ts';

/**
 * Seconds of a timer that watches calls, at the speed of the cell (`calls.timerSpeedup`): whole, at least 1.
 * @example callTimer(spec, 60) // 60, and 6 at a speed of 10
 */
export function callTimer({ calls }: Pick<CellSpec, 'calls'>, seconds: number): number {
  return Math.max(1, Math.round(seconds / calls.timerSpeedup));
}
