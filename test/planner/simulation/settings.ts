import type { SimulatedKind } from '../../../lib/planner/simulation/decider.ts';
import type { SimulationSetting } from '../../../lib/planner/simulate.ts';
import { timeZone } from '../../../lib/planner/forecast/time-zone.ts';
import { scenarioTraffic } from '../../../lib/planner/simulation/scenario.ts';
import { parseScenario, type ScenarioInput } from '../../../lib/planner/simulation/scenario-schema.ts';
import { USUAL } from '../../../lib/planner/simulation/fleet.ts';
import { parseCell } from '../../../lib/fleet/schema/cell.ts';

/** A cell of four media hosts, of which two may go. */
export const kind: SimulatedKind = {
  name: 'frankfurt',
  prefix: 'euc1-',
  spec: parseCell({ name: 'proto', region: 'eu-central-1', aws: {}, media: { relay: { calls: 1000 } } }),
  zone: timeZone('Europe/Berlin'),
  costPerHour: 10,
  hostShare: 0.15,
  leastHosts: 2,
};

/** Nothing breaks, and a stamp takes ten hours. */
export const CALM = { ...USUAL, stampHours: { median: 10, spread: 0 }, stampFailures: 0, hostFailureHours: Infinity };

/** Tenants of one region, evenly over some cells. */
export function settingOf(
  more: Partial<ScenarioInput>,
  cells = 2,
  kinds: readonly SimulatedKind[] = [kind],
): SimulationSetting {
  const traffic = scenarioTraffic(
    parseScenario({
      name: 'test',
      seed: 1,
      days: 2,
      historyDays: 14,
      stepMinutes: 30,
      tenants: 40,
      places: [{ zone: 'Europe/Berlin', country: 'DE', region: 'eu-central-1', share: 1 }],
      ...more,
    }),
  );
  const there = traffic.tenants.filter(({ arrives }) => arrives === 0);
  return {
    traffic,
    kinds,
    seed: 1,
    circumstances: CALM,
    cells: Array.from({ length: cells }, (_, c) => ({
      name: `euc1-${String.fromCharCode(97 + c)}`,
      kind: kinds[0]!.name,
      tenants: there.filter((_, i) => i % cells === c).map(({ id }) => id),
    })),
  };
}
