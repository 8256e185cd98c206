import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { counted } from '../../config-file/counted.ts';
import { readText } from '../../config-file/read-text.ts';
import { usualDeadlineSeconds } from '../../operations/drain.ts';
import type {
  Evacuated,
  EvacuationFiles,
  EvacuationOptions,
  EvacuationPort,
  Recovered,
} from '../../operations/evacuate.ts';
import type { TenantRows } from '../../operations/tenant-backup.ts';
import { cellsOption } from '../cell-files.ts';
import { frontOption, movesOn, type FrontOptions } from '../front-moves.ts';
import { interruptible } from '../interrupt.ts';
import { decimal } from '../option-values.ts';
import { LiveLine, printJson } from '../output.ts';
import { anyTargetOption } from '../target.ts';

export function addEvacuate(program: Command): Command {
  return program
    .command('evacuate')
    .description('Moves all tenants of a cell to others, lets its calls end, and retires it.')
    .argument('<cell>', 'name of the cell')
    .requiredOption('--to <cell...>', 'names of the cells that take its tenants')
    .option(
      '--deadline <seconds>',
      'how long calls may continue in the old cell before they get a BYE',
      decimal(0, 86_400),
      usualDeadlineSeconds,
    )
    .option('--from-backup <file>', 'the cell no longer answers: take its tenants from this pg_dump file (plain SQL)')
    .addOption(anyTargetOption())
    .option(...frontOption)
    .option(...cellsOption)
    .option('--planning <file>', 'what the planner may do and where it learns from', 'planning.yaml')
    .option('--json', 'print what was done as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp evacuate euw1-a --to euw1-b euw1-c\n' +
        '  $ npx cellstamp evacuate euw1-a --to euw1-b --from-backup euw1-a.sql --target aws\n\n' +
        'The planner says which tenant fits into which cell; if one fits nowhere, nothing is moved. The cell is cordoned, each tenant\n' +
        'goes to its new cell with its users, numbers, limits and registrations, and new calls follow within two seconds. Calls that\n' +
        'are up end in the old cell. It is retired once it is empty. The files of the cells follow: state and tenants.\n\n' +
        'After Ctrl-C or a failure, run the same command again to resume.',
    )
    .action(run);
}

interface Options extends FrontOptions {
  readonly to: readonly string[];
  readonly deadline: number;
  readonly fromBackup?: string;
  readonly planning: string;
  readonly json?: true;
}

async function run(cell: string, options: Options): Promise<void> {
  const backup = options.fromBackup === undefined ? undefined : await readBackup(options.fromBackup);
  const line = new LiveLine();
  await interruptible(async (signal) => {
    try {
      const files = await filesOf(cell, options, signal, (text) => line.show(text));
      if (files.isDone) {
        line.clear();
        if (options.json) printJson({ cell, state: 'retired', moved: [], ended: [] });
        else console.log(`${cell} is evacuated and retired already`);
        return;
      }
      const port = await movesOn(options);
      const given: EvacuationOptions = { onProgress: (text) => line.show(text), signal };
      const told =
        backup === undefined
          ? await leave(port, files, cell, options, given)
          : await recover(port, files, backup, cell, given);
      line.clear();
      if (options.json) printJson(told.json);
      else console.log(told.text);
    } finally {
      line.clear();
    }
  }, 'ends at the end of the present step; run it again to go on from there');
}

interface Told {
  readonly text: string;
  readonly json: object;
}

async function leave(
  port: EvacuationPort,
  files: EvacuationFiles,
  cell: string,
  { deadline }: Options,
  given: EvacuationOptions,
): Promise<Told> {
  const { evacuate } = await import('../../operations/evacuate.ts');
  const done = await evacuate(port, files, cell, { ...given, deadlineSeconds: deadline });
  return { text: describe(cell, done), json: { cell, state: 'retired', ...done } };
}

function describe(cell: string, { moved, ended }: Evacuated): string {
  const bye = ended.length === 0 ? '' : `; ${counted(ended.length, 'call')} got a BYE`;
  return [
    ...moved.map(({ tenant, to }) => `${tenant} is in ${to}`),
    `${cell} is empty and retired${bye}. Its voicemail messages and the call records in it stay there until it is taken down`,
  ].join('\n');
}

interface Backup {
  readonly tenants: ReadonlyMap<string, TenantRows>;
  readonly file: string;
  /** ISO 8601: when the file was written. */
  readonly at: string;
}

async function readBackup(file: string): Promise<Backup> {
  const { tenantsInBackup } = await import('../../operations/tenant-backup.ts');
  const tenants = tenantsInBackup(file, readText(file, 'text of pg_dump'));
  return { tenants, file, at: statSync(file).mtime.toISOString() };
}

async function recover(
  port: EvacuationPort,
  files: EvacuationFiles,
  { tenants, file, at }: Backup,
  cell: string,
  given: EvacuationOptions,
): Promise<Told> {
  const { evacuateLost } = await import('../../operations/evacuate.ts');
  const done = await evacuateLost(port, files, tenants, cell, given);
  const lost = [
    `the calls that were up in ${cell}, and those of their records that nobody has read there`,
    `what was changed in ${cell} after the backup: ${file} was written at ${at}`,
    'registrations: each phone is reached again once it has registered, at the latest when the time is over that it was granted',
    `voicemail messages on the media hosts of ${cell}`,
    ...done.missing.map((tenant) => `tenant ${tenant}: the backup does not have it`),
  ];
  if (done.missing.length > 0) process.exitCode = 1;
  const state = done.missing.length > 0 ? 'cordoned' : 'retired';
  return { text: describeRecovered(cell, done, lost), json: { cell, state, ...done, lost } };
}

function describeRecovered(cell: string, { restored, missing }: Recovered, lost: readonly string[]): string {
  return [
    ...restored.map(
      ({ tenant, to, users, numbers }) =>
        `${tenant} is in ${to}, with ${counted(users, 'user')} and ${counted(numbers, 'number')}`,
    ),
    'Lost:',
    ...lost.map((what) => `  ${what}`),
    missing.length === 0
      ? `${cell} is retired. If it answers again, it gets no calls; remove it`
      : `${cell} stays cordoned for ${missing.join(', ')}: move them in its file, provision their new cell, and enter them in the directory; their users have to be created again`,
  ].join('\n');
}

async function filesOf(
  cell: string,
  { cells, planning, to }: Options,
  signal: AbortSignal,
  onProgress: (text: string) => void,
) {
  const [{ readPlanInput }, { CellEvacuationFiles }, { readEarlier }] = await Promise.all([
    import('../../planner-files/plan-input.ts'),
    import('../../planner-files/evacuation-files.ts'),
    import('../../planner-files/record-plan.ts'),
  ]);
  // What was killed while it wrote files is completed first.
  await readEarlier(planning);
  const sources = { cells, planning, now: Date.now() };
  const read = await readPlanInput({ ...sources, signal, onProgress });
  return new CellEvacuationFiles(read, sources, cell, to);
}
