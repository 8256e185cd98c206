/** What answers the health checks of the world-wide entry on an edge. */
import type { EdgeHost, Front } from '../../fleet/derive/front.ts';
import { emptyHostConfig, file, script, service, type HostConfig } from '../host-config.ts';
import { cellSipPort } from '../kamailio/edge/sockets.ts';
import { edgeHealth as programText } from '../program-texts.ts';

/** Its user, by number as it needs no name: it owns nothing and may read nothing that others may not. */
const healthUser = 59224;

/** How long an answer of Kamailio counts, in seconds. So much later at most the port says that Kamailio hangs. */
export const answerAgeSeconds = 2;

const program = '/usr/local/lib/cellstamp/edge-health';
const readyPath = '/usr/local/lib/cellstamp/edge-health-ready';

function readyScript({ address }: EdgeHost, port: number): string {
  return `#!/bin/bash
# Exit status 0 when something listens on the port of the health checks.
exec 3<>/dev/tcp/${address}/${port}
`;
}

export function edgeHealth(front: Front, host: EdgeHost): HostConfig {
  const { port } = front.spec.health;
  const settings = {
    listen: { address: host.address, port },
    ageSeconds: answerAgeSeconds,
    probes: probes(front, host),
  };
  return {
    ...emptyHostConfig,
    packages: ['python3'],
    files: [
      script(program, programText),
      script(readyPath, readyScript(host, port)),
      file('/etc/cellstamp/edge-health.json', `${JSON.stringify(settings, null, 2)}\n`),
    ],
    services: [responder],
    ports: [
      {
        name: 'health',
        protocol: 'tcp',
        from: port,
        to: port,
        peers: [{ healthCheckers: true }],
        description: 'Health checks of the world-wide entry, over HTTP',
      },
    ],
  };
}

interface Probe {
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly address: string;
  readonly port: number;
}

/** Every group of Kamailio's workers once: those of each UDP socket, and those that TCP and TLS share. */
function probes(front: Front, { address, unicastSide }: EdgeHost): readonly Probe[] {
  const { udp, tcp, tls } = front.spec.edge.transports;
  return [
    ...(udp === 'off' ? [] : [{ transport: 'udp', address, port: udp } as const]),
    { transport: 'udp', address: unicastSide, port: cellSipPort(front) },
    ...(tcp !== 'off'
      ? [{ transport: 'tcp', address, port: tcp } as const]
      : tls !== 'off'
        ? [{ transport: 'tls', address, port: tls } as const]
        : []),
  ];
}

const responder = service({
  name: 'cellstamp-edge-health',
  description: 'Answers the health checks of the world-wide entry',
  // systemd starts nobody who has no name. What is started may become another user, and does so before anything else.
  command: [
    '/usr/bin/setpriv',
    `--reuid=${healthUser}`,
    `--regid=${healthUser}`,
    '--clear-groups',
    ...['/usr/bin/python3', program],
  ],
  user: 'root',
  capabilities: ['CAP_SETUID', 'CAP_SETGID'],
  environment: { PYTHONUNBUFFERED: '1' },
  // It waits for nothing: until Kamailio answers it says 503.
  openFiles: 256,
  ready: [readyPath],
  readyTimeoutSeconds: 20,
});
