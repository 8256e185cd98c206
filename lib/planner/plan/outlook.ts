import { counted } from '../../config-file/counted.ts';
import { cellCapacity, type CellCapacity } from '../cell-capacity.ts';
import type { ComponentFigures } from '../component-figures.ts';
import { forecast, MOST_DAYS, type Forecast } from '../forecast.ts';
import type { Calendar } from '../forecast/calendar.ts';
import type { History } from '../forecast/history.ts';
import { HOURS_PER_WEEK, RESOURCES, type Resource } from '../resources.ts';
import { capToContract, measuredNow, raiseToNow } from './forecast-bounds.ts';
import { HOST_RESOURCES, weekOf, type HostResource } from './host-groups.ts';
import { hourOfWeek } from '../hour-of-week.ts';
import { contractOfAll, mostPossible, physicalLimit, plausible } from './implausible.ts';
import { admittedCalls, type FleetCell, type FleetTenant, type Implausible, type PartHistories } from './input.ts';
import { offeredCalls } from './offered.ts';
import type { PlanRules } from './rules.ts';
import { DAY_MS, MINUTE_MS } from '../time.ts';

/** Retirement is judged at this quantile whatever the policy plans for. */
export const RETIREMENT_QUANTILE = 0.99;

/** What a cell can carry and what it is forecast to need. */
export interface Outlook {
  readonly cell: FleetCell;
  readonly name: string;
  readonly capacity: CellCapacity;
  readonly forecasts: ReadonlyMap<Resource, Forecast>;
  /** Of the pools with a limit of their own beside other tenants, as far as they are measured. */
  readonly poolForecasts: ReadonlyMap<string, ReadonlyMap<HostResource, Forecast>>;
  /** Relayed calls of the tenants that are measured by themselves. */
  readonly tenantForecasts: ReadonlyMap<string, Forecast>;
  /** What cannot be of what was measured; the history of the cell is without it. */
  readonly implausible: readonly Implausible[];
  readonly notes: readonly string[];
}

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
    if (!isKnown(history)) continue;
    const days = Math.ceil((now - endOf(history)) / DAY_MS) + horizonDays;
    if (days > MOST_DAYS) {
      notes.push(`${name}: the history of ${resource} ends ${counted(days - horizonDays, 'day')} ago and is not used`);
      continue;
    }
    const ahead = forecast(history, { days, quantiles: levels, calendar: calendarOf(cell, resource) });
    capToContract(ahead, history, contractOfAll(tenants, resource));
    raiseToNow(ahead, measuredNow(cell, tenants, resource, now, rules), now);
    forecasts.set(resource, ahead);
  }
  const ofPart = (own: readonly FleetTenant[], histories: PartHistories[string] | undefined) =>
    forecastPart(own, histories ?? {}, cell, tenants, forecasts, levels, now, rules);
  const poolForecasts = new Map<string, ReadonlyMap<HostResource, Forecast>>();
  for (const pool of poolsApart(capacity.limits, tenants)) {
    const members = tenants.filter((tenant) => tenant.pool === pool);
    const own = ofPart(members, offeredInPool(cell, pool));
    if (own.size > 0) poolForecasts.set(pool, own);
  }
  const tenantForecasts = new Map<string, Forecast>();
  for (const tenant of tenants) {
    const relayedCalls = cell.tenantHistory?.[tenant.id];
    const own = relayedCalls && ofPart([tenant], { relayedCalls }).get('relayedCalls');
    if (own) tenantForecasts.set(tenant.id, own);
  }
  const unmeasured = RESOURCES.filter((resource) => !forecasts.has(resource));
  if (unmeasured.length === RESOURCES.length) {
    notes.push(`${name} has no history: planned by the expected weeks of its tenants`);
  } else if (unmeasured.length > 0) {
    notes.push(`${name} has no history of ${unmeasured.join(', ')}: taken to follow its calls`);
  }
  return { cell, name, capacity, forecasts, poolForecasts, tenantForecasts, implausible, notes };
}

/** What a pool with media hosts of its own used, with the calls that these refused. */
function offeredInPool({ poolHistory, spec }: FleetCell, pool: string): PartHistories[string] | undefined {
  const used = poolHistory?.[pool];
  if (used?.relayedCalls === undefined) return used;
  const places = spec.media.pools[pool]!.length * spec.media.relay.calls;
  return { ...used, relayedCalls: offeredCalls(used.relayedCalls, places) };
}

const isKnown = (history: History | undefined): history is History =>
  history?.values.some((value) => !Number.isNaN(value)) ?? false;

/**
 * Pools with media hosts, and so a limit, of their own in a cell with other tenants. What they need at a quantile is more than their
 * share of what the whole cell needs at it, as chance evens out over many.
 */
function poolsApart({ sharedLimits }: CellCapacity['limits'], tenants: readonly FleetTenant[]): string[] {
  const used = new Set(tenants.map(({ pool }) => pool));
  if (used.size < 2) return [];
  const alone = sharedLimits.flatMap(({ pools }) => (pools !== 'all' && pools.length === 1 ? [...pools] : []));
  return [...new Set(alone)].filter((pool) => used.has(pool)).sort();
}

/** Forecasts of what some tenants of a cell use together, where they are measured and the cell is forecast. */
function forecastPart(
  own: readonly FleetTenant[],
  histories: PartHistories[string],
  cell: FleetCell,
  tenants: readonly FleetTenant[],
  whole: ReadonlyMap<Resource, Forecast>,
  levels: readonly number[],
  now: number,
  rules: PlanRules,
): Map<HostResource, Forecast> {
  const found = new Map<HostResource, Forecast>();
  for (const resource of HOST_RESOURCES) {
    const measured = upTo(histories[resource], now);
    if (!isKnown(measured) || !whole.has(resource)) continue;
    const history = knownLike(measured, cell.history[resource]!);
    const days = Math.ceil((now - endOf(history)) / DAY_MS) + rules.horizonDays;
    if (!isKnown(history) || days > MOST_DAYS) continue;
    const share = shareOf(own, tenants, resource);
    const calendar = calendarOf(cell, resource, share(undefined));
    const ahead = forecast(history, { days, quantiles: levels, calendar });
    capToContract(ahead, history, contractOfAll(own, resource));
    raiseToNow(ahead, measuredNow(cell, tenants, resource, now, rules) * share(hourOfWeek(now)), now);
    found.set(resource, ahead);
  }
  return found;
}

/** A part's history where the whole's is known: what was found not to be of the whole is not of the part. */
function knownLike(part: History, whole: History): History {
  const ahead = Math.round((part.start - whole.start) / (whole.stepMinutes * MINUTE_MS));
  return { ...part, values: part.values.map((value, i) => (Number.isNaN(whole.values[i + ahead]!) ? NaN : value)) };
}

/** What part of the expected use some tenants have, in an hour of the week or all of it. */
function shareOf(
  some: readonly FleetTenant[],
  all: readonly FleetTenant[],
  resource: Resource,
): (hour: number | undefined) => number {
  const [part, whole] = [weekOf(some, resource), weekOf(all, resource)];
  const sum = (week: Float64Array): number => week.reduce((a, b) => a + b, 0);
  const usual = sum(whole) > 0 ? sum(part) / sum(whole) : 0;
  return (hour) => (hour !== undefined && whole[hour]! > 0 ? part[hour]! / whole[hour]! : usual);
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
    history[resource] = resource === 'relayedCalls' ? offeredCalls(kept, admittedCalls(cell.spec)) : kept;
    implausible.push(...found);
  }
  return { cell: { ...cell, history }, implausible };
}

/** The cell's calendar with what announced events add to one resource of the cell, or of a part of it. */
function calendarOf({ calendar = {}, announced = [] }: FleetCell, resource: Resource, part = 1): Calendar {
  const events = announced.map(({ add, ...event }) => ({ ...event, add: part * (add[resource] ?? 0) }));
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
