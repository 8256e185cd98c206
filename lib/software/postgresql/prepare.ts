import type { Cell, DatabaseHost } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import { late } from '../../fleet/late-bound.ts';
import { values } from '../values.ts';
import { majorVersion, paths } from './config.ts';
import { databaseNames } from './names.ts';

export const prepareScriptPath = '/usr/local/lib/cellstamp/postgresql-prepare';

/** Programs of the server. */
export const binaries = `/usr/lib/postgresql/${majorVersion}/bin`;

const asPostgres = 'setpriv --reuid=postgres --regid=postgres --init-groups --reset-env --';

/** Text of the script that gives a database host its data: a new cluster on the primary, a copy of it on a replica. */
export function prepareScript(cell: Cell, host: DatabaseHost): string {
  return host.number === 1 ? primaryScript : replicaScript(cell);
}

const head = (what: string) => `#!/bin/bash
# ${what} Does nothing when the data is there.
set -eu
data=${paths.data}
[[ ! -e $data/PG_VERSION ]] || exit 0
`;

const primaryScript = `${head('Makes a new database cluster.')}
# Nobody logs in without a password but the user postgres itself, over the socket.
install -d -o postgres -g postgres -m 0700 "$data"
${asPostgres} \\
  ${binaries}/initdb --pgdata="$data" --encoding=UTF8 --locale=C.UTF-8 --auth-local=peer --auth-host=scram-sha-256 \\
  --no-instructions
`;

/** The primary may come up later than the replica: the attempt fails, and the service's restart is the next one. */
const replicaScript = (cell: Cell) => `${head('Copies the primary and follows it.')}
# An attempt that broke off leaves half a copy.
rm -rf "$data"
install -d -o postgres -g postgres -m 0700 "$data"
${asPostgres} env PGPASSFILE=${paths.passwords} PGCONNECT_TIMEOUT=5 \\
  ${binaries}/pg_basebackup --pgdata="$data" --checkpoint=fast --wal-method=stream --write-recovery-conf \\
  --dbname='host=${late(values.databaseHost.name)} port=${internalPorts.postgresql} user=${databaseNames.replicationUser} sslmode=verify-full sslrootcert=${paths.authorities} application_name=${cell.name}-replica' || {
  rm -rf "$data"
  echo 'postgresql-prepare: the primary cannot be copied yet' >&2
  exit 1
}
`;
