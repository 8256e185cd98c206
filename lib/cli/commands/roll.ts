import type { Command } from 'commander';
import { cellsOption, readCell } from '../cell-files.ts';
import { CommandFailure } from '../failure.ts';
import { interruptible } from '../interrupt.ts';
import { printJson } from '../output.ts';
import { targetOption, type Target } from '../target.ts';

export function addRoll(program: Command): Command {
  return program
    .command('roll')
    .description('Brings the hosts of a deployed cell to the configuration that was applied, one at a time.')
    .argument('<cell>', 'name of the cell')
    .addOption(targetOption())
    .option(...cellsOption)
    .option('--json', 'print the hosts as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp roll euw1-a --target aws\n\n' +
        'Media hosts first, then the standby SBC, then the active one. Only a host whose bundle has changed drains and restarts\n' +
        'programs. The command stops at the first host that does not become ready; run it again to go on from there.',
    )
    .action(roll);
}

interface Options {
  readonly cells: string;
  readonly target: Target;
  readonly json?: true;
}

async function roll(name: string, { cells, target, json }: Options): Promise<void> {
  const { spec } = readCell(cells, name);
  if (target === 'local') {
    throw new CommandFailure(
      `on this machine \`npx cellstamp up ${name}\` brings hosts to their configuration; roll is for --target aws`,
      2,
    );
  }
  const [operations, { awsCell }] = await Promise.all([
    import('../../operations/roll.ts'),
    import('../../targets/aws/operations/cell-port.ts'),
  ]);
  const port = await awsCell(spec);
  const onReady = (host: string) => {
    if (!json) console.log(`${host} of ${name} is ready`);
  };
  await interruptible(async (signal) => {
    const ready = await operations.roll(port, { onReady, signal });
    if (json) printJson({ cell: name, ready });
  }, 'stops once the host that it works on is ready; run it again to go on from there');
}
