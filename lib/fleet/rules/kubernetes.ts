/** Every rule over what is on Kubernetes. A cell without the section `kubernetes:` breaks none of them. */
import { counted } from '../../config-file/counted.ts';
import type { PortRange } from '../../config-file/fields.ts';
import type { Path } from '../../config-file/finding.ts';
import type { Rule } from '../../config-file/rule.ts';
import { contains, parseRange } from '../range.ts';
import type { CellSpec } from '../schema/cell-types.ts';
import { neverOutside, sbcOverlayAddress } from '../schema/fixed.ts';
import { isOnKubernetes, type OnKubernetes } from '../schema/targets/on-kubernetes.ts';

interface TakenPorts {
  readonly path: Path;
  readonly ports: PortRange;
}

/** Ports of the node that the cell takes for the outside. */
function takenPorts({ media, sbc }: CellSpec): readonly TakenPorts[] {
  const sip = Object.entries(sbc.transports).flatMap(([transport, port]) =>
    port === 'off' ? [] : [{ path: ['sbc', 'transports', transport], ports: { from: port, to: port } }],
  );
  return [
    { path: ['media', 'relay', 'ports'], ports: media.relay.ports },
    { path: ['media', 'freeswitch', 'ports'], ports: media.freeswitch.ports },
    ...sip,
  ];
}

const portsAreRead = ['media.relay.ports', 'media.freeswitch.ports', 'sbc.transports'];

export const overlap = (a: PortRange, b: PortRange): boolean => a.from <= b.to && b.from <= a.to;
export const text = ({ from, to }: PortRange): string => (from === to ? String(from) : `${from}-${to}`);

/** kube-proxy sends what comes to a node port to a Service before any socket of the host sees it. */
const portsKeepOffNodePorts: Rule<OnKubernetes> = {
  severity: 'error',
  reads: [...portsAreRead, 'kubernetes.nodes.nodePorts'],
  *check(spec) {
    const { nodePorts } = spec.kubernetes.nodes;
    for (const { path, ports } of takenPorts(spec)) {
      if (!overlap(ports, nodePorts)) continue;
      yield {
        path,
        alsoAt: [['kubernetes', 'nodes', 'nodePorts']],
        message: `${text(ports)} overlaps the ports that the cluster gives to Services (${text(nodePorts)})`,
        allowed: `ports outside ${text(nodePorts)}, or the cluster’s own range as kubernetes.nodes.nodePorts`,
      };
    }
  },
};

/** Of the kubelet, kube-proxy and the control plane (https://kubernetes.io/docs/reference/networking/ports-and-protocols/). */
export const portsOfTheNode = { from: 10248, to: 10259 } as const;

const portsKeepOffTheKubelet: Rule<OnKubernetes> = {
  severity: 'error',
  reads: portsAreRead,
  *check(spec) {
    for (const { path, ports } of takenPorts(spec)) {
      if (!overlap(ports, portsOfTheNode)) continue;
      yield {
        path,
        message: `${text(ports)} overlaps ${text(portsOfTheNode)}, the ports of the kubelet and its neighbours`,
        allowed: `ports outside ${text(portsOfTheNode)}`,
      };
    }
  },
};

/** Linux' own range for outgoing connections (net.ipv4.ip_local_port_range). */
const ephemeralPorts = { from: 32768, to: 60999 } as const;

const portsKeepOffTheEphemeral: Rule<OnKubernetes> = {
  severity: 'warning',
  reads: portsAreRead,
  *check(spec) {
    for (const { path, ports } of takenPorts(spec)) {
      if (!overlap(ports, ephemeralPorts)) continue;
      yield {
        path,
        message: `${text(ports)} overlaps ${text(ephemeralPorts)}, from which other programs of the node take ports: the pod reserves its own, but what is taken before it starts stays taken`,
        allowed: `ports below ${ephemeralPorts.from}, or a node with no other load`,
      };
    }
  },
};

/**
 * Minutes that each waits for a pod: https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html (15), Azure’s drain
 * time-out (30), GKE’s surge upgrades (60), --max-graceful-termination-sec of cluster-autoscaler (10). Karpenter waits as long as its
 * NodePool’s terminationGracePeriod says, which is for ever by default.
 */
const patience = {
  'self-managed': Infinity,
  karpenter: Infinity,
  'cluster-autoscaler': 10,
  'eks-managed': 15,
  'aks-managed': 30,
  'gke-managed': 60,
} as const satisfies Record<OnKubernetes['kubernetes']['nodes']['managedBy'], number>;

/** Nodes wait for a pod as long as its calls may last. Of cells, and of edges. */
export const nodesWaitForCalls: Rule<{
  readonly kubernetes: {
    readonly drainMinutes: number;
    readonly nodes: { readonly managedBy: keyof typeof patience };
  };
}> = {
  severity: 'error',
  reads: ['kubernetes.drainMinutes', 'kubernetes.nodes.managedBy'],
  *check({ kubernetes: { drainMinutes, nodes } }) {
    const most = patience[nodes.managedBy];
    if (drainMinutes <= most) return;
    yield {
      path: ['kubernetes', 'drainMinutes'],
      alsoAt: [['kubernetes', 'nodes', 'managedBy']],
      message: `${counted(drainMinutes, 'minute is', 'minutes are')} longer than ${nodes.managedBy} waits for a pod, and then cuts its calls`,
      allowed: `at most ${most}, or nodes that are self-managed or of karpenter`,
    };
  },
};

const callsFitIntoTheDrain: Rule<OnKubernetes> = {
  severity: 'warning',
  reads: ['kubernetes.drainMinutes', 'calls.longestMinutes'],
  *check({ kubernetes: { drainMinutes }, calls }) {
    if (drainMinutes >= calls.longestMinutes) return;
    yield {
      path: ['kubernetes', 'drainMinutes'],
      message: `a pod that ends cuts calls after ${counted(drainMinutes, 'minute')}, and they may last ${calls.longestMinutes}`,
      allowed: `at least ${calls.longestMinutes}, or calls.longestMinutes: ${drainMinutes}`,
    };
  },
};

/** Their root file systems take no module that is built on the node. On others the node must have it: a pod builds none. */
const systemsWithoutModules: readonly string[] = ['bottlerocket', 'talos'];

const moduleRule = (need: 'required' | 'preferred', severity: 'error' | 'warning'): Rule<OnKubernetes> => ({
  severity,
  reads: ['media.kernelForwarding', 'kubernetes.nodes.system'],
  *check({ media: { kernelForwarding }, kubernetes: { nodes } }) {
    if (kernelForwarding !== need || !systemsWithoutModules.includes(nodes.system)) return;
    yield {
      path: ['media', 'kernelForwarding'],
      alsoAt: [['kubernetes', 'nodes', 'system']],
      message: `${nodes.system} can't load the kernel module of the relay, so ${
        need === 'required' ? 'no media host would start' : 'every packet is relayed in userspace'
      }`,
      allowed: 'off, or nodes of debian, ubuntu or amazon-linux-2023 that have the module',
    };
  },
});

/** Pods on the host’s network ask the node’s own name servers: the start of a host waits for no DNS of the cluster. */
const namesAreTheNodes: Rule<OnKubernetes> = {
  severity: 'error',
  reads: ['kubernetes.database.host', 'kubernetes.redis.host'],
  *check({ kubernetes: { database, redis } }) {
    for (const [part, { host }] of [['database', database] as const, ['redis', redis] as const]) {
      if (!/\.(svc|cluster\.local)$/.test(host)) continue;
      yield {
        path: ['kubernetes', part, 'host'],
        message: `${host} is a name that the cluster’s DNS alone knows, and the cell’s pods ask the node’s`,
        allowed: 'an address, or a name that the nodes resolve',
      };
    }
  },
};

/** The parts whose program is in the cluster, and is reached by the address of its Service. */
const inCluster = ({ kubernetes: { database, redis } }: OnKubernetes) => [
  ...(database.inCluster === undefined ? [] : [{ part: 'database', host: database.host }]),
  ...(redis.inCluster === undefined ? [] : [{ part: 'redis', host: redis.host }]),
];

const dataIsRead = [
  ...['kubernetes.database.host', 'kubernetes.database.inCluster'],
  ...['kubernetes.redis.host', 'kubernetes.redis.inCluster'],
];

const servicesHaveAnAddress: Rule<OnKubernetes> = {
  severity: 'error',
  reads: dataIsRead,
  *check(spec) {
    for (const { part, host } of inCluster(spec)) {
      if (/^[0-9.]+$/.test(host)) continue;
      yield {
        path: ['kubernetes', part, 'host'],
        alsoAt: [['kubernetes', part, 'inCluster']],
        message: `${host} is a name, and the pods of hosts ask no DNS of the cluster`,
        allowed: 'the address that the Service is to get, of the cluster’s range for Services',
      };
    }
    const [first, second] = inCluster(spec);
    if (second === undefined || first!.host !== second.host) return;
    yield {
      path: ['kubernetes', second.part, 'host'],
      alsoAt: [['kubernetes', first!.part, 'host']],
      message: `${second.host} is given twice, and each Service has an address of its own`,
      allowed: 'another address of the cluster’s range for Services',
    };
  },
};

const isStatefulSet = ({ kubernetes: { database, redis } }: OnKubernetes): boolean =>
  database.inCluster?.by === 'statefulset' || redis.inCluster !== undefined;

const statefulSetsHaveAnImage: Rule<OnKubernetes> = {
  severity: 'error',
  reads: ['kubernetes.images', ...dataIsRead],
  *check(spec) {
    if (!isStatefulSet(spec) || spec.kubernetes.images.data !== undefined) return;
    yield {
      path: ['kubernetes', 'images'],
      message: 'data is missing, and PostgreSQL or Redis is to run in the cluster',
      allowed: 'images.data, as `npx cellstamp image --role data` makes it',
    };
  },
};

const statefulSetsAreForTests: Rule<OnKubernetes> = {
  severity: 'warning',
  reads: dataIsRead,
  *check({ kubernetes: { database, redis } }) {
    const parts = [
      ...(database.inCluster?.by === 'statefulset' ? ['database'] : []),
      ...(redis.inCluster === undefined ? [] : ['redis']),
    ];
    for (const part of parts) {
      yield {
        path: ['kubernetes', part, 'inCluster'],
        message: `is one ${part === 'redis' ? 'Redis' : 'PostgreSQL'} without a replica or a backup: for laptops and tests`,
        allowed:
          part === 'redis' ? 'the host of a managed Redis' : 'by: cloudnative-pg, or the host of a managed PostgreSQL',
      };
    }
  },
};

const statefulSetsHaveOneInstance: Rule<OnKubernetes> = {
  severity: 'error',
  reads: dataIsRead,
  *check({ kubernetes: { database } }) {
    if (database.inCluster?.by !== 'statefulset' || database.inCluster.instances === undefined) return;
    yield {
      path: ['kubernetes', 'database', 'inCluster', 'instances'],
      alsoAt: [['kubernetes', 'database', 'inCluster', 'by']],
      message: 'a StatefulSet has one PostgreSQL, and no replica',
      allowed: 'by: cloudnative-pg, or no instances',
    };
  },
};

const databaseHasAReplica: Rule<OnKubernetes> = {
  severity: 'warning',
  reads: dataIsRead,
  *check({ kubernetes: { database } }) {
    if (database.inCluster?.by !== 'cloudnative-pg' || database.inCluster.instances !== 1) return;
    yield {
      path: ['kubernetes', 'database', 'inCluster', 'instances'],
      message: 'one PostgreSQL has no replica, so a lost node stops the database and a lost volume loses it',
      allowed: 'at least 2',
    };
  },
};

/** Where backups go, and by which plugin of the operator, only its owner knows. */
const databaseHasABackup: Rule<OnKubernetes> = {
  severity: 'warning',
  reads: dataIsRead,
  *check({ kubernetes: { database } }) {
    if (database.inCluster?.by !== 'cloudnative-pg') return;
    yield {
      path: ['kubernetes', 'database', 'inCluster'],
      message: 'Cellstamp configures no backup of this PostgreSQL',
      allowed: 'a backup that you configure on the Cluster database, or the host of a managed PostgreSQL',
    };
  },
};

interface PublicAddress {
  readonly path: Path;
  readonly address: string;
}

/** Addresses that the cell's file gives, and that move between nodes. */
const publicAddresses = ({ kubernetes: { floatingAddress, mediaAddresses = [] } }: OnKubernetes): PublicAddress[] => [
  { path: ['kubernetes', 'floatingAddress'], address: floatingAddress },
  ...mediaAddresses.map((address, index) => ({ path: ['kubernetes', 'mediaAddresses', index], address })),
];

/** What is inside of the cell is reached by no media (`derive/inside.ts`), and by nobody from outside. */
const addressesAreOutside: Rule<OnKubernetes> = {
  severity: 'error',
  reads: ['network', 'kubernetes.floatingAddress', 'kubernetes.mediaAddresses'],
  *check(spec) {
    for (const { path, address } of publicAddresses(spec)) {
      const inside = [spec.network, `${sbcOverlayAddress}/32`, ...neverOutside].find((range) =>
        contains(parseRange(range), parseRange(address)),
      );
      if (inside === undefined) continue;
      yield {
        path,
        message: `${address} is in ${inside}, which no caller reaches`,
        allowed: 'an address to which callers send, outside of the cell’s network',
      };
    }
  },
};

const addressesAreOfOneHost: Rule<OnKubernetes> = {
  severity: 'error',
  reads: ['kubernetes.floatingAddress', 'kubernetes.mediaAddresses'],
  *check(spec) {
    const all = publicAddresses(spec);
    for (const [index, { path, address }] of all.entries()) {
      const first = all.findIndex((other) => other.address === address);
      if (first === index) continue;
      yield {
        path,
        alsoAt: [all[first]!.path],
        message: `${address} is given twice`,
        allowed: 'an address of its own for the SBCs and for each media host',
      };
    }
  },
};

const everyMediaHostHasAnAddress: Rule<OnKubernetes> = {
  severity: 'error',
  reads: ['kubernetes.mediaAddresses', 'media.hosts'],
  *check({ media: { hosts }, kubernetes: { mediaAddresses } }) {
    if (mediaAddresses === undefined || mediaAddresses.length === hosts) return;
    yield {
      path: ['kubernetes', 'mediaAddresses'],
      alsoAt: [['media', 'hosts']],
      message: `${counted(mediaAddresses.length, 'address', 'addresses')} for ${counted(hosts, 'media host')}`,
      allowed: `${counted(hosts, 'address', 'addresses')}, that of media-1 first`,
    };
  },
};

/** In clouds they can't move: the rule below speaks of that. */
const callsOutliveTheirNode: Rule<OnKubernetes> = {
  severity: 'warning',
  reads: ['kubernetes.mediaAddresses', 'media.hosts', 'kubernetes.nodes.managedBy'],
  *check({ media: { hosts }, kubernetes: { mediaAddresses, nodes } }) {
    if (mediaAddresses !== undefined || hosts < 2 || cloudNodes.includes(nodes.managedBy)) return;
    yield {
      path: ['kubernetes', 'mediaAddresses'],
      message: 'no relay can move to another node, so the loss of a media node ends its calls with BYE',
      allowed: `${counted(hosts, 'public address', 'public addresses')}, which move between media nodes on one link`,
    };
  },
};

/** Networks of clouds take an address from their own API alone. */
const cloudNodes: readonly string[] = ['karpenter', 'eks-managed', 'aks-managed', 'gke-managed'];

const mediaAddressesMove: Rule<OnKubernetes> = {
  severity: 'error',
  reads: ['kubernetes.mediaAddresses', 'kubernetes.nodes.managedBy'],
  *check({ kubernetes: { mediaAddresses, nodes } }) {
    if (mediaAddresses === undefined || !cloudNodes.includes(nodes.managedBy)) return;
    yield {
      path: ['kubernetes', 'mediaAddresses'],
      alsoAt: [['kubernetes', 'nodes', 'managedBy']],
      message: `nodes of ${nodes.managedBy} are in a cloud, whose network does not carry the ARP that moves these addresses: no caller would reach a relay`,
      allowed: 'none, so that a relay has the public address of its node; or media nodes on a link of one’s own',
    };
  },
};

const floatingAddressMoves: Rule<OnKubernetes> = {
  severity: 'warning',
  reads: ['kubernetes.floatingAddress', 'kubernetes.nodes.managedBy'],
  *check({ kubernetes: { nodes } }) {
    if (!cloudNodes.includes(nodes.managedBy)) return;
    yield {
      path: ['kubernetes', 'nodes', 'managedBy'],
      alsoAt: [['kubernetes', 'floatingAddress']],
      message: `nodes of ${nodes.managedBy} are in a cloud, whose network does not carry the ARP that moves the floating address: no caller would reach an SBC`,
      allowed: 'SBC nodes on a link of one’s own',
    };
  },
};

/** The largest range for private networks (RFC 1918). */
const widestPrefix = 8;

/** Of cells, and of edges. */
export const metricsAreNotPublic: Rule<{
  readonly kubernetes: { readonly monitoring?: { readonly from: readonly string[] } | undefined };
}> = {
  severity: 'error',
  reads: ['kubernetes.monitoring.from'],
  *check({ kubernetes: { monitoring } }) {
    for (const [index, range] of (monitoring?.from ?? []).entries()) {
      if (parseRange(range).prefix >= widestPrefix) continue;
      yield {
        path: ['kubernetes', 'monitoring', 'from', index],
        message: `${range} lets half the internet read the metrics of the hosts`,
        allowed: `ranges of the Prometheus alone, at most a /${widestPrefix}`,
      };
    }
  },
};

const rules: readonly Rule<OnKubernetes>[] = [
  floatingAddressMoves,
  portsKeepOffNodePorts,
  portsKeepOffTheKubelet,
  portsKeepOffTheEphemeral,
  nodesWaitForCalls,
  callsFitIntoTheDrain,
  moduleRule('required', 'error'),
  moduleRule('preferred', 'warning'),
  namesAreTheNodes,
  servicesHaveAnAddress,
  statefulSetsHaveAnImage,
  statefulSetsAreForTests,
  statefulSetsHaveOneInstance,
  databaseHasAReplica,
  databaseHasABackup,
  addressesAreOutside,
  addressesAreOfOneHost,
  everyMediaHostHasAnAddress,
  callsOutliveTheirNode,
  mediaAddressesMove,
  metricsAreNotPublic,
];

export const kubernetesRules: readonly Rule<CellSpec>[] = rules.map((rule) => ({
  ...rule,
  check: (spec) => (isOnKubernetes(spec) ? rule.check(spec) : []),
}));
