import type { Forecast } from '../forecast.ts';
import type { History } from '../forecast/history.ts';
import { POLICIES, usableLimit, type Policy } from '../policy.ts';
import { RESOURCES, type Resource } from '../resources.ts';
import { requireInput, type FleetCell, type PlanInput } from './input.ts';
import { outlook, type Outlook } from './outlook.ts';
import { DEFAULT_RULES, type PlanRules } from './rules.ts';
import { HOUR_MS } from './wording.ts';

/** One resource of a cell over time, as a plan sees it: for plots, and for whoever wants to check a plan. */
export interface DemandAhead {
  readonly resource: Resource;
  /** Starts of hours, milliseconds since 1970 UTC, without a gap. */
  readonly hours: Float64Array;
  /** The most that was measured in each hour; NaN where nothing was, and ahead. In the unit of the resource. */
  readonly measured: Float64Array;
  /** The median of the forecast, the most of each hour; NaN in the past. */
  readonly median: Float64Array;
  /** The quantile that the policy plans for. */
  readonly quantile: Float64Array;
  /** What the cell carries with the hosts lost that it must be able to lose; undefined where nobody knows. */
  readonly limit: number | undefined;
  /** What of that the policy lets the quantile reach. */
  readonly usable: number | undefined;
}

export interface CellAhead {
  readonly cell: string;
  /** Of the resources that were measured. */
  readonly resources: readonly DemandAhead[];
}

/**
 * What every cell was measured to need, is forecast to need, and can carry, by the hour: what the same plan is made from.
 *
 * @param measuredDays days of the past, whole and positive
 * @throws RangeError as {@link plan} does
 */
export function demandAhead(input: PlanInput, measuredDays: number): CellAhead[] {
  requireInput(input);
  const { now, policy = POLICIES.gradeOfService, figures } = input;
  const rules: PlanRules = { ...DEFAULT_RULES, ...input.rules };
  const inOrder = [...input.cells].sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
  return inOrder.map((cell) => {
    const seen = outlook(cell, now, policy.quantile, rules, figures);
    return {
      cell: seen.name,
      resources: RESOURCES.flatMap((resource) => {
        const ahead = seen.forecasts.get(resource);
        const from = now - measuredDays * 24 * HOUR_MS;
        return ahead ? [demandOf(seen, cell, resource, ahead, policy, from)] : [];
      }),
    };
  });
}

function demandOf(
  { capacity }: Outlook,
  { history }: FleetCell,
  resource: Resource,
  ahead: Forecast,
  policy: Policy,
  from: number,
): DemandAhead {
  const first = Math.floor(Math.max(from, history[resource]!.start) / HOUR_MS) * HOUR_MS;
  const last = ahead.start + ahead.quantiles[0]!.length * ahead.stepMinutes * 60_000;
  const hours = Float64Array.from({ length: Math.ceil((last - first) / HOUR_MS) }, (_, i) => first + i * HOUR_MS);
  const byHour = (values: ArrayLike<number>, { start, stepMinutes }: Pick<History, 'start' | 'stepMinutes'>) => {
    const most = new Float64Array(hours.length).fill(NaN);
    for (let i = 0; i < values.length; i++) {
      const hour = Math.floor((start + i * stepMinutes * 60_000 - first) / HOUR_MS);
      if (hour >= 0 && hour < most.length && !(most[hour]! >= values[i]!)) most[hour] = values[i]!;
    }
    return most;
  };
  const level = (quantile: number) => byHour(ahead.quantiles[ahead.levels.indexOf(quantile)]!, ahead);
  const { limit } = capacity.resources[resource];
  const known = Number.isFinite(limit);
  return {
    resource,
    hours,
    measured: byHour(history[resource]!.values, history[resource]!),
    median: level(0.5),
    quantile: level(policy.quantile),
    limit: known ? limit : undefined,
    usable: known ? usableLimit(policy, { resource, limit }) : undefined,
  };
}
