/** What a roll-out does, by git, shell commands and the target. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { RolloutPort } from '../operations/rollout.ts';
import { asRoot } from './as-root.ts';
import { cellsOption, readCell } from './cell-files.ts';
import { isFileIn, withCheckout } from './commits.ts';
import { recordStep } from './commands/rollout-record.ts';
import { CommandFailure, describeFailure } from './failure.ts';
import { proofLoad, proved, requireProofOptions, tellProof } from './commands/prove.ts';
import type { Target } from './target.ts';

/** Where a fleet's repository has its cells. */
export const cellFolder = cellsOption[2];

export interface RolloutOptions {
  readonly target: Target;
  readonly deploy?: string;
  readonly secret?: string;
  readonly record?: string;
  /** Standard output is for what became of the cells, and nothing else. */
  readonly json?: true;
}

/** @throws CommandFailure when the options do not go with the target */
export async function rolloutPort(
  { target, deploy, secret, record, json }: RolloutOptions,
  signal: AbortSignal,
): Promise<RolloutPort> {
  if ((deploy !== undefined) !== (target === 'aws')) {
    throw new CommandFailure(
      target === 'aws'
        ? '--target aws needs --deploy, a command that deploys the cell $CELL'
        : '--deploy goes with --target aws only: on this machine a cell is brought up as its file says',
      2,
    );
  }
  await requireProofOptions({ target, ...(secret === undefined ? {} : { secret }) });
  if (target === 'local') asRoot();
  const shell = (command: string, folder: string, environment: NodeJS.ProcessEnv) =>
    runShell(command, folder, environment, json ? 2 : 1);
  const deployIn = (cell: string, folder: string) =>
    deploy === undefined ? bringUp(cell, folder, signal) : shell(deploy, folder, { CELL: cell });
  return {
    async exclusively(cell, work) {
      if (target === 'aws') {
        const { exclusiveRollout } = await import('../targets/aws/operations/cell-port.ts');
        return exclusiveRollout(readCell(cellFolder, cell).spec, work);
      }
      const { exclusiveRollout } = await import('../targets/local/cell-port.ts');
      return exclusiveRollout(cell, work);
    },

    deploy: (cell, commit) =>
      orSayWhyNot(signal, () =>
        commit === undefined ? deployIn(cell, '.') : withCheckout(commit, (folder) => deployIn(cell, folder)),
      ),

    // A user who can't register is a cell that is not proved.
    prove: (cell) =>
      orSayWhyNot(signal, async () => {
        const options = { target, ...(secret === undefined ? {} : { secret }), ...proofLoad };
        const proof = await proved(readCell(cellFolder, cell), options, signal);
        if (!json) tellProof(proof);
        return proof.good;
      }),

    async record(cell, step) {
      if (record !== undefined) return shell(record, '.', { CELL: cell, STEP: step });
      recordStep(cell, step, { cells: cellFolder, planning: 'planning.yaml' });
      return true;
    },

    isIn: async (cell, commit) => isFileIn(commit, `${cellFolder}/${cell}.yaml`),
  };
}

/** @returns whether the command succeeded; it has said why not */
async function runShell(
  command: string,
  folder: string,
  environment: NodeJS.ProcessEnv,
  output: 1 | 2,
): Promise<boolean> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', command], {
    cwd: folder,
    stdio: ['ignore', output, 'inherit'],
    env: { ...process.env, ...environment },
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return status === 0;
}

/** The cell of a folder on this machine. @returns whether it is up and every host is well */
async function bringUp(cell: string, folder: string, signal: AbortSignal): Promise<boolean> {
  const { up } = await import('../targets/local/index.ts');
  return (await up(readCell(join(folder, cellFolder), cell).spec, { signal })).state === 'running';
}

/** Whatever goes wrong, the cell is to be taken back; only an interruption ends the roll-out. */
async function orSayWhyNot(signal: AbortSignal, work: () => Promise<boolean>): Promise<boolean> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) throw error;
    console.error(describeFailure(error, false).text);
    return false;
  }
}
