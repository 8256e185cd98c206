/** Cells and fronts on Kubernetes, the least and the most that one can be. */
import { parseCell } from '../../../lib/fleet/schema/cell.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell-types.ts';
import { parseFront, type FrontInput } from '../../../lib/fleet/schema/front.ts';

const image = (name: string) => `registry.example.com/cellstamp-${name}@sha256:${'0a'.repeat(32)}`;

export const minimalInput = {
  name: 'k8s-a',
  region: 'eu-west-1',
  media: { hosts: 3 },
  kubernetes: {
    images: { sbc: image('sbc'), media: image('media') },
    floatingAddress: '203.0.113.10',
    database: { host: 'db.example.com' },
    redis: { host: '192.0.2.20' },
  },
} as const satisfies CellInput;

export const minimal = parseCell(minimalInput);

/** Its relays move with their calls. */
export const movable = parseCell({
  ...minimalInput,
  kubernetes: { ...minimalInput.kubernetes, mediaAddresses: ['203.0.113.21', '203.0.113.22', '203.0.113.23'] },
});

/** Its PostgreSQL and Redis are in the cluster: an operator's, or for laptops. */
export const operated = parseCell({
  ...minimalInput,
  kubernetes: {
    ...minimalInput.kubernetes,
    database: {
      host: '10.96.200.5',
      inCluster: { by: 'cloudnative-pg', instances: 3, storage: '50Gi', storageClass: 'fast' },
    },
  },
});
export const onLaptop = parseCell({
  ...minimalInput,
  kubernetes: {
    ...minimalInput.kubernetes,
    images: { ...minimalInput.kubernetes.images, data: image('data') },
    database: { host: '10.96.200.5', inCluster: { by: 'statefulset' } },
    redis: { host: '10.96.200.6', inCluster: { storage: '1Gi' } },
  },
});

export const maximalInput = {
  name: 'kubernetes-longest-1',
  region: 'eu-west-1',
  network: '10.32.0.0/20',
  size: 'small',
  sbc: { transports: { udp: 'off', tcp: 5060, tls: 443 } },
  media: {
    hosts: 4,
    kernelForwarding: 'off',
    freeswitch: { install: 'image', voicemailDirectory: '/mnt/Voice.mail_boxes' },
  },
  calls: { longestMinutes: 120 },
  kubernetes: {
    ...minimalInput.kubernetes,
    nodes: { managedBy: 'karpenter', system: 'talos', nodePorts: '31000-32000', publicAddressFrom: 'annotation' },
    drainMinutes: 180,
    monitoring: { from: ['10.244.0.0/16', '10.32.15.0/24'], labels: { release: 'kube-prometheus-stack' } },
    database: { host: '192.0.2.21', adminUser: 'owner' },
    secrets: { sbc: 'voip.sbc', media: 'voip.media' },
  },
} as const satisfies CellInput;

export const maximal = parseCell(maximalInput);

export const minimalFrontInput = {
  domain: 'voice.example.com',
  regions: [{ region: 'eu-west-1', network: '10.200.0.0/24' }],
  kubernetes: { image: image('edge') },
} as const satisfies FrontInput;

export const minimalFront = parseFront(minimalFrontInput);

const router = (region: number) => ({ address: `10.20${region}.0.1`, system: 64600 + region });

export const maximalFrontInput = {
  name: 'anycast-front-of-all',
  domain: 'voice.example.com',
  regions: [1, 2].map((number) => ({
    region: `eu-west-${number}`,
    network: `10.20${number}.0.0/22`,
    edges: 3,
    kubernetes: {
      bgp: { system: 64512, neighbours: [router(number), { ...router(number), address: `10.20${number}.0.2` }] },
    },
  })),
  edge: { transports: { udp: 'off', tcp: 5060, tls: 443 } },
  kubernetes: {
    image: image('edge'),
    anycast: { address: '198.51.100.1', range: '198.51.100.0/24' },
    nodes: { managedBy: 'karpenter', nodePorts: '31000-32000', publicAddressFrom: 'annotation' },
    drainMinutes: 600,
    monitoring: { from: ['10.244.0.0/16'], labels: { release: 'kube-prometheus-stack' } },
    secret: 'voip.edges',
  },
} as const satisfies FrontInput;

export const maximalFront = parseFront(maximalFrontInput);
