import { Option, type Command } from 'commander';
import { counted } from '../../config-file/counted.ts';
import type { PlanInput } from '../../planner/plan/input.ts';
import type { Plan } from '../../planner/plan/schema.ts';
import { POLICIES, type Policy } from '../../planner/policy.ts';
import { formatFinding, printable } from '../../config-file/finding.ts';
import type { ReadFleet } from '../../planner-files/plan-input.ts';
import type { ReadState } from '../../planner-files/state.ts';
import { CommandFailure, exitsWith } from '../failure.ts';
import { interruptible } from '../interrupt.ts';
import { instant, requirePlaceFor, writePlace } from '../option-values.ts';
import { LiveLine, readableJson } from '../output.ts';

const ERROR = 1;
const SOMETHING_TO_DO = 2;

export function addPlan(program: Command): Command {
  return program
    .command('plan')
    .description('Plans which cells to stamp by when and where to place tenants, and explains why.')
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
    .option('--write', 'write the plan into the files of the cells: new cells, tenants, states')
    .option('--html <file>', 'write a page with plots')
    .option('--json', 'print the plan as JSON, as plan.schema.json describes it')
    .addHelpText(
      'after',
      `
Example:
  $ npx cellstamp plan --html plan.html
  $ npx cellstamp plan --policy telecomRule --json
  $ npx cellstamp plan --write

Exit status: 0 nothing to do, 2 something to do, or done with --write; 1 error, a wrong command line included. A cell on
hold is nothing to do: a person has to look at it, and until then the plan leaves it alone.

What a plan saw is saved in the state file for the next one: a cell must be too full, or dispensable, in every plan for a
time before something is done. What it decided is saved with --write only. Without it, a plan with another --policy, or for
another moment (--now), asks "what if" and saves nothing. Every plan that saves something is in the audit log. The planning
file names both.`,
    )
    .exitOverride(exitsWith(ERROR))
    .action(async (options: Options) => {
      try {
        await planCommand(options);
      } catch (error) {
        // What was asked wrongly ends other commands with 2, which here is something to do.
        if ((error as { status?: unknown }).status !== 2) throw error;
        throw new CommandFailure((error as Error).message, ERROR);
      }
    });
}

interface Options {
  readonly cells: string;
  readonly planning: string;
  readonly now?: number;
  readonly policy?: Policy['name'];
  readonly write?: true;
  readonly html?: string;
  readonly json?: true;
}

/** What was planned from what. */
interface Planned {
  readonly read: ReadFleet;
  readonly before: ReadState;
  readonly input: PlanInput;
  readonly plan: Plan;
}

async function planCommand(options: Options): Promise<void> {
  const { html, json } = options;
  requirePlaceFor('--html', html, ERROR);
  warnOfOtherMoment(options);
  const live = new LiveLine();
  await interruptible(async (signal) => {
    try {
      const planned = await planNow(options, signal, (text) => live.show(text));
      if (html !== undefined) {
        live.show('drawing');
        const { planPage } = await import('../plan/page.ts');
        writePlace('--html', html, planPage(planned.input, planned.plan));
      }
      signal.throwIfAborted();
      const written = await leave(planned, options);
      live.clear();
      await print(planned.plan, options);
      // JSON on stdout is the plan alone.
      for (const line of written) (json ? console.error : console.log)(printable(line));
    } finally {
      live.clear();
    }
  }, 'ends without writing anything; what it has begun to write it completes (again: ends at once; the next plan completes it)');
}

/** A plan that is written is acted on now, whatever moment it is for. */
function warnOfOtherMoment({ now, write }: Options): void {
  if (!write || now === undefined) return;
  const hours = (now - Date.now()) / 3_600_000;
  if (Math.abs(hours) < 1) return;
  const apart =
    Math.abs(hours) < 48
      ? counted(Math.round(Math.abs(hours)), 'hour')
      : counted(Math.round(Math.abs(hours) / 24), 'day');
  console.error(
    `cellstamp: warning: --now ${new Date(now).toISOString()} is ${apart} ${hours < 0 ? 'ago' : 'ahead'}; --write writes the plan for that moment into the files of today`,
  );
}

async function planNow(options: Options, signal: AbortSignal, onProgress: (text: string) => void): Promise<Planned> {
  const [{ readPlanInput }, { readState }, { readEarlier }] = await Promise.all([
    import('../../planner-files/plan-input.ts'),
    import('../../planner-files/state.ts'),
    import('../../planner-files/record-plan.ts'),
  ]);
  const { cells, planning, now = Date.now() } = options;
  const earlier = await readEarlier(planning);
  for (const note of earlier.notes) console.error(note);
  const read = await readPlanInput({ cells, planning, now, signal, onProgress });
  for (const warning of read.planning.warnings) console.error(formatFinding(warning));
  const before = earlier.before ?? readState(read.planning.statePath);
  onProgress(
    `planning ${counted(read.input.cells.length, 'cell')} and ${counted(read.input.tenants.length, 'tenant')}`,
  );
  return { read, before, ...(await planOf(read, before, options)) };
}

async function planOf(
  read: ReadFleet,
  { path, state }: ReadState,
  options: Options,
): Promise<Pick<Planned, 'input' | 'plan'>> {
  const { plan } = await import('../../planner/plan.ts');
  const { now } = read.input;
  const isLater = state !== undefined && Date.parse(state.now) > now;
  if (isLater && !isWhatIf(read, options)) {
    throw new CommandFailure(
      `${path} is of a plan for ${state.now}, and this one is for ${new Date(now).toISOString()}; allowed: a later moment`,
      ERROR,
    );
  }
  const { policy: name = read.input.policy?.name } = options;
  const policy = name === undefined || name === read.input.policy?.name ? read.input.policy : POLICIES[name];
  const input = { ...read.input, ...(policy && { policy }), ...(state && !isLater && { memory: state.memory }) };
  const unknown = isLater ? [`${path} is of a later plan: what was so in plans before this one is not known`] : [];
  try {
    const made = plan(input);
    return { input, plan: { ...made, notes: [...read.notes, ...unknown, ...made.notes] } };
  } catch (error) {
    // The input contradicts itself; the message is made for people.
    if (error instanceof RangeError) throw new CommandFailure(error.message, ERROR);
    throw error;
  }
}

/** A plan for another moment or by another policy that nobody acts on says nothing of what was so in every plan. */
const isWhatIf = ({ input }: ReadFleet, { now, policy = input.policy?.name, write }: Options): boolean =>
  !write && (now !== undefined || policy !== input.policy?.name);

/** Leaves to the next plan what this one saw, or writes it. @returns what was written, in words */
async function leave({ read, before, plan }: Planned, options: Options): Promise<readonly string[]> {
  if (isWhatIf(read, options)) return [];
  const { recordSeen, recordWritten } = await import('../../planner-files/record-plan.ts');
  const record = { plan, before, audit: read.planning.auditPath };
  if (!options.write) {
    await recordSeen(record);
    return [];
  }
  const { writePlan } = await import('../../planner-files/write-plan.ts');
  const files = await recordWritten(record, () => writePlan({ plan, read, cells: options.cells }));
  return files.map(({ path, changes }) => `wrote ${path}: ${changes.join(', ')}`);
}

async function print(plan: Plan, { json }: Options): Promise<void> {
  const [{ planText, somethingToDo }, { planJson }] = await Promise.all([
    import('../plan/text.ts'),
    import('../../planner/plan.ts'),
  ]);
  process.stdout.write(json ? readableJson(planJson(plan)) : `${planText(plan, colourful())}\n`);
  process.exitCode = somethingToDo(plan) ? SOMETHING_TO_DO : 0;
}

/** Colours are for a terminal (see no-color.org). */
const colourful = (): boolean => process.stdout.isTTY && !process.env['NO_COLOR'];
