/**
 * A pool of connections to PostgreSQL on the SBC. Kamailio's 30 processes would each hold one; here they share three. And it speaks
 * TLS in Kamailio's place: with SIP over TLS on, PostgreSQL's library inside Kamailio failed at random, because the processes
 * share OpenSSL's memory. (A plain TLS tunnel does not do: PostgreSQL's library refuses SCRAM when it sees that somebody else
 * does the TLS.)
 */
import type { Cell, SbcHost } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import { late } from '../../fleet/late-bound.ts';
import { file, service, type HostConfig } from '../host-config.ts';
import { databaseNames } from '../postgresql/names.ts';
import { binaries } from '../postgresql/prepare.ts';
import { dataAuthoritiesPath } from '../postgresql/names.ts';
import { values } from '../values.ts';

export const poolServiceName = 'database-pool';

/** Directory and port of the pool's Unix socket, as libpq wants them. */
export const poolSocket = { directory: '/run/database-pool', port: 5432 } as const;

/** A query through the pool. */
const query = [
  '--no-psqlrc',
  `--host=${poolSocket.directory}`,
  `--port=${poolSocket.port}`,
  `--username=${databaseNames.sbcUser}`,
  `--dbname=${databaseNames.database}`,
  '--command=SELECT',
] as const;

const configPath = '/etc/cellstamp/database-pool.ini';

/** @example pgbouncer(cell, cell.sbcs[0]).services[0].name // 'database-pool' */
export function pgbouncer(_cell: Cell, _host: SbcHost): HostConfig {
  return {
    packages: ['pgbouncer', 'postgresql-client-15'],
    files: [file(configPath, poolConfig, { mode: '0640', group: 'kamailio' })],
    services: [
      service({
        name: poolServiceName,
        description: 'Pool of connections to PostgreSQL',
        command: ['/usr/sbin/pgbouncer', configPath],
        // Its socket is for Kamailio alone.
        user: 'kamailio',
        // Which makes the user, and brings the file of the authorities.
        after: ['database-schema'],
        runDirectories: [poolSocket.directory],
        openFiles: 4096,
        ready: ['/usr/bin/psql', ...query],
        readyTimeoutSeconds: 30,
        // Not /usr/bin/psql, a Perl program that looks for this one first.
        health: [`${binaries}/psql`, ...query],
      }),
    ],
    sysctl: {},
    kernelModules: [],
    ports: [],
    values: [values.databaseHost, values.databaseSbcPassword],
  };
}

const poolConfig = `; Made from the cell's definition: connections from Kamailio to PostgreSQL.

[databases]
${databaseNames.database} = host=${late(values.databaseHost.name)} port=${internalPorts.postgresql} user=${databaseNames.sbcUser} password=${late(values.databaseSbcPassword.name)}

[pgbouncer]
; A socket in a directory that only Kamailio's user may enter.
listen_addr =
listen_port = ${poolSocket.port}
unix_socket_dir = ${poolSocket.directory}
unix_socket_mode = 0700
auth_type = any
max_client_conn = 1000

server_tls_sslmode = verify-full
server_tls_ca_file = ${dataAuthoritiesPath}
server_connect_timeout = 3
server_login_retry = 2
; A fail-over moves the name to another address, or the address to another host, which does not know the connections.
dns_max_ttl = 5
tcp_keepalive = 1
tcp_keepidle = 2
tcp_keepintvl = 1
tcp_keepcnt = 3
server_lifetime = 600

; Each query may use another connection.
pool_mode = transaction
default_pool_size = 3
; A query that gets no connection fails: Kamailio answers 503, and the phone tries again.
query_wait_timeout = 3
; A database that does not answer at all: longer than its own statement_timeout, shorter than Kamailio's patience.
query_timeout = 4

; To standard error.
logfile =
pidfile =
log_connections = 0
log_disconnections = 0
log_stats = 0
`;
