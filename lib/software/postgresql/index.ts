/**
 * PostgreSQL on hosts of the cell (local, Kubernetes; on AWS a managed cluster takes its place): the primary, and replicas
 * that follow it by streaming. Where addresses move, each host may become the primary; `part.ts` says how.
 */
import type { Cell, DatabaseHost } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import { late } from '../../fleet/late-bound.ts';
import { file, script, service, type HostConfig, type HostFile, type Service } from '../host-config.ts';
import { values } from '../values.ts';
import { nonlocalBind, primaryPackages } from '../primary.ts';
import { accessRules, majorVersion, paths, postgresqlConfig, rolesSql } from './config.ts';
import { databaseNames } from './names.ts';
import { databasePartPath, healthScript, healthScriptPath, partScript } from './part.ts';
import { binaries, prepareScript, prepareScriptPath } from './prepare.ts';

export { databaseNames } from './names.ts';

const owned = { owner: 'postgres', group: 'postgres' };

/** @example postgresql(cell, cell.databases[1]).services.map((service) => service.name) // ['postgresql'] */
export function postgresql(cell: Cell, host: DatabaseHost): HostConfig {
  const files: HostFile[] = [
    file(paths.config, postgresqlConfig(cell, host), { ...owned, mode: '0640' }),
    file(paths.access, accessRules(cell), { ...owned, mode: '0640' }),
    file(paths.certificate, `${late(values.dataCertificate.name)}\n`, owned),
    file(paths.key, `${late(values.dataKey.name)}\n`, { ...owned, mode: '0600' }),
    file(paths.authorities, `${late(values.dataCaCertificate.name)}\n`),
    script(prepareScriptPath, prepareScript(host)),
    script(healthScriptPath, healthScript(host)),
    script(databasePartPath, partScript(host)),
    file(paths.roles, rolesSql, { ...owned, mode: '0600' }),
    file(paths.passwords, `*:*:*:${databaseNames.replicationUser}:${late(values.databaseReplicationPassword.name)}\n`, {
      ...owned,
      mode: '0600',
    }),
  ];
  return {
    packages: ['postgresql-15', ...primaryPackages(host)],
    files,
    services: [server, roles],
    sysctl: nonlocalBind(host),
    kernelModules: [],
    ports: [
      {
        name: 'postgresql',
        protocol: 'tcp',
        from: internalPorts.postgresql,
        to: internalPorts.postgresql,
        peers: [{ role: 'sbc' }, { role: 'database' }],
        description: 'PostgreSQL, TLS only',
      },
    ],
    values: [
      values.dataCaCertificate,
      values.dataCertificate,
      values.dataKey,
      values.databaseReplicationPassword,
      values.databaseHost,
      values.databaseAdminUser,
      values.databaseAdminPassword,
    ],
  };
}

const server: Service = service({
  name: 'postgresql',
  description: 'PostgreSQL',
  command: [`${binaries}/postgres`, '-D', paths.data, '-c', `config_file=${paths.config}`],
  user: 'postgres',
  before: [[prepareScriptPath]],
  runDirectories: [paths.socket],
  stateDirectories: ['/var/lib/postgresql', `/var/lib/postgresql/${majorVersion}`],
  openFiles: 8192,
  // As postgres, the only user that the socket lets in.
  ready: [
    '/usr/bin/setpriv',
    '--reuid=postgres',
    '--regid=postgres',
    '--init-groups',
    `${binaries}/pg_isready`,
    '--quiet',
    `--host=${paths.socket}`,
    `--port=${internalPorts.postgresql}`,
    '--dbname=postgres',
  ],
  // The first start makes or copies the data.
  readyTimeoutSeconds: 120,
  health: [healthScriptPath],
  reload: [`${binaries}/pg_ctl`, 'reload', '-D', paths.data],
  stopTimeoutSeconds: 30,
});

/** Users and the database, which a replica has from the primary. */
const roles = service({
  name: 'postgresql-roles',
  description: 'Users and database of PostgreSQL',
  command: [
    '/usr/bin/psql',
    '--no-psqlrc',
    '--quiet',
    `--host=${paths.socket}`,
    `--port=${internalPorts.postgresql}`,
    '--dbname=postgres',
    `--file=${paths.roles}`,
  ],
  kind: 'oneshot',
  user: 'postgres',
  after: ['postgresql'],
  ready: ['/bin/true'],
  readyTimeoutSeconds: 30,
});
