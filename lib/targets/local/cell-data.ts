/** A running cell's data: its database, and the tables of its SBCs. */
import { answersOf, kamailioCalls, type KamailioCall } from '../../operations/cell-data.ts';
import { databaseNames } from '../../software/postgresql/index.ts';
import { LocalFailure } from './failure.ts';
import { runInside } from './namespace.ts';
import { primaryOf } from './primaries.ts';
import type { CellState } from './state.ts';

/**
 * Runs SQL on the primary as the schema's owner.
 * @returns the rows, their fields separated by tabs
 * @throws LocalFailure when the database refuses
 */
export async function queryDatabase(state: CellState, sql: string): Promise<readonly string[]> {
  const primary = primaryOf(state, 'database');
  const asPostgres = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--reset-env', '--'];
  const psql = ['psql', '--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--field-separator=\t'];
  const where = ['--host=/run/postgresql', `--dbname=${databaseNames.database}`, '--set=ON_ERROR_STOP=1'];
  const { status, stdout, stderr } = await runInside(
    state.namespaces[primary]!.init,
    [...asPostgres, ...psql, ...where],
    { input: sql },
  );
  if (status !== 0) throw new LocalFailure(`the database of cell ${state.name} refuses: ${stderr.trim()}`);
  return stdout.split('\n').filter((line) => line !== '');
}

/**
 * Calls Kamailio's JSON-RPC interface on an SBC.
 * @returns the result of each call; undefined where what it names is not there
 * @throws UserError when it refuses or does not answer
 */
export async function callKamailio(
  state: CellState,
  sbc: string,
  calls: readonly KamailioCall[],
): Promise<readonly unknown[]> {
  if (calls.length === 0) return [];
  const { argv, input = '' } = kamailioCalls(calls);
  const { status, stdout, stderr } = await runInside(state.namespaces[sbc]!.init, argv, { input });
  const name = `${sbc} of cell ${state.name}`;
  if (status !== 0) throw new LocalFailure(`${name} does not take a change: ${stderr.trim()}`);
  return answersOf(name, calls, stdout);
}
