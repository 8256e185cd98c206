import { Argument, type Command } from 'commander';
import { CommandFailure } from './failure.ts';
import { wholeNumber } from './option-values.ts';
import { runningCell } from './running-cell.ts';

export function addLogs(program: Command): Command {
  return program
    .command('logs')
    .description('Prints what the services of a host have logged.')
    .addArgument(new Argument('<host>', 'name of the host, for example sbc-1'))
    .argument('[service]', 'name of the service; all by default')
    .option('--cell <cell>', 'name of the cell; the only one that is up by default')
    .option('--lines <n>', 'last lines of each service', wholeNumber(1, 1_000_000), 200)
    .addHelpText('after', '\nExample:\n  $ npx cellstamp logs sbc-1 kamailio --lines 50')
    .action(logs);
}

interface Options {
  readonly cell?: string;
  readonly lines: number;
}

async function logs(host: string, service: string | undefined, options: Options): Promise<void> {
  const { name } = await runningCell(options.cell);
  const local = await import('../local/index.ts');
  const texts = local.logs(name, host);
  const services = service === undefined ? Object.keys(texts) : [service];
  for (const each of services) {
    const text = texts[each];
    if (text === undefined) {
      throw new CommandFailure(`${host} has no log of ${each}; it has ${Object.keys(texts).join(', ')}`, 2);
    }
    if (services.length > 1) console.log(`== ${each}`);
    const lines = text.trimEnd().split('\n');
    console.log(lines.slice(-options.lines).join('\n'));
  }
}
