import type { History } from '../forecast/history.ts';
import { RESOURCES, type Resource } from '../resources.ts';
import type { CellView, FleetView } from './decider.ts';
import { instantOf } from './fleet.ts';
import { useAt } from './limit-demand.ts';

/** Weeks of history that a plan gets. */
export const HISTORY_WEEKS = 8;

interface Kept {
  readonly tenants: string;
  /** The hour, counted from the beginning of the traffic, that each array begins with. */
  readonly first: number;
  /** A list of hours for every resource. */
  readonly values: readonly number[][];
}

/**
 * Hourly histories of cells: what the tenants that are in the cell now used together, of every hour the highest step.
 * Remembers them, as from hour to hour only an hour is added.
 */
export class CellHistories {
  readonly #kept = new Map<string, Kept>();

  of(view: FleetView, cell: CellView): Partial<Record<Resource, History>> {
    const perHour = 60 / view.traffic.stepMinutes;
    const end = Math.floor(view.step / perHour);
    const tenants = cell.tenants.join(' ');
    let kept = this.#kept.get(cell.name);
    if (kept?.tenants !== tenants) {
      kept = { tenants, first: Math.max(0, end - HISTORY_WEEKS * 168), values: RESOURCES.map(() => []) };
      this.#kept.set(cell.name, kept);
    }
    const { first, values } = kept;
    for (let hour = first + values[0]!.length; hour < end; hour++) {
      highestIn(view, cell, hour * perHour, (hour + 1) * perHour).forEach((value, r) => values[r]!.push(value));
    }
    const skipped = Math.max(0, end - HISTORY_WEEKS * 168 - first);
    const start = instantOf(view.traffic, (first + skipped) * perHour);
    return Object.fromEntries(
      RESOURCES.map((resource, r): [Resource, History] => [
        resource,
        { zone: cell.kind.zone, start, stepMinutes: 60, values: Float64Array.from(values[r]!.slice(skipped)) },
      ]),
    );
  }
}

/** The highest use in some steps, NaN where one of them was not measured: what is not known may have been higher. */
function highestIn(view: FleetView, cell: CellView, from: number, to: number): number[] {
  const highest = RESOURCES.map(() => 0);
  const tenants = cell.tenants.map((id) => view.tenant(id));
  const measured = cell.tenants.map((id) => view.measured(id));
  for (let step = from; step < to; step++) {
    const sums = RESOURCES.map(() => 0);
    for (const [t, tenant] of tenants.entries()) {
      if (step < tenant.arrives) continue;
      const calls = measured[t]![step]!;
      for (let r = 0; r < sums.length; r++) sums[r]! += Number.isNaN(calls) ? NaN : useAt(tenant, calls, RESOURCES[r]!);
    }
    for (let r = 0; r < sums.length; r++) {
      highest[r] = Number.isNaN(sums[r]!) ? NaN : Math.max(highest[r]!, sums[r]!);
    }
  }
  return highest;
}
