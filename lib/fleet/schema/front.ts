/**
 * What a person writes in `cells/front.yaml`: the global entry of the fleet. `domain`, one region and the section of a
 * target are enough.
 *
 * The front knows cells by their specs and tenants by the directory; it has no reference to anything that a cell's stack made.
 */
import { z } from 'zod';
import { marked } from './brand.ts';
import type { FrontInput, FrontSpec } from './front-types.ts';
import {
  connectionsPerSource,
  domainName,
  ipv4Network,
  label,
  port,
  region,
  sipTransports,
} from '../../config-file/fields.ts';
import { oldFront, type OldFrontInput } from './old-form.ts';
import { frontRules } from '../rules/rules.ts';
import { parseSpec } from './spec-error.ts';
import type { SpecFile } from '../../config-file/spec-file.ts';
import { awsFront, awsFrontRegion, zoneLettersOf } from './targets/aws.ts';
import { kubernetesFront, kubernetesFrontRegion } from './targets/kubernetes-front.ts';
import { local } from './targets/local.ts';
import { writtenForm } from '../../config-file/written-form.ts';

const edgeRegion = z.strictObject({
  region: region.describe('Region that the edges are in. On AWS one of its regions.'),
  network: ipv4Network.describe(
    'Private range of the edges of this region, /20 to /24, disjoint from every cell and region.',
  ),
  // The endpoints that a region of Global Accelerator takes, and what the address plan of the smallest range has room for.
  edges: z.int().min(2).max(10).default(2).describe('Edges in this region.'),
  aws: awsFrontRegion
    .optional()
    .describe('What only AWS understands of the region, in a front with the section aws. Default: its defaults.'),
  kubernetes: kubernetesFrontRegion
    .optional()
    .describe(
      'What only Kubernetes understands of the region, in a front with the section kubernetes. Default: its defaults.',
    ),
});

export const frontSchema = z
  .strictObject({
    name: label(20, 'front').default('front').describe('Name of the front: a part of every name made from it.'),
    domain: domainName.describe('Domain under which tenants get their names: TENANT.DOMAIN.'),
    anycast: z
      .strictObject({
        clientAffinity: z
          .enum(['none', 'source'])
          .default('source')
          .describe(
            'source: all flows of one client address reach the same edge; none: each flow is placed by itself.',
          ),
      })
      .prefault({})
      .describe('The anycast addresses.'),
    regions: z.array(edgeRegion).min(1).max(20).describe('Regions with edges.'),
    edge: z
      .strictObject({
        workers: z
          .int()
          .min(1)
          .max(64)
          .default(4)
          .describe('Kamailio worker processes per listening UDP socket, and for TCP.'),
        transports: sipTransports.prefault({}).describe('Port of each SIP transport, or off.'),
        connections: z
          .strictObject({
            total: z
              .int()
              .min(100)
              .max(100000)
              .default(20000)
              .describe('Number of connections over TLS, or over TCP, that an edge takes at once.'),
            perSource: connectionsPerSource,
          })
          .prefault({})
          .describe('Connections of clients over TCP and TLS.'),
        flood: z
          .strictObject({
            requestsPerSecond: z
              .int()
              .min(5)
              .max(10000)
              .default(500)
              .describe(
                'Packets over UDP, answers and ACKs among them, or requests over TCP and TLS, per second from one source, above which it is banned; a burst of two seconds is let through over UDP, one of four over TCP and TLS, and one request more for each connection of connections.perSource. 500 are an office of 1,000 phones on UDP behind one address (an answered keepalive every 12 s and one of its own every 30 s each, 120 a second; calls; all registering again), or the 80 calls a second of a carrier, of six packets each. Cells and other edges are exempt.',
              ),
            banSeconds: z
              .int()
              .min(10)
              .max(86400)
              .default(300)
              .describe('How long a flooding source stays banned, in seconds.'),
            longestMessage: z
              .int()
              .min(2048)
              .max(65535)
              .default(8192)
              .describe(
                'Longest SIP message that is taken, in bytes; a longer one gets 513. Over TCP and TLS one of more than 16384 bytes ends its connection.',
              ),
          })
          .prefault({})
          .describe('Protection against floods, by source address.'),
      })
      .prefault({})
      .describe('The edges (Kamailio), alike in every region.'),
    health: z
      .strictObject({
        port: port
          .default(8088)
          .describe('TCP port of the health check over HTTP: 200 while the edge takes new calls, else 503.'),
        intervalSeconds: z.int().min(1).max(300).default(10).describe('Seconds between two checks.'),
        threshold: z.int().min(1).max(10).default(3).describe('Checks in a row that change an edge’s health.'),
      })
      .prefault({})
      .describe('How the world-wide entry tells that an edge takes traffic.'),
    directory: z
      .strictObject({
        entries: z
          .int()
          .min(1000)
          .max(5_000_000)
          .default(1_000_000)
          .describe('Entries (domains, numbers, source addresses) that an edge’s memory is sized for.'),
        pollSeconds: z.number().min(0.2).max(60).default(1).describe('Seconds between two looks for changes.'),
      })
      .prefault({})
      .describe('The tenant directory in an edge’s memory.'),
    aws: awsFront
      .optional()
      .describe('What only AWS understands; {} takes its defaults. Default: the front is not on AWS.'),
    kubernetes: kubernetesFront
      .optional()
      .describe('What only Kubernetes understands. Default: the front is not on Kubernetes.'),
    local: local
      .optional()
      .describe(
        'This machine, which needs no settings: {} alone keeps a front off every cloud. Default: nothing is said.',
      ),
  })
  .meta({ title: 'Cellstamp front', description: 'The global anycast entry of a fleet.' });

export type { FrontInput, FrontSpec };
type ParsedFront = z.output<typeof frontSchema>;

/** A front that is on a target has the target's section in every region. */
function completeFront(front: ParsedFront): FrontSpec {
  const regions = front.regions.map(({ aws: awsSection, kubernetes: kubernetesSection, ...entry }) => {
    const aws = awsSection ?? (front.aws && awsFrontRegion.parse({}));
    const kubernetes = kubernetesSection ?? (front.kubernetes && kubernetesFrontRegion.parse({}));
    return {
      ...entry,
      ...(aws && { aws: { ...aws, zones: aws.zones ?? zoneLettersOf(entry.region).slice(0, 2) } }),
      ...(kubernetes && { kubernetes }),
    };
  });
  return marked('front', { ...front, regions });
}

/** How a front is checked, in a file or in code. */
export const frontFile: SpecFile<ParsedFront, FrontSpec> = {
  schema: frontSchema,
  jsonSchema: writtenForm(frontSchema),
  complete: completeFront,
  rules: frontRules,
  standIns: { domain: 'voice.example.com', regions: [{ region: 'eu-west-1', network: '10.0.0.0/24' }] },
  follows: {},
  oldForm: oldFront,
};

/**
 * A complete spec from an object as a person would write it. Of a front in a file `loadFleet` also tells file and line.
 * @throws SpecError with all findings when a value is not allowed; rules between values are checked by what builds it
 */
export function parseFront(input: FrontInput | OldFrontInput): FrontSpec {
  return parseSpec('front', input, frontFile);
}
