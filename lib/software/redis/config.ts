import type { Cell, RedisHost } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import type { SizeName } from '../../fleet/schema/sizes.ts';
import { late } from '../../fleet/late-bound.ts';
import { values } from '../values.ts';

export const paths = {
  config: '/etc/redis/redis.conf',
  users: '/etc/redis/users.acl',
  password: '/etc/redis/password',
  certificate: '/etc/redis/server.crt',
  key: '/etc/redis/server.key',
  /** The authorities that sign the certificates of PostgreSQL and Redis. */
  authorities: '/etc/cellstamp/data-ca.pem',
  data: '/var/lib/redis',
} as const;

export const healthScriptPath = '/usr/local/lib/cellstamp/redis-health';
export const pingScriptPath = '/usr/local/lib/cellstamp/redis-ping';

/** Memory for records in MiB, by the size of the cell. Whoever writes the stream bounds its length. */
const maxMemoryMiB: Readonly<Record<SizeName, number>> = { test: 64, small: 512, standard: 2048 };

/** Text of `redis.conf`. */
export function redisConfig(cell: Cell, host: RedisHost): string {
  const replica =
    host.number === 1
      ? ''
      : `
# Follows the primary.
replicaof ${late(values.redisHost.name)} ${internalPorts.redis}
masteruser default
masterauth ${late(values.redisPassword.name)}
`;
  return `# Redis of ${host.hostname}, made from the cell's definition.

### Where it listens: TLS only
bind ${host.address}
port 0
tls-port ${internalPorts.redis}
tls-cert-file ${paths.certificate}
tls-key-file ${paths.key}
tls-ca-cert-file ${paths.authorities}
# Clients show a password, no certificate.
tls-auth-clients no
tls-protocols "TLSv1.2 TLSv1.3"
tls-replication yes
aclfile ${paths.users}
${replica}
### Memory
# A full memory refuses new records (the SBC keeps them and tries again); it never drops old ones in silence.
maxmemory ${maxMemoryMiB[cell.spec.size]}mb
maxmemory-policy noeviction

### Disk: at most one second of records is lost when the machine fails
dir ${paths.data}
appendonly yes
appendfsync everysec
save ""

### Replication: a copy starts at once, the default waits 5 s for more replicas
repl-diskless-sync yes
repl-diskless-sync-delay 0

### Log: to standard output
daemonize no
logfile ""
loglevel notice
`;
}

/**
 * Text of the access list: one user, because a managed Redis has one password too. It may read and write data and follow the
 * primary, and see what state the server is in; not change, empty or stop it.
 */
export const accessList = `user default on >${late(values.redisPassword.name)} ~* &* +@all -@dangerous -@admin +info +role +psync +replconf
`;

/**
 * Text of a script that fails, with why, when Redis does not do its work: a replica asks the primary, too, because its own side of the
 * link looks well for a minute after the primary fell silent.
 */
export function healthScript(cell: Cell, host: RedisHost): string {
  const cli = (name: string) => `redis-cli -h ${name} -p ${internalPorts.redis} --tls --cacert ${paths.authorities}`;
  const primary = host.number === 1;
  return `#!/bin/bash
# Exit status 0 when Redis does its work; else it says what is wrong.
REDISCLI_AUTH=$(<${paths.password})
export REDISCLI_AUTH
fail() { echo "$1"; exit 1; }
${primary ? '' : `exec 3< <(timeout --signal=KILL 0.6 ${cli(cell.redis[0]!.address)} ping 2>&1)\n`}\
state=$(printf 'ping\\ninfo replication\\n' | ${cli(host.address)} 2>&1)
[[ $state == PONG* ]] || fail "it says: \${state##*$'\\n'}"
${
  primary
    ? `[[ $state == *role:master* ]] || fail 'it is a replica, not the primary'`
    : `[[ $state == *role:slave* ]] || fail 'it follows no primary'
[[ $state == *master_link_status:up* ]] || fail 'its link to the primary is down'
read -r said <&3
[[ $said == PONG ]] || fail 'the primary does not answer it'`
}
`;
}

/** Text of the script that asks Redis whether it answers; a replica is ready when it has the primary's data. */
export function pingScript(host: RedisHost): string {
  const wanted = host.number === 1 ? 'role:master' : 'master_link_status:up';
  return `#!/bin/bash
# Exit status 0 when Redis answers and says ${wanted}.
REDISCLI_AUTH=$(<${paths.password})
export REDISCLI_AUTH
redis-cli -h ${host.address} -p ${internalPorts.redis} --tls --cacert ${paths.authorities} info replication |
  grep -q '^${wanted}'
`;
}
