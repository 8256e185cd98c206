/** Ports of an edge: some SIP, none twice, none that is another's. UDP shares no port with TCP and TLS. */
import { edgePorts } from '../schema/fixed.ts';
import type { FrontSpec } from '../schema/front-types.ts';
import type { Rule } from '../../config-file/rule.ts';

const someTransportIsOn: Rule<FrontSpec> = {
  severity: 'error',
  reads: ['edge.transports'],
  *check({ edge: { transports } }) {
    if (Object.values(transports).some((port) => port !== 'off')) return;
    yield {
      path: ['edge', 'transports'],
      message: 'udp, tcp and tls are all off, so no call is possible',
      allowed: 'a port for at least one of them',
    };
  },
};

const tcpAndTlsAreApart: Rule<FrontSpec> = {
  severity: 'error',
  reads: ['edge.transports'],
  *check({ edge: { transports } }) {
    if (transports.tcp === 'off' || transports.tcp !== transports.tls) return;
    yield {
      path: ['edge', 'transports', 'tls'],
      alsoAt: [['edge', 'transports', 'tcp']],
      message: `port ${transports.tls} is that of tcp too`,
      allowed: 'two ports, for example tcp: 5060 and tls: 5061, or one of them off',
    };
  },
};

/** What is opened to the world for SIP would open the edge's metrics to it; and whoever gets an answer from the flood guard's port is banned. */
const transportsKeepOffInternalPorts: Rule<FrontSpec> = {
  severity: 'error',
  reads: ['edge.transports'],
  *check({ edge: { transports } }) {
    const internal = [
      ['udp', edgePorts.guard, 'flood guard'],
      ['tcp', edgePorts.metrics, 'metrics'],
      ['tls', edgePorts.metrics, 'metrics'],
    ] as const;
    for (const [transport, port, what] of internal) {
      if (transports[transport] !== port) continue;
      yield {
        path: ['edge', 'transports', transport],
        message: `${port} is the port of the edge’s ${what}`,
        allowed: `any port but ${port}`,
      };
    }
  },
};

const healthHasAPortOfItsOwn: Rule<FrontSpec> = {
  severity: 'error',
  reads: ['edge.transports', 'health.port'],
  *check({ edge: { transports }, health }) {
    const taken = [
      [transports.tcp, 'SIP over TCP'],
      [transports.tls, 'SIP over TLS'],
      [edgePorts.metrics, 'metrics'],
    ] as const;
    for (const [port, what] of taken) {
      if (port !== health.port) continue;
      yield {
        path: ['health', 'port'],
        alsoAt: [
          ['edge', 'transports', 'tcp'],
          ['edge', 'transports', 'tls'],
        ],
        message: `${port} is the port of the edge’s ${what}`,
        allowed: `any port but ${port}`,
      };
    }
  },
};

export const edgePortRules: readonly Rule<FrontSpec>[] = [
  someTransportIsOn,
  tcpAndTlsAreApart,
  transportsKeepOffInternalPorts,
  healthHasAPortOfItsOwn,
];
