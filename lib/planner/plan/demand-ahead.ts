import { QUANTILES, type Forecast } from '../forecast.ts';
import type { History } from '../forecast/history.ts';
import { limitServes, type CellLimits } from '../shared-limits.ts';
import { POLICIES, usableLimit, type Policy } from '../policy.ts';
import { HOURS_PER_WEEK, RESOURCES, type Resource } from '../resources.ts';
import { tenantsByCell } from './fleet-load.ts';
import { requireInput, type FleetCell, type FleetTenant, type PlanInput } from './input.ts';
import { tenantChanges } from './tenant-changes.ts';
import { hourOfWeek } from '../hour-of-week.ts';
import { outlook } from './outlook.ts';
import { DEFAULT_RULES, type PlanRules } from './rules.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../time.ts';

/** One resource of a cell over time, as a plan sees it: for plots, and for whoever wants to check a plan. */
export interface DemandAhead {
  readonly resource: Resource;
  /** Starts of hours, milliseconds since 1970 UTC, without a gap. */
  readonly hours: Float64Array;
  /** The most that was measured in each hour; NaN where nothing was, and ahead. In the unit of the resource. */
  readonly measured: Float64Array;
  /** The quantiles of the forecast, rising: {@link QUANTILES} and the one that the policy plans for. */
  readonly levels: readonly number[];
  /** For each level the most of each hour; NaN in the past. */
  readonly quantiles: readonly Float64Array[];
  /**
   * The same quantiles as they were forecast a day ago, in the hours since; NaN in all others. Undefined where nothing was known by
   * then.
   */
  readonly dayAgo?: readonly Float64Array[];
  /** What its tenants are expected to use: of a cell that was never measured, which then has no quantiles. */
  readonly expected?: Float64Array;
  /**
   * What the cell carries with the hosts lost that it must be able to lose, all its pools together; undefined where
   * nobody knows.
   */
  readonly limit: number | undefined;
  /** What of that the policy lets the quantile reach. */
  readonly usable: number | undefined;
}

export interface CellAhead {
  readonly cell: string;
  /** Those that were measured; of a cell that never was, those that its tenants are expected to use. */
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
  const levels = [...new Set([...QUANTILES, policy.quantile])].sort((a, b) => a - b);
  // Without the part of those who left, as the plan has it.
  const { cells, tenants } = tenantChanges(input);
  const members = tenantsByCell(tenants);
  const inOrder = [...cells].sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
  return inOrder.map((given) => {
    const own = members.get(given.spec.name) ?? [];
    const { name, cell, capacity, forecasts } = outlook(given, own, now, levels, rules, figures);
    // What a cell says about itself now was not known then.
    const unheard = { ...given, signals: { measuredAt: undefined } };
    const dayAgo = outlook(unheard, own, now - DAY_MS, levels, rules, figures);
    const from = now - measuredDays * 24 * HOUR_MS;
    const resources = RESOURCES.flatMap((resource) => {
      const ahead = forecasts.get(resource);
      const demand =
        ahead !== undefined
          ? forecastDemand(cell, resource, { ahead, dayAgo: dayAgo.forecasts.get(resource) }, levels, from, now)
          : forecasts.size === 0
            ? expectedDemand(own, resource, now)
            : undefined;
      return demand === undefined ? [] : [{ resource, ...demand, ...limitsOf(capacity.limits, resource, policy) }];
    });
    return { cell: name, resources };
  });
}

type Demand = Omit<DemandAhead, 'resource' | 'limit' | 'usable'>;

function forecastDemand(
  { history }: FleetCell,
  resource: Resource,
  { ahead, dayAgo }: { ahead: Forecast; dayAgo: Forecast | undefined },
  levels: readonly number[],
  from: number,
  now: number,
): Demand {
  const first = startOfHour(Math.max(from, history[resource]!.start));
  const last = ahead.start + ahead.quantiles[0]!.length * ahead.stepMinutes * MINUTE_MS;
  const hours = hoursFrom(first, Math.ceil((last - first) / HOUR_MS));
  const byHour = (values: ArrayLike<number>, { start, stepMinutes }: Pick<History, 'start' | 'stepMinutes'>) => {
    const most = new Float64Array(hours.length).fill(NaN);
    for (let i = 0; i < values.length; i++) {
      const hour = Math.floor((start + i * stepMinutes * MINUTE_MS - first) / HOUR_MS);
      if (hour >= 0 && hour < most.length && !(most[hour]! >= values[i]!)) most[hour] = values[i]!;
    }
    return most;
  };
  const quantilesOf = (made: Forecast): Float64Array[] =>
    levels.map((level) => byHour(made.quantiles[made.levels.indexOf(level)]!, made));
  const isSince = (hour: number): boolean => hour >= now - DAY_MS && hour + HOUR_MS <= now;
  const since = (values: Float64Array): Float64Array => values.map((value, i) => (isSince(hours[i]!) ? value : NaN));
  return {
    hours,
    measured: byHour(history[resource]!.values, history[resource]!),
    levels,
    quantiles: quantilesOf(ahead),
    ...(dayAgo && { dayAgo: quantilesOf(dayAgo).map(since) }),
  };
}

/** The week to come, which is like every other; undefined where nobody uses anything. */
function expectedDemand(tenants: readonly FleetTenant[], resource: Resource, now: number): Demand | undefined {
  const hours = hoursFrom(startOfHour(now), HOURS_PER_WEEK);
  const expected = hours.map((hour) => tenants.reduce((sum, { use }) => sum + use[resource][hourOfWeek(hour)]!, 0));
  if (!expected.some((value) => value > 0)) return undefined;
  return { hours, measured: new Float64Array(hours.length).fill(NaN), levels: [], quantiles: [], expected };
}

const startOfHour = (instant: number): number => Math.floor(instant / HOUR_MS) * HOUR_MS;
const hoursFrom = (first: number, count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => first + i * HOUR_MS);

/** Over the pools that share no host with others, or over those that do together. */
function limitsOf(
  { sharedLimits }: CellLimits,
  resource: Resource,
  policy: Policy,
): Pick<DemandAhead, 'limit' | 'usable'> {
  const own = sharedLimits.filter((sharedLimit) => sharedLimit.resource === resource);
  const widest = own.filter(
    (sharedLimit) =>
      sharedLimit.pools === 'all' ||
      !own.some(
        (other) =>
          other !== sharedLimit && (sharedLimit.pools as readonly string[]).every((name) => limitServes(other, name)),
      ),
  );
  const sum = (limits: readonly number[]): number | undefined => {
    const all = limits.reduce((total, limit) => total + limit, 0);
    return Number.isFinite(all) ? all : undefined;
  };
  return {
    limit: sum(widest.map(({ limit }) => limit)),
    usable: sum(widest.map((sharedLimit) => usableLimit(policy, sharedLimit))),
  };
}
