import type { CellStatus } from '../local/index.ts';
import { CommandFailure } from './failure.ts';

/**
 * The running cell that is meant: the named one, or the only one there is.
 * @throws CommandFailure when that can't be told
 */
export async function runningCell(name: string | undefined): Promise<CellStatus> {
  const { list } = await import('../local/index.ts');
  const running = list();
  const names = running.map((cell) => cell.name).join(', ');
  if (name === undefined && running.length > 1)
    throw new CommandFailure(`several cells are up (${names}); name one`, 2);
  const found = name === undefined ? running[0] : running.find((cell) => cell.name === name);
  if (found !== undefined) return found;
  const up = running.length === 0 ? 'no cell is' : `${names} ${running.length === 1 ? 'is' : 'are'}`;
  throw new CommandFailure(
    `${name === undefined ? '' : `cell ${name} is not up on this machine; `}${up} up (npx cellstamp up brings one up)`,
    1,
  );
}
