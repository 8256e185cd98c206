import type { Command } from 'commander';
import { usualDeadlineSeconds, type Drained } from '../../operations/drain.ts';
import { interruptible } from '../interrupt.ts';
import { decimal } from '../option-values.ts';
import { LiveLine, printJson } from '../output.ts';
import { runningCell } from '../running-cell.ts';

export function addDrain(program: Command): Command {
  return program
    .command('drain')
    .description('Takes the work off a media host or an SBC on this machine, so that it can be stopped.')
    .argument('<host>', 'name of the host, for example media-1 or sbc-1')
    .option('--cell <cell>', 'name of the cell; the only one that is up by default')
    .option(
      '--deadline <seconds>',
      'how long calls that can’t move may go on, those with FreeSWITCH for example; then they get a BYE',
      decimal(0, 86_400),
      usualDeadlineSeconds,
    )
    .option('--json', 'print what was done as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp drain media-1\n  $ npx cellstamp drain sbc-1 --cell euw1-a --json\n\n' +
        'New calls go elsewhere at once. The relay of a media host moves to its neighbour with its calls: each hears 0.1 to 0.3 s\n' +
        'of silence. An SBC that is active hands over to the other one first. While the command waits it says on a terminal which\n' +
        'calls hold it up. Ctrl-C leaves the host as drained as it is; the same command goes on from there, and\n' +
        '`npx cellstamp undrain` gives the host its work back.',
    )
    .action(drain);
}

export function addUndrain(program: Command): Command {
  return program
    .command('undrain')
    .description('Gives a drained host of this machine its work back.')
    .argument('<host>', 'name of the host')
    .option('--cell <cell>', 'name of the cell; the only one that is up by default')
    .option('--json', 'print what was done as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp undrain media-1\n\n' +
        'The relay of a media host comes home with its calls, and new ones follow. An SBC stands by: it does not take over again.',
    )
    .action(undrain);
}

interface Options {
  readonly cell?: string;
  readonly json?: true;
}

async function drain(host: string, options: Options & { readonly deadline: number }): Promise<void> {
  const { name: cell } = await runningCell(options.cell);
  const operations = await import('../../operations/drain.ts');
  const { localCell } = await import('../../targets/local/cell-port.ts');
  const line = new LiveLine();
  await interruptible(async (signal) => {
    try {
      const drained = await operations.drain(localCell(cell), host, {
        deadlineSeconds: options.deadline,
        onProgress: (text) => line.show(text),
        signal,
      });
      line.clear();
      if (options.json) printJson({ cell, ...drained });
      else console.log(describe(cell, drained));
    } finally {
      line.clear();
    }
  }, `stops waiting; ${host} stays as drained as it is, and the same command goes on from there`);
}

function describe(cell: string, { host, dead, takenOverBy, moved, ended }: Drained): string {
  const what =
    takenOverBy === null ? '' : `; ${takenOverBy} has its work${moved === 0 ? '' : `, with ${calls(moved)}`}`;
  const bye = ended.length === 0 ? '' : `; ${calls(ended.length)} got a BYE`;
  const back = dead
    ? `\n${host} is dead; "npx cellstamp up ${cell}" recreates it without its work, "npx cellstamp undrain ${host}" then gives it back`
    : '';
  return `${host} of ${cell} is drained${what}${bye}${back}`;
}

const calls = (count: number) => `${count} ${count === 1 ? 'call' : 'calls'}`;

async function undrain(host: string, options: Options): Promise<void> {
  const { name: cell } = await runningCell(options.cell);
  const operations = await import('../../operations/drain.ts');
  const { localCell } = await import('../../targets/local/cell-port.ts');
  const line = new LiveLine();
  await interruptible(async (signal) => {
    try {
      await operations.undrain(localCell(cell), host, { onProgress: (text) => line.show(text), signal });
      line.clear();
      if (options.json) printJson({ cell, host });
      else console.log(`${host} of ${cell} has its work back`);
    } finally {
      line.clear();
    }
  }, 'stops waiting; the same command goes on from there');
}
