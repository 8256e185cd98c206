/**
 * The section `aws:` of a cell and of the front: what only AWS understands. A new setting of AWS is a field here, beside the setting of
 * the same part of the cell where there is one; rules over it are in `rules/aws`, what is made of it in the constructs of the target.
 *
 * A cell or a front without the section is not on AWS.
 */
import { z } from 'zod';
import { ipv4Network, text } from '../../../config-file/fields.ts';
import { bySize, type SizeName } from '../sizes.ts';

/** What a named size of a cell chooses on AWS. */
export interface AwsSize {
  readonly sbcInstanceType: string;
  readonly mediaInstanceType: string;
  readonly databaseClass: string;
  readonly redisNodeType: string;
}

export const awsSizes: Readonly<Record<SizeName, AwsSize>> = {
  test: {
    sbcInstanceType: 't3.medium',
    mediaInstanceType: 't3.medium',
    databaseClass: 'db.t4g.medium',
    redisNodeType: 'cache.t4g.micro',
  },
  small: {
    sbcInstanceType: 'c6i.large',
    mediaInstanceType: 'c6in.large',
    databaseClass: 'db.t4g.medium',
    redisNodeType: 'cache.t4g.small',
  },
  standard: {
    sbcInstanceType: 'c6i.xlarge',
    mediaInstanceType: 'c6in.2xlarge',
    databaseClass: 'db.r6g.large',
    redisNodeType: 'cache.m6g.large',
  },
};

/** A region by AWS's naming; whether there is such a one, a rule asks. */
export const awsRegionForm =
  /^(af|ap|ca|eu|il|me|mx|sa|us)(-gov)?-(central|north|south|east|west|northeast|northwest|southeast|southwest)-\d$/;

/** Whether a region is of AWS GovCloud (US), which has its own accounts and lacks some services. */
export const isGovernmentRegion = (region: string): boolean => region.startsWith('us-gov-');

export const awsRegion = text(awsRegionForm, 'must be an AWS region, for example eu-west-1');

/**
 * The letters under which an account finds the zones of a region, where they are not a, b and c: Amazon EC2 User Guide, "Regions and
 * Zones", and for Tokyo and Montreal its note that new accounts don't get one of them.
 */
const unusualZones: Readonly<Record<string, readonly string[]>> = {
  'ap-northeast-1': ['a', 'c', 'd'],
  'ap-northeast-2': ['a', 'b', 'c', 'd'],
  'ca-central-1': ['a', 'b', 'd'],
  'us-east-1': ['a', 'b', 'c', 'd', 'e', 'f'],
  'us-west-2': ['a', 'b', 'c', 'd'],
};

export function zoneLettersOf(region: string): readonly string[] {
  return unusualZones[region] ?? ['a', 'b', 'c'];
}

const zoneLetter = text(/^[a-f]$/, 'must be the letter of a zone, a to f');
const image = text(/^ami-[0-9a-f]{8,17}$/, 'must be an AMI id, for example ami-0abcdef1234567890').optional();
const alarmEmails = z.array(z.email()).default([]).describe('Addresses that are subscribed to the alarm topic.');

export const awsCell = z.strictObject({
  zones: z
    .array(zoneLetter)
    .min(2)
    .max(4)
    .optional()
    .describe(
      'Availability zones by letter. Hosts are spread over them in turn. Default: the first three of the region, a, b and c in most.',
    ),
  sbc: z
    .strictObject({
      instanceType: z
        .string()
        .optional()
        .describe(`EC2 type. Default by size: ${bySize(awsSizes, 'sbcInstanceType')}.`),
    })
    .prefault({})
    .describe('The machines of the session border controllers.'),
  media: z
    .strictObject({
      instanceType: z
        .string()
        .optional()
        .describe(`EC2 type. Default by size: ${bySize(awsSizes, 'mediaInstanceType')}.`),
    })
    .prefault({})
    .describe('The machines of the media hosts.'),
  database: z
    .strictObject({
      version: text(/^\d{2}\.\d{1,2}$/, 'must be a PostgreSQL version, for example 15.10')
        .default('15.10')
        .describe('Aurora PostgreSQL version.'),
      instanceClass: z
        .string()
        .optional()
        .describe(`Class of writer and readers. Default by size: ${bySize(awsSizes, 'databaseClass')}.`),
      backupRetentionDays: z.int().min(1).max(35).default(7).describe('Days that backups are kept.'),
      restoreFrom: text(
        /^([a-z][a-z0-9-]{0,254}|arn:aws(-us-gov)?:rds:[a-z0-9-]+:\d{12}:cluster-snapshot:[A-Za-z0-9:-]+)$/,
        'must be the name or the ARN of a cluster snapshot, for example cellstamp-euw1-a-final-20260301120000',
      )
        .optional()
        .describe(
          'Snapshot from which the database of a new cell is made. A database that is there already takes no notice of it. Default: an empty database.',
        ),
    })
    .prefault({})
    .describe('The Aurora cluster.'),
  redis: z
    .strictObject({
      version: text(/^\d\.\d$/, 'must be a Redis version, for example 7.1')
        .default('7.1')
        .describe('ElastiCache engine version.'),
      nodeType: z
        .string()
        .optional()
        .describe(`Node type. Default by size: ${bySize(awsSizes, 'redisNodeType')}.`),
    })
    .prefault({})
    .describe('The ElastiCache replication group.'),
  maintenanceWindow: text(
    /^(mon|tue|wed|thu|fri|sat|sun):([01]\d|2[0-3]):[0-5]\d-(mon|tue|wed|thu|fri|sat|sun):([01]\d|2[0-3]):[0-5]\d$/,
    'must be a window of at least 60 minutes a week in UTC, for example sun:03:00-sun:04:00',
  )
    .optional()
    .describe(
      'When AWS may change the database and Redis, in UTC: changes of an apply wait for it. Default: a window that AWS chooses.',
    ),
  retention: z
    .strictObject({
      logDays: z
        .literal([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731])
        .default(30)
        .describe('Days that logs are kept (one of the values that CloudWatch Logs takes).'),
    })
    .prefault({})
    .describe('How long logs are kept.'),
  image: image.describe(
    'AMI of all hosts. Default: the newest Debian 12 image of the region; regions of AWS GovCloud (us-gov-…) have none.',
  ),
  alarmEmails,
});

/** Fills in what follows from the cell's size and region. */
export function completeAwsCell(
  section: z.output<typeof awsCell>,
  { size: sizeName, region }: { readonly size: SizeName; readonly region: string },
) {
  const size = awsSizes[sizeName];
  return {
    ...section,
    zones: section.zones ?? zoneLettersOf(region).slice(0, 3),
    sbc: { instanceType: section.sbc.instanceType ?? size.sbcInstanceType },
    media: { instanceType: section.media.instanceType ?? size.mediaInstanceType },
    database: { ...section.database, instanceClass: section.database.instanceClass ?? size.databaseClass },
    redis: { ...section.redis, nodeType: section.redis.nodeType ?? size.redisNodeType },
  };
}

export const awsFront = z.strictObject({
  anycast: z
    .strictObject({
      ranges: z
        .array(ipv4Network)
        .max(2)
        .default([])
        .describe('Own address ranges that are announced by AWS (bring your own IP); empty: AWS gives two addresses.'),
    })
    .prefault({})
    .describe('The anycast addresses of Global Accelerator.'),
  edge: z
    .strictObject({ instanceType: z.string().default('c6i.large').describe('EC2 type of the edges.') })
    .prefault({})
    .describe('The machines of the edges.'),
  image: image.describe('AMI of the edges. Default: the newest Debian 12 image of the region.'),
  alarmEmails,
});

/** The section in each region of the front. */
export const awsFrontRegion = z.strictObject({
  zones: z
    .array(zoneLetter)
    .min(1)
    .max(4)
    .optional()
    .describe(
      'Availability zones by letter. Edges are spread over them in turn. Default: the first two of the region, a and b in most.',
    ),
  trafficDial: z
    .int()
    .min(0)
    .max(100)
    .default(100)
    .describe('Share of this region’s traffic that it takes, in percent.'),
});
