import type { Cell, RedisHost } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import type { SizeName } from '../../fleet/schema/sizes.ts';
import { late } from '../../fleet/late-bound.ts';
import { isPrimary, listenAddresses } from '../primary.ts';
import { values } from '../values.ts';

export const paths = {
  config: '/etc/redis/redis.conf',
  users: '/etc/redis/users.acl',
  password: '/etc/redis/password',
  failoverPassword: '/etc/redis/failover-password',
  /** Whom it follows, in the words of redis.conf; empty on the primary. */
  part: '/run/redis/part.conf',
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

/** Text of `redis.conf`, the same on a primary and on a replica but for names and addresses: each may become the other. */
export function redisConfig(cell: Cell, host: RedisHost): string {
  return `# Redis of ${host.hostname}, made from the cell's definition.

### Where it listens: TLS only
bind ${listenAddresses(host).join(' ')}
port 0
tls-port ${internalPorts.redis}
tls-cert-file ${paths.certificate}
tls-key-file ${paths.key}
tls-ca-cert-file ${paths.authorities}
# Clients authenticate by a password, without a certificate.
tls-auth-clients no
tls-protocols "TLSv1.2 TLSv1.3"
tls-replication yes
aclfile ${paths.users}

### Memory
# When the memory is full, Redis refuses new records (the SBC keeps them and tries again). It never drops old ones.
maxmemory ${maxMemoryMiB[cell.spec.size]}mb
maxmemory-policy noeviction

### Disk: at most one second of records is lost when the machine fails
dir ${paths.data}
appendonly yes
appendfsync everysec
save ""

### Replication: a replica is served at once; by default Redis waits 5 s for more of them
repl-diskless-sync yes
repl-diskless-sync-delay 0
masteruser ${redisUsers.replication}
masterauth ${late(values.redisReplicationPassword.name)}
# A lost connection is detected soon.
repl-ping-replica-period 1
repl-timeout 5
# Whether it follows the primary: written before every start.
include ${paths.part}

### Log: to standard output
daemonize no
logfile ""
loglevel notice
`;
}

/** Users beside `default`, the one that clients are. */
export const redisUsers = { replication: 'replication', failover: 'failover' } as const;

/**
 * Text of the access list. Clients have one user, because a managed Redis has one password too. It may read and write data, and see what
 * state the server is in; not change, empty or stop it. Replicas may copy and nothing else; whoever changes the primary reads no data.
 */
export const accessList = `user default on >${late(values.redisPassword.name)} ~* &* +@all -@dangerous -@admin +info +role
user ${redisUsers.replication} on >${late(values.redisReplicationPassword.name)} resetchannels -@all +ping +psync +replconf
user ${redisUsers.failover} on >${late(values.redisFailoverPassword.name)} resetchannels -@all +ping +info +failover +replicaof
`;

/**
 * Text of a script that fails, with why, when Redis does not do the work of its host's part: a replica asks the primary, too, because
 * its own side of the link looks well for a while after the primary fell silent. Who has more or less patience than a second says in the
 * environment how long the primary may take: `ANSWER_WITHIN`, seconds.
 */
export function healthScript(host: RedisHost): string {
  return `#!/bin/bash
# Exit status 0 when Redis does its work; else it says what is wrong.
REDISCLI_AUTH=$(<${paths.password})
export REDISCLI_AUTH
fail() { echo "$1"; exit 1; }
cli() { redis-cli -h "$1" -p ${internalPorts.redis} --tls --cacert ${paths.authorities}; }
${isPrimary(host)}
part=replica
! is_primary || part=primary
[[ $part == primary ]] || exec 3< <(echo ping | timeout --signal=KILL "\${ANSWER_WITHIN:-0.6}" redis-cli -h ${host.primaryAddress} -p ${internalPorts.redis} --tls --cacert ${paths.authorities} 2>&1)
state=$(printf 'ping\\ninfo replication\\n' | cli ${host.address} 2>&1)
[[ $state == PONG* ]] || fail "it says: \${state##*$'\\n'}"
if [[ $part == primary ]]; then
  [[ $state == *role:master* ]] || fail 'it is a replica, not the primary'
else
  [[ $state == *role:slave* ]] || fail 'it follows no primary'
  [[ $state == *master_link_status:up* ]] || fail 'its link to the primary is down'
  read -r said <&3
  [[ $said == PONG ]] || fail 'the primary does not answer it'
fi
`;
}

/** Text of the script that asks Redis whether it answers; a replica is ready when it has the primary's data. */
export function pingScript(host: RedisHost): string {
  return `#!/bin/bash
# Exit status 0 when Redis answers, and is the primary or has all of its data.
REDISCLI_AUTH=$(<${paths.password})
export REDISCLI_AUTH
${isPrimary(host)}
wanted=master_link_status:up
! is_primary || wanted=role:master
redis-cli -h ${host.address} -p ${internalPorts.redis} --tls --cacert ${paths.authorities} info replication |
  grep -q "^$wanted"
`;
}
