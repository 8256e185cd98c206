/** On a database host: which part PostgreSQL has, whether it does it well, and how it changes. */
import type { DatabaseHost } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import { isPrimary, untilTrue } from '../primary.ts';
import { paths, primaryHealthSql, replicaHealthSql } from './config.ts';
import { asPostgres, binaries } from './prepare.ts';

export const healthScriptPath = '/usr/local/lib/cellstamp/postgresql-health';

/** For root; `operations/promote.ts` calls it. */
export const databasePartPath = '/usr/local/lib/cellstamp/postgresql-part';

/** Not /usr/bin/psql, a Perl program that looks for this one first. */
const psql = `psql=(${binaries}/psql --no-psqlrc --quiet --tuples-only --no-align --set=VERBOSITY=terse --set=ON_ERROR_STOP=1
  --host=${paths.socket} --port=${internalPorts.postgresql} --dbname=postgres)`;

/** Text of a script that fails, with why, when PostgreSQL does not do the work of its host's part. */
export function healthScript(host: DatabaseHost): string {
  return `#!/bin/bash
# Exit status 0 when PostgreSQL does its work; else it says what is wrong.
${isPrimary(host)}
${asPostgres}
${psql}
if is_primary; then
  read -r -d '' sql <<'SQL'
${primaryHealthSql}
SQL
else
  read -r -d '' sql <<'SQL'
${replicaHealthSql}
SQL
fi
as_postgres "\${psql[@]}" --command="$sql"
`;
}

/** Its part, how much of the log of changes it has in bytes, and the second of the last change that a replica has seen. */
const positionSql = `SELECT concat_ws(' ',
  CASE WHEN pg_is_in_recovery() THEN 'replica' ELSE 'primary' END,
  pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery()
    THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) ELSE pg_current_wal_lsn() END, '0/0')::bigint,
  CASE WHEN pg_is_in_recovery() THEN coalesce(extract(epoch FROM pg_last_xact_replay_timestamp())::bigint::text, '-') ELSE '-' END)`;

/** Text of the script that tells and changes the part of PostgreSQL. */
export function partScript(host: DatabaseHost): string {
  return `#!/bin/bash
# The part of this host's PostgreSQL; for root. See npx cellstamp promote, which calls it on all database hosts in order.
#   position           its part, the bytes of changes it has, and when it had the last one (seconds since 1970, or -)
#   hand-over ADDRESS  the primary stops and comes back as a replica; every replica that is connected has all of it then
#   promote            a replica becomes the primary
#   follow SECONDS     waits until it follows the primary. It copies the primary again when it can't after a third of the time, and at once
#                      when it takes writes itself; what it had is put aside then
set -eu
data=${paths.data}
${isPrimary(host)}
${asPostgres}
${psql}
fail() { echo "$1" >&2; exit 1; }
ask() { as_postgres timeout 5 "\${psql[@]}" --command="$1"; }
is_replica() { [[ $(ask 'SELECT pg_is_in_recovery()' 2>/dev/null) == t ]]; }
takes_writes() { [[ $(ask 'SELECT pg_is_in_recovery()' 2>/dev/null) == f ]]; }
follows() { ask "$follows_sql" >/dev/null 2>&1; }
decided() { follows || takes_writes; }
${untilTrue}
read -r -d '' follows_sql <<'SQL' || true
${replicaHealthSql}
SQL

case \${1:-} in
  position)
    ask "${positionSql.replaceAll('\n', ' ')}"
    ;;
  hand-over)
    is_replica && fail 'it is a replica, not the primary'
    # Less is left to write while nobody is served.
    as_postgres timeout 60 "\${psql[@]}" --command=CHECKPOINT
    as_postgres touch "$data/standby.signal"
    # It ends when its replicas have confirmed all that it sent.
    as_postgres ${binaries}/pg_ctl stop --pgdata="$data" --mode=fast --wait --timeout=30 >/dev/null || {
      rm -f "$data/standby.signal"
      fail 'it does not stop'
    }
    until_true 30 is_replica || fail 'it does not come back as a replica'
    ;;
  promote)
    [[ -e $data/PG_VERSION ]] || fail 'it has no data'
    if is_replica; then
      [[ $(as_postgres "\${psql[@]}" --command='SELECT pg_promote(true, 60)') == t ]] || fail 'it does not become the primary within 60 s'
    fi
    [[ $(ask 'SELECT pg_is_in_recovery()') == f ]] || fail 'it does not take writes'
    ;;
  follow)
    is_primary && fail 'it has the address of the primary'
    until_true $(($2 / 3)) decided || true
    if ! follows && { is_replica || takes_writes; }; then
      # The primary has gone another way than this host, which was made the primary once or has missed too much.
      rm -f "$data/standby.signal"
      as_postgres ${binaries}/pg_ctl stop --pgdata="$data" --mode=immediate --no-wait >/dev/null
    fi
    until_true "$2" follows || fail 'it does not follow the primary'
    ;;
  *)
    fail "postgresql-part: position, hand-over, promote or follow, not '\${1:-}'"
    ;;
esac
`;
}
