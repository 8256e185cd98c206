/** Cells on Kubernetes, the least and the most that one can be. */
import { parseCell } from '../../../lib/fleet/schema/cell.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell-types.ts';

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
    database: { host: '192.0.2.21', adminUser: 'owner' },
    secrets: { sbc: 'voip.sbc', media: 'voip.media' },
  },
} as const satisfies CellInput;

export const maximal = parseCell(maximalInput);
