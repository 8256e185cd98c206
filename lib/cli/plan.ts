import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Plan } from '../capacity/plan/schema.ts';
import { POLICIES, type Policy } from '../capacity/policy.ts';
import type { ReadFleet } from '../planning/plan-input.ts';
import type { ReadState } from '../planning/state.ts';
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
a person has to look at it, and until then the plan leaves it alone.

What a plan saw is saved in the state file for the next one: a cell must be too full, or dispensable, in every plan for a
time before something is done. A plan with another --policy, or for another moment (--now), asks "what if" and saves nothing.
Every plan that saves something is in the audit log. Where both files are stands in the planning file.`,
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
      const [{ readPlanInput }, { readState }, { recordSeen, unfinished }] = await Promise.all([
        import('../planning/plan-input.ts'),
        import('../planning/state.ts'),
        import('../planning/record-plan.ts'),
      ]);
      const onProgress = (text: string) => live.show(text);
      const read = await readPlanInput({ cells: options.cells, planning: options.planning, now, signal, onProgress });
      live.show(`planning ${read.input.cells.length} cells and ${read.input.tenants.length} tenants`);
      const { statePath, auditPath: audit } = read.planning;
      const before = readState(statePath);
      const crashed = unfinished(before, audit);
      const plan = await planOf(read, before, options);
      if (!isWhatIf(read, options)) await recordSeen({ plan, before, audit });
      live.clear();
      for (const note of crashed) console.error(note);
      await print(plan, options);
    } finally {
      live.clear();
    }
  });
}

/** A plan for another moment or by another policy says nothing of what was so in every plan. */
const isWhatIf = ({ input }: ReadFleet, { now, policy = input.policy?.name }: Options): boolean =>
  now !== undefined || policy !== input.policy?.name;

async function planOf(read: ReadFleet, { path, state }: ReadState, options: Options): Promise<Plan> {
  const { input, notes } = read;
  const { policy: name } = options;
  const { plan } = await import('../capacity/plan.ts');
  const isLater = state !== undefined && Date.parse(state.now) > input.now;
  if (isLater && !isWhatIf(read, options)) {
    throw new CommandFailure(
      `${path} is of a plan of ${state.now}, and this one is for ${new Date(input.now).toISOString()}; plans follow one another in time`,
      ERROR,
    );
  }
  const policy = name === undefined || name === input.policy?.name ? input.policy : POLICIES[name];
  try {
    const made = plan({ ...input, ...(policy && { policy }), ...(state && !isLater && { memory: state.memory }) });
    const unknown = isLater ? [`${path} is of a later plan: what was so in plans before this one is not known`] : [];
    return { ...made, notes: [...notes, ...unknown, ...made.notes] };
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
