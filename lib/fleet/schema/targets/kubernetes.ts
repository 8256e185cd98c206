/**
 * The section `kubernetes:` of a cell: what only Kubernetes understands. Rules over it are in `rules/kubernetes`, the objects that are made
 * of it in `lib/targets/kubernetes`.
 *
 * A cell without the section is not on Kubernetes.
 */
import { z } from 'zod';
import { domainName, ipv4Address, ipv4Network, portRange, text } from '../../../config-file/fields.ts';

/** By digest: a tag can be moved, and then two hosts of one release run different programs. */
export const image = text(
  /^[a-z0-9]([a-z0-9._:/-]*[a-z0-9])?@sha256:[0-9a-f]{64}$/,
  'must be an image with its digest, for example registry.example.com/cellstamp-sbc@sha256: and 64 hexadecimal digits',
);

/** Name of a Secret (RFC 1123). */
export const secretName = text(
  /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
  'must be the name of a Secret: lower-case letters, digits, hyphens and dots, for example sbc-secrets',
);

/** Of Kubernetes: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
const labelKey = text(
  /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/,
  'must be the key of a label, for example release or example.com/team',
);
const labelValue = text(
  /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/,
  'must be the value of a label: up to 63 letters, digits, hyphens, underscores and dots',
);

const host = z.union([ipv4Address, domainName]);

/** Who takes nodes away, and so decides how long a pod may take to end. */
export const nodeManagers = [
  'self-managed',
  'karpenter',
  'cluster-autoscaler',
  'eks-managed',
  'aks-managed',
  'gke-managed',
] as const;

export const nodeSystems = ['debian', 'ubuntu', 'amazon-linux-2023', 'bottlerocket', 'talos'] as const;

/** Of a volume, as Kubernetes writes it. */
const storage = {
  storage: text(/^[1-9][0-9]{0,5}(Mi|Gi|Ti)$/, 'must be a size as Kubernetes writes it, for example 20Gi')
    .default('10Gi')
    .describe('Size of each volume, for example 20Gi.'),
  storageClass: secretName.optional().describe('StorageClass of the volumes. Default: the cluster’s own.'),
};

/** Who runs PostgreSQL in the cluster. */
const databaseOperators = ['cloudnative-pg', 'statefulset'] as const;

/** Of a Cluster whose number the cell's file does not give. */
export const usualInstances = 2;

/** Who asks for metrics. */
export const monitoring = z.strictObject({
  from: z
    .array(ipv4Network)
    .min(1)
    .max(32)
    .describe(
      'Ranges from which Prometheus asks the hosts for their metrics: of its pods, or of the nodes that they are on.',
    ),
  labels: z
    .record(labelKey, labelValue)
    .default({})
    .describe(
      'Labels by which that Prometheus selects PodMonitors and PrometheusRules, for example release: kube-prometheus-stack.',
    ),
});

export const kubernetesCell = z.strictObject({
  images: z
    .strictObject({
      sbc: image.describe('Image of the SBCs, with its digest.'),
      media: image.describe('Image of the media hosts, with its digest.'),
      data: image
        .optional()
        .describe(
          'Image with PostgreSQL 15 and Redis, with its digest, for those in the cluster by StatefulSet. Default: none.',
        ),
    })
    .describe('What the hosts run: all programs of a role are in one image.'),
  floatingAddress: ipv4Address.describe(
    'Public address of the active SBC. It moves by VRRP and ARP, so both SBC nodes are on one link, with their private addresses in network.',
  ),
  mediaAddresses: z
    .array(ipv4Address)
    .min(2)
    .max(32)
    .optional()
    .describe(
      'Public addresses of the media relays, that of media-1 first. They move by ARP to another media node with the calls when a node is lost, so all media nodes are on one link, with their private addresses in network. Default: none; a relay has the public address of its node, and its calls end with it.',
    ),
  nodes: z
    .strictObject({
      managedBy: z
        .enum(nodeManagers)
        .default('self-managed')
        .describe('Who takes nodes out of service, and so decides how long calls may go on there.'),
      system: z
        .enum(nodeSystems)
        .default('debian')
        .describe('Operating system of the media nodes, which must have the kernel module of the relay.'),
      nodePorts: portRange
        .prefault('30000-32767')
        .describe('Ports that the cluster gives to Services, FROM-TO (--service-node-port-range of the API server).'),
      publicAddressFrom: z
        .enum(['external-ip', 'annotation'])
        .default('external-ip')
        .describe(
          'Where a media host without mediaAddresses reads its public address on its Node: the address of type ExternalIP, or the annotation cellstamp.io/public-address. Without one it does not start.',
        ),
    })
    .prefault({})
    .describe('The nodes that carry the cell’s hosts.'),
  drainMinutes: z
    .int()
    .min(1)
    .max(1440)
    .optional()
    .describe('Minutes that a pod which ends waits for its calls. Default: calls.longestMinutes.'),
  database: z
    .strictObject({
      host: host.describe('Host name or address of the PostgreSQL writer, on port 5432, with TLS.'),
      adminUser: text(/^[a-z_][a-z0-9_]{0,62}$/, 'must be the name of a PostgreSQL user')
        .default('cellstamp_admin')
        .describe('PostgreSQL user that owns the schema.'),
      inCluster: z
        .strictObject({
          by: z
            .enum(databaseOperators)
            .describe(
              'cloudnative-pg: a Cluster of that operator, which must be in the cluster. statefulset: one PostgreSQL without a replica or a backup, for laptops and tests.',
            ),
          instances: z
            .int()
            .min(1)
            .max(9)
            .optional()
            .describe(
              `How many PostgreSQLs the Cluster has: a primary and its replicas. A StatefulSet has one and takes no number. Default: ${usualInstances}.`,
            ),
          ...storage,
        })
        .optional()
        .describe(
          'A PostgreSQL in the cell’s namespace, on nodes of no host. host is the address then that its Service gets, one of the cluster’s range for Services that no other has, and its certificate is for that address. Default: none; it is elsewhere.',
        ),
    })
    .describe('The PostgreSQL of the cell.'),
  redis: z
    .strictObject({
      host: host.describe('Host name or address of the Redis primary, on port 6379, with TLS.'),
      inCluster: z
        .strictObject(storage)
        .optional()
        .describe(
          'A StatefulSet with one Redis, for laptops and tests. host is the address then that its Service gets. Default: none; it is elsewhere.',
        ),
    })
    .describe('The Redis of the cell.'),
  monitoring: monitoring
    .optional()
    .describe(
      'A PodMonitor for each role and a PrometheusRule, of the Prometheus operator, whose CustomResourceDefinitions must be in the cluster. Default: none.',
    ),
  secrets: z
    .strictObject({
      sbc: secretName.default('sbc-secrets').describe('Secret of the SBCs.'),
      media: secretName.default('media-secrets').describe('Secret of the media hosts.'),
      data: secretName.default('data-secrets').describe('Secret of a PostgreSQL and a Redis that are StatefulSets.'),
    })
    .prefault({})
    .describe(
      'Secrets that are already in the namespace, made by hand or by External Secrets. Their keys are the names of the late-bound values.',
    ),
});

/** Fills in what follows from the rest of the cell. */
export function completeKubernetesCell(section: z.output<typeof kubernetesCell>, longestMinutes: number) {
  return { ...section, drainMinutes: section.drainMinutes ?? longestMinutes };
}

/** Relay ports on a node: above FreeSWITCH's, and below those of Services, from which the kernel's own begin. */
export const kubernetesRelayPorts = { from: 20000, to: 29999 } as const;

const anyImage = `any@sha256:${'0'.repeat(64)}`;

/** The least that the section must say. */
export const kubernetesStandIns = {
  images: { sbc: anyImage, media: anyImage },
  floatingAddress: '203.0.113.10',
  database: { host: '192.0.2.10' },
  redis: { host: '192.0.2.11' },
} as const;
