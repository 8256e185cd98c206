/** Kamailio on an edge of the front, with the kernel's flood guard in front of it. */
import type { EdgeHost, Front } from '../../../fleet/derive/front.ts';
import { connectionBytes, edgePorts } from '../../../fleet/schema/fixed.ts';
import { emptyHostConfig, file, type HostConfig, type ListeningPort } from '../../host-config.ts';
import { values } from '../../values.ts';
import { floodGuardFile, floodGuardService } from '../common/flood-guard.ts';
import { kamailioFile, kamailioPaths as paths } from '../common/paths.ts';
import { kamailioAnswers, kamailioService } from '../common/service.ts';
import { tlsFiles, tlsPackages, tlsValues } from '../common/tls.ts';
import { edgeConfig } from './config.ts';
import { floodGuard } from './flood-guard.ts';
import { cellSipPort } from './sockets.ts';

/**
 * Shared memory that an edge needs, in MiB. An entry takes 208 bytes and its tenant, which may have no other, 224 more, as measured
 * with names of a dozen letters, beside 40 for the tables' slots; connections and transactions on top.
 */
function sharedMemoryMiB({ spec }: Front): number {
  const entries = spec.directory.entries * 560;
  const connections = spec.edge.connections.total * connectionBytes;
  return 128 + Math.ceil((entries + connections) / 2 ** 20);
}

export function edge(front: Front, host: EdgeHost): HostConfig {
  const { tls } = front.spec.edge.transports;
  return {
    ...emptyHostConfig,
    packages: [
      'kamailio',
      'kamailio-utils-modules',
      'kamailio-extra-modules',
      'nftables',
      ...(tls === 'off' ? [] : tlsPackages),
    ],
    files: [
      kamailioFile(paths.config, edgeConfig(front, host)),
      file(paths.dispatcherList, '# Cells are added by the directory agent.\n'),
      kamailioAnswers({ protocol: 'udp', address: host.unicastSide, port: cellSipPort(front) }),
      floodGuardFile(floodGuard(front)),
      ...(tls === 'off' ? [] : tlsFiles(noClients)),
    ],
    services: [
      floodGuardService,
      kamailioService({
        description: 'Edge of the front (Kamailio)',
        transports: front.spec.edge.transports,
        sharedMemoryMiB: sharedMemoryMiB(front),
        after: [floodGuardService.name],
      }),
    ],
    sysctl: {
      'net.core.rmem_max': '16777216',
      'net.core.wmem_max': '16777216',
      'net.core.netdev_max_backlog': '10000',
    },
    ports: listeningPorts(front),
    values: [values.publicAddress, values.anycastAddress1, values.anycastAddress2, ...(tls === 'off' ? [] : tlsValues)],
  };
}

function listeningPorts(front: Front): readonly ListeningPort[] {
  const { udp, tcp, tls } = front.spec.edge.transports;
  const internet = [{ internet: true }] as const;
  const sip = (name: string, protocol: 'udp' | 'tcp', port: number, description: string): ListeningPort => ({
    name,
    protocol,
    from: port,
    to: port,
    peers: internet,
    description,
  });
  return [
    udp === 'off'
      ? sip('sip-cells', 'udp', edgePorts.cellSip, 'SIP from cells and other edges')
      : sip('sip-udp', 'udp', udp, 'SIP over UDP from clients, cells and other edges'),
    ...(tcp === 'off' ? [] : [sip('sip-tcp', 'tcp', tcp, 'SIP over TCP from clients')]),
    ...(tls === 'off' ? [] : [sip('sip-tls', 'tcp', tls, 'SIP over TLS from clients')]),
    {
      name: 'metrics',
      protocol: 'tcp',
      from: edgePorts.metrics,
      to: edgePorts.metrics,
      peers: [{ ranges: front.spec.regions.map((region) => region.network) }],
      description: 'Prometheus metrics of Kamailio',
    },
  ];
}

/** An edge opens no connection, neither to clients nor to cells: nobody is believed. */
const noClients = `[client:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
`;
