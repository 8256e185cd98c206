import { counted } from '../../config-file/counted.ts';
import { HOURS_PER_WEEK, RESOURCES, type Demand, type Resource } from '../resources.ts';
import { breaksOf } from './scenario.ts';
import type { Scenario } from './scenario-schema.ts';
import type { TenantTrace, Traffic } from './traffic.ts';

/** What was measured of a tenant, on a grid of steps; NaN is unknown. At least `relayedCalls` or `setups`. */
export type MeasuredTenant = Partial<Readonly<Record<Resource, ArrayLike<number>>>>;

export interface Replay {
  /** Instant of the first step, milliseconds since 1970 UTC: the beginning of a day. */
  readonly start: number;
  readonly stepMinutes: number;
  readonly steps: number;
  /** By name. */
  readonly tenants: ReadonlyMap<string, MeasuredTenant>;
}

/** Where only one of calls and set-ups was measured, a call is taken to last so long; the rest as a contract is assumed. */
const CALL_SECONDS = 180;
const CONTACTS_PER_CALL = 5;
const PROCESSED_SHARE = 0.1;

/**
 * Measured use as traffic: the scenario's days are its last ones, all before is history. A tenant arrives with its first
 * known step. What is unknown in between is taken to be as a week before or after, for calls go on when nobody measures.
 *
 * @throws RangeError where a tenant has neither calls nor set-ups, or the history is too short
 */
export function replayTraffic({ start, stepMinutes, steps, tenants }: Replay, scenario: Scenario): Traffic {
  const historySteps = steps - (scenario.days * 1440) / stepMinutes;
  if (historySteps < 1440 / stepMinutes) {
    throw new RangeError(
      `${counted(scenario.days, 'day is', 'days are')} to be replayed of ${(steps * stepMinutes) / 1440}; at least one day before them is needed`,
    );
  }
  const names = [...tenants.keys()].sort();
  return {
    name: scenario.name,
    start,
    stepMinutes,
    historySteps,
    steps,
    tenants: names.map((name) => traceOf(name, tenants.get(name)!, stepMinutes, historySteps)),
    ...breaksOf(scenario, historySteps, stepMinutes),
  };
}

function traceOf(id: string, use: MeasuredTenant, stepMinutes: number, historySteps: number): TenantTrace {
  const given = use.relayedCalls ?? use.setups;
  if (given === undefined) throw new RangeError(`tenant ${id} has neither relayedCalls nor setups`);
  const perGiven = use.relayedCalls === undefined ? CALL_SECONDS : 1;
  const calls = filled(
    Float32Array.from(given, (value) => value * perGiven),
    (HOURS_PER_WEEK * 60) / stepMinutes,
  );
  const arrives = calls.findIndex((value) => !Number.isNaN(value));
  if (arrives < 0) throw new RangeError(`nothing is known of the calls of tenant ${id}`);
  const known = calls.subarray(arrives);
  const setups = use.setups === undefined ? 1 / CALL_SECONDS : ratio(use.setups, calls);
  const per = (resource: Resource, assumed: number): number => {
    const own = use[resource];
    return own === undefined ? assumed : ratio(own, calls);
  };
  const perCall = {
    setups,
    relayedCalls: 1,
    mediaSessions: per('mediaSessions', PROCESSED_SHARE),
    recordEvents: per('recordEvents', 2 * setups),
    databaseWrites: per('databaseWrites', setups),
  };
  // Nobody says what was sold: the most it used by the end of the history, or in its first week.
  const sold = highest(known.subarray(0, Math.max(historySteps - arrives, (HOURS_PER_WEEK * 60) / stepMinutes)));
  const registrations = use.registrations ? highest(use.registrations) : highest(known) * CONTACTS_PER_CALL;
  const contract = Object.fromEntries(
    RESOURCES.map((resource) => [resource, resource === 'registrations' ? registrations : sold * perCall[resource]]),
  ) as Demand;
  return {
    id,
    pool: 'standard',
    contract,
    arrives: arrives < historySteps ? 0 : arrives,
    calls: calls.map((value) => (Number.isNaN(value) ? 0 : value)),
    perCall,
    registrations,
    events: [],
  };
}

/** Unknown steps after the first known one, as in the nearest week that knows them, else as the step before. */
function filled(values: Float32Array, perWeek: number): Float32Array {
  const first = values.findIndex((value) => !Number.isNaN(value));
  return values.map((value, i) => {
    if (!Number.isNaN(value) || first < 0 || i < first) return value;
    for (let weeks = 1; weeks * perWeek < values.length; weeks++) {
      for (const other of [values[i - weeks * perWeek], values[i + weeks * perWeek]]) {
        if (other !== undefined && !Number.isNaN(other)) return other;
      }
    }
    let before = i;
    while (Number.isNaN(values[before]!)) before--;
    return values[before]!;
  });
}

/** What comes with a call, over all steps in which both are known. */
function ratio(own: ArrayLike<number>, calls: ArrayLike<number>): number {
  let [sum, all] = [0, 0];
  for (let i = 0; i < calls.length; i++) {
    if (Number.isNaN(own[i]!) || Number.isNaN(calls[i]!)) continue;
    sum += own[i]!;
    all += calls[i]!;
  }
  return all === 0 ? 0 : sum / all;
}

const highest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((most, value) => (value > most ? value : most), 0);
