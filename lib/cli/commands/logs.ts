import { setTimeout as sleep } from 'node:timers/promises';
import { Argument, type Command } from 'commander';
import { printable } from '../../config-file/finding.ts';
import { CommandFailure } from '../failure.ts';
import { untilEnded } from '../interrupt.ts';
import { wholeNumber } from '../option-values.ts';
import { runningCell } from '../running-cell.ts';

export function addLogs(program: Command): Command {
  return program
    .command('logs')
    .description('Prints the logs of a host’s services.')
    .addArgument(new Argument('<host>', 'name of the host, for example sbc-1'))
    .argument('[service]', 'name of the service; all by default')
    .option('--cell <cell>', 'name of the cell; the only one that is up by default')
    .option('--lines <n>', 'number of last lines of each service', wholeNumber(1, 1_000_000), 200)
    .option('--follow', 'keep printing new lines, until Ctrl-C or the cell is down')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp logs sbc-1 kamailio --lines 50\n  $ npx cellstamp logs media-1 --follow --lines 1',
    )
    .action(logs);
}

interface Options {
  readonly cell?: string;
  readonly lines: number;
  readonly follow?: true;
}

async function logs(host: string, service: string | undefined, options: Options): Promise<void> {
  const { name } = await runningCell(options.cell);
  const local = await import('../../targets/local/index.ts');
  const texts = local.logs(name, host);
  const services = service === undefined ? Object.keys(texts) : [service];
  for (const each of services) {
    const text = texts[each];
    if (text === undefined) {
      throw new CommandFailure(`${host} has no log of ${each}; it has ${Object.keys(texts).join(', ')}`, 2);
    }
    if (services.length > 1) console.log(`== ${each}`);
    const lines = text.trimEnd().split('\n');
    console.log(lines.slice(-options.lines).map(readable).join('\n'));
  }
  if (options.follow) await follow(name, host, service, texts);
}

/** A line as it may be written to a terminal: what a stranger sends to an SBC is logged there. Programs do write tabs. */
const readable = (line: string): string => line.split('\t').map(printable).join('\t');

/** Prints whole lines as they come; of several services with the name of whose it is. */
async function follow(
  cell: string,
  host: string,
  service: string | undefined,
  texts: Readonly<Record<string, string>>,
): Promise<void> {
  const local = await import('../../targets/local/index.ts');
  const told = new Map(Object.entries(texts).map(([each, text]) => [each, text.length]));
  await untilEnded(async (signal) => {
    while (!signal.aborted) {
      await sleep(200, undefined, { signal });
      for (const [each, text] of Object.entries(local.logs(cell, host))) {
        if (service !== undefined && each !== service) continue;
        // A recreated host starts with empty logs.
        const known = told.get(each) ?? 0;
        const from = known > text.length ? 0 : known;
        const to = text.lastIndexOf('\n') + 1;
        if (to <= from) continue;
        const lines = text.slice(from, to - 1).split('\n');
        const prefix = service === undefined ? `${each}: ` : '';
        console.log(lines.map((line) => `${prefix}${readable(line)}`).join('\n'));
        told.set(each, to);
      }
    }
  });
}
