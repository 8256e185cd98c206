import type { DatabaseHost } from '../../fleet/derive/cell.ts';
import { isPrimary } from '../primary.ts';
import { followed, majorVersion, paths } from './config.ts';

export const prepareScriptPath = '/usr/local/lib/cellstamp/postgresql-prepare';

/** Programs of the server. */
export const binaries = `/usr/lib/postgresql/${majorVersion}/bin`;

/** Lines of a bash script: what runs as the only user that PostgreSQL's socket lets in. */
export const asPostgres =
  'as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups --reset-env -- "$@"; }';

/** How long a host without data waits for a primary that it can copy, in seconds. The service's restart is the next attempt. */
const patienceSeconds = 60;

/**
 * Text of the script that gives a database host its data before PostgreSQL starts: a new cluster on a primary without any, a copy of
 * the primary on any other. It deletes data only once a whole copy is there to take their place.
 */
export function prepareScript(host: DatabaseHost): string {
  return `#!/bin/bash
# Gives PostgreSQL of this host its data. Who is the primary takes writes; every other host is a copy that follows it.
set -eu
data=${paths.data}
${isPrimary(host)}
${asPostgres}

# A copy that is whole. Whether it becomes the primary is decided while it runs.
[[ ! -e $data/standby.signal ]] || exit 0

if is_primary; then
  [[ ! -e $data/PG_VERSION ]] || exit 0
  # Nobody logs in without a password but the user postgres itself, over the socket.
  install -d -o postgres -g postgres -m 0700 "$data"
  as_postgres ${binaries}/initdb --pgdata="$data" --encoding=UTF8 --locale=C.UTF-8 --auth-local=peer --auth-host=scram-sha-256 \
    --no-instructions
  exit 0
fi

# It has no data, or those of a primary whose place another host has taken. The primary may come up later than this host.
copy() {
  # An attempt that broke off leaves half a copy.
  rm -rf "$data.copy"
  install -d -o postgres -g postgres -m 0700 "$data.copy"
  as_postgres ${binaries}/pg_basebackup --pgdata="$data.copy" --checkpoint=fast --wal-method=stream \
    --dbname='${followed(host)}'
}
until why=$(copy 2>&1); do
  if ((SECONDS > ${patienceSeconds})); then
    rm -rf "$data.copy"
    echo "postgresql-prepare: the primary can't be copied: \${why##*$'\\n'}" >&2
    exit 1
  fi
  sleep 0.3
done
as_postgres touch "$data.copy/standby.signal"
# What such a primary took last may be nowhere else.
if [[ -e $data/PG_VERSION ]]; then
  rm -rf "$data.left"
  mv "$data" "$data.left"
  echo "postgresql-prepare: what this host had is in $data.left" >&2
fi
rm -rf "$data"
mv "$data.copy" "$data"
`;
}
