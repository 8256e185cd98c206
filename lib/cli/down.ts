import type { Command } from 'commander';
import { printJson } from './output.ts';
import { runningCell } from './running-cell.ts';

export function addDown(program: Command): Command {
  return program
    .command('down')
    .description('Takes a cell or a front on this machine down and leaves nothing of it.')
    .argument('[cell]', 'name of the cell or front; the only cell that is up by default')
    .option('--all', 'every cell and front that is up')
    .option('--json', 'print what was taken down as JSON')
    .addHelpText('after', '\nExample:\n  $ npx cellstamp down euw1-a')
    .action(down);
}

interface Options {
  readonly all?: true;
  readonly json?: true;
}

async function down(name: string | undefined, { all, json }: Options): Promise<void> {
  const local = await import('../local/index.ts');
  // A named cell is taken down even if a command was killed before it wrote what it made.
  const { frontStates } = await import('../local/front/index.ts');
  const everything = () => [...frontStates(), ...local.list()].map((each) => each.name);
  const names = all ? everything() : [name ?? (await runningCell(undefined)).name];
  for (const each of names) await local.down(each);
  if (json) printJson({ down: names });
  else console.log(names.length === 0 ? 'no cell is up' : `down: ${names.join(', ')}`);
}
