/** When a cell ends calls by itself. */
import { counted } from '../../config-file/counted.ts';
import type { Rule } from '../../config-file/rule.ts';
import type { CellSpec } from '../schema/cell-types.ts';

const timersKeepTime: Rule<CellSpec> = {
  severity: 'error',
  reads: ['calls.timerSpeedup', 'size'],
  *check({ calls, size }) {
    if (calls.timerSpeedup === 1 || size === 'test') return;
    yield {
      path: ['calls', 'timerSpeedup'],
      message: `timers that run ${counted(calls.timerSpeedup, 'time')} faster would end real calls`,
      allowed: '1, or more in a cell of size test',
    };
  },
};

export const callRules: readonly Rule<CellSpec>[] = [timersKeepTime];
