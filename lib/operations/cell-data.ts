/** A running cell's data, by way of its SBCs: its database, and the tables of their Kamailio. */
import { callsProgram } from '../software/call-watch/paths.ts';
import { paths } from '../software/kamailio/sbc/paths.ts';
import { ownerProgram } from '../software/postgresql/owner.ts';
import type { CellPort } from './cell-port.ts';
import { OperationFailure } from './failure.ts';
import type { HostCommand } from './host-command.ts';

/**
 * Runs SQL as the schema's owner.
 * @returns the rows, their fields separated by tabs
 * @throws UserError when the database refuses
 */
export async function queryDatabase(port: CellPort, sbc: string, sql: string): Promise<readonly string[]> {
  const answer = await port.run(sbc, {
    does: 'have the database take a command',
    argv: [ownerProgram, '--tuples-only', '--no-align', '--field-separator=\t', '--set=ON_ERROR_STOP=1'],
    input: sql,
    isLong: true,
  });
  return answer.split('\n').filter((line) => line !== '');
}

/** Sends each line of standard input as a datagram and prints each answer, a line each. In the one language that Debian always has. */
const datagrams = `
use strict; use warnings; use Socket;
my ($to, $folder) = @ARGV;
my $from = "$folder/calls-$$.sock";
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

/** What asks for something or removes it; that it is not there is an answer like any other. */
const mayMiss = ['htable.delete', 'ul.rm', 'ul.lookup'];

/** Carries out calls of Kamailio's JSON-RPC interface; `answersOf` reads what it writes. */
export function kamailioCalls(calls: readonly KamailioCall[]): HostCommand {
  const lines = calls.map(({ method, params }, id) => JSON.stringify({ jsonrpc: '2.0', method, params, id }));
  return {
    does: 'take a change of its tables',
    argv: ['perl', '-e', datagrams, paths.jsonRpc, paths.run],
    input: `${lines.join('\n')}\n`,
    isLong: true,
  };
}

/**
 * @returns the result of each call; undefined where what it names is not there
 * @throws OperationFailure when Kamailio refuses one
 */
export function answersOf(sbc: string, calls: readonly KamailioCall[], output: string): readonly unknown[] {
  const answers = output.split('\n').slice(0, calls.length);
  const refused = answers.find(
    (answer, index) =>
      answer.includes('"error"') && !(mayMiss.includes(calls[index]!.method) && /404|not found/.test(answer)),
  );
  if (refused !== undefined) throw new OperationFailure(`${sbc} does not take a change: ${refused}`);
  return answers.map((answer) => (JSON.parse(answer) as { readonly result?: unknown }).result);
}

/** @throws UserError when Kamailio refuses a call or does not answer */
export async function callKamailio(
  port: CellPort,
  sbc: string,
  calls: readonly KamailioCall[],
): Promise<readonly unknown[]> {
  if (calls.length === 0) return [];
  return answersOf(`${sbc} of cell ${port.cell}`, calls, await port.run(sbc, kamailioCalls(calls)));
}

/** Calls of a tenant that an SBC holds. */
export async function countCalls(port: CellPort, sbc: string, tenant: string): Promise<number> {
  const list = { does: 'tell its calls', argv: [callsProgram, 'list', '--tenant', tenant], isLong: true };
  return (await port.run(sbc, list)).split('\n').filter((line) => line !== '').length;
}
