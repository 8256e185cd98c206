/** What tenants cannot have used. Arithmetic only. */
import { counted } from '../config-file/counted.ts';
import type { CellSpec } from '../fleet/schema/cell.ts';
import { contractOfAll, mostPossible, physicalLimit } from '../planner/plan/implausible.ts';
import type { Implausible } from '../planner/plan/input.ts';
import { RESOURCES } from '../planner/resources.ts';
import { MINUTE_MS, when } from '../planner/time.ts';
import { amount } from '../planner/wording.ts';
import type { Grid } from './history/grid.ts';
import type { Measured } from './history/measured.ts';

/**
 * Makes unknown what a cell's tenants cannot have used, beyond both what was sold to them and what the cell's hosts let in, before
 * it is added up, and tells what it was and whose.
 */
export function forgetImplausibleUse(spec: CellSpec, measured: Measured, grid: Grid): Implausible[] {
  const found: Implausible[] = [];
  const at = (interval: number): number => grid.start + interval * grid.stepMinutes * MINUTE_MS;
  for (const resource of RESOURCES) {
    const limit = physicalLimit(spec, resource);
    for (const { name, limits } of spec.tenants) {
      const values = measured.get('tenant', name, resource);
      if (values === undefined) continue;
      const most = mostPossible(limit, contractOfAll([{ limits }], resource));
      let [count, first, last, highest] = [0, 0, 0, 0];
      for (let i = 0; i < values.length; i++) {
        if (!(values[i]! > most)) continue;
        if (count++ === 0) first = i;
        last = i;
        highest = Math.max(highest, values[i]!);
        values[i] = NaN;
      }
      if (count === 0) continue;
      const times = count === 1 ? `${when(at(first))}` : `${counted(count, 'time')} from ${when(at(first))} on`;
      const text = `${amount(highest)} ${resource} of tenant ${name} ${times}, at most ${amount(most)} can be`;
      found.push({ from: at(first), until: at(last + 1), text });
    }
  }
  return found;
}
