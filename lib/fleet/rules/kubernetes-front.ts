/** Every rule over a front that is on Kubernetes. One without the section `kubernetes:` breaks none of them. */
import type { Path } from '../../config-file/finding.ts';
import type { Rule } from '../../config-file/rule.ts';
import { contains, parseRange } from '../range.ts';
import type { FrontSpec } from '../schema/front-types.ts';
import { neverOutside } from '../schema/fixed.ts';
import { isFrontOnKubernetes, type FrontOnKubernetes } from '../schema/targets/kubernetes-front.ts';
import { metricsAreNotPublic, nodesWaitForCalls, overlap, portsOfTheNode, text } from './kubernetes.ts';

/** Ports of the node that an edge takes. */
function takenPorts({ edge, health }: FrontSpec): readonly { readonly path: Path; readonly port: number }[] {
  const sip = Object.entries(edge.transports).flatMap(([transport, port]) =>
    port === 'off' ? [] : [{ path: ['edge', 'transports', transport], port }],
  );
  return [...sip, { path: ['health', 'port'], port: health.port }];
}

const portsAreFree: Rule<FrontOnKubernetes> = {
  severity: 'error',
  reads: ['edge.transports', 'health.port', 'kubernetes.nodes.nodePorts'],
  *check(spec) {
    const { nodePorts } = spec.kubernetes.nodes;
    for (const { path, port } of takenPorts(spec)) {
      const ports = { from: port, to: port };
      if (overlap(ports, nodePorts)) {
        yield {
          path,
          alsoAt: [['kubernetes', 'nodes', 'nodePorts']],
          message: `${port} is one of the ports that the cluster gives to Services (${text(nodePorts)})`,
          allowed: `a port outside ${text(nodePorts)}, or the cluster’s own range as kubernetes.nodes.nodePorts`,
        };
      }
      if (overlap(ports, portsOfTheNode)) {
        yield {
          path,
          message: `${port} is one of ${text(portsOfTheNode)}, the ports of the kubelet and its neighbours`,
          allowed: `a port outside ${text(portsOfTheNode)}`,
        };
      }
    }
  },
};

/** An address that one region announces and another does not would lead all clients to the first. */
const allAnnounceOrNone: Rule<FrontOnKubernetes> = {
  severity: 'error',
  reads: ['kubernetes.anycast', 'regions'],
  *check({ kubernetes: { anycast }, regions }) {
    for (const [index, { region, kubernetes }] of regions.entries()) {
      if ((anycast === undefined) === (kubernetes?.bgp === undefined)) continue;
      yield anycast === undefined
        ? {
            path: ['regions', index, 'kubernetes', 'bgp'],
            message: `the edges of ${region} have nothing to announce`,
            allowed: 'no bgp, or a section kubernetes.anycast of the front',
          }
        : {
            path: ['regions', index, 'kubernetes'],
            alsoAt: [['kubernetes', 'anycast']],
            message: `no router learns ${anycast.address} in ${region}`,
            allowed: 'bgp with the routers of the region, or no section kubernetes.anycast',
          };
    }
  },
};

const anycastIsReached: Rule<FrontOnKubernetes> = {
  severity: 'error',
  reads: ['kubernetes.anycast', 'regions'],
  *check({ kubernetes: { anycast }, regions }) {
    if (anycast === undefined) return;
    const address = parseRange(anycast.address);
    if (!contains(parseRange(anycast.range), address)) {
      yield {
        path: ['kubernetes', 'anycast', 'address'],
        alsoAt: [['kubernetes', 'anycast', 'range']],
        message: `${anycast.address} is not in ${anycast.range}, which is announced`,
        allowed: `an address of ${anycast.range}`,
      };
    }
    const inside = [...regions.map(({ network }) => network), ...neverOutside].find((range) =>
      contains(parseRange(range), address),
    );
    if (inside === undefined) return;
    yield {
      path: ['kubernetes', 'anycast', 'address'],
      message: `${anycast.address} is in ${inside}, which no caller reaches`,
      allowed: 'an address to which callers send, outside of the regions’ networks',
    };
  },
};

const neighboursAreDifferent: Rule<FrontOnKubernetes> = {
  severity: 'error',
  reads: ['regions'],
  *check({ regions }) {
    for (const [region, { kubernetes }] of regions.entries()) {
      const neighbours = kubernetes?.bgp?.neighbours ?? [];
      for (const [index, { address }] of neighbours.entries()) {
        const first = neighbours.findIndex((one) => one.address === address);
        if (first === index) continue;
        yield {
          path: ['regions', region, 'kubernetes', 'bgp', 'neighbours', index, 'address'],
          alsoAt: [['regions', region, 'kubernetes', 'bgp', 'neighbours', first, 'address']],
          message: `${address} is a neighbour twice`,
          allowed: 'each router once',
        };
      }
    }
  },
};

const rules: readonly Rule<FrontOnKubernetes>[] = [
  portsAreFree,
  nodesWaitForCalls,
  allAnnounceOrNone,
  anycastIsReached,
  metricsAreNotPublic,
  neighboursAreDifferent,
];

export const kubernetesFrontRules: readonly Rule<FrontSpec>[] = rules.map((rule) => ({
  ...rule,
  check: (spec) => (isFrontOnKubernetes(spec) ? rule.check(spec) : []),
}));
