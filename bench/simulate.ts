import { pathToFileURL } from 'node:url';
import { simulate, type SimulationSetting } from '../lib/planner/simulate.ts';
import { comparisonLines } from '../lib/planner/simulation/comparison.ts';
import { scenarioSetting } from '../lib/planner/simulation/initial-fleet.ts';
import { planDecider } from '../lib/planner/simulation/plan-decider.ts';
import { REACTIVE, reactiveDecider } from '../lib/planner/simulation/reactive.ts';
import type { SimulationResult } from '../lib/planner/simulation/result.ts';
import { parseScenario, type ScenarioInput } from '../lib/planner/simulation/scenario-schema.ts';
import { rowLines, type BenchRow } from './row.ts';

/** Half of the standard cell's relays, so that a few hundred tenants need some cells; two to four media hosts. */
const cell: ScenarioInput['cell'] = {
  media: { relay: { calls: 1250 }, pools: { standard: [1, 2, 3, 4], 'high-volume': [1, 2, 3, 4] } },
  leastHosts: 2,
};

/** A fleet of one region that was placed by what its tenants did so far, with a tenth of every limit to spare. */
function settingOf(described: ScenarioInput): SimulationSetting {
  const places = [{ zone: 'Europe/Berlin', country: 'DE' as const, region: 'eu-central-1', share: 1 }];
  // With so few tenants the largest enterprise would decide how many cells there are.
  return scenarioSetting(parseScenario({ ...described, places, cell, enterprises: false }));
}

type Figure = (result: SimulationResult) => number;

const SEEDS = [1, 2];
const DAYS = 42;
/** Load of the fullest limit from which the reactive decider goes up; the middle one is what is usual. */
const UP = [0.7, 0.8, 0.9];

/**
 * Growth of 2 % a week, six new tenants a week, days and hours that differ by chance, campaigns of two to eight times the
 * usual calls for an hour, hosts and stamps that fail: the plan against thresholds on the same traffic. The plan is told of
 * campaigns, as thresholds can't be; once more without.
 */
function predictiveRows(): BenchRow[] {
  const plans: SimulationResult[] = [];
  const untold: SimulationResult[] = [];
  const reactive = UP.map((): SimulationResult[] => []);
  for (const seed of SEEDS) {
    const described = { name: 'growth', seed, days: DAYS, tenants: 300, growthPerWeek: 0.02, newTenantsPerWeek: 6 };
    const setting = settingOf(described);
    plans.push(simulate(setting, planDecider()));
    for (const [i, up] of UP.entries()) {
      const thresholds = reactiveDecider({ ...REACTIVE, up, down: up - 0.2 });
      reactive[i]!.push({ ...simulate(setting, thresholds), decider: `reactive ${up}` });
    }
    untold.push(simulate(settingOf({ ...described, campaignsAnnounced: false }), planDecider()));
    console.error(`seed ${seed}`);
    console.error(comparisonLines([plans.at(-1)!, ...reactive.map((some) => some.at(-1)!)]).join('\n'));
  }
  const what = `simulation, ${SEEDS.length} x ${DAYS} days of growth and campaigns, plan against reactive 0.8`;
  const sum = (results: readonly SimulationResult[], figure: Figure): number =>
    results.reduce((all, one) => all + figure(one), 0);
  const others = (figure: Figure): string => {
    const thresholds = reactive.map((some, i) => `reactive ${UP[i]}: ${Math.round(sum(some, figure))}`);
    return `without announcements ${Math.round(sum(untold, figure))}; ${thresholds.join(', ')}`;
  };
  const row = (name: string, figure: Figure, goal: BenchRow['goal']): BenchRow => ({
    what: `${what}: ${name}`,
    figure: sum(plans, figure) / sum(reactive[1]!, figure),
    unit: 'ratio',
    baseline: `plan ${Math.round(sum(plans, figure))}, ${others(figure)}`,
    ...(goal && { goal }),
  });
  const count = (name: string, unit: string, figure: Figure): BenchRow => ({
    what: `${what}: ${name}`,
    figure: Math.round(sum(plans, figure)),
    unit,
    baseline: others(figure),
  });
  return [
    row('minutes short', (one) => one.minutesShort, { atMost: 0.1 }),
    row('cell-hours', (one) => one.cellHours, { atMost: 1.1 }),
    row('cell-hours by media hosts in service', (one) => one.weightedCellHours, { atMost: 1.1 }),
    count('calls blocked in a full cell', 'calls', (one) => one.blockedBy.full),
    count('calls blocked of tenants that wait for a cell', 'calls', (one) => one.blockedBy.waiting),
    count('hours that tenants wait for a cell', 'tenant-hours', (one) => one.tenantHoursWaiting),
    count('changes taken back within 6 hours', 'changes', (one) => one.reversals),
  ];
}

/** The same load at all hours, but for noise that all tenants have in common; whatever direction changes is counted. */
function noiseRow(): BenchRow {
  const setting = settingOf({ name: 'steady', seed: 3, days: 30, tenants: 200, steadyWithNoise: 0.1 });
  const plan = simulate(setting, planDecider());
  const reactive = simulate(setting, reactiveDecider());
  return {
    what: 'simulation, 10 % noise on a steady load for 30 days: changes taken back, at any time',
    figure: takenBack(plan),
    unit: 'changes',
    baseline: `reactive ${takenBack(reactive)}; plan did ${plan.scaleUps + plan.scaleDowns + plan.stamps + plan.moves} changes`,
    goal: { atMost: 0 },
  };
}

/** Stricter than the reversals of a result: however late, media hosts up after down or down after up count. */
function takenBack({ log, retirements, stamps }: SimulationResult): number {
  const last = new Map<string, boolean>();
  let count = Math.min(stamps, retirements);
  for (const { action, hostsBefore, refused } of log) {
    if (action.do !== 'scale' || refused !== undefined) continue;
    const up = action.hosts.length > hostsBefore!;
    if (last.has(action.cell) && last.get(action.cell) !== up) count++;
    last.set(action.cell, up);
  }
  return count;
}

/** Metrics are lost from 18:00 UTC of a Tuesday on for six hours, when load falls and hosts would go. */
function outageRows(): BenchRow[] {
  const from = 24 + 18;
  const setting = settingOf({
    name: 'outage',
    seed: 4,
    days: 4,
    tenants: 200,
    outages: [{ fromHour: from, hours: 6 }],
  });
  const { log } = simulate(setting, planDecider());
  const { historySteps, stepMinutes } = setting.traffic;
  const at = (hour: number): number => historySteps + (hour * 60) / stepMinutes;
  const within = (first: number, last: number) => log.filter(({ step }) => step > at(first) && step <= at(last));
  const downs = (entries: SimulationResult['log']): number =>
    entries.filter(({ action, hostsBefore }) => action.do === 'scale' && action.hosts.length < hostsBefore!).length;
  const during = within(from, from + 6);
  const what = 'simulation, metrics lost for 6 hours in the evening';
  return [
    {
      what: `${what}: scale-downs`,
      figure: downs(during),
      unit: 'scale-downs',
      baseline: `the same hours a day later, with metrics: ${downs(within(from + 24, from + 30))}`,
      goal: { atMost: 0 },
    },
    {
      what: `${what}: retirements`,
      figure: during.filter(({ action }) => ['cordon', 'drain', 'retire'].includes(action.do)).length,
      unit: 'cordons, drains and retirements',
      goal: { atMost: 0 },
    },
    {
      what: `${what}: holds stated`,
      figure: during.filter(({ action }) => action.do === 'hold').length,
      unit: 'holds',
      goal: { atLeast: 1 },
    },
  ];
}

export function run(): Promise<BenchRow[]> {
  return Promise.resolve([...outageRows(), noiseRow(), ...predictiveRows()]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(rowLines(await run()));
