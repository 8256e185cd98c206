/**
 * EC2 types that a cell's hosts are likely to have, with what their limits are checked against.
 *
 * Cores, memory and baseline bandwidth are published (what a type reaches in bursts is not something to plan on):
 * https://docs.aws.amazon.com/ec2/latest/instancetypes/ (co.html, gp.html: "Network specifications").
 */
export interface Instance {
  readonly vcpus: number;
  readonly memoryMiB: number;
  /** Gb/s in each direction that the type holds for good. */
  readonly baselineGbps: number;
  /** Has processor credits: at full load it slows down. */
  readonly burstable: boolean;
}

type Row = readonly [size: string, vcpus: number, memoryGiB: number, baselineGbps: number];

/** Bandwidth of the sixth and seventh generation without and with the letter n. */
const generation6 = (memoryPerCpu: number): readonly Row[] => [
  ['large', 2, 2 * memoryPerCpu, 0.781],
  ['xlarge', 4, 4 * memoryPerCpu, 1.562],
  ['2xlarge', 8, 8 * memoryPerCpu, 3.125],
  ['4xlarge', 16, 16 * memoryPerCpu, 6.25],
  ['8xlarge', 32, 32 * memoryPerCpu, 12.5],
  ['12xlarge', 48, 48 * memoryPerCpu, 18.75],
  ['16xlarge', 64, 64 * memoryPerCpu, 25],
  ['24xlarge', 96, 96 * memoryPerCpu, 37.5],
];
const generation6n = (memoryPerCpu: number): readonly Row[] => [
  ['large', 2, 2 * memoryPerCpu, 3.125],
  ['xlarge', 4, 4 * memoryPerCpu, 6.25],
  ['2xlarge', 8, 8 * memoryPerCpu, 12.5],
  ['4xlarge', 16, 16 * memoryPerCpu, 25],
  ['8xlarge', 32, 32 * memoryPerCpu, 50],
  ['12xlarge', 48, 48 * memoryPerCpu, 75],
  ['16xlarge', 64, 64 * memoryPerCpu, 100],
  ['24xlarge', 96, 96 * memoryPerCpu, 150],
];

const families: Readonly<Record<string, readonly Row[]>> = {
  t3: [
    ['small', 2, 2, 0.128],
    ['medium', 2, 4, 0.256],
    ['large', 2, 8, 0.512],
    ['xlarge', 4, 16, 1.024],
    ['2xlarge', 8, 32, 2.048],
  ],
  c5: [
    ['large', 2, 4, 0.75],
    ['xlarge', 4, 8, 1.25],
    ['2xlarge', 8, 16, 2.5],
    ['4xlarge', 16, 32, 5],
    ['9xlarge', 36, 72, 12],
    ['18xlarge', 72, 144, 25],
  ],
  c5n: [
    ['large', 2, 5.25, 3],
    ['xlarge', 4, 10.5, 5],
    ['2xlarge', 8, 21, 10],
    ['4xlarge', 16, 42, 15],
    ['9xlarge', 36, 96, 50],
    ['18xlarge', 72, 192, 100],
  ],
  m5: [
    ['large', 2, 8, 0.75],
    ['xlarge', 4, 16, 1.25],
    ['2xlarge', 8, 32, 2.5],
    ['4xlarge', 16, 64, 5],
    ['8xlarge', 32, 128, 10],
    ['12xlarge', 48, 192, 12],
    ['16xlarge', 64, 256, 20],
    ['24xlarge', 96, 384, 25],
  ],
  c6i: generation6(2),
  c6in: generation6n(2),
  c7i: generation6(2),
  m6i: generation6(4),
  m6in: generation6n(4),
  m7i: generation6(4),
};

const instances: ReadonlyMap<string, Instance> = new Map(
  Object.entries(families).flatMap(([family, rows]) =>
    rows.map(([size, vcpus, memoryGiB, baselineGbps]): [string, Instance] => [
      `${family}.${size}`,
      { vcpus, memoryMiB: memoryGiB * 1024, baselineGbps, burstable: family.startsWith('t') },
    ]),
  ),
);

export const knownInstanceTypes: readonly string[] = [...instances.keys()];

/** Undefined for a type that is not in the table, and where there is none: then its limits can't be checked. */
export function findInstance(type: string | undefined): Instance | undefined {
  return type === undefined ? undefined : instances.get(type);
}

/** What the type holds for good to and from the internet, in Gb/s each way: at most 5 below 32 cores, half from there on. */
export function internetGbps({ vcpus, baselineGbps }: Instance): number {
  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-network-bandwidth.html
  return Math.min(baselineGbps, vcpus < 32 ? 5 : Math.max(5, baselineGbps / 2));
}

/**
 * Packets a second for each Gb/s of bandwidth. AWS publishes no packet limit; the one careful measurement is 2.2 million on
 * m5.24xlarge with 25 Gb/s (https://stressgrid.com/blog/pps_limits_in_ec2/, 2019).
 */
export const measuredPacketsPerGbps = 2_200_000 / 25;
