import type { Cell, DatabaseHost } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import { late } from '../../fleet/late-bound.ts';
import { listenAddresses } from '../primary.ts';
import { values } from '../values.ts';
import { databaseNames } from './names.ts';

/** Debian 12 has this major version; the spec's version is that of the managed cluster on AWS. */
export const majorVersion = '15';

export const paths = {
  config: '/etc/postgresql/postgresql.conf',
  access: '/etc/postgresql/pg_hba.conf',
  certificate: '/etc/postgresql/server.crt',
  key: '/etc/postgresql/server.key',
  /** The authorities that sign the certificates of PostgreSQL and Redis. */
  authorities: '/etc/cellstamp/data-ca.pem',
  roles: '/etc/postgresql/roles.sql',
  passwords: '/etc/postgresql/pgpass',
  data: `/var/lib/postgresql/${majorVersion}/main`,
  socket: '/run/postgresql',
} as const;

/** Write-ahead log that a replica may have to replay still. Half of what the primary of the smallest cell keeps for one that was away. */
const replicaMayLag = { bytes: 32 * 2 ** 20, text: '32 MiB' } as const;

/** SQL that a primary takes, and fails elsewhere with why. */
export const primaryHealthSql = `DO $$ BEGIN IF pg_is_in_recovery() THEN RAISE 'it is a replica, not the primary'; END IF; END $$`;

/** SQL that a replica takes which follows its primary, and fails elsewhere with why. */
export const replicaHealthSql = `DO $$ DECLARE behind numeric; BEGIN
  IF NOT pg_is_in_recovery() THEN RAISE 'it follows no primary'; END IF;
  SELECT pg_wal_lsn_diff(greatest(flushed_lsn, latest_end_lsn), pg_last_wal_replay_lsn()) INTO behind
    FROM pg_stat_wal_receiver WHERE status = 'streaming';
  IF behind IS NULL THEN RAISE 'nothing comes from the primary'; END IF;
  IF behind > ${replicaMayLag.bytes} THEN RAISE 'it is % behind the primary, more than ${replicaMayLag.text}', pg_size_pretty(behind); END IF;
END $$`;

/** Text of `postgresql.conf`, the same on a primary and on a replica but for names and addresses: each may become the other. */
export function postgresqlConfig(cell: Cell, host: DatabaseHost): string {
  return `# PostgreSQL of ${host.hostname}, made from the cell's definition.

### Where it listens: always TLS, see pg_hba.conf
listen_addresses = '${listenAddresses(host).join(', ')}'
port = ${internalPorts.postgresql}
unix_socket_directories = '${paths.socket}'
ssl = on
ssl_min_protocol_version = 'TLSv1.2'
ssl_cert_file = '${paths.certificate}'
ssl_key_file = '${paths.key}'
password_encryption = scram-sha-256
hba_file = '${paths.access}'

# The SBCs read all tables at boot and single users after that; the cell's database is small.
max_connections = 100
shared_buffers = ${cell.spec.size === 'test' ? '32MB' : '256MB'}

### Replication
wal_level = replica
# Enough for the largest number of readers of a cell. A replica refuses to start if its primary has a larger value.
max_wal_senders = 20
# A replica that was away catches up with this much; beyond it, it copies the primary again.
wal_keep_size = ${cell.spec.size === 'test' ? '64MB' : '1GB'}
hot_standby = on
# A lost connection is detected soon: a replica connects again, and a primary that stops does not wait for it.
wal_receiver_timeout = 5s
wal_sender_timeout = 10s
wal_retrieve_retry_interval = 1s
# A replica follows the host that the primary's name leads to.
primary_conninfo = '${followed(host)}'

### Log
log_destination = stderr
logging_collector = off
log_line_prefix = '%m [%p] %u@%d '
log_timezone = UTC
timezone = UTC
`;
}

/** How a replica, and what copies the primary for it, connects. */
export function followed(host: DatabaseHost): string {
  return `host=${late(values.databaseHost.name)} port=${internalPorts.postgresql} user=${databaseNames.replicationUser} passfile=${paths.passwords} sslmode=verify-full sslrootcert=${paths.authorities} connect_timeout=5 application_name=${host.hostname}`;
}

/** Text of `pg_hba.conf`: who may log in, from where and how. The last line that matches nothing else refuses. */
export function accessRules(cell: Cell): string {
  const sbcs = cell.sbcs.flatMap((sbc) => [sbc.address, sbc.floatingSide]);
  // Nothing is aligned behind an address: it may be longer before it is known.
  const row = (type: string, database: string, user: string, address: string, method: string) =>
    [type.padEnd(11), database.padEnd(15), user.padEnd(22), address, method].filter((text) => text !== '').join(' ');
  return `# Made from the cell's definition. Accepts TLS only, with a password, from expected sources.
${row('# type', 'database', 'user', 'address', 'method')}
${row('local', 'all', 'postgres', '', 'peer')}

# The SBCs: their own user, and the owner of the schema.
${sbcs.map((address) => row('hostssl', 'all', 'all', `${address}/32`, 'scram-sha-256')).join('\n')}

# The databases follow the primary.
${cell.databases
  .map((database) =>
    row('hostssl', 'replication', databaseNames.replicationUser, `${database.address}/32`, 'scram-sha-256'),
  )
  .join('\n')}
`;
}

/**
 * SQL that makes the owner of the schema, the user for replication, and the database. It runs after every start and changes nothing
 * on a replica, or when all is there.
 */
export const rolesSql = `-- Users and the database. Repeatable.
\\set ON_ERROR_STOP on
-- A replica gets them from the primary.
SELECT pg_is_in_recovery() AS replica \\gset
\\if :replica
\\quit
\\endif
SET client_min_messages = warning;

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${late(values.databaseAdminUser.name)}') THEN
    CREATE ROLE "${late(values.databaseAdminUser.name)}";
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${databaseNames.replicationUser}') THEN
    CREATE ROLE "${databaseNames.replicationUser}";
  END IF;
END
$$;

-- The owner may create the SBC's user. It is not a superuser, like the owner on a managed cluster.
ALTER ROLE "${late(values.databaseAdminUser.name)}" LOGIN CREATEROLE NOSUPERUSER PASSWORD '${late(values.databaseAdminPassword.name)}';
ALTER ROLE "${databaseNames.replicationUser}" LOGIN REPLICATION PASSWORD '${late(values.databaseReplicationPassword.name)}';

SELECT 'CREATE DATABASE "${databaseNames.database}" OWNER "${late(values.databaseAdminUser.name)}"'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '${databaseNames.database}') \\gexec
`;
