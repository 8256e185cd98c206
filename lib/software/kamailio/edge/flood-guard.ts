import type { Front } from '../../../fleet/derive/front.ts';
import { edgePorts } from '../../../fleet/schema/fixed.ts';
import type { FloodGuard } from '../common/flood-guard.ts';
import { cellSipPort } from './sockets.ts';

/** The kernel's part of flood protection on an edge. Nobody sends to it at any rate but cells and other edges, which it knows. */
export function floodGuard(front: Front): FloodGuard {
  const { connections, flood, transports } = front.spec.edge;
  const { udp, tcp, tls } = transports;
  return {
    setting: 'edge',
    streams: [tcp, tls].filter((port) => port !== 'off'),
    connections,
    banSeconds: flood.banSeconds,
    tellingPort: edgePorts.guard,
    untracked: [cellSipPort(front)],
    ...(udp === 'off' ? {} : { udp: { port: udp, requestsPerSecond: flood.requestsPerSecond } }),
    trusted: 'Cells and other edges. The directory agent fills it.',
  };
}
