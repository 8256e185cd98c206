/**
 * The section `kubernetes:` of the front, and of each of its regions: what only Kubernetes understands. Rules over it are in
 * `rules/kubernetes-front.ts`, the objects that are made of it in `lib/targets/kubernetes`.
 *
 * A front without the section is not on Kubernetes.
 */
import { z } from 'zod';
import { ipv4Address, ipv4Network, portRange } from '../../../config-file/fields.ts';
import type { FrontSpec } from '../front-types.ts';
import { SpecError } from '../spec-error.ts';
import { image, monitoring, nodeManagers, secretName } from './kubernetes.ts';

/** Numbers of autonomous systems (RFC 6793), but for those that stand for none (RFC 7607, RFC 6793). */
const systemNumber = z.int().min(1).max(4_294_967_294);

export const kubernetesFront = z.strictObject({
  image: image.describe('Image of the edges, with its digest: all programs of an edge are in it.'),
  anycast: z
    .strictObject({
      address: ipv4Address.describe('Address under which every tenant is reached. Every edge takes it.'),
      range: ipv4Network.describe(
        'Range of the address that the edges announce. Outside of one’s own network few take a range longer than /24.',
      ),
    })
    .optional()
    .describe(
      'One address for all edges, which each announces by BGP while it takes new calls. Default: none; clients get the edges’ own addresses.',
    ),
  nodes: z
    .strictObject({
      managedBy: z
        .enum(nodeManagers)
        .default('self-managed')
        .describe('Who takes nodes out of service, and so decides how long calls may go on there.'),
      nodePorts: portRange
        .prefault('30000-32767')
        .describe('Ports that the clusters give to Services, FROM-TO (--service-node-port-range of the API server).'),
      publicAddressFrom: z
        .enum(['external-ip', 'annotation'])
        .default('external-ip')
        .describe(
          'Where an edge reads its own public address on its Node: the address of type ExternalIP, or the annotation cellstamp.io/public-address. Without one it does not start.',
        ),
    })
    .prefault({})
    .describe('The nodes that carry the edges.'),
  drainMinutes: z
    .int()
    .min(1)
    .max(1440)
    .default(240)
    .describe('Minutes that an edge which ends waits for the calls that go through it.'),
  monitoring: monitoring
    .optional()
    .describe(
      'A PodMonitor of the edges and a PrometheusRule in each region, of the Prometheus operator, whose CustomResourceDefinitions must be in the cluster. Default: none.',
    ),
  secret: secretName
    .default('edge-secrets')
    .describe(
      'Secret of the edges that is already in the namespace, made by hand or by External Secrets. Its keys are the names of the late-bound values.',
    ),
});

/** The section in each region of the front. */
export const kubernetesFrontRegion = z.strictObject({
  bgp: z
    .strictObject({
      system: systemNumber.describe('Number of the autonomous system of the region’s edges.'),
      neighbours: z
        .array(
          z.strictObject({
            address: ipv4Address.describe('Address of a router to which the edges announce.'),
            system: systemNumber.describe('Number of its autonomous system.'),
          }),
        )
        .min(1)
        .max(8)
        .describe('Routers to which every edge of the region announces the anycast range.'),
    })
    .optional()
    .describe('How the edges of this region announce kubernetes.anycast. Default: nothing is announced.'),
});

/** The least that the section must say. */
export const kubernetesFrontStandIns = { image: `any@sha256:${'0'.repeat(64)}` } as const;

/** A front that is on Kubernetes: its section is there, and one in each region. */
export type FrontOnKubernetes = FrontSpec & { readonly kubernetes: NonNullable<FrontSpec['kubernetes']> };

export function isFrontOnKubernetes(spec: FrontSpec): spec is FrontOnKubernetes {
  return spec.kubernetes !== undefined;
}

/**
 * What a front says of Kubernetes.
 * @throws SpecError when it is not on Kubernetes
 */
export function kubernetesOfFront(spec: FrontSpec): FrontOnKubernetes['kubernetes'] {
  if (isFrontOnKubernetes(spec)) return spec.kubernetes;
  throw new SpecError(`${spec.name} can't be built on Kubernetes`, [
    { severity: 'error', path: 'kubernetes', message: 'is missing', given: 'nothing', allowed: 'a section with image' },
  ]);
}
