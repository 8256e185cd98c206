import type { Command } from 'commander';
import { formatStatus } from './cell-table.ts';
import { formatFrontStatus } from './front-table.ts';
import { printJson } from './output.ts';
import { runningCell } from './running-cell.ts';

export function addStatus(program: Command): Command {
  return program
    .command('status')
    .description('Shows the cells and fronts that are up on this machine.')
    .argument('[cell]', 'name of the cell or front; all by default')
    .option('--json', 'print the state as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ cellstamp status\n\nExit status 1 when a host is not ready, or the named cell is not up.',
    )
    .action(status);
}

async function status(name: string | undefined, { json }: { readonly json?: true }): Promise<void> {
  const { checkedList, checkedStatus } = await import('../local/index.ts');
  const { frontStates, frontStatus } = await import('../local/front/index.ts');
  const fronts = await Promise.all(
    frontStates()
      .filter((front) => name === undefined || front.name === name)
      .map(frontStatus),
  );
  const cells =
    name === undefined
      ? await checkedList()
      : fronts.length > 0
        ? []
        : [await checkedStatus((await runningCell(name)).name)];
  if (json) printJson([...cells, ...fronts]);
  else if (cells.length + fronts.length === 0) console.log('no cell is up on this machine');
  else console.log([...cells.map(formatStatus), ...fronts.map(formatFrontStatus)].join('\n\n'));
  if ([...cells, ...fronts].some(({ state }) => state !== 'running')) process.exitCode = 1;
}
