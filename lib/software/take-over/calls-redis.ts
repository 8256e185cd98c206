/**
 * The calls of a relay in a Redis of the host itself: its rtpengine writes and reads them on loopback. On the host that does not hold the
 * relay it is a replica of the other one's, over TLS, because the calls have the keys of SRTP in them.
 */
import type { MediaHost } from '../../fleet/derive/cell.ts';
import { late } from '../../fleet/late-bound.ts';
import { file, service, type HostFile, type Service } from '../host-config.ts';
import type { RelayPart } from '../rtpengine/part.ts';
import { values } from '../values.ts';

type Calls = NonNullable<RelayPart['calls']>;

const certificate = '/etc/cellstamp/relay.crt';
const key = '/etc/cellstamp/relay.key';
const authorities = '/etc/cellstamp/relay-ca.pem';
const owned = { owner: 'redis', group: 'redis' };

/** What both have: the host's certificate, and whose it believes. */
export const callsTlsFiles: readonly HostFile[] = [
  file(certificate, `${late(values.relayCertificate.name)}\n`, owned),
  file(key, `${late(values.relayKey.name)}\n`, { ...owned, mode: '0600' }),
  file(authorities, `${late(values.dataCaCertificate.name)}\n`),
];

export const callsPath = (name: Calls['service']) => `/etc/redis/${name}.conf`;
/** In memory: it outlives the process and not the host. */
export const callsFolder = (name: Calls['service']) => `/run/cellstamp-${name}`;

export function callsFile(host: MediaHost, number: number, calls: Calls): HostFile {
  const secret = late(values.relaySecret.name);
  return file(
    callsPath(calls.service),
    `# Calls of relay ${number} on ${host.hostname}, made from the cell's definition.

### On loopback for this host's rtpengine, and by TLS for the copy on ${calls.peer.hostname}
bind 127.0.0.1 ${host.address}
port ${calls.port}
tls-port ${calls.copyPort}
tls-cert-file ${certificate}
tls-key-file ${key}
tls-ca-cert-file ${authorities}
tls-auth-clients yes
tls-replication yes
requirepass ${secret}
masterauth ${secret}
# rtpengine learns by these what has changed.
notify-keyspace-events KEA

### A copy is read-only: rtpengine deletes a call from it before it reads the call again
replica-read-only yes
replica-serve-stale-data yes
# The new holder already has all calls, so a full resynchronisation is not needed.
repl-backlog-size 16mb
repl-backlog-ttl 0
repl-diskless-sync yes
repl-diskless-sync-delay 0
repl-diskless-load swapdb
repl-ping-replica-period 1
repl-timeout 5

### In memory only, and still there when this process was started again
dir ${callsFolder(calls.service)}
appendonly yes
appendfsync no
save ""
maxmemory-policy noeviction

### Log: warnings, to standard output
daemonize no
logfile ""
loglevel warning
`,
    { ...owned, mode: '0640' },
  );
}

export function callsService(calls: Calls): Service {
  return service({
    name: calls.service,
    description: calls.service === 'own-calls' ? 'Calls of its own relay' : 'Calls of the relay of another host',
    command: ['/usr/bin/redis-server', callsPath(calls.service)],
    user: 'redis',
    runDirectories: [callsFolder(calls.service)],
    openFiles: 4096,
    // It knows nobody without the password, and says so as soon as it works.
    ready: ['/bin/sh', '-c', `redis-cli -h 127.0.0.1 -p ${calls.port} ping 2>&1 | grep -q NOAUTH`],
  });
}
