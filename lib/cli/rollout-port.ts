/** What a roll-out does, by git, shell commands and the target. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BakeRule } from '../operations/bake.ts';
import type { RolloutPort } from '../operations/rollout.ts';
import type { Release } from '../operations/rollout-log.ts';
import { UserError } from '../config-file/user-error.ts';
import { timeZone } from '../planner/forecast/time-zone.ts';
import { callCounts } from '../planner-files/prometheus/call-counts.ts';
import { reachPrometheus } from '../planner-files/prometheus/reach.ts';
import { readPlanning } from '../planner-files/read-planning.ts';
import { RolloutLog } from '../planner-files/rollout-log.ts';
import type { RolloutSettings } from '../planner-files/rollout-schema.ts';
import { windowAt } from '../planner-files/rollout-windows.ts';
import { asRoot } from './as-root.ts';
import { cellsOption, readCell } from './cell-files.ts';
import { checkedOut, isFileIn, withCheckout } from './commits.ts';
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

const planningFile = 'planning.yaml';

/**
 * @param fleet names of the cells that stand
 * @throws CommandFailure when the options do not go with the target, or gates have no other cell to compare with
 * @throws InvalidFiles for a planning file that is wrong
 */
export async function rolloutPort(
  { target, deploy, secret, record, json }: RolloutOptions,
  release: Release,
  fleet: readonly string[],
  signal: AbortSignal,
): Promise<RolloutPort> {
  if ((deploy !== undefined) !== (target === 'aws')) {
    throw new CommandFailure(
      target === 'aws'
        ? '--target aws needs --deploy, a command that deploys the cell $CELL'
        : '--deploy goes with --target aws only: on this machine a cell is started as its file says',
      2,
    );
  }
  await requireProofOptions({ target, ...(secret === undefined ? {} : { secret }) });
  const { value: planning, rolloutAuditPath } = readPlanning(planningFile).planning;
  const zone = timeZone(planning.rollout.zone ?? planning.zone);
  const bakeRule = bakeRuleOf(planning.rollout.bake);
  if (bakeRule !== undefined && Object.keys(bakeRule.gates).length > 0 && fleet.length < 2) {
    throw new CommandFailure(
      `${planningFile}: rollout.bake.gates compare a cell with the others of the fleet, which has ${fleet.length}; allowed: two cells or more, or all gates off`,
      2,
    );
  }
  // Its secrets, too, are to be there before anything is done.
  if (bakeRule !== undefined) await reachPrometheus(planningFile, signal);
  const log = new RolloutLog(rolloutAuditPath);
  log.requireWritable();
  const say = (text: string) => console.error(text);
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

    // Whatever is wrong with its files, cells that are on their way back go on.
    record: (cell, step) =>
      orSayWhyNot(signal, async () => {
        if (record !== undefined) return shell(record, '.', { CELL: cell, STEP: step });
        recordStep(cell, step, { cells: cellFolder, planning: planningFile });
        return true;
      }),

    isIn: async (cell, commit) => isFileIn(commit, `${cellFolder}/${cell}.yaml`),

    steps: () => log.steps(),

    note: (step) => log.add(step),

    isCheckedOut: () => checkedOut(cellFolder) === release.to,

    windowAt: (at) => windowAt(planning.rollout, zone, at),

    bakeRule,

    now: () => Date.now(),

    pause: (milliseconds, signal) => sleep(milliseconds, undefined, signal && { signal }).then(() => undefined),

    async counts(from, to) {
      try {
        const { server, settings } = await reachPrometheus(planningFile, signal);
        const counts = await callCounts(server, settings.cellLabel, from, to);
        return new Map([...counts].filter(([cell]) => fleet.includes(cell)));
      } catch (error) {
        // What can't be asked now may answer later, a file that somebody edits be right later; a bake that knows nothing of its calls does not end well.
        if (signal.aborted || !(error instanceof UserError)) throw error;
        say(error.message);
        return new Map();
      }
    },

    say,
  };
}

function bakeRuleOf(bake: RolloutSettings['bake']): BakeRule | undefined {
  if (bake === undefined) return undefined;
  const gates = Object.entries(bake.gates).filter(([, allowed]) => allowed !== 'off');
  return { ...bake, gates: Object.fromEntries(gates) as BakeRule['gates'] };
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

/** Whatever goes wrong, the roll-out decides what becomes of the cell; only an interruption ends it. */
async function orSayWhyNot(signal: AbortSignal, work: () => Promise<boolean>): Promise<boolean> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) throw error;
    console.error(describeFailure(error, false).text);
    return false;
  }
}
