import type { Forecast } from '../forecast.ts';
import type { History } from '../forecast/history.ts';
import type { Resource } from '../resources.ts';
import { hourOfWeek } from '../hour-of-week.ts';
import { contractOfAll, mostPossible, physicalLimit } from './implausible.ts';
import type { FleetCell, FleetTenant } from './input.ts';
import type { PlanRules } from './rules.ts';
import { settledOf } from './settled.ts';
import { MINUTE_MS } from '../time.ts';

/** What was carried beyond a contract counts for a week. */
const CARRIED_DAYS = 7;

/** What the cell says about itself now, where that is fresh and can be. */
export function measuredNow(
  { signals, spec }: FleetCell,
  tenants: readonly FleetTenant[],
  resource: Resource,
  now: number,
  rules: PlanRules,
): number {
  const { measuredAt = -Infinity, relayedCalls, setups, everyMinutes = 0 } = signals;
  if (now - measuredAt > (rules.staleMinutes + everyMinutes) * MINUTE_MS) return 0;
  const measured = (resource === 'relayedCalls' ? relayedCalls : resource === 'setups' ? setups : undefined) ?? 0;
  const contract = contractOfAll(tenants, resource);
  const limit = physicalLimit(spec, resource);
  if (measured > mostPossible(limit, contract)) return 0;
  // Where nobody knows what was sold, at most what the hosts let in is believed.
  const carried = contract === undefined ? Math.min(measured, limit) : measured;
  // New tenants count on top of the forecast.
  const settled = new Set(settledOf(tenants, now));
  const fresh = tenants.filter((tenant) => !settled.has(tenant));
  return carried - fresh.reduce((sum, { use }) => sum + use[resource][hourOfWeek(now)]!, 0);
}

/** Tenants do not get beyond what was sold to them, as the SBC refuses it; unless they were measured beyond it lately. */
export function capToContract(
  { quantiles }: Forecast,
  { values, stepMinutes }: History,
  contract: number | undefined,
): void {
  if (contract === undefined) return;
  const lately = values.subarray(Math.max(0, values.length - (CARRIED_DAYS * 1440) / stepMinutes));
  const most = lately.reduce((highest, value) => (value > highest ? value : highest), contract);
  for (const quantile of quantiles)
    for (let i = 0; i < quantile.length; i++) if (quantile[i]! > most) quantile[i] = most;
}

/** Demand is at least what is carried already, in the interval that it is carried in. */
export function raiseToNow({ start, stepMinutes, quantiles }: Forecast, measured: number, now: number): void {
  const i = Math.floor((now - start) / (stepMinutes * MINUTE_MS));
  for (const values of quantiles) if (measured > values[i]!) values[i] = measured;
}
