import type { Command } from 'commander';
import { cellsOption, readCell } from '../cell-files.ts';

export function addUnlock(program: Command): Command {
  return program
    .command('unlock')
    .description('Frees a cell on AWS whose operation was killed.')
    .argument('<cell>', 'name of the cell')
    .argument('<id>', 'id of the lock, as the refusal of another operation names it')
    .option(...cellsOption)
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp unlock euw1-a 7c1e52f0\n\n' +
        'First make sure that the operation is not still running somewhere. On this machine a lock ends with its process.',
    )
    .action(unlock);
}

async function unlock(name: string, id: string, { cells }: { readonly cells: string }): Promise<void> {
  const { spec } = readCell(cells, name);
  const { unlockCell } = await import('../../targets/aws/operations/cell-port.ts');
  const { operation, by, since } = await unlockCell(spec, id);
  console.log(`cell ${name} is free; ${operation} by ${by} held it since ${since}`);
}
