import { scenarioSetting } from '../../lib/planner/simulation/initial-fleet.ts';
import { parseScenario, type ScenarioInput } from '../../lib/planner/simulation/scenario-schema.ts';
import type { SimulationSetting } from '../../lib/planner/simulate.ts';

const DAYS = 10;
const HISTORY_DAYS = 28;
/** Hours. */
const DAY = 24;

/** Half of the standard cell's relays and less, so that a few tenants need some cells; two to four media hosts. */
export const cell: ScenarioInput['cell'] = {
  media: { relay: { calls: 250 }, pools: { standard: [1, 2, 3, 4], 'high-volume': [1, 2, 3, 4] } },
  leastHosts: 2,
};

const berlin = { zone: 'Europe/Berlin', country: 'DE', region: 'eu-central-1', share: 1 };
const paris = { zone: 'Europe/Paris', country: 'FR', region: 'eu-west-3', share: 1 };

/** Traffic of a kind: what a scenario says of it, and a factor on all calls by the hour of the simulated days. */
export interface Shape {
  readonly name: string;
  /** Whether somebody who knows the past and the announcements can know it. */
  readonly foreseeable: boolean;
  readonly scenario: Omit<ScenarioInput, 'name' | 'days' | 'tenants'>;
  /** Default: none. */
  readonly times?: (hour: number) => number;
}

const announced = { announced: true };
const spikes = [
  { fromHour: 2 * DAY + 9, hours: 2, tenants: 0.3, times: 3 },
  { fromHour: 7 * DAY + 13, hours: 1, tenants: 0.2, times: 5 },
];
const within = (hour: number, from: number, to: number): boolean => hour >= from && hour < to;

export const SHAPES: readonly Shape[] = [
  { name: 'growth', foreseeable: true, scenario: { growthPerWeek: 0.05, newTenantsPerWeek: 4 } },
  {
    name: 'a season of four weeks',
    foreseeable: true,
    scenario: {},
    times: (hour) => 1 + 0.25 * Math.sin((2 * Math.PI * hour) / (28 * DAY)),
  },
  {
    name: 'announced campaigns',
    foreseeable: true,
    scenario: { spikes: spikes.map((spike) => ({ ...spike, ...announced })) },
  },
  { name: 'a step of 40 %', foreseeable: true, scenario: {}, times: (hour) => (hour >= 3 * DAY ? 1.4 : 1) },
  { name: 'two quiet days', foreseeable: true, scenario: {}, times: (hour) => (within(hour, DAY, 3 * DAY) ? 0.1 : 1) },
  { name: 'sudden spikes', foreseeable: false, scenario: { spikes } },
  { name: 'campaigns that nobody announced', foreseeable: false, scenario: { campaignsAnnounced: false } },
  {
    name: 'a lost region',
    foreseeable: false,
    scenario: { places: [berlin, paris], lostRegions: [{ region: paris.region, fromHour: 3 * DAY + 10, hours: 2 }] },
  },
];

/** The same shape as one would have it who knows what nobody announced. */
export const known = (shape: Shape): Shape => ({
  ...shape,
  scenario: {
    ...shape.scenario,
    campaignsAnnounced: true,
    ...(shape.scenario.spikes && { spikes: shape.scenario.spikes.map((spike) => ({ ...spike, ...announced })) }),
  },
});

/** A fleet that was placed by what its tenants did until the first day, with a tenth of every limit to spare. */
export function settingOf({ name, scenario, times }: Shape, seed: number): SimulationSetting {
  const described: ScenarioInput = {
    name,
    seed,
    days: DAYS,
    historyDays: HISTORY_DAYS,
    tenants: 60,
    places: [berlin],
    cell,
    // With so few tenants the largest enterprise would decide how many cells there are.
    enterprises: false,
    ...scenario,
  };
  const setting = scenarioSetting(parseScenario(described));
  if (times === undefined) return setting;
  const { historySteps, stepMinutes, tenants } = setting.traffic;
  const factor = (step: number): number => times(((step - historySteps) * stepMinutes) / 60);
  const changed = tenants.map((tenant) => ({
    ...tenant,
    calls: tenant.calls.map((calls, step) => calls * factor(step)),
  }));
  return { ...setting, traffic: { ...setting.traffic, tenants: changed } };
}
