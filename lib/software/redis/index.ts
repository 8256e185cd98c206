/**
 * Redis on hosts of the cell (local, Kubernetes; on AWS a managed replication group takes its place): the primary takes the
 * call records as a stream, replicas copy it. Where addresses move, each host may become the primary; `part.ts` says how.
 */
import type { Cell, RedisHost } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import { late } from '../../fleet/late-bound.ts';
import { file, script, service, type HostConfig } from '../host-config.ts';
import { nonlocalBind, primaryPackages } from '../primary.ts';
import { values } from '../values.ts';
import {
  accessList,
  healthScript,
  healthScriptPath,
  paths,
  pingScript,
  pingScriptPath,
  redisConfig,
} from './config.ts';
import { partScript, prepareScript, prepareScriptPath, redisPartPath, runFolder } from './part.ts';

/** @example redis(cell, cell.redis[0]).ports[0].from // 6379 */
export function redis(cell: Cell, host: RedisHost): HostConfig {
  const owned = { owner: 'redis', group: 'redis' };
  const password = late(values.redisPassword.name);
  return {
    packages: ['redis-server', 'redis-tools', ...primaryPackages(host)],
    files: [
      file(paths.config, redisConfig(cell, host), { ...owned, mode: '0640' }),
      file(paths.users, accessList, { ...owned, mode: '0640' }),
      file(paths.password, `${password}\n`, { ...owned, mode: '0640' }),
      file(paths.failoverPassword, `${late(values.redisFailoverPassword.name)}\n`, { mode: '0600' }),
      file(paths.certificate, `${late(values.dataCertificate.name)}\n`, owned),
      file(paths.key, `${late(values.dataKey.name)}\n`, { ...owned, mode: '0600' }),
      file(paths.authorities, `${late(values.dataCaCertificate.name)}\n`),
      script(pingScriptPath, pingScript(host)),
      script(healthScriptPath, healthScript(host)),
      script(prepareScriptPath, prepareScript(host)),
      script(redisPartPath, partScript(host)),
    ],
    services: [
      service({
        name: 'redis',
        description: 'Redis',
        command: ['/usr/bin/redis-server', paths.config],
        user: 'redis',
        before: [[prepareScriptPath]],
        runDirectories: [runFolder],
        stateDirectories: [paths.data],
        openFiles: 16384,
        ready: [pingScriptPath],
        readyTimeoutSeconds: 30,
        health: [healthScriptPath],
        stopTimeoutSeconds: 30,
      }),
    ],
    sysctl: {
      ...nonlocalBind(host),
      // A copy of the process rewrites the append-only file; without this the copy fails when half of the memory is in use.
      'vm.overcommit_memory': '1',
    },
    kernelModules: [],
    ports: [
      {
        name: 'redis',
        protocol: 'tcp',
        from: internalPorts.redis,
        to: internalPorts.redis,
        peers: [{ role: 'sbc' }, { role: 'redis' }],
        description: 'Redis, TLS only',
      },
    ],
    values: [
      values.redisPassword,
      values.redisReplicationPassword,
      values.redisFailoverPassword,
      values.dataCaCertificate,
      values.dataCertificate,
      values.dataKey,
    ],
  };
}
