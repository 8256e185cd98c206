/** A running cell's data: its database, and the tables of its SBCs. */
import { deriveCell } from '../../fleet/derive/cell.ts';
import { paths } from '../../software/kamailio/sbc/paths.ts';
import { databaseNames } from '../../software/postgresql/index.ts';
import { LocalFailure } from './failure.ts';
import { runInside } from './namespace.ts';
import type { CellState } from './state.ts';

/**
 * Runs SQL on the primary as the schema's owner.
 * @returns the rows, their fields separated by tabs
 * @throws LocalFailure when the database refuses
 */
export async function queryDatabase(state: CellState, sql: string): Promise<readonly string[]> {
  const primary = deriveCell(state.spec).databases[0]!.name;
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

/** Sends each line of standard input as a datagram and prints each answer, a line each. In the one language that Debian always has. */
const datagrams = `
use strict; use warnings; use Socket;
my ($to, $from) = @ARGV;
socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
umask 0;
bind($socket, sockaddr_un($from)) or die "$from: $!";
END { unlink $from if defined $from }
$SIG{ALRM} = sub { die "no answer\\n" };
while (my $line = <STDIN>) {
    chomp $line;
    alarm 5;
    send($socket, $line, 0, sockaddr_un($to)) or die "$to: $!";
    recv($socket, my $answer, 65536, 0);
    $answer =~ s/\\s+/ /g;
    print "$answer\\n";
}
`;

/** A call of Kamailio's JSON-RPC interface. */
export interface KamailioCall {
  readonly method: string;
  readonly params: readonly (string | number)[];
}

/** Names the sockets of this process: several calls may be under way at once. */
let turn = 0;

/** What asks for something or removes it; that it is not there is an answer like any other. */
const mayMiss = ['htable.delete', 'ul.rm', 'ul.lookup'];

/**
 * Calls Kamailio's JSON-RPC interface on an SBC.
 * @returns the result of each call; undefined where what it names is not there
 * @throws LocalFailure when it refuses or does not answer
 */
export async function callKamailio(
  state: CellState,
  sbc: string,
  calls: readonly KamailioCall[],
): Promise<readonly unknown[]> {
  if (calls.length === 0) return [];
  const { status, stdout, stderr } = await runInside(
    state.namespaces[sbc]!.init,
    ['perl', '-e', datagrams, paths.jsonRpc, `${paths.run}/calls-${process.pid}-${++turn}.sock`],
    {
      input: `${calls.map(({ method, params }, id) => JSON.stringify({ jsonrpc: '2.0', method, params, id })).join('\n')}\n`,
    },
  );
  const answers = stdout.split('\n').slice(0, calls.length);
  const refused = answers.find(
    (answer, index) =>
      answer.includes('"error"') && !(mayMiss.includes(calls[index]!.method) && /404|not found/.test(answer)),
  );
  if (status !== 0 || refused !== undefined) {
    throw new LocalFailure(`${sbc} of cell ${state.name} does not take a change: ${refused ?? stderr.trim()}`);
  }
  return answers.map((answer) => (JSON.parse(answer) as { readonly result?: unknown }).result);
}
