import { Option, type Command } from 'commander';
import { counted } from '../../config-file/counted.ts';
import { usualDeadlineSeconds, type Drained, type DrainPort } from '../../operations/drain.ts';
import { cellsOption, readCell } from '../cell-files.ts';
import { CommandFailure } from '../failure.ts';
import { interruptible } from '../interrupt.ts';
import { decimal } from '../option-values.ts';
import { LiveLine, printJson } from '../output.ts';
import { runningCell } from '../running-cell.ts';

export function addDrain(program: Command): Command {
  return program
    .command('drain')
    .description('Moves the work of a media host or SBC to other hosts, so that it can be stopped.')
    .argument('<host>', 'name of the host, for example media-1 or sbc-1')
    .addOption(drainTarget())
    .option('--cell <cell>', cellHelp)
    .option(...cellsOption)
    .option(
      '--deadline <seconds>',
      'how long calls that can’t move (for example those with FreeSWITCH) may continue before they get a BYE',
      decimal(0, 86_400),
      usualDeadlineSeconds,
    )
    .option('--json', 'print what was done as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp drain media-1\n  $ npx cellstamp drain sbc-1 --cell euw1-a --json\n' +
        '  $ npx cellstamp drain media-1 --target kubernetes --cell k8s-a\n\n' +
        'New calls go elsewhere at once. The relay of a media host moves to its neighbour with its calls: each hears 0.1 to 0.3 s\n' +
        'of silence. An active SBC first hands over to the other one. On Kubernetes the SBC stays drained when its pod restarts.\n' +
        'While the command waits, it shows on a terminal which calls it waits for. After Ctrl-C the host stays partly drained: run the\n' +
        'command again to continue, or `npx cellstamp undrain` to return the host to service.',
    )
    .action(drain);
}

export function addUndrain(program: Command): Command {
  return program
    .command('undrain')
    .description('Returns a drained host to service.')
    .argument('<host>', 'name of the host')
    .addOption(drainTarget())
    .option('--cell <cell>', cellHelp)
    .option(...cellsOption)
    .option('--json', 'print what was done as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp undrain media-1\n' +
        '  $ npx cellstamp undrain media-1 --target kubernetes --cell k8s-a\n\n' +
        'The relay of a media host returns with its calls, and new calls follow. An SBC becomes the standby and does not take over.',
    )
    .action(undrain);
}

const cellHelp = 'name of the cell; on this machine the only one that is up by default';

const drainTarget = (): Option =>
  new Option('--target <target>', 'where the cell runs: this machine, or Kubernetes by kubectl')
    .choices(['local', 'kubernetes'])
    .default('local');

interface Options {
  readonly target: 'local' | 'kubernetes';
  readonly cell?: string;
  readonly cells: string;
  readonly json?: true;
}

/** The cell that is meant. @throws CommandFailure when none is named */
async function portOf({ target, cell, cells }: Options): Promise<DrainPort> {
  if (target === 'local') {
    const { name } = await runningCell(cell);
    return (await import('../../targets/local/cell-port.ts')).localCell(name);
  }
  if (cell === undefined) throw new CommandFailure('--cell is missing, the name of a cell on Kubernetes', 2);
  const { drainableCell } = await import('../../targets/kubernetes/operations/drain-port.ts');
  return drainableCell(readCell(cells, cell).spec);
}

async function drain(host: string, options: Options & { readonly deadline: number }): Promise<void> {
  const port = await portOf(options);
  const { cell } = port;
  const operations = await import('../../operations/drain.ts');
  const line = new LiveLine();
  await interruptible(async (signal) => {
    try {
      const drained = await operations.drain(port, host, {
        deadlineSeconds: options.deadline,
        onProgress: (text) => line.show(text),
        signal,
      });
      line.clear();
      if (options.json) printJson({ cell, ...drained });
      else console.log(describe(port, drained));
    } finally {
      line.clear();
    }
  }, `stops waiting; ${host} stays partly drained; run the same command again to continue`);
}

function describe(
  { cell, revival }: Pick<DrainPort, 'cell' | 'revival'>,
  { host, dead, takenOverBy, moved, ended }: Drained,
): string {
  const what =
    takenOverBy === null ? '' : `; ${takenOverBy} has its work${moved === 0 ? '' : `, with ${counted(moved, 'call')}`}`;
  const bye = ended.length === 0 ? '' : `; ${counted(ended.length, 'call')} got a BYE`;
  const back = dead
    ? `\n${host} is dead: ${revival(host)}. It stays drained until \`npx cellstamp undrain ${host}\``
    : '';
  return `${host} of ${cell} is drained${what}${bye}${back}`;
}

async function undrain(host: string, options: Options): Promise<void> {
  const port = await portOf(options);
  const { cell } = port;
  const operations = await import('../../operations/drain.ts');
  const line = new LiveLine();
  await interruptible(async (signal) => {
    try {
      await operations.undrain(port, host, { onProgress: (text) => line.show(text), signal });
      line.clear();
      if (options.json) printJson({ cell, host });
      else console.log(`${host} of ${cell} has its work back`);
    } finally {
      line.clear();
    }
  }, 'stops waiting; run the same command again to continue');
}
