import { Option, type Command } from 'commander';
import { counted } from '../../config-file/counted.ts';
import { formatFinding, printable } from '../../config-file/finding.ts';
import { oldScenario } from '../../fleet/schema/old-form.ts';
import type { PlanningTerms } from '../../planner-files/planning-terms.ts';
import type { Decider } from '../../planner/simulation/decider.ts';
import type { SimulationResult } from '../../planner/simulation/result.ts';
import type { Scenario } from '../../planner/simulation/scenario-schema.ts';
import type { SimulationSetting } from '../../planner/simulate.ts';
import { CommandFailure } from '../failure.ts';
import { requirePlaceFor, wholeNumber, writePlace } from '../option-values.ts';
import { LiveLine, printJson } from '../output.ts';

const policies = ['gradeOfService', 'telecomRule', 'fixedHeadroom', 'reactive', 'planning'] as const;
type PolicyName = (typeof policies)[number];

export function addSimulate(program: Command): Command {
  return program
    .command('simulate')
    .description(
      'Replays generated or measured traffic through a fleet under one policy after another, and compares them.',
    )
    .option('--scenario <file>', 'what happens to the fleet (YAML): tenants, growth, spikes, lost regions, outages')
    .option('--history <file>', 'measured use of tenants (.csv, .ndjson or .parquet) in place of made-up tenants')
    .option(
      '--planning <file>',
      'policy, rules, lead times and costs of your own: the planning.yaml of npx cellstamp plan',
    )
    .addOption(
      new Option(
        '--policy <names...>',
        'how much is bought; reactive: thresholds on what is measured now; planning: as --planning says (default: planning where it is given, gradeOfService, reactive)',
      ).choices(policies),
    )
    .option('--days <n>', 'days of the history that are replayed; the second half by default', wholeNumber(1, 365))
    .option('--seed <n>', 'another seed than the scenario’s', wholeNumber(0, 4_294_967_295))
    .option('--html <file>', 'write a page with plots')
    .option('--json', 'print the results, with every action and every hour, as JSON')
    .addHelpText(
      'after',
      `
Example:
  $ npx cellstamp simulate --scenario examples/scenarios/spring.yaml --policy gradeOfService reactive --html spring.html
  $ npx cellstamp simulate --history calls.csv --days 28
  $ npx cellstamp simulate --scenario examples/scenarios/spring.yaml --planning planning.yaml

A cell is short while the loss of one media host would lose more than 1 % of its calls (target in the scenario). With
--history, cells, region and what breaks are those of --scenario where it is given, else standard cells in eu-central-1.
From --planning, the policy "planning" takes the policy with its numbers, the rules and the earlier stamps; all policies take what
a cell of that region and size costs. Its cells, quotas, histories, calendar and figures are those of the real fleet and are not
used; the scenario says how long stamps really take. The other policies have their own default numbers and
rules. The same files and the same seed give the same result.`,
    )
    .action(simulateCommand);
}

interface Options {
  readonly scenario?: string;
  readonly history?: string;
  readonly planning?: string;
  readonly policy?: readonly PolicyName[];
  readonly days?: number;
  readonly seed?: number;
  readonly html?: string;
  readonly json?: true;
}

async function simulateCommand(options: Options): Promise<void> {
  requirePlaceFor('--html', options.html);
  const { setting, name, notes, terms } = await settingOf(options);
  const usual = [...(terms === undefined ? [] : (['planning'] as const)), 'gradeOfService', 'reactive'] as const;
  const live = new LiveLine();
  const names = [...new Set(options.policy ?? usual)];
  const results = await simulateAll(setting, names, terms, (text) => live.show(text));
  live.clear();
  for (const note of notes) console.error(printable(note));
  if (options.html !== undefined) {
    const { simulationPage } = await import('../plan/simulation-page.ts');
    writePlace('--html', options.html, simulationPage(name, results));
  }
  if (options.json) {
    printJson({ scenario: name, seed: setting.seed, notes, results });
    return;
  }
  const { comparisonLines } = await import('../../planner/simulation/comparison.ts');
  console.log(comparisonLines(results).join('\n'));
  if (options.html !== undefined) console.log(`\nplots: ${printable(options.html)}`);
}

interface ToSimulate {
  readonly setting: SimulationSetting;
  readonly name: string;
  readonly notes: readonly string[];
  /** Of the planning file, where there is one. */
  readonly terms?: PlanningTerms;
}

async function settingOf(options: Options): Promise<ToSimulate> {
  const { scenario: file, history, planning, policy, seed, days } = options;
  if (file === undefined && history === undefined) {
    throw new CommandFailure('nothing to simulate: give --scenario FILE, --history FILE or both', 2);
  }
  if (days !== undefined && (history === undefined || file !== undefined)) {
    throw new CommandFailure('--days goes with --history alone; a scenario sets its own days', 2);
  }
  if (policy?.includes('planning') && planning === undefined) {
    throw new CommandFailure('--policy planning is that of a file: give it with --planning FILE', 2);
  }
  const written = file === undefined ? undefined : await readScenario(file);
  const seeded = written && (seed === undefined ? written : { ...written, seed });
  try {
    const made = await withoutPlanning(seeded, options);
    if (planning === undefined) return made;
    const { readSimulationTerms } = await import('../../planner-files/read-simulation-terms.ts');
    const { terms, setting, notes } = readSimulationTerms(planning, made.setting);
    return { ...made, terms, setting, notes: [...made.notes, ...notes] };
  } catch (error) {
    // In words for people: what was given can't be simulated.
    if (error instanceof RangeError) throw new CommandFailure(error.message, 2);
    throw error;
  }
}

async function withoutPlanning(scenario: Scenario | undefined, { history, days, seed }: Options): Promise<ToSimulate> {
  const { scenarioSetting } = await import('../../planner/simulation/initial-fleet.ts');
  if (history === undefined) return { setting: scenarioSetting(scenario!), name: scenario!.name, notes: [] };
  const { readReplay } = await import('../../planner-files/read-replay.ts');
  const replay = await readReplay(history, {
    ...(scenario && { scenario }),
    ...(days !== undefined && { days }),
    ...(seed !== undefined && { seed }),
  });
  const { traffic, notes } = replay;
  return { setting: scenarioSetting(replay.scenario, traffic), name: traffic.name, notes };
}

async function readScenario(file: string): Promise<Scenario> {
  const { checkFile, readFile } = await import('../../config-file/checked-file.ts');
  const { scenarioJsonSchema, scenarioRules, scenarioSchema } =
    await import('../../planner/simulation/scenario-schema.ts');
  const read = readFile(file, 'a scenario in YAML (--scenario)');
  const { value, findings } = checkFile(read, scenarioSchema, scenarioJsonSchema(), scenarioRules, oldScenario);
  if (value === undefined || findings.some(({ severity }) => severity === 'error')) {
    throw new CommandFailure(findings.map(formatFinding).join('\n'), 2);
  }
  for (const warning of findings) console.error(formatFinding(warning));
  return value;
}

async function simulateAll(
  setting: SimulationSetting,
  names: readonly PolicyName[],
  terms: PlanningTerms | undefined,
  show: (text: string) => void,
): Promise<SimulationResult[]> {
  const { simulate } = await import('../../planner/simulate.ts');
  const { planDecider } = await import('../../planner/simulation/plan-decider.ts');
  const { REACTIVE, reactiveDecider } = await import('../../planner/simulation/reactive.ts');
  const { POLICIES } = await import('../../planner/policy.ts');
  const { stepMinutes } = setting.traffic;
  // It looks at steps, so at coarse ones more rarely.
  const everyMinutes = Math.ceil(REACTIVE.everyMinutes / stepMinutes) * stepMinutes;
  const deciderOf = (name: PolicyName): Decider => {
    if (name === 'reactive') return reactiveDecider({ ...REACTIVE, everyMinutes });
    return planDecider(name === 'planning' ? { ...terms, name } : { policy: POLICIES[name] });
  };
  return names.map((name) =>
    simulate(setting, deciderOf(name), (done, of) =>
      show(`${name}: ${Math.floor((100 * done) / of)} % of ${counted(of, 'step')}`),
    ),
  );
}
