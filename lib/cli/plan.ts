import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Plan } from '../capacity/plan/schema.ts';
import { POLICIES, type Policy } from '../capacity/policy.ts';
import type { ReadFleet } from '../planning/plan-input.ts';
import { CommandFailure, exitsWith } from './failure.ts';
import { interruptible } from './interrupt.ts';
import { LiveLine } from './output.ts';

const ERROR = 1;
const SOMETHING_TO_DO = 2;

export function addPlan(program: Command): Command {
  return program
    .command('plan')
    .description('Says which cells to stamp and by when, where tenants go, and what waits and why.')
    .option('--cells <folder>', 'folder of the cells', 'cells')
    .option('--planning <file>', 'what the planner may do and where it learns from', 'planning.yaml')
    .addOption(
      new Option('--now <time>', 'plan for this moment, ISO 8601 with a zone (default: now)').argParser(instant),
    )
    .addOption(
      new Option('--policy <name>', 'plan by this policy (default: the one of the planning file)').choices(
        Object.keys(POLICIES),
      ),
    )
    .option('--json', 'print the plan as JSON, as plan.schema.json describes it')
    .addHelpText(
      'after',
      `
Example:
  $ cellstamp plan
  $ cellstamp plan --policy telecomRule --json

Exit status: 0 nothing to do, 2 something to do, 1 error, a wrong command line included. A cell on hold is nothing to do:
a person has to look at it, and until then the plan leaves it alone.`,
    )
    .exitOverride(exitsWith(ERROR))
    .action(planCommand);
}

interface Options {
  readonly cells: string;
  readonly planning: string;
  readonly now?: number;
  readonly policy?: Policy['name'];
  readonly json?: true;
}

async function planCommand(options: Options): Promise<void> {
  const now = options.now ?? Date.now();
  await interruptible(async (signal) => {
    const live = new LiveLine();
    try {
      const { readPlanInput } = await import('../planning/plan-input.ts');
      const onProgress = (text: string) => live.show(text);
      const read = await readPlanInput({ cells: options.cells, planning: options.planning, now, signal, onProgress });
      live.show(`planning ${read.input.cells.length} cells and ${read.input.tenants.length} tenants`);
      const plan = await planOf(read, options);
      live.clear();
      await print(plan, options);
    } finally {
      live.clear();
    }
  });
}

async function planOf({ input, notes }: ReadFleet, { policy: name }: Options): Promise<Plan> {
  const { plan } = await import('../capacity/plan.ts');
  const policy = name === undefined || name === input.policy?.name ? input.policy : POLICIES[name];
  try {
    const made = plan({ ...input, ...(policy && { policy }) });
    return { ...made, notes: [...notes, ...made.notes] };
  } catch (error) {
    // The input contradicts itself; the message is made for people.
    if (error instanceof RangeError) throw new CommandFailure(error.message, ERROR);
    throw error;
  }
}

async function print(plan: Plan, { json }: Options): Promise<void> {
  const { planText, somethingToDo } = await import('./plan-text.ts');
  const { planJson } = await import('../capacity/plan.ts');
  process.stdout.write(json ? planJson(plan) : `${planText(plan, colourful())}\n`);
  process.exitCode = somethingToDo(plan) ? SOMETHING_TO_DO : 0;
}

/** Colours are for a terminal (see no-color.org). */
const colourful = (): boolean => process.stdout.isTTY && !process.env['NO_COLOR'];

function instant(text: string): number {
  const at = Date.parse(text);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.test(text) || Number.isNaN(at)) {
    throw new InvalidArgumentError('It must be a time like 2026-03-02T09:00:00Z.');
  }
  return at;
}
