/**
 * A TLS tunnel from the SBC's loopback to Redis: the Redis module of Kamailio 5.6 is built without TLS.
 */
import type { Cell, SbcHost } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import { late } from '../../fleet/late-bound.ts';
import { file, service, type HostConfig } from '../host-config.ts';
import { dataAuthoritiesPath } from '../postgresql/names.ts';
import { values } from '../values.ts';

export const redisTunnelName = 'redis-tunnel';

/** Where the tunnel begins, on 127.0.0.1. */
export const redisTunnelPort = 6380;

const configPath = '/etc/cellstamp/redis-tunnel.conf';

/** @example stunnel(cell, cell.sbcs[0]).services[0].name // 'redis-tunnel' */
export function stunnel(_cell: Cell, _host: SbcHost): HostConfig {
  return {
    packages: ['stunnel4'],
    files: [file(configPath, tunnelConfig)],
    services: [
      service({
        name: redisTunnelName,
        description: 'TLS tunnel from Kamailio to Redis',
        command: ['/usr/bin/stunnel4', configPath],
        user: 'stunnel4',
        // Which brings the file of the authorities.
        after: ['database-schema'],
        openFiles: 4096,
        // It listens at once; whether Redis is there is not the tunnel's business.
        ready: ['/bin/bash', '-c', `exec 3<>/dev/tcp/127.0.0.1/${redisTunnelPort}`],
        // Redis answers through it, if only that it wants a password.
        health: [
          '/bin/bash',
          '-c',
          `exec 3<>/dev/tcp/127.0.0.1/${redisTunnelPort}; printf 'PING\\r\\n' >&3
read -r -t "\${ANSWER_WITHIN:-0.8}" answer <&3; [[ $answer == [-+]* ]] || { echo 'no answer from Redis through it'; exit 1; }`,
        ],
      }),
    ],
    sysctl: {},
    kernelModules: [],
    ports: [],
    values: [values.redisHost],
  };
}

const redisHost = late(values.redisHost.name);

const tunnelConfig = `; Made from the cell's definition: Redis over TLS for Kamailio.
foreground = yes
syslog = no
pid =
; Warnings and above, to standard error.
debug = 4
socket = r:TCP_NODELAY=1
socket = l:TCP_NODELAY=1

[redis]
client = yes
accept = 127.0.0.1:${redisTunnelPort}
connect = ${redisHost}:${internalPorts.redis}
CAfile = ${dataAuthoritiesPath}
verifyChain = yes
; One of the two is enough: Redis is reached by a name or by an address.
checkHost = ${redisHost}
checkIP = ${redisHost}
sslVersionMin = TLSv1.2
; A fail-over moves the name to another address: resolve it for every connection.
delay = yes
TIMEOUTconnect = 2
; A frozen Redis accepts a connection and never completes the handshake. Kamailio's module waits without a limit when it connects again.
TIMEOUTbusy = 3
; A connection may be idle for hours. The kernel checks whether the other side still exists and is still the primary.
TIMEOUTidle = 86400
socket = r:SO_KEEPALIVE=1
socket = r:TCP_KEEPIDLE=2
socket = r:TCP_KEEPINTVL=1
socket = r:TCP_KEEPCNT=3
`;
