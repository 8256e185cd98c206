import type { Command } from 'commander';
import { CommandFailure } from '../failure.ts';
import { printJson } from '../output.ts';

export function addDown(program: Command): Command {
  return program
    .command('down')
    .description('Removes a local cell or front with everything that it created.')
    .argument('[cell]', 'name of the cell or front; the only one that is up by default')
    .option('--all', 'remove every cell and front on this machine, whoever started it')
    .option('--json', 'print what was removed as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp down euw1-a\n\n' +
        'It also removes what a killed command left behind. Exit status 1 when there is no such cell or front.',
    )
    .action(down);
}

interface Options {
  readonly all?: true;
  readonly json?: true;
}

async function down(name: string | undefined, { all, json }: Options): Promise<void> {
  if (all && name !== undefined) {
    throw new CommandFailure(`--all removes every cell and front, and ${name} names one; give only one of the two`, 2);
  }
  const [local, { namesOfRunning }] = await Promise.all([
    import('../../targets/local/index.ts'),
    import('../../targets/local/down.ts'),
  ]);
  const known = local.namesToTakeDown();
  const names = all ? known : [name ?? onlyOne(known, namesOfRunning())];
  for (const each of names) if (!known.includes(each)) throw new CommandFailure(local.notUp(each, known), 1);
  for (const each of names) await local.down(each);
  if (json) printJson({ down: names });
  else console.log(names.length === 0 ? 'no cell is up' : `down: ${names.join(', ')}`);
}

/** What killed commands have left is meant only where nothing runs. */
function onlyOne(known: readonly string[], running: readonly string[]): string {
  const [first, ...others] = running.length > 0 ? running : known;
  if (first === undefined) throw new CommandFailure('no cell is up on this machine', 1);
  if (others.length === 0) return first;
  throw new CommandFailure(`several are up (${[first, ...others].join(', ')}); name one, or give --all`, 2);
}
