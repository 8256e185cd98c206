import { cellCapacity, type CellCapacity } from '../cell-capacity.ts';
import type { ComponentFigures } from '../component-figures.ts';
import { forecast, MOST_DAYS, type Forecast } from '../forecast.ts';
import type { Calendar } from '../forecast/calendar.ts';
import type { History } from '../forecast/history.ts';
import { HOURS_PER_WEEK, RESOURCES, type Resource } from '../resources.ts';
import type { FleetCell } from './input.ts';
import type { PlanRules } from './rules.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../time.ts';

/** Retirement is judged at this quantile whatever the policy plans for. */
export const RETIREMENT_QUANTILE = 0.99;

/** What a cell can carry and what it is forecast to need. */
export interface Outlook {
  readonly cell: FleetCell;
  readonly name: string;
  readonly capacity: CellCapacity;
  readonly forecasts: ReadonlyMap<Resource, Forecast>;
  readonly notes: readonly string[];
}

const EPOCH_HOUR = 72;

/** Hour of the week, 0 for Monday 00:00 UTC, of an instant. */
export const hourOfWeek = (instant: number): number => (Math.floor(instant / HOUR_MS) + EPOCH_HOUR) % HOURS_PER_WEEK;

const endOf = ({ start, stepMinutes, values }: History): number => start + values.length * stepMinutes * MINUTE_MS;

/**
 * Forecasts every resource of the cell that was measured, from the end of its history to the horizon.
 *
 * @param quantiles besides the median and the one of retirement, in any order
 */
export function outlook(
  cell: FleetCell,
  now: number,
  quantiles: readonly number[],
  rules: PlanRules,
  figures: ComponentFigures | undefined,
): Outlook {
  const { name } = cell.spec;
  const { lostMediaHosts, horizonDays } = rules;
  const capacity = cellCapacity(cell.spec, { lostMediaHosts, ...(figures && { figures }) });
  const levels = [...new Set([0.5, ...quantiles, RETIREMENT_QUANTILE])].sort((a, b) => a - b);
  const forecasts = new Map<Resource, Forecast>();
  const notes: string[] = [];
  for (const resource of RESOURCES) {
    const history = upTo(cell.history[resource], now);
    if (history === undefined || !history.values.some((value) => !Number.isNaN(value))) continue;
    const days = Math.ceil((now - endOf(history)) / DAY_MS) + horizonDays;
    if (days > MOST_DAYS) {
      notes.push(`${name}: the history of ${resource} ends ${days - horizonDays} days ago and is not used`);
      continue;
    }
    forecasts.set(resource, forecast(history, { days, quantiles: levels, calendar: calendarOf(cell, resource) }));
  }
  const unmeasured = RESOURCES.filter((resource) => !forecasts.has(resource));
  if (unmeasured.length === RESOURCES.length) {
    notes.push(`${name} has no history: planned by the expected weeks of its tenants`);
  } else if (unmeasured.length > 0) {
    notes.push(`${name} has no history of ${unmeasured.join(', ')}: taken to follow its calls`);
  }
  return { cell, name, capacity, forecasts, notes };
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
