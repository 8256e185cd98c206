/**
 * Redis on hosts of the cell (local, Kubernetes; on AWS a managed replication group takes its place): the primary takes the
 * call records as a stream, replicas copy it.
 */
import type { Cell, RedisHost } from '../../cell/cell.ts';
import { internalPorts } from '../../spec/fixed.ts';
import { late, type HostConfig } from '../host-config.ts';
import { values } from '../values.ts';
import { accessList, health, paths, pingScript, pingScriptPath, redisConfig } from './config.ts';

/** @example redis(cell, cell.redis[0]).ports[0].from // 6379 */
export function redis(cell: Cell, host: RedisHost): HostConfig {
  const owned = { owner: 'redis', group: 'redis' };
  const password = late(values.redisPassword.name);
  return {
    packages: ['redis-server', 'redis-tools'],
    files: [
      { ...owned, path: paths.config, mode: '0640', text: redisConfig(cell, host) },
      { ...owned, path: paths.users, mode: '0640', text: accessList },
      { ...owned, path: paths.password, mode: '0640', text: `${password}\n` },
      { ...owned, path: paths.certificate, mode: '0644', text: `${late(values.dataCertificate.name)}\n` },
      { ...owned, path: paths.key, mode: '0600', text: `${late(values.dataKey.name)}\n` },
      {
        path: paths.authorities,
        mode: '0644',
        owner: 'root',
        group: 'root',
        text: `${late(values.dataCaCertificate.name)}\n`,
      },
      { path: pingScriptPath, mode: '0755', owner: 'root', group: 'root', text: pingScript(host) },
    ],
    services: [
      {
        name: 'redis',
        description: host.number === 1 ? 'Redis, primary' : 'Redis, replica',
        command: ['/usr/bin/redis-server', paths.config],
        kind: 'daemon',
        user: 'redis',
        group: 'redis',
        capabilities: [],
        environment: {},
        before: [],
        after: [],
        runDirectories: [],
        stateDirectories: [paths.data],
        openFiles: 16384,
        restart: 'always',
        ready: [pingScriptPath],
        readyTimeoutSeconds: 30,
        health: ['/bin/bash', '-c', health(cell, host)],
        stopTimeoutSeconds: 30,
      },
    ],
    sysctl: {
      // A copy of the process writes the append-only file anew; without this the copy fails when half of the memory is in use.
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
      values.dataCaCertificate,
      values.dataCertificate,
      values.dataKey,
      ...(host.number === 1 ? [] : [values.redisHost]),
    ],
  };
}
