import type { CellStatus } from '../targets/local/index.ts';
import { CommandFailure } from './failure.ts';

/**
 * The running cell that is meant: the named one, or the only one there is.
 * @throws CommandFailure when it is not clear which one
 */
export async function runningCell(name: string | undefined): Promise<CellStatus> {
  const { list, notUp } = await import('../targets/local/index.ts');
  const known = list();
  // A cell whose hosts have all ended is nobody's choice where another runs.
  const alive = known.filter(({ hosts }) => hosts.some(({ state }) => state !== 'dead'));
  const running = name === undefined && alive.length > 0 ? alive : known;
  const names = running.map((cell) => cell.name);
  if (name === undefined && running.length > 1) {
    throw new CommandFailure(`several cells are up (${names.join(', ')}); name one`, 2);
  }
  const found = name === undefined ? running[0] : running.find((cell) => cell.name === name);
  if (found !== undefined) return found;
  const what = name === undefined ? 'no cell is up on this machine' : notUp(name, names);
  throw new CommandFailure(`${what} (npx cellstamp up starts one)`, 1);
}
