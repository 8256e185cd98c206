import type { Command } from 'commander';
import { cellsOption, readCell, readFleet, readSoundFleet } from '../cell-files.ts';

export function addUnlock(program: Command): Command {
  return program
    .command('unlock')
    .description('Releases the lock of a killed operation on a cell or front on AWS.')
    .argument('<cell>', 'name of the cell or the front')
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
  // What is wrong in the file of another cell does not keep a cell locked.
  const isCell = readFleet(cells).cells.some((cell) => cell.name === name);
  const front = isCell ? undefined : readSoundFleet(cells).front;
  const isFront = front?.name === name;
  const kind = isFront ? 'front' : 'cell';
  const { region } = isFront ? front.regions[0]! : readCell(cells, name).spec;
  const { unlockSite } = await import('../../targets/aws/operations/cell-port.ts');
  const { operation, by, since } = await unlockSite({ kind, name, region }, id);
  console.log(`${kind} ${name} is free; ${operation} by ${by} held it since ${since}`);
}
