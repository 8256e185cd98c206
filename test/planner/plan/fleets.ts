import { timeZone } from '../../../lib/planner/forecast/time-zone.ts';
import type { History } from '../../../lib/planner/forecast/history.ts';
import type { Blueprint, FleetCell, FleetTenant, PlanInput, Signals } from '../../../lib/planner/plan/input.ts';
import { normal, seededRandom } from '../../../lib/planner/random.ts';
import { HOURS_PER_WEEK, RESOURCES, type WeeklyDemand } from '../../../lib/planner/resources.ts';
import { parseCell, type CellInput, type CellSpec } from '../../../lib/fleet/schema/cell.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** Monday 2026-03-02, 09:00 UTC. */
export const NOW = Date.UTC(2026, 2, 2, 9);
const UTC = timeZone('UTC');

/** A cell whose three media hosts that are left carry 300 calls, 277 erlangs at 1 % blocking. */
export const specOf = (name: string, more: Partial<CellInput> = {}): CellSpec =>
  parseCell({ name, region: 'eu-west-1', aws: {}, media: { hosts: 4, relay: { calls: 100 } }, ...more });

export interface Load {
  /** Mean relayed calls in an hour counted from NOW (negative: past). */
  readonly calls: (hour: number) => number;
  /** Standard deviation of an hour's value, as a share of it. Default: 0.02. */
  readonly noise?: number;
  readonly seed?: number;
  readonly weeks?: number;
}

/** Hourly relayed calls up to an instant. The value of an hour is the same whenever it is asked for. */
export function historyUpTo(now: number, { calls, noise = 0.02, seed = 1, weeks = 8 }: Load): History {
  const length = weeks * HOURS_PER_WEEK;
  const start = now - length * HOUR;
  const values = Float64Array.from({ length }, (_, i) => {
    const hour = Math.round((start - NOW) / HOUR) + i;
    return Math.max(0, calls(hour) * (1 + noise * normal(seededRandom(seed * 1_000_003 + hour + 5_000_000))));
  });
  return { zone: UTC, start, stepMinutes: 60, values };
}

export const healthy = (now: number, calls: number): Signals => ({
  measuredAt: now - 60_000,
  relayedCalls: calls,
  setups: calls / 180,
  mos: 4.3,
  jitterMs: 4,
  loss: 0.0005,
  setupSeconds: 0.3,
  answerSeizureRatio: 0.62,
});

export function cellOf(name: string, load: Load, more: Partial<FleetCell> = {}, now = NOW): FleetCell {
  const history = historyUpTo(now, load);
  return {
    spec: specOf(name),
    costPerHour: 4,
    history: { relayedCalls: history },
    signals: healthy(now, history.values.at(-1) ?? 0),
    ...more,
  };
}

export const evenWeek = (calls: number): WeeklyDemand =>
  Object.fromEntries(
    RESOURCES.map((resource) => {
      const perCall = {
        setups: 1 / 180,
        registrations: 3,
        relayedCalls: 1,
        mediaSessions: 0.1,
        recordEvents: 0.02,
        databaseWrites: 0.01,
      };
      return [resource, new Float64Array(HOURS_PER_WEEK).fill(calls * perCall[resource])];
    }),
  ) as WeeklyDemand;

/** Tenants of one cell (or of none) that use so many calls together. */
export function tenantsOf(
  cell: string | undefined,
  count: number,
  calls: number,
  more: Partial<FleetTenant> = {},
): FleetTenant[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `${cell ?? 'new'}-t${i}`,
    pool: 'standard',
    regions: ['eu-west-1'],
    use: evenWeek(calls / count),
    ...(cell !== undefined && { cell }),
    ...more,
  }));
}

export const blueprint = (more: Partial<Blueprint> = {}): Blueprint => ({
  name: 'eu-west-1 standard',
  prefix: 'euw1-',
  spec: specOf('blueprint'),
  costPerHour: 4,
  ...more,
});

/** Two cells: one grows until it is too full, so that another is stamped; in the other one media hosts come and go with noon. */
export function busyFleet(growing = 'euw1-a'): PlanInput {
  const ofDay = (hour: number) => (((hour + 9) % 24) + 24) % 24;
  return {
    now: NOW,
    rules: { assumedLeadHours: 12 },
    cells: [
      cellOf(growing, {
        calls: (hour) => (ofDay(hour) < 8 || ofDay(hour) >= 16 ? 100 : 273 + hour / 8),
        noise: 0.002,
      }),
      cellOf(
        'euw1-c',
        { calls: (hour) => (ofDay(hour) >= 13 && ofDay(hour) < 16 ? 225 : 90) },
        { elastic: { inService: [1, 2], least: 2 } },
      ),
    ],
    tenants: [...tenantsOf(growing, 2, 260), ...tenantsOf('euw1-c', 4, 160)],
    blueprints: [blueprint()],
  };
}
