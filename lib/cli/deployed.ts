import { Argument, type Command } from 'commander';
import { addDeployStep, DEPLOY_STEPS, type DeployStep } from '../planning/deploys.ts';
import { cellsOption, readCell } from './cell-files.ts';

export function addDeployed(program: Command): Command {
  return program
    .command('deployed')
    .description('Records the outcome of a deployment.')
    .argument('<cell>', 'name of the cell')
    .addArgument(new Argument('<step>', 'began, proved by calls, or failed and not taken back').choices(DEPLOY_STEPS))
    .option(...cellsOption)
    .option('--planning <file>', 'says where the file of deploys is', 'planning.yaml')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx cellstamp deployed euw1-c began\n  $ npx cellstamp deployed euw1-c proved\n\n' +
        'A stamped cell takes its first tenants once it is proved, or measured. From began until proved a cell is on hold.\n' +
        'The time from the plan that asked for a cell until it is proved is what the next stamp is expected to take.',
    )
    .action(deployed);
}

interface Options {
  readonly cells: string;
  readonly planning: string;
}

async function deployed(name: string, step: DeployStep['step'], { cells, planning }: Options): Promise<void> {
  const { readPlanning } = await import('../planning/read-planning.ts');
  const { deploysPath } = readPlanning(planning).planning;
  const { spec } = readCell(cells, name);
  addDeployStep(deploysPath, { at: new Date().toISOString(), cell: spec.name, step });
}
