/**
 * Kamailio on an SBC: registrar, router, limits, topology; it decides who talks to whom, over which media host. Both SBCs run
 * it all the time; keepalived says which one has the floating addresses.
 */
import { kamailioFile } from '../common/paths.ts';
import type { Cell, SbcHost } from '../../../fleet/derive/cell.ts';
import { internalPorts } from '../../../fleet/schema/fixed.ts';
import { file, type HostConfig, type ListeningPort, type Service } from '../../host-config.ts';
import { mediaHostsFiles } from '../../media-hosts/index.ts';
import { mediaHostsProgram } from '../../media-hosts/paths.ts';
import { poolSocket } from '../../pgbouncer/index.ts';
import { redisTunnelName } from '../../stunnel/index.ts';
import { values } from '../../values.ts';
import { floodGuardFile, floodGuardService, type FloodGuard } from '../common/flood-guard.ts';
import { answersPath, kamailioAnswers, kamailioService } from '../common/service.ts';
import { tlsFiles, tlsPackages, tlsValues } from '../common/tls.ts';
import { customersScript, customersScriptPath } from './customers-script.ts';
import { kamailioConfig } from './config.ts';
import { paths } from './paths.ts';
import { sbcAnswersAt } from './sockets.ts';
import { chooseTables, copyFolder, tableCopyFiles, tableCopyService } from './table-copy.ts';
import { authoritiesFile, towardsCarriers } from './tls.ts';

/** @example kamailio(cell, cell.sbcs[0]).services.map((service) => service.name) // ['cellstamp-flood-guard', 'kamailio'] */
export function kamailio(cell: Cell, host: SbcHost): HostConfig {
  const tls = cell.spec.sbc.transports.tls !== 'off';
  return {
    packages: [
      'kamailio',
      'kamailio-extra-modules',
      'kamailio-json-modules',
      'kamailio-postgres-modules',
      'kamailio-redis-modules',
      'kamailio-utils-modules',
      'nftables',
      'python3',
      ...(tls ? tlsPackages : []),
    ],
    files: [
      kamailioFile(paths.config, kamailioConfig(cell, host)),
      ...mediaHostsFiles(cell),
      kamailioAnswers(sbcAnswersAt(cell, host)),
      ...tableCopyFiles,
      file(customersScriptPath, customersScript, { mode: '0700' }),
      floodGuardFile(floodGuard(cell)),
      ...(tls ? [...tlsFiles(towardsCarriers(cell)), ...authoritiesFile(cell)] : []),
    ],
    services: [floodGuardService, daemon(cell, host), tableCopyService],
    sysctl: {
      // The addresses of the active SBC are not here yet when the standby binds its sockets to them.
      'net.ipv4.ip_nonlocal_bind': '1',
      // A registration storm of 10,000 requests of 600 bytes waits in the socket instead of being lost.
      'net.core.rmem_default': '8388608',
      'net.core.rmem_max': '16777216',
    },
    kernelModules: [],
    ports: listeningPorts(cell),
    values: [
      values.publicAddress,
      values.redisPassword,
      values.digestSecret,
      values.topologySecret,
      ...(tls ? tlsValues : []),
    ],
  };
}

/** The time in hundredths of a second, and the SBC in the last bit: below 2^31, and again the same after 115 days. */
function serverIdCommand(host: SbcHost): string {
  return `echo "server_id=$(($(date +%s%2N) % 1000000000 * 2 + ${host.number - 1}))" >${paths.serverId}`;
}

function daemon(cell: Cell, host: SbcHost): Service {
  const { sharedMemoryMiB, transports } = cell.spec.sbc;
  return kamailioService({
    description: 'SIP session border controller',
    transports,
    // Spec: sbc.sharedMemoryMiB
    sharedMemoryMiB,
    environment: {
      PGHOST: poolSocket.directory,
      PGPORT: String(poolSocket.port),
      // On a socket there is none; saying so keeps libpq from starting OpenSSL in Kamailio's processes.
      PGSSLMODE: 'disable',
      // A pool that hangs accepts connections and says nothing. libpq takes no less than two seconds.
      PGCONNECT_TIMEOUT: '2',
    },
    before: [
      chooseTables,
      [mediaHostsProgram, 'start'],
      ['/bin/bash', '-c', serverIdCommand(host)],
      // Before keepalived has said anything, this SBC is not the active one.
      ['/bin/bash', '-c', `[[ -e ${paths.role} ]] || echo 'modparam("pv", "shvset", "active=i:0")' >${paths.role}`],
    ],
    // Not the pool of connections: without the database there is none, and this SBC starts all the same.
    after: [floodGuardService.name, redisTunnelName],
    stateDirectories: [copyFolder],
    // Once it knows what the other SBC knows: see JOIN in "Replication".
    ready: [answersPath, '200'],
  });
}

/**
 * The kernel's part of flood protection on an SBC: TCP and TLS alone. Over UDP carriers send at any rate, and which address is a
 * carrier's Kamailio knows, whose SCREEN counts there. Edges speak UDP to an SBC.
 */
function floodGuard(cell: Cell): FloodGuard {
  const { connections, flood, transports } = cell.spec.sbc;
  return {
    setting: 'sbc',
    streams: [transports.tcp, transports.tls].filter((port) => port !== 'off'),
    connections,
    banSeconds: flood.banSeconds,
    tellingPort: internalPorts.sbcGuard,
    untracked: [...new Set([transports.udp, internalPorts.sbcOverlaySip])].filter((port) => port !== 'off'),
  };
}

function listeningPorts(cell: Cell): readonly ListeningPort[] {
  const { udp, tcp, tls } = cell.spec.sbc.transports;
  const outside = (
    name: string,
    protocol: 'udp' | 'tcp',
    port: number | 'off',
    what: string,
  ): readonly ListeningPort[] =>
    port === 'off'
      ? []
      : [
          {
            name,
            protocol,
            from: port,
            to: port,
            peers: [{ internet: true }],
            description: `${what} from the outside`,
          },
        ];
  const inside = (name: string, protocol: 'udp' | 'tcp', port: number, role: 'sbc' | 'media', description: string) => ({
    name,
    protocol,
    from: port,
    to: port,
    peers: [{ role }],
    description,
  });
  return [
    ...outside('sip-udp', 'udp', udp, 'SIP'),
    ...outside('sip-tcp', 'tcp', tcp, 'SIP over TCP'),
    ...outside('sip-tls', 'tcp', tls, 'SIP over TLS'),
    inside('sip-overlay', 'udp', internalPorts.sbcOverlaySip, 'media', 'SIP from FreeSWITCH'),
    inside('sbc-replication', 'udp', internalPorts.sbcReplication, 'sbc', 'Replication between the SBCs'),
    inside('sbc-metrics', 'tcp', internalPorts.sbcMetrics, 'sbc', 'Metrics of Kamailio (Prometheus)'),
  ];
}
