import { CONTRACT_HALF_DAYS } from './forecast.ts';
import type { History } from './forecast/history.ts';
import { hourOfWeek } from './hour-of-week.ts';
import { HOURS_PER_WEEK, RESOURCES, type Demand, type Resource, type WeeklyDemand } from './resources.ts';
import { MINUTE_MS } from './time.ts';

/** A week counts half as much as one four weeks later. */
const WEEK_LEFT = 0.5 ** (1 / 4);

/**
 * What a tenant is expected to use in each hour of a week (UTC): of every hour of the week the mean of what was measured,
 * older weeks counting less. With little history it leans on the contract, with none it is the contract. Hours that
 * were never measured are unknown, not zero: they get the contract, or without one the mean of the others.
 *
 * It is made in one pass, for fleets of tens of thousands of tenants; the cells' forecasts add level, trend, holidays
 * and quantiles.
 *
 * @param histories of as many resources as are measured
 * @param contract what was sold, as the peak in every resource
 * @throws RangeError where a resource has neither a history with a known value nor a contract
 */
export function tenantWeek(histories: Partial<Readonly<Record<Resource, History>>>, contract?: Demand): WeeklyDemand {
  return Object.fromEntries(
    RESOURCES.map((resource) => [resource, weekOf(resource, histories[resource], contract?.[resource])]),
  ) as WeeklyDemand;
}

function weekOf(resource: Resource, history: History | undefined, sold: number | undefined): Float64Array {
  const measured = history && meansOf(history);
  if (measured === undefined) {
    if (sold === undefined) throw new RangeError(`${resource} has neither a history with a known value nor a contract`);
    return new Float64Array(HOURS_PER_WEEK).fill(sold);
  }
  const { week, mean, knownDays } = measured;
  const own = knownDays / (knownDays + CONTRACT_HALF_DAYS);
  return week.map((known) => {
    const value = Number.isNaN(known) ? (sold ?? mean) : known;
    return sold === undefined ? value : own * value + (1 - own) * sold;
  });
}

/** The week of {@link tenantWeek} from a history alone; undefined where nothing is known. */
export function measuredWeek(history: History): Float64Array | undefined {
  const measured = meansOf(history);
  return measured?.week.map((value) => (Number.isNaN(value) ? measured.mean : value));
}

/** Means by the hour of the week, NaN where nothing is known, and of all; undefined where nothing is known at all. */
function meansOf({
  values,
  start,
  stepMinutes,
}: History): { week: Float64Array; mean: number; knownDays: number } | undefined {
  const sums = new Float64Array(HOURS_PER_WEEK);
  const weights = new Float64Array(HOURS_PER_WEEK);
  const perHour = 60 / stepMinutes;
  const total = values.length;
  const weeks = Math.ceil(total / perHour / HOURS_PER_WEEK);
  const weightOf = Float64Array.from({ length: weeks }, (_, weeksAgo) => WEEK_LEFT ** weeksAgo);
  let known = 0;
  for (let i = 0; i < total; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    const hour = hourOfWeek(start + i * stepMinutes * MINUTE_MS);
    const weight = weightOf[Math.floor((total - 1 - i) / perHour / HOURS_PER_WEEK)]!;
    sums[hour]! += weight * value;
    weights[hour]! += weight;
    known++;
  }
  if (known === 0) return undefined;
  return {
    week: sums.map((sum, hour) => sum / weights[hour]!),
    mean: sums.reduce((a, b) => a + b, 0) / weights.reduce((a, b) => a + b, 0),
    knownDays: known / (perHour * 24),
  };
}
