/**
 * What one component does, as far as anybody published or measured it. An operator's own measurements replace any of it.
 */
import { z } from 'zod';
import { freeswitchSessionsPerCore, kernelCallsPerCore, userspaceCallsPerCore } from '../fleet/processor-figures.ts';
import { relayedCallGbps, relayedCallPackets } from '../fleet/relay-capacity.ts';
import { measuredPacketsPerGbps } from '../fleet/schema/targets/aws-instances.ts';

/** What a figure of one's own may be, both ends included: what is outside is a slip of the unit or of a digit. */
interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** A number with where it comes from. */
export interface Figure {
  /** Undefined where nobody published one: then nothing is limited by it, and the capacity says so. */
  readonly value: number | undefined;
  readonly unit: string;
  readonly source: string;
}

const figure = (value: number | undefined, unit: string, source: string): Figure => ({ value, unit, source });

const onOneMachine = 'measured on 2 shared cores, Debian 12';

/** The figures that hold where the operator measured nothing. */
export const COMPONENT_FIGURES = {
  sbcSetups: figure(
    300,
    'call set-ups/s of one Kamailio host on the full path with rtpengine',
    'the only vendor-neutral report gives 200 to 300',
  ),
  registrationRefreshSeconds: figure(
    600,
    's between two REGISTER requests of a contact',
    'default expiry of the registrar',
  ),
  registerProcessorShare: figure(1 / 3, 'of the processor of the SBC for REGISTER', 'assumed; the rest is for calls'),
  registersPerSetup: figure(
    1,
    'REGISTER requests that cost as much as a call set-up',
    'assumed, on the safe side: a bare REGISTER took 62 us of processor time, no media host is asked',
  ),
  registrationBytes: figure(
    1352,
    'bytes of shared memory a contact',
    `Kamailio 5.6.3, 20,000 contacts, ${onOneMachine}`,
  ),
  registrationMemoryShare: figure(
    0.5,
    'of the shared memory for contacts',
    'assumed: the rest is for calls, transactions and tables',
  ),
  relayedCallPackets: figure(relayedCallPackets, 'packets/s of a relayed call, in plus out', '20 ms packets, 2 legs'),
  relayedCallGbps: figure(
    relayedCallGbps,
    'Gb/s each way of a relayed call',
    'G.711, 20 ms, on Ethernet: 2 x 87.2 kb/s',
  ),
  mediaHostPackets: figure(undefined, 'packets/s of a media host, in plus out', 'AWS publishes none'),
  packetsPerGbps: figure(
    measuredPacketsPerGbps,
    'packets/s for each Gb/s of an instance',
    'stressgrid.com 2019: 2.2 million on m5.24xlarge with 25 Gb/s',
  ),
  kernelCallsPerCore: figure(
    kernelCallsPerCore,
    'relayed calls a core, forwarded in the kernel',
    'sipwise/rtpengine #128 (2015): 3,000 calls took just over one core; needs network cards with several queues',
  ),
  userspaceCallsPerCore: figure(
    userspaceCallsPerCore,
    'relayed calls a core, in user space',
    'sipwise/rtpengine #128 (2015): 3,000 on 6.5 cores',
  ),
  freeswitchSessionsPerCore: figure(
    freeswitchSessionsPerCore,
    'FreeSWITCH sessions a core, without transcoding',
    `FreeSWITCH 1.11.2, 150 echo calls took 32.5 % of a core, ${onOneMachine}`,
  ),
  transcodedSessionsPerCore: figure(
    undefined,
    'transcoded sessions a core',
    'no credible public table; depends on codec and processor',
  ),
  redisOperations: figure(undefined, 'XADD/s of the Redis primary', 'depends on the node type; AWS publishes none'),
  redisOperationsPerCore: figure(
    68_900,
    'XADD/s of a Redis primary with a core of its own',
    `Redis 7.0 without TLS, 20 clients, ${onOneMachine}`,
  ),
  databaseWrites: figure(
    undefined,
    'single-row inserts/s of the PostgreSQL writer',
    'depends on the class; AWS publishes none',
  ),
  databaseWritesOfTwoCores: figure(
    11_200,
    'single-row inserts/s of a PostgreSQL writer with two cores',
    `PostgreSQL 15, 8 clients, local disk, ${onOneMachine}; Aurora commits over the network`,
  ),
} as const satisfies Record<string, Figure>;

export type FigureName = keyof typeof COMPONENT_FIGURES;
export type ComponentFigures = Readonly<Record<FigureName, Figure>>;

export const FIGURE_NAMES = Object.keys(COMPONENT_FIGURES) as [FigureName, ...FigureName[]];

/** Of set-ups, calls and sessions: every figure above, published or measured, is 30 times and more within both ends. */
const workOfACore: Bounds = { least: 0.1, most: 100_000 };
const share: Bounds = { least: 0.001, most: 1 };
/** Redis's own benchmark page has 1.5 to 1.8 million SET and GET a second, pipelined; entries of a stream and rows of a database cost more. */
const storeWrites: Bounds = { least: 1, most: 10_000_000 };

const figureBounds: Readonly<Record<FigureName, Bounds>> = {
  sbcSetups: workOfACore,
  // Around the hour that RFC 3261, 10.2 has as default: ten seconds to a week.
  registrationRefreshSeconds: { least: 10, most: 604_800 },
  registerProcessorShare: share,
  registersPerSetup: { least: 0.01, most: 1000 },
  // A contact has a URI of some tens of bytes at least, and a message of SIP over UDP at most 65,535 bytes (RFC 3261, 18.1.1).
  registrationBytes: { least: 64, most: 65_536 },
  registrationMemoryShare: share,
  // From one direction of packets of 200 ms, the longest that RFC 3551, 4.2 has a receiver accept, to video.
  relayedCallPackets: { least: 5, most: 100_000 },
  // From 1 kb/s, below any codec of RFC 3551, to video of 100 Mb/s.
  relayedCallGbps: { least: 0.000_001, most: 0.1 },
  // 400 Gb/s of the smallest frames, in plus out, are 1,190 million packets/s.
  mediaHostPackets: { least: 100, most: 1_200_000_000 },
  // 1 Gb/s of the smallest frames is 1,488,095 packets/s each way (IEEE 802.3: 64 bytes, preamble and gap of 20).
  packetsPerGbps: { least: 100, most: 3_000_000 },
  kernelCallsPerCore: workOfACore,
  userspaceCallsPerCore: workOfACore,
  freeswitchSessionsPerCore: workOfACore,
  transcodedSessionsPerCore: workOfACore,
  redisOperations: storeWrites,
  redisOperationsPerCore: storeWrites,
  databaseWrites: storeWrites,
  databaseWritesOfTwoCores: storeWrites,
};

const measurement = ({ least, most }: Bounds, { value, unit, source }: Figure) =>
  z
    .strictObject({
      value: z.number().min(least).max(most).describe(`Unit: ${unit}.`),
      source: z.string().min(1).describe('What was measured, on what, and when.'),
    })
    .describe(`Unit: ${unit}. Default: ${value === undefined ? 'none' : Number(value.toPrecision(6))}; ${source}.`)
    .exactOptional();

/** A file of the operator's own measurements: for each figure its value and how it was found. */
export const measurementsSchema = z
  .strictObject(
    Object.fromEntries(
      FIGURE_NAMES.map((name) => [name, measurement(figureBounds[name], COMPONENT_FIGURES[name])]),
    ) as Record<FigureName, ReturnType<typeof measurement>>,
  )
  .meta({
    title: 'Cellstamp measurements',
    description: 'What components do on your machines; replaces the built-in figures.',
  });

export type Measurements = z.output<typeof measurementsSchema>;

/** The built-in figures with the operator's own in place of those that were measured. */
export function figuresWith(measurements: Measurements): ComponentFigures {
  const figures: Record<FigureName, Figure> = { ...COMPONENT_FIGURES };
  for (const name of FIGURE_NAMES) {
    const own = measurements[name];
    if (own !== undefined) figures[name] = { value: own.value, unit: figures[name].unit, source: own.source };
  }
  return figures;
}
