/** What moves tenants between the cells of a running front. */
import type { EvacuationPort } from '../operations/evacuate.ts';
import { asRoot } from './as-root.ts';
import { readWholeFleet } from './cell-files.ts';
import { CommandFailure } from './failure.ts';
import type { AnyTarget } from './target.ts';

/** `--front` of a command, which only this machine can have several of. */
export const frontOption = [
  '--front <front>',
  'with --target local: name of the front; the only one that is up by default',
] as const;

export interface FrontOptions {
  readonly target: AnyTarget;
  readonly cells: string;
  readonly front?: string;
}

/** @throws UserError when the front is not there, or this machine can't reach it */
export async function movesOn({ target, front, cells }: FrontOptions): Promise<EvacuationPort> {
  if (target === 'local') {
    asRoot();
    const { localMoves } = await import('../targets/local/front/index.ts');
    return localMoves(front);
  }
  if (front !== undefined) {
    throw new CommandFailure(
      `--front is ${front}; with --target ${target} the front is that of front.yaml in ${cells}`,
      2,
    );
  }
  const fleet = readWholeFleet(cells);
  if (target === 'kubernetes') {
    const { kubernetesMoves } = await import('../targets/kubernetes/operations/front-moves.ts');
    return kubernetesMoves(fleet.front, fleet.cells);
  }
  const { awsMoves } = await import('../targets/aws/operations/front-moves.ts');
  return awsMoves(fleet.front, fleet.cells);
}
