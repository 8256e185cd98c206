import { cellCapacity, type CellCapacity } from '../cell-capacity.ts';
import type { ComponentFigures } from '../component-figures.ts';
import { forecast, MOST_DAYS, type Forecast } from '../forecast.ts';
import type { Calendar } from '../forecast/calendar.ts';
import type { History } from '../forecast/history.ts';
import { HOURS_PER_WEEK, RESOURCES, type Resource } from '../resources.ts';
import { contractOfAll, mostPossible, physicalLimit, plausible } from './implausible.ts';
import type { FleetCell, FleetTenant, Implausible } from './input.ts';
import type { PlanRules } from './rules.ts';
import { settledOf } from './settled.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../time.ts';

/** Retirement is judged at this quantile whatever the policy plans for. */
export const RETIREMENT_QUANTILE = 0.99;

/** What a cell can carry and what it is forecast to need. */
export interface Outlook {
  readonly cell: FleetCell;
  readonly name: string;
  readonly capacity: CellCapacity;
  readonly forecasts: ReadonlyMap<Resource, Forecast>;
  /** What cannot be of what was measured; the history of the cell is without it. */
  readonly implausible: readonly Implausible[];
  readonly notes: readonly string[];
}

/** What was carried beyond a contract counts for a week. */
const CARRIED_DAYS = 7;

const EPOCH_HOUR = 72;

/** Hour of the week, 0 for Monday 00:00 UTC, of an instant. */
export const hourOfWeek = (instant: number): number => (Math.floor(instant / HOUR_MS) + EPOCH_HOUR) % HOURS_PER_WEEK;

const endOf = ({ start, stepMinutes, values }: History): number => start + values.length * stepMinutes * MINUTE_MS;

/**
 * Forecasts every resource of the cell that was measured, from the end of its history to the horizon.
 *
 * @param tenants of the cell
 * @param quantiles besides the median and the one of retirement, in any order
 */
export function outlook(
  given: FleetCell,
  tenants: readonly FleetTenant[],
  now: number,
  quantiles: readonly number[],
  rules: PlanRules,
  figures: ComponentFigures | undefined,
): Outlook {
  const { cell, implausible } = plausibleCell(given, tenants, now);
  const { name } = cell.spec;
  const { lostMediaHosts, horizonDays } = rules;
  const capacity = cellCapacity(cell.spec, { lostMediaHosts, ...(figures && { figures }) });
  const levels = [...new Set([0.5, ...quantiles, RETIREMENT_QUANTILE])].sort((a, b) => a - b);
  const forecasts = new Map<Resource, Forecast>();
  const notes: string[] = [];
  for (const resource of RESOURCES) {
    const history = cell.history[resource];
    if (history === undefined || !history.values.some((value) => !Number.isNaN(value))) continue;
    const days = Math.ceil((now - endOf(history)) / DAY_MS) + horizonDays;
    if (days > MOST_DAYS) {
      notes.push(`${name}: the history of ${resource} ends ${days - horizonDays} days ago and is not used`);
      continue;
    }
    const ahead = forecast(history, { days, quantiles: levels, calendar: calendarOf(cell, resource) });
    capToContract(ahead, history, contractOfAll(tenants, resource));
    raiseToNow(ahead, measuredNow(cell, tenants, resource, now, rules), now);
    forecasts.set(resource, ahead);
  }
  const unmeasured = RESOURCES.filter((resource) => !forecasts.has(resource));
  if (unmeasured.length === RESOURCES.length) {
    notes.push(`${name} has no history: planned by the expected weeks of its tenants`);
  } else if (unmeasured.length > 0) {
    notes.push(`${name} has no history of ${unmeasured.join(', ')}: taken to follow its calls`);
  }
  return { cell, name, capacity, forecasts, implausible, notes };
}

/** Histories up to the plan's moment without what cannot be, and what that was. */
function plausibleCell(
  cell: FleetCell,
  tenants: readonly FleetTenant[],
  now: number,
): { cell: FleetCell; implausible: Implausible[] } {
  const implausible = [...(cell.implausible ?? [])];
  const history: Partial<Record<Resource, History>> = {};
  for (const resource of RESOURCES) {
    const measured = upTo(cell.history[resource], now);
    if (measured === undefined) continue;
    const most = mostPossible(physicalLimit(cell.spec, resource), contractOfAll(tenants, resource));
    const { history: kept, found } = plausible(measured, resource, most);
    history[resource] = kept;
    implausible.push(...found);
  }
  return { cell: { ...cell, history }, implausible };
}

/** What the cell says about itself now, where that is fresh and can be. */
function measuredNow(
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
  // Where nobody knows what was sold, no more is believed than the hosts let in.
  const carried = contract === undefined ? Math.min(measured, limit) : measured;
  // New tenants count on top of the forecast.
  const settled = new Set(settledOf(tenants, now));
  const fresh = tenants.filter((tenant) => !settled.has(tenant));
  return carried - fresh.reduce((sum, { use }) => sum + use[resource][hourOfWeek(now)]!, 0);
}

/** Tenants do not get beyond what was sold to them, as the SBC refuses it; unless they were measured beyond it lately. */
function capToContract({ quantiles }: Forecast, { values, stepMinutes }: History, contract: number | undefined): void {
  if (contract === undefined) return;
  const lately = values.subarray(Math.max(0, values.length - (CARRIED_DAYS * 1440) / stepMinutes));
  const most = lately.reduce((highest, value) => (value > highest ? value : highest), contract);
  for (const quantile of quantiles)
    for (let i = 0; i < quantile.length; i++) if (quantile[i]! > most) quantile[i] = most;
}

/** Demand is at least what is carried already, in the interval that it is carried in. */
function raiseToNow({ start, stepMinutes, quantiles }: Forecast, measured: number, now: number): void {
  const i = Math.floor((now - start) / (stepMinutes * MINUTE_MS));
  for (const values of quantiles) if (measured > values[i]!) values[i] = measured;
}

/** The cell's calendar with what announced events add to one resource. */
function calendarOf({ calendar = {}, announced = [] }: FleetCell, resource: Resource): Calendar {
  const events = announced.map(({ add, ...event }) => ({ ...event, add: add[resource] ?? 0 }));
  return { ...calendar, events: [...(calendar.events ?? []), ...events] };
}

/** What claims to be measured after the plan's moment is left out. */
function upTo(history: History | undefined, now: number): History | undefined {
  if (history === undefined || endOf(history) <= now) return history;
  const step = history.stepMinutes * MINUTE_MS;
  return { ...history, values: history.values.subarray(0, Math.max(0, Math.floor((now - history.start) / step))) };
}

/**
 * The largest value of a quantile in each hour of the week, from an instant until another at least a week later. NaN in
 * hours that were never measured.
 */
export function busyWeek(ahead: Forecast, quantile: number, from: number, until: number): Float64Array {
  const values = ahead.quantiles[ahead.levels.indexOf(quantile)]!;
  const week = new Float64Array(HOURS_PER_WEEK).fill(NaN);
  const step = ahead.stepMinutes * MINUTE_MS;
  const end = Math.min(values.length, Math.ceil((until - ahead.start) / step));
  for (let i = Math.max(0, Math.floor((from - ahead.start) / step)); i < end; i++) {
    const hour = hourOfWeek(ahead.start + i * step);
    if (!(week[hour]! >= values[i]!)) week[hour] = values[i]!;
  }
  return week;
}

/** Raises a week to what was measured in the last days of a history. */
export function raiseToMeasured(week: Float64Array, history: History, days: number): void {
  const step = history.stepMinutes * MINUTE_MS;
  const first = Math.max(0, history.values.length - Math.round((days * DAY_MS) / step));
  for (let i = first; i < history.values.length; i++) {
    const hour = hourOfWeek(history.start + i * step);
    if (history.values[i]! > week[hour]!) week[hour] = history.values[i]!;
  }
}
