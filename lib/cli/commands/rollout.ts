import { Option, type Command } from 'commander';
import { rolloutCell, rolloutWaves, type RolledOut } from '../../operations/rollout.ts';
import type { Release } from '../../operations/rollout-log.ts';
import { changedCells, changesFront, wavesOf, type Waves } from '../../operations/waves.ts';
import { isOnAws } from '../../fleet/schema/targets/on-aws.ts';
import { printable } from '../../config-file/finding.ts';
import { readCell, readSoundFleet } from '../cell-files.ts';
import { changedFiles, checkedOut, commitOf, goneFiles, treeOf } from '../commits.ts';
import { addRecord } from './rollout-record.ts';
import { CommandFailure } from '../failure.ts';
import { interruptible } from '../interrupt.ts';
import { printJson } from '../output.ts';
import { cellFolder, rolloutPort, type RolloutOptions } from '../rollout-port.ts';
import { targetOption } from '../target.ts';

const example =
  '--before deployed --target aws --deploy \'[ -d node_modules ] || npm ci; npx cdktf deploy "cell-$CELL" && npx cellstamp roll "$CELL" --target aws\'';

export function addRollout(program: Command): Command {
  const rollout = program
    .command('rollout')
    .description(
      'Rolls out a change of the fleet’s repository: deploys cells, proves them, lets them bake, rolls back what fails.',
    )
    .addHelpText('after', `\nExample:\n  $ npx cellstamp rollout cell euw1-a ${example}`);
  rollout
    .command('waves')
    .description(
      'Lists what a change reaches, in order: the front on AWS; of the cells a canary, one more, a tenth of the fleet, the rest.',
    )
    .argument('<commit>', 'the deployed commit or tag')
    .addOption(canaryOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp rollout waves deployed\n  {"front":[],"canary":["euw1-b"],"one":[],"tenth":[],"rest":[]}',
    )
    .action((commit: string, { canary }: WaveOptions) => console.log(JSON.stringify(reachedSince(commit, canary))));
  withOptions(rollout.command('cell'))
    .description(
      'Deploys one cell from the repository, proves it and lets it bake; rolls it back when one of them fails.',
    )
    .argument('<cell>', 'name of the cell')
    .addHelpText('after', `\nExample:\n  $ npx cellstamp rollout cell euw1-a ${example}\n\n${rolloutHelp}`)
    .action(cell);
  withOptions(rollout.command('fleet'))
    .description(
      'Rolls out over all cells that a change reaches, in waves; rolls a wave back that has a bad cell, and stops there.',
    )
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
  'On this machine the command starts the cell as its file says. On AWS it runs --deploy, in this folder or, to roll back, in a\n' +
  'folder of its own with the earlier commit checked out. A new cell is not rolled back: it has no tenants. The proof is that of\n' +
  '`npx cellstamp prove`. `rollout` in planning.yaml sets for how many minutes and calls a cell bakes, how much worse its calls may be\n' +
  'than those of other cells (answer-seizure ratio, post-dial delay, MOS, failures), and the freezes and black-outs in which no cell\n' +
  'is started: a roll-out that starts in one ends, one that reaches a freeze stops, and one that reaches a black-out waits. Every step\n' +
  'is added to rollout-audit.ndjson. After an interruption, run the command again to continue. Exit status 1 unless every cell is\n' +
  'proved in its current version.';

const canaryOption = (): Option =>
  new Option('--canary <cell>', 'the cell that goes first whenever it is among them; the first by name by default').env(
    'CANARY',
  );

function withOptions(command: Command): Command {
  return command
    .requiredOption('--before <commit>', 'the deployed commit or tag, to which a roll-back returns')
    .addOption(targetOption())
    .option('--deploy <command>', 'with --target aws: deploys the cell $CELL, of the folder in which it is run')
    .addOption(
      new Option('--secret <arn>', 'with --target aws: ARN of the secret with the proof users').env('PROOF_SECRET'),
    )
    .option('--record <command>', 'records the $STEP of the cell $CELL for the planner; `rollout record` by default')
    .option('--json', 'print the results of the cells as JSON');
}

interface WaveOptions {
  readonly canary?: string;
}

interface CellOptions extends RolloutOptions {
  readonly before: string;
}

async function cell(name: string, { before, ...options }: CellOptions): Promise<void> {
  const release = releaseSince(before);
  readCell(cellFolder, name);
  await interruptible(async (signal) => {
    const port = await rolloutPort(options, release, standing().cells, signal);
    tell(await rolloutCell(port, name, release, { signal }), options.json);
  }, interrupted);
}

async function fleet({ before, canary, ...options }: CellOptions & WaveOptions): Promise<void> {
  const release = releaseSince(before);
  const { front, ...waves } = reachedSince(before, canary);
  if (front.length > 0) console.error('the change reaches the front, too, which is not deployed by this command');
  await interruptible(async (signal) => {
    const port = await rolloutPort(options, release, standing().cells, signal);
    tell(await rolloutWaves(port, waves, release, { signal }), options.json);
  }, interrupted);
}

/** @throws CommandFailure when it is not a commit */
const releaseSince = (commit: string): Release => ({ from: commitOf(commit), to: checkedOut(cellFolder) });

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

/** @throws CommandFailure when it is not a commit, or something is wrong with the fleet */
function reachedSince(commit: string, canary: string | undefined): Waves & { readonly front: readonly string[] } {
  const { cells: names, front } = standing();
  if (canary && !names.includes(canary)) {
    throw new CommandFailure(`--canary (or CANARY) is ${printable(canary)}; allowed: ${names.join(', ')}`, 2);
  }
  const deployed = treeOf(commit);
  for (const path of goneFiles(deployed)) {
    if (path.startsWith(`${cellFolder}/`))
      console.error(`${path} was removed, but its resources still exist: nothing is deleted`);
  }
  const changed = changedFiles(deployed, cellFolder);
  return {
    front: front !== undefined && changesFront(changed) ? [front] : [],
    ...wavesOf(changedCells(changed, names), names.length, canary),
  };
}

/** Names of the cells that are to stand, and of the front if it is on AWS. @throws CommandFailure when something is wrong with the fleet */
function standing(): { readonly cells: readonly string[]; readonly front: string | undefined } {
  const { cells, front } = readSoundFleet(cellFolder);
  return {
    cells: cells.filter(({ state }) => state !== 'planned').map(({ name }) => name),
    front: front !== undefined && isOnAws(front) ? 'front' : undefined,
  };
}
