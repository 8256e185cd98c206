/** Rolls a change out over cells: deploys one, proves it, and takes it back when it is not proved. */
import type { Waves } from './waves.ts';

/** As the planner knows a deploy. `failed`: the cell is neither deployed nor taken back. */
export type RolloutStep = 'began' | 'proved' | 'failed';

/** What a roll-out needs of the fleet's repository and of the target. */
export interface RolloutPort {
  /** Works while no other roll-out does on the same cell. @throws UserError that names the owner, when another does */
  exclusively<T>(cell: string, work: () => Promise<T>): Promise<T>;

  /** Brings the cell to what the repository says now, or said in a commit. @returns whether it is there */
  deploy(cell: string, commit?: string): Promise<boolean>;

  /** Whether the cell carries calls, and nothing is wrong with it. */
  prove(cell: string): Promise<boolean>;

  /** Tells the planner. @returns whether it is told */
  record(cell: string, step: RolloutStep): Promise<boolean>;

  /** Whether a commit has the cell. */
  isIn(cell: string, commit: string): Promise<boolean>;
}

/** What became of a cell. */
export interface RolledOut {
  readonly cell: string;
  /** proved: it is as the repository says now; back: as before, and proved; left: neither is known to carry calls. */
  readonly state: 'proved' | 'back' | 'left';
  /** A sentence. */
  readonly text: string;
}

interface Options {
  /** Once it is aborted nothing further is begun. The planner holds the cell, and the same roll-out goes on from there. */
  readonly signal?: AbortSignal;
}

/**
 * Doing it again does what is missing: what is deployed already is proved.
 * @param before the commit that is deployed now
 */
export function rolloutCell(
  port: RolloutPort,
  cell: string,
  before: string,
  { signal }: Options = {},
): Promise<RolledOut> {
  return port.exclusively(cell, async () => {
    // What is under way and not known to be can't be held for.
    if (!(await port.record(cell, 'began'))) {
      return {
        cell,
        state: 'left',
        text: `cell ${cell}: that its deploy begins could not be recorded, so nothing was done`,
      };
    }
    const outcome = await deployOrGoBack(port, cell, before, signal);
    if (await port.record(cell, outcome.state === 'left' ? 'failed' : 'proved')) return outcome;
    const text = `${outcome.text}\ncell ${cell}: how its deploy ended could not be recorded, so the planner holds it`;
    return { ...outcome, state: 'left', text };
  });
}

async function deployOrGoBack(
  port: RolloutPort,
  cell: string,
  before: string,
  signal: AbortSignal | undefined,
): Promise<RolledOut> {
  const fault = await attempt(port, cell, undefined, signal);
  if (fault === undefined) return { cell, state: 'proved', text: `cell ${cell} is deployed and proved` };
  if (!(await port.isIn(cell, before))) {
    const nothing = `it is not in ${before}, so there is nothing to go back to`;
    const text = `cell ${cell} ${fault}: ${nothing}. It is left as it is, and takes no tenants until it is proved`;
    return { cell, state: 'left', text };
  }
  const again = await attempt(port, cell, before, signal);
  return again === undefined
    ? { cell, state: 'back', text: `cell ${cell} ${fault}: it is back at ${before}, and proved there` }
    : {
        cell,
        state: 'left',
        text: `cell ${cell} ${fault}: going back to ${before}, it ${again}: it needs someone now`,
      };
}

/** What went wrong; undefined when the cell is deployed and carries calls. */
async function attempt(
  port: RolloutPort,
  cell: string,
  commit: string | undefined,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  signal?.throwIfAborted();
  const isDeployed = await port.deploy(cell, commit);
  signal?.throwIfAborted();
  if (!isDeployed) return 'is not deployed';
  const isProved = await port.prove(cell);
  signal?.throwIfAborted();
  return isProved ? undefined : 'is deployed and not proved';
}

/**
 * One cell at a time, wave by wave. The first that is not proved ends it: no further cell is touched.
 * @returns what became of each cell that was touched
 */
export async function rolloutWaves(
  port: RolloutPort,
  { canary, one, tenth, rest }: Waves,
  before: string,
  { onCell, signal }: Options & { readonly onCell?: (done: RolledOut) => void } = {},
): Promise<readonly RolledOut[]> {
  const done: RolledOut[] = [];
  for (const cell of [...canary, ...one, ...tenth, ...rest]) {
    const outcome = await rolloutCell(port, cell, before, { ...(signal ? { signal } : {}) });
    done.push(outcome);
    onCell?.(outcome);
    if (outcome.state !== 'proved') break;
  }
  return done;
}
