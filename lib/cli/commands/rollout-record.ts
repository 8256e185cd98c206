import { Argument, type Command } from 'commander';
import { readPlanning } from '../../planner-files/read-planning.ts';
import { addDeployStep, DEPLOY_STEPS, type DeployStep } from '../../planner-files/deploys.ts';
import { cellsOption, readCell } from '../cell-files.ts';

/** A command of `rollout`. */
export function addRecord(rollout: Command): Command {
  return withOptions(rollout.command('record')).addHelpText(
    'after',
    '\nExample:\n  $ npx cellstamp rollout record euw1-c began\n  $ npx cellstamp rollout record euw1-c proved\n\n' +
      'Use it after a deployment by other means: `rollout cell` and `rollout fleet` record what they do.\n' +
      'A stamped cell gets its first tenants once it is proved or measured. Between began and proved it is on hold.\n' +
      'The planner expects the next stamp to take as long as this one took from its plan until it was proved.',
  );
}

/** The name that `rollout record` had before. It goes with the next version. */
export function addDeployed(program: Command): Command {
  return withOptions(program.command('deployed', { hidden: true })).addHelpText(
    'after',
    '\nExample:\n  $ npx cellstamp deployed euw1-c proved\n\nUse `npx cellstamp rollout record`.',
  );
}

const withOptions = (command: Command): Command =>
  command
    .description('Records the outcome of a deployment for the planner.')
    .argument('<cell>', 'name of the cell')
    .addArgument(new Argument('<step>', 'began, proved by calls, or failed and not rolled back').choices(DEPLOY_STEPS))
    .option(...cellsOption)
    .option('--planning <file>', 'names the file of deployments', 'planning.yaml')
    .action(recordStep);

interface Options {
  readonly cells: string;
  readonly planning: string;
}

export function recordStep(name: string, step: DeployStep['step'], { cells, planning }: Options): void {
  const { deploysPath } = readPlanning(planning).planning;
  const { spec } = readCell(cells, name);
  addDeployStep(deploysPath, { at: new Date().toISOString(), cell: spec.name, step });
}
