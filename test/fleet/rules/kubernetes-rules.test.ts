/** Rules over a cell on Kubernetes, as `npx cellstamp check` prints them. */
import { describe, expect, it } from 'vitest';
import { formatFinding } from '../../../lib/config-file/finding.ts';
import { loadFleet } from '../../../lib/fleet/fleet.ts';

const digest = `sha256:${'0a'.repeat(32)}`;
const minimal = `name: k8s-a
region: eu-west-1
kubernetes:
  images:
    sbc: registry.example.com/cellstamp-sbc@${digest}
    media: registry.example.com/cellstamp-media@${digest}
  floatingAddress: 203.0.113.10
  database: { host: db.example.com }
  redis: { host: 192.0.2.20 }
  mediaAddresses: [203.0.113.21, 203.0.113.22, 203.0.113.23, 203.0.113.24]
`;
const addresses = '[203.0.113.21, 203.0.113.22, 203.0.113.23, 203.0.113.24]';
const withoutAddresses = minimal.replace(`  mediaAddresses: ${addresses}\n`, '');
const file = 'cells/k8s-a.yaml';

function checked(text: string): readonly string[] {
  return loadFleet([{ path: file, text }]).findings.map(formatFinding);
}

describe('a cell on Kubernetes', () => {
  it('needs images, addresses and its data only', () => {
    expect(checked(minimal)).toEqual([]);
  });

  it('has relay ports where no Service has its own', () => {
    expect(loadFleet([{ path: file, text: minimal }]).cells[0]?.media.relay.ports).toEqual({ from: 20000, to: 29999 });
  });

  it('waits for its calls as long as they may last', () => {
    const [cell] = loadFleet([{ path: file, text: `${minimal}calls: { longestMinutes: 90 }\n` }]).cells;
    expect(cell?.kubernetes?.drainMinutes).toBe(90);
  });

  const cases: readonly (readonly [what: string, text: string, findings: readonly string[]])[] = [
    [
      'relay ports on those of Services',
      `${minimal}media: { relay: { calls: 500, ports: 30000-32767 }, freeswitch: { sessions: 100 } }\n`,
      [
        `${file}:11:31 error media.relay.ports: 30000-32767 overlaps the ports that the cluster gives to Services (30000-32767); allowed: ports outside 30000-32767, or the cluster’s own range as kubernetes.nodes.nodePorts`,
      ],
    ],
    [
      'a database in the cluster by its name',
      minimal.replace('db.example.com', 'db.example.com, inCluster: { by: cloudnative-pg }'),
      [
        `${file}:8:15 error kubernetes.database.host: db.example.com is a name, and the pods of hosts ask no DNS of the cluster; allowed: the address that the Service is to get, of the cluster’s range for Services`,
        `${file}:8:37 warning kubernetes.database.inCluster: Cellstamp configures no backup of this PostgreSQL; allowed: a backup that you configure on the Cluster database, or the host of a managed PostgreSQL`,
      ],
    ],
    [
      'one instance of PostgreSQL',
      minimal.replace('db.example.com', '10.96.0.9, inCluster: { by: cloudnative-pg, instances: 1 }'),
      [
        `${file}:8:32 warning kubernetes.database.inCluster: Cellstamp configures no backup of this PostgreSQL; allowed: a backup that you configure on the Cluster database, or the host of a managed PostgreSQL`,
        `${file}:8:65 warning kubernetes.database.inCluster.instances: one PostgreSQL has no replica, so a lost node stops the database and a lost volume loses it; allowed: at least 2`,
      ],
    ],
    [
      'several instances in a StatefulSet',
      minimal
        .replace('db.example.com', '10.96.0.9, inCluster: { by: statefulset, instances: 3 }')
        .replace('  floatingAddress', `    data: registry.example.com/cellstamp-data@${digest}\n  floatingAddress`),
      [
        `${file}:9:32 warning kubernetes.database.inCluster: is one PostgreSQL without a replica or a backup: for laptops and tests; allowed: by: cloudnative-pg, or the host of a managed PostgreSQL`,
        `${file}:9:62 error kubernetes.database.inCluster.instances: a StatefulSet has one PostgreSQL, and no replica; allowed: by: cloudnative-pg, or no instances`,
      ],
    ],
    [
      'data in the cluster for laptops, of no image and at one address',
      minimal
        .replace('db.example.com', '10.96.0.9, inCluster: { by: statefulset }')
        .replace('192.0.2.20', '10.96.0.9, inCluster: {}'),
      [
        `${file}:4:3 error kubernetes.images: data is missing, and PostgreSQL or Redis is to run in the cluster; allowed: images.data, as \`npx cellstamp image --role data\` makes it`,
        `${file}:8:32 warning kubernetes.database.inCluster: is one PostgreSQL without a replica or a backup: for laptops and tests; allowed: by: cloudnative-pg, or the host of a managed PostgreSQL`,
        `${file}:9:12 error kubernetes.redis.host: 10.96.0.9 is given twice, and each Service has an address of its own; allowed: another address of the cluster’s range for Services`,
        `${file}:9:29 warning kubernetes.redis.inCluster: is one Redis without a replica or a backup: for laptops and tests; allowed: the host of a managed Redis`,
      ],
    ],
    [
      'metrics for everybody',
      `${minimal}  monitoring: { from: [10.244.0.0/16, 0.0.0.0/0] }\n`,
      [
        `${file}:11:39 error kubernetes.monitoring.from[1]: 0.0.0.0/0 lets half the internet read the metrics of the hosts; allowed: ranges of the Prometheus alone, at most a /8`,
      ],
    ],
    [
      'SIP on a port of a Service',
      `${minimal}  nodes: { nodePorts: 5000-5999 }\nsbc: { transports: { udp: 6060, tcp: 6060, tls: 5061 } }\n`,
      [
        `${file}:12:44 error sbc.transports.tls: 5061 overlaps the ports that the cluster gives to Services (5000-5999); allowed: ports outside 5000-5999, or the cluster’s own range as kubernetes.nodes.nodePorts`,
      ],
    ],
    [
      'relay ports on the kubelet’s',
      `${minimal}media: { relay: { calls: 500, ports: 10000-13999 }, freeswitch: { sessions: 100 } }\n`,
      [
        `${file}:11:31 error media.relay.ports: 10000-13999 overlaps 10248-10259, the ports of the kubelet and its neighbours; allowed: ports outside 10248-10259`,
      ],
    ],
    [
      'relay ports among those of outgoing connections',
      `${minimal}media: { relay: { calls: 500, ports: 40000-43999 }, freeswitch: { sessions: 100 } }\n`,
      [
        `${file}:11:31 warning media.relay.ports: 40000-43999 overlaps 32768-60999, from which other programs of the node take ports: the pod reserves its own, but what is taken before it starts stays taken; allowed: ports below 32768, or a node with no other load`,
      ],
    ],
    [
      'nodes that do not wait for calls',
      `${withoutAddresses}  nodes: { managedBy: eks-managed }\n`,
      [
        `${file}:10:12 warning kubernetes.nodes.managedBy: nodes of eks-managed are in a cloud, whose network does not carry the ARP that moves the floating address: no caller would reach an SBC; allowed: SBC nodes on a link of one’s own`,
        `${file}:10:12 error kubernetes.drainMinutes: 240 minutes are longer than eks-managed waits for a pod, and then cuts its calls; allowed: at most 15, or nodes that are self-managed or of karpenter`,
      ],
    ],
    [
      'calls that outlast the drain',
      `${withoutAddresses}  nodes: { managedBy: eks-managed }\n  drainMinutes: 15\n`,
      [
        `${file}:10:12 warning kubernetes.nodes.managedBy: nodes of eks-managed are in a cloud, whose network does not carry the ARP that moves the floating address: no caller would reach an SBC; allowed: SBC nodes on a link of one’s own`,
        `${file}:11:3 warning kubernetes.drainMinutes: a pod that ends cuts calls after 15 minutes, and they may last 240; allowed: at least 240, or calls.longestMinutes: 15`,
      ],
    ],
    [
      'a kernel module where none can be loaded',
      `${minimal}  nodes: { system: talos }\n`,
      [
        `${file}:11:12 error media.kernelForwarding: talos can't load the kernel module of the relay, so no media host would start; allowed: off, or nodes of debian, ubuntu or amazon-linux-2023 that have the module`,
      ],
    ],
    [
      'a kernel module that would be better where none can be loaded',
      `${minimal}  nodes: { system: bottlerocket }\nmedia: { kernelForwarding: preferred }\n`,
      [
        `${file}:12:10 warning media.kernelForwarding: bottlerocket can't load the kernel module of the relay, so every packet is relayed in userspace; allowed: off, or nodes of debian, ubuntu or amazon-linux-2023 that have the module`,
      ],
    ],
    [
      'a name that the nodes do not know',
      minimal.replace('db.example.com', 'cell-rw.data.svc.cluster.local'),
      [
        `${file}:8:15 error kubernetes.database.host: cell-rw.data.svc.cluster.local is a name that the cluster’s DNS alone knows, and the cell’s pods ask the node’s; allowed: an address, or a name that the nodes resolve`,
      ],
    ],
    ...(
      [
        ['10.16.0.99', '10.16.0.0/20'],
        ['100.64.0.10', '100.64.0.10/32'],
        ['169.254.3.4', '169.254.0.0/16'],
      ] as const
    ).map(
      ([address, range]) =>
        [
          `the floating address ${address}`,
          minimal.replace('203.0.113.10', address),
          [
            `${file}:7:3 error kubernetes.floatingAddress: ${address} is in ${range}, which no caller reaches; allowed: an address to which callers send, outside of the cell’s network`,
          ],
        ] as const,
    ),
    [
      'relays that can’t move',
      withoutAddresses,
      [
        `${file}:3:1 warning kubernetes.mediaAddresses: no relay can move to another node, so the loss of a media node ends its calls with BYE; allowed: 4 public addresses, which move between media nodes on one link`,
      ],
    ],
    [
      'fewer addresses than media hosts',
      minimal.replace(', 203.0.113.24', ''),
      [
        `${file}:10:3 error kubernetes.mediaAddresses: 3 addresses for 4 media hosts; allowed: 4 addresses, that of media-1 first`,
      ],
    ],
    [
      'addresses that are given twice, or are inside of the cell',
      minimal.replace(addresses, '[203.0.113.10, 203.0.113.22, 203.0.113.22, 10.16.0.24]'),
      [
        `${file}:10:20 error kubernetes.mediaAddresses[0]: 203.0.113.10 is given twice; allowed: an address of its own for the SBCs and for each media host`,
        `${file}:10:48 error kubernetes.mediaAddresses[2]: 203.0.113.22 is given twice; allowed: an address of its own for the SBCs and for each media host`,
        `${file}:10:62 error kubernetes.mediaAddresses[3]: 10.16.0.24 is in 10.16.0.0/20, which no caller reaches; allowed: an address to which callers send, outside of the cell’s network`,
      ],
    ],
    [
      'addresses that can’t move in a cloud',
      `${minimal}  nodes: { managedBy: karpenter }\n`,
      [
        `${file}:10:3 error kubernetes.mediaAddresses: nodes of karpenter are in a cloud, whose network does not carry the ARP that moves these addresses: no caller would reach a relay; allowed: none, so that a relay has the public address of its node; or media nodes on a link of one’s own`,
        `${file}:11:12 warning kubernetes.nodes.managedBy: nodes of karpenter are in a cloud, whose network does not carry the ARP that moves the floating address: no caller would reach an SBC; allowed: SBC nodes on a link of one’s own`,
      ],
    ],
    [
      'several things at once, a value that is wrong by itself among them',
      `${withoutAddresses.replace(`cellstamp-sbc@${digest}`, 'cellstamp-sbc:latest')}  nodes: { managedBy: aks-managed, system: talos }\nmedia: { relay: { calls: 500, ports: 31000-33999 }, freeswitch: { sessions: 100 } }\n`,
      [
        `${file}:5:5 error kubernetes.images.sbc: must be an image with its digest, for example registry.example.com/cellstamp-sbc@sha256: and 64 hexadecimal digits; got registry.example.com/cellstamp-sbc:latest`,
        `${file}:10:12 warning kubernetes.nodes.managedBy: nodes of aks-managed are in a cloud, whose network does not carry the ARP that moves the floating address: no caller would reach an SBC; allowed: SBC nodes on a link of one’s own`,
        `${file}:10:12 error kubernetes.drainMinutes: 240 minutes are longer than aks-managed waits for a pod, and then cuts its calls; allowed: at most 30, or nodes that are self-managed or of karpenter`,
        `${file}:10:36 error media.kernelForwarding: talos can't load the kernel module of the relay, so no media host would start; allowed: off, or nodes of debian, ubuntu or amazon-linux-2023 that have the module`,
        `${file}:11:31 error media.relay.ports: 31000-33999 overlaps the ports that the cluster gives to Services (30000-32767); allowed: ports outside 30000-32767, or the cluster’s own range as kubernetes.nodes.nodePorts`,
        `${file}:11:31 warning media.relay.ports: 31000-33999 overlaps 32768-60999, from which other programs of the node take ports: the pod reserves its own, but what is taken before it starts stays taken; allowed: ports below 32768, or a node with no other load`,
      ],
    ],
  ];

  it.each(cases)('is told of %s', (_, text, findings) => {
    expect(checked(text)).toEqual(findings);
  });
});
