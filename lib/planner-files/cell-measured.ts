/** What a cell used, from its own measurements and those of its tenants. Arithmetic only. */
import { counted } from '../config-file/counted.ts';
import type { History } from '../planner/forecast/history.ts';
import type { TimeZone } from '../planner/forecast/time-zone.ts';
import { HOST_RESOURCES } from '../planner/plan/host-groups.ts';
import type { FleetCell, Signals } from '../planner/plan/input.ts';
import { RESOURCES, type Resource } from '../planner/resources.ts';
import { hourOfWeek } from '../planner/hour-of-week.ts';
import { measuredWeek } from '../planner/tenant-week.ts';
import type { CellSpec } from '../fleet/schema/cell.ts';
import { gridEnd, historyOf, knownBounds, unknownValues, type Grid, type Values } from './history/grid.ts';
import type { Measured } from './history/measured.ts';
import { MINUTE_MS } from '../planner/time.ts';

export interface CellMeasured {
  readonly history: Partial<Readonly<Record<Resource, History>>>;
  /** Where the history is that of tenants, and these are of several pools. */
  readonly poolHistory?: NonNullable<FleetCell['poolHistory']>;
  /** Of the tenants that are a large part of the cell, where its history is that of tenants. */
  readonly tenantHistory?: NonNullable<FleetCell['tenantHistory']>;
  readonly historyOf: NonNullable<FleetCell['historyOf']>;
  readonly signals: Signals;
  /** By tenant: from when on it is in the cell's history, where that is not all along. */
  readonly since: ReadonlyMap<string, number>;
  /** By tenant: instant of its newest calls, where the cell's history is that of tenants. */
  readonly measuredAt: ReadonlyMap<string, number>;
  readonly notes: readonly string[];
}

/** Tenants that usually have this part of what all have stand for all of them. */
const ENOUGH = 0.75;

/**
 * The use of a cell is the sum of what the tenants used that are in it now, so that moves leave no trace. An hour in which some of
 * them are unknown is the cell's own measurement; or that of the others with the part that these have of all in such an hour
 * of the week, if they have most; or unknown. A tenant was not there before its first measurement.
 */
export function cellMeasured(
  { name, tenants }: CellSpec,
  measured: Measured,
  grid: Grid,
  zone: TimeZone,
  now: number,
): CellMeasured {
  const known = tenants.filter((tenant) => measured.tenant.has(tenant.name));
  const firsts = known.map((tenant) => [tenant.name, firstKnown(measured, tenant.name)] as const);
  const start = Math.min(...firsts.map(([, first]) => first));
  const notes: string[] = [];
  const values = new Map<Resource, Values>();
  let summed = false;
  for (const resource of RESOURCES) {
    const own = measured.get('cell', name, resource);
    const parts = known.flatMap((tenant) => measured.get('tenant', tenant.name, resource) ?? []);
    if (parts.length > 0 && parts.length === known.length) {
      values.set(resource, sumOf(parts, start, own, grid, zone));
      summed = true;
    } else {
      if (parts.length > 0) {
        notes.push(
          `${name}: ${resource} is measured of ${parts.length} of ${counted(known.length, 'tenant')}, and not added up`,
        );
      }
      if (own !== undefined) values.set(resource, own);
    }
  }
  const at = (interval: number): number => grid.start + interval * grid.stepMinutes * MINUTE_MS;
  const since = new Map<string, number>();
  const measuredAt = new Map<string, number>();
  if (summed) {
    for (const tenant of known) {
      const calls =
        measured.get('tenant', tenant.name, 'relayedCalls') ?? measured.get('tenant', tenant.name, 'setups');
      const last = calls && knownBounds(calls)?.last;
      if (last !== undefined) measuredAt.set(tenant.name, at(last + 1));
    }
    for (const [tenant, first] of firsts) if (first > start) since.set(tenant, at(first));
    for (const tenant of tenants) if (!measured.tenant.has(tenant.name)) since.set(tenant.name, now);
  }
  const history = Object.fromEntries(
    [...values].flatMap(([resource, series]) => {
      const one = historyOf(series, grid, zone);
      return one === undefined ? [] : [[resource, one]];
    }),
  );
  const earlier = [
    measured.earlier.cell.get(name),
    ...tenants.map((tenant) => measured.earlier.tenant.get(tenant.name)),
  ];
  const signals = signalsOf(values, grid, newest(earlier));
  const poolHistory = summed ? poolHistories(known, measured, start, grid, zone) : undefined;
  return {
    history,
    ...(poolHistory && { poolHistory }),
    ...(summed && { tenantHistory: largeTenants(known, measured, values.get('relayedCalls'), grid, zone) }),
    historyOf: summed ? 'tenants' : 'cell',
    signals,
    since,
    measuredAt,
    notes,
  };
}

/** A tenant with this part of its cell's calls is large: the others do not even out its chance. */
const LARGE = 0.15;

function largeTenants(
  known: CellSpec['tenants'],
  measured: Measured,
  whole: Values | undefined,
  grid: Grid,
  zone: TimeZone,
): NonNullable<CellMeasured['tenantHistory']> {
  if (whole === undefined) return {};
  const sum = (values: Values): number =>
    values.reduce((all, value, i) => (Number.isNaN(value) || Number.isNaN(whole[i]!) ? all : all + value), 0);
  const least = LARGE * sum(whole);
  return Object.fromEntries(
    known.flatMap(({ name }) => {
      const calls = measured.get('tenant', name, 'relayedCalls');
      const history = calls && sum(calls) > least ? historyOf(calls, grid, zone) : undefined;
      return history === undefined ? [] : [[name, history] as const];
    }),
  );
}

/** What the tenants of every pool used together; undefined where all are of one. */
function poolHistories(
  known: CellSpec['tenants'],
  measured: Measured,
  start: number,
  grid: Grid,
  zone: TimeZone,
): CellMeasured['poolHistory'] {
  const pools = [...new Set(known.map(({ tier }) => tier))];
  if (pools.length < 2) return undefined;
  return Object.fromEntries(
    pools.map((pool) => {
      const members = known.filter(({ tier }) => tier === pool);
      const histories = HOST_RESOURCES.flatMap((resource) => {
        const parts = members.flatMap(({ name }) => measured.get('tenant', name, resource) ?? []);
        if (parts.length < members.length) return [];
        const one = historyOf(sumOf(parts, start, undefined, grid, zone), grid, zone);
        return one === undefined ? [] : [[resource, one] as const];
      });
      return [pool, Object.fromEntries(histories)];
    }),
  );
}

function firstKnown(measured: Measured, tenant: string): number {
  const bounds = [...measured.tenant.get(tenant)!.values()].map((values) => knownBounds(values)?.first ?? Infinity);
  return Math.min(...bounds);
}

function sumOf(parts: readonly Values[], start: number, own: Values | undefined, grid: Grid, zone: TimeZone): Values {
  const sum = unknownValues(grid);
  const firsts = parts.map((values) => knownBounds(values)?.first ?? Infinity);
  for (let i = 0; i < sum.length; i++) {
    let total = i < start ? NaN : 0;
    for (let part = 0; part < parts.length; part++) if (i >= firsts[part]!) total += parts[part]![i]!;
    sum[i] = Number.isNaN(total) && own !== undefined ? own[i]! : total;
  }
  completeFromMost(sum, parts, firsts, start, grid, zone);
  return sum;
}

/** Fills in the unknown hours of a sum in which those of its parts are known that usually are most of it. */
function completeFromMost(
  sum: Values,
  parts: readonly Values[],
  firsts: readonly number[],
  start: number,
  grid: Grid,
  zone: TimeZone,
): void {
  if (!sum.subarray(start).some(Number.isNaN)) return;
  const weeks = parts.map((values) => {
    const history = historyOf(values, grid, zone);
    return history && measuredWeek(history);
  });
  for (let i = start; i < sum.length; i++) {
    if (!Number.isNaN(sum[i]!)) continue;
    const hour = hourOfWeek(grid.start + i * grid.stepMinutes * MINUTE_MS);
    let [measured, usual, usualOfAll] = [0, 0, 0];
    for (const [part, values] of parts.entries()) {
      if (i < firsts[part]!) continue;
      usualOfAll += weeks[part]![hour]!;
      if (Number.isNaN(values[i]!)) continue;
      measured += values[i]!;
      usual += weeks[part]![hour]!;
    }
    if (usual > 0 && usual >= ENOUGH * usualOfAll) sum[i] = (measured * usualOfAll) / usual;
  }
}

function newest(instants: readonly (number | undefined)[]): number | undefined {
  return instants.reduce((last, at) => (at !== undefined && (last === undefined || at > last) ? at : last), undefined);
}

/**
 * The newest interval in which calls and set-ups are both known.
 * @param earlier when something was last measured before the grid
 */
function signalsOf(values: ReadonlyMap<Resource, Values>, grid: Grid, earlier: number | undefined): Signals {
  const [calls, setups] = [values.get('relayedCalls'), values.get('setups')];
  for (let i = grid.length - 1; i >= 0; i--) {
    const [relayedCalls, perSecond] = [calls?.[i] ?? NaN, setups?.[i] ?? NaN];
    if (Number.isNaN(calls === undefined ? perSecond : relayedCalls)) continue;
    return {
      measuredAt: gridEnd(grid) - (grid.length - 1 - i) * grid.stepMinutes * MINUTE_MS,
      everyMinutes: grid.stepMinutes,
      ...(!Number.isNaN(relayedCalls) && { relayedCalls }),
      ...(!Number.isNaN(perSecond) && { setups: perSecond }),
    };
  }
  return { measuredAt: earlier };
}
