/** What a roll-out has done so far, by its audit log: from there the same roll-out goes on. */

/** From one release to another: commits, or trees. */
export interface Release {
  readonly from: string;
  readonly to: string;
}

/**
 * A step on a cell:
 *
 * - begin, end: all that is done to the cell lies between them; the result of `end` is what became of it
 * - deploy: brings it to `to`; `begun` first, then `done` or `failed`
 * - prove: `good` or `bad`
 * - bake: `begun`, and again after it has stopped undecided; look: `good`, `bad` or `undecided` by the calls until then
 * - back: as deploy, and `from` is what is left
 * - wait, stop: nothing is begun on it, or it bakes on, for the reason that is given
 */
export interface RolloutStep {
  readonly cell: string;
  readonly step: 'begin' | 'deploy' | 'prove' | 'bake' | 'look' | 'back' | 'wait' | 'stop' | 'end';
  readonly from: string;
  readonly to: string;
  readonly result: 'begun' | 'done' | 'failed' | 'good' | 'bad' | 'undecided' | 'held' | 'proved' | 'back' | 'left';
  readonly why?: string | undefined;
  /** Calls that a look was by. */
  readonly calls?: number | undefined;
}

/** As it stands in the log. */
export interface LoggedStep extends RolloutStep {
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What was done to a cell in one roll-out. */
export interface CellProgress {
  readonly begun: number;
  readonly isDeployed: boolean;
  readonly isProved: boolean;
  /** When its bake began; undefined where it has not. */
  readonly baking: number | undefined;
  /** When its longest time began: with the bake, or when it was run again after it had stopped; undefined while it is stopped. */
  readonly waiting: number | undefined;
  readonly looks: readonly LoggedStep[];
  /** Why it is to go back, or has; undefined where it is not. */
  readonly goesBack: string | undefined;
  /** Undefined while it is under way. */
  readonly ended: 'proved' | 'back' | 'left' | undefined;
}

/** Undefined where the roll-out has not begun on the cell, or another one has since. */
export function progressOf(log: readonly LoggedStep[], cell: string, { from, to }: Release): CellProgress | undefined {
  const own = log.filter((step) => step.cell === cell);
  const steps = own.slice(own.findLastIndex(({ step }) => step === 'begin'));
  const begin = steps[0];
  if (begin?.step !== 'begin' || begin.from !== from || begin.to !== to) return undefined;
  const of = (name: RolloutStep['step']) => steps.filter(({ step }) => step === name);
  const looks = of('look');
  const back = of('back')[0];
  const lastBake = steps.findLast(({ step, result }) => step === 'bake' || (step === 'stop' && result === 'undecided'));
  const bad = looks.find(({ result }) => result === 'bad');
  return {
    begun: begin.at,
    isDeployed: of('deploy').some(({ result }) => result === 'done'),
    isProved: of('prove').some(({ result }) => result === 'good'),
    baking: of('bake')[0]?.at,
    waiting: lastBake?.step === 'bake' ? lastBake.at : undefined,
    looks,
    goesBack: back ? (back.why ?? '') : bad && worse(cell, bad.why),
    ended: of('end')[0]?.result as CellProgress['ended'],
  };
}

export const hour = 3_600_000;

/** A span of time, in milliseconds since 1970. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * The time before a roll-out began on cells in which they ran what it goes back to. Calls of an attempt that went back less than an hour
 * ago are those of a release that was not good: beside them the next attempt would look well, so the time before that attempt counts.
 */
export function timeBefore(log: readonly LoggedStep[], cells: readonly string[], begun: number): Span {
  const attempts = cells
    .flatMap((cell) => attemptsOn(log, cell))
    .filter((attempt) => attempt.begun < begun)
    .sort((a, b) => b.last - a.last);
  let to = begun;
  for (const { begun: first, last, isProved } of attempts) if (last > to - hour && !isProved) to = Math.min(to, first);
  const settled = attempts.map(({ proved, last, isProved }) => (isProved ? proved : last)).filter((at) => at < to);
  return { from: Math.max(-Infinity, ...settled), to };
}

interface Attempt {
  readonly begun: number;
  /** When calls last proved it, before it baked. */
  readonly proved: number;
  readonly last: number;
  readonly isProved: boolean;
}

function attemptsOn(log: readonly LoggedStep[], cell: string): readonly Attempt[] {
  const attempts: Attempt[] = [];
  for (const { at, step, result } of log.filter((of) => of.cell === cell && of.step !== 'wait' && of.step !== 'stop')) {
    const open = attempts.at(-1);
    if (step === 'begin' || open === undefined) attempts.push({ begun: at, proved: at, last: at, isProved: false });
    else {
      const proved = step === 'prove' ? at : open.proved;
      attempts[attempts.length - 1] = { ...open, proved, last: at, isProved: step === 'end' && result === 'proved' };
    }
  }
  return attempts;
}

/** What is wrong with a cell that a look found bad. */
export const worse = (cell: string, why = ''): string => `cell ${cell} is worse: ${why}`;
