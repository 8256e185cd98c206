import { CONTRACT_HALF_DAYS } from './forecast.ts';
import type { History } from './forecast/history.ts';
import { HOURS_PER_WEEK, RESOURCES, type Demand, type Resource, type WeeklyDemand } from './resources.ts';
import { HOUR_MS, MINUTE_MS } from './time.ts';

const EPOCH_HOUR = 72;
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
  const sums = new Float64Array(HOURS_PER_WEEK);
  const weights = new Float64Array(HOURS_PER_WEEK);
  let known = 0;
  if (history !== undefined) {
    const { values, start, stepMinutes } = history;
    const perHour = 60 / stepMinutes;
    const total = values.length;
    const weeks = Math.ceil(total / perHour / HOURS_PER_WEEK);
    const weightOf = Float64Array.from({ length: weeks }, (_, weeksAgo) => WEEK_LEFT ** weeksAgo);
    for (let i = 0; i < total; i++) {
      const value = values[i]!;
      if (Number.isNaN(value)) continue;
      const hour = (Math.floor((start + i * stepMinutes * MINUTE_MS) / HOUR_MS) + EPOCH_HOUR) % HOURS_PER_WEEK;
      const weight = weightOf[Math.floor((total - 1 - i) / perHour / HOURS_PER_WEEK)]!;
      sums[hour]! += weight * value;
      weights[hour]! += weight;
      known++;
    }
    known /= perHour * 24;
  }
  if (known === 0) {
    if (sold === undefined) throw new RangeError(`${resource} has neither a history with a known value nor a contract`);
    return new Float64Array(HOURS_PER_WEEK).fill(sold);
  }
  const mean = sums.reduce((a, b) => a + b, 0) / weights.reduce((a, b) => a + b, 0);
  const own = known / (known + CONTRACT_HALF_DAYS);
  return sums.map((sum, hour) => {
    const measured = weights[hour]! > 0 ? sum / weights[hour]! : (sold ?? mean);
    return sold === undefined ? measured : own * measured + (1 - own) * sold;
  });
}
