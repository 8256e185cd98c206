import { Option, type Command } from 'commander';
import { rolloutCell, rolloutWaves, type RolledOut } from '../../operations/rollout.ts';
import { changedCells, wavesOf, type Waves } from '../../operations/waves.ts';
import { formatFinding } from '../../config-file/finding.ts';
import { readCell, readFleet } from '../cell-files.ts';
import { changedFiles, treeOf } from '../commits.ts';
import { addRecord } from './rollout-record.ts';
import { CommandFailure } from '../failure.ts';
import { interruptible } from '../interrupt.ts';
import { printJson } from '../output.ts';
import { cellFolder, rolloutPort, type RolloutOptions } from '../rollout-port.ts';
import { targetOption } from '../target.ts';

const example =
  '--before deployed --target aws --deploy \'npx cdktf deploy "cell-$CELL" && npx cellstamp roll "$CELL" --target aws\'';

export function addRollout(program: Command): Command {
  const rollout = program
    .command('rollout')
    .description('Rolls out a change of the fleet’s repository: deploys cells, proves them, rolls back what fails.')
    .addHelpText('after', `\nExample:\n  $ npx cellstamp rollout cell euw1-a ${example}`);
  rollout
    .command('waves')
    .description('Lists the cells that a change reaches, in order: a canary, one more, a tenth of the fleet, the rest.')
    .argument('<commit>', 'what is deployed now: a commit, a tag')
    .addOption(canaryOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp rollout waves deployed\n  {"canary":["euw1-b"],"one":[],"tenth":[],"rest":[]}',
    )
    .action((commit: string, { canary }: WaveOptions) => console.log(JSON.stringify(wavesSince(commit, canary))));
  withOptions(rollout.command('cell'))
    .description('Deploys one cell as the repository says now and proves it; takes it back when it is not proved.')
    .argument('<cell>', 'name of the cell')
    .addHelpText('after', `\nExample:\n  $ npx cellstamp rollout cell euw1-a ${example}\n\n${rolloutHelp}`)
    .action(cell);
  withOptions(rollout.command('fleet'))
    .description('Rolls out over all cells that a change reaches, one at a time; ends at the first that is not proved.')
    .addOption(canaryOption())
    .addHelpText(
      'after',
      `\nExample:\n  $ npx cellstamp rollout fleet ${example}\n\nThe order is that of \`npx cellstamp rollout waves\`.\n${rolloutHelp}`,
    )
    .action(fleet);
  addRecord(rollout);
  return rollout;
}

const rolloutHelp =
  'On this machine a cell is brought up as its file says. On AWS --deploy is run, in this folder or, to go back, in a folder of\n' +
  'its own with the commit before checked out; a cell that is new is left as it is, as it has no tenants. The proof is that of\n' +
  '`npx cellstamp prove`. After an interruption, run it again to go on. Exit status 1 unless every cell is proved as the\n' +
  'repository says now.';

const canaryOption = (): Option =>
  new Option('--canary <cell>', 'the cell that goes first whenever it is among them; the first by name by default').env(
    'CANARY',
  );

function withOptions(command: Command): Command {
  return command
    .requiredOption('--before <commit>', 'what is deployed now, and gone back to: a commit, a tag')
    .addOption(targetOption())
    .option('--deploy <command>', 'with --target aws: deploys the cell $CELL, of the folder in which it is run')
    .addOption(
      new Option('--secret <arn>', 'with --target aws: ARN of the secret with the proof users').env('PROOF_SECRET'),
    )
    .option('--record <command>', 'tells the planner the $STEP of the cell $CELL; `rollout record` by default')
    .option('--json', 'print the results of the cells as JSON');
}

interface WaveOptions {
  readonly canary?: string;
}

interface CellOptions extends RolloutOptions {
  readonly before: string;
}

async function cell(name: string, { before, ...options }: CellOptions): Promise<void> {
  treeOf(before);
  readCell(cellFolder, name);
  await interruptible(async (signal) => {
    const port = await rolloutPort(options, signal);
    tell([await rolloutCell(port, name, before, { signal })], options.json);
  }, interrupted);
}

async function fleet({ before, canary, ...options }: CellOptions & WaveOptions): Promise<void> {
  const waves = wavesSince(before, canary);
  await interruptible(async (signal) => {
    const port = await rolloutPort(options, signal);
    tell(await rolloutWaves(port, waves, before, { signal }), options.json);
  }, interrupted);
}

const interrupted = 'stops at the end of the present step; run it again to go on from there';

function tell(cells: readonly RolledOut[], json: true | undefined): void {
  if (json) printJson({ cells });
  for (const { state, text } of cells) {
    if (state !== 'proved') process.exitCode = 1;
    if (json) continue;
    if (state === 'proved') console.log(text);
    else console.error(text);
  }
  if (cells.length === 0 && !json) console.log('the change reaches no cell');
}

/** @throws CommandFailure when it is no commit, or something is wrong with the fleet */
function wavesSince(commit: string, canary: string | undefined): Waves {
  const { cells, findings } = readFleet(cellFolder);
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new CommandFailure(errors.map(formatFinding).join('\n'), 2);
  const deployed = treeOf(commit);
  for (const path of changedFiles(deployed, '--diff-filter=D')) {
    if (path.startsWith(`${cellFolder}/`))
      console.error(`${path} is gone, its resources are not: no cell is taken down`);
  }
  const names = cells.filter(({ state }) => state !== 'planned').map(({ name }) => name);
  return wavesOf(changedCells(changedFiles(deployed), names), names.length, canary);
}
