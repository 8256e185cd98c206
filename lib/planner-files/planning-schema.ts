/**
 * What a person writes in `planning.yaml`: what the planner may do, and where it learns what the fleet does. A kind of cell
 * that may be stamped is enough; all else has a default.
 *
 * The zod schema checks one value at a time; rules between values are in `planning-rules.ts`.
 */
import { z } from 'zod';
import { QUOTA_NAMES } from '../planner/plan/quotas.ts';
import { cellSchema, tenantSchema } from '../fleet/schema/cell.ts';
import { jurisdiction, label, region, text } from '../config-file/fields.ts';
import { sizeNames } from '../fleet/schema/sizes.ts';
import { awsRegion } from '../fleet/schema/targets/aws.ts';
import { prometheusSchema } from './prometheus/schema.ts';
import { policySchema } from './policy-schema.ts';
import { rolloutSchema } from './rollout-schema.ts';
import { rulesSchema } from './rules-schema.ts';
import { filePath, instant, share, zoneName } from './values.ts';

const cost = z
  .number()
  .min(0)
  .max(1_000_000)
  .optional()
  .describe('Cost an hour, in the one currency of the file. Default: unknown, and no cap on cost can be kept.');

const kind = z.strictObject({
  name: text(/^\S(.{0,62}\S)?$/, 'must be 1 to 64 characters')
    .optional()
    .describe('Name of the kind, unique. Default: region and size, for example eu-west-1 standard.'),
  prefix: text(
    /^[a-z][a-z0-9-]{0,16}-$/,
    'must be at most 18 lower-case letters, digits and hyphens, a hyphen at the end, for example euw1-',
  ).describe('What the names of new cells begin with: euw1- gives euw1-c where euw1-a and euw1-b are there.'),
  region: region.describe('Region of the cell.'),
  size: z.enum(sizeNames).default('standard').describe('Named size of the cell.'),
  costPerHour: cost,
  jurisdiction: jurisdiction.optional().describe('Where it is by law, for example EU. Default: none.'),
  settings: cellSchema
    .pick({
      sbc: true,
      media: true,
      database: true,
      redis: true,
      retention: true,
      aws: true,
      local: true,
      trunks: true,
    })
    .optional()
    .describe('What else the file of a new cell says. Default: aws: {}, and the size decides.'),
});

const cellFacts = z.strictObject({
  costPerHour: cost,
  jurisdiction: jurisdiction.optional().describe('Where it is by law, for example EU. Default: none.'),
  zone: zoneName.optional().describe('Time zone its callers live by. Default: the zone of this file.'),
  elastic: z
    .strictObject({
      least: z.int().min(1).max(32).describe('Media hosts that every pool keeps in service.'),
      inService: z
        .array(z.int().min(1).max(32))
        .min(1)
        .optional()
        .describe(
          'Numbers of the media hosts that take calls now. Default: what Prometheus says, else all of the cell.',
        ),
    })
    .optional()
    .describe('How far the media hosts in service may fall below those of its file. Default: all are, always.'),
  unfinished: z
    .strictObject({
      step: z.string().min(1).max(200).describe('What was begun.'),
      since: instant.describe('When.'),
    })
    .optional()
    .describe(
      'A change that was begun and is not finished, so that the cell is on hold. Default: what the file of deploys says.',
    ),
});

const quota = z.strictObject({
  region: awsRegion.describe('AWS region.'),
  quota: z
    .enum(QUOTA_NAMES)
    .describe(
      'elasticAddresses: Elastic IPs; instances: EC2 instances; vcpus: of On-Demand standard instances; networks: VPCs.',
    ),
  limit: z.number().min(0).max(10_000_000).describe('What the region allows, counted.'),
  others: z
    .number()
    .min(0)
    .max(10_000_000)
    .default(0)
    .describe('What others than the cells of the fleet use of it, counted.'),
});

const history = z
  .strictObject({
    files: z
      .array(filePath)
      .max(10_000)
      .default([])
      .describe(
        'Files with measured use, *.csv, *.ndjson or *.parquet, of cells and of tenants; * stands for any part of a name.',
      ),
    prometheus: prometheusSchema
      .optional()
      .describe('A server of the Prometheus HTTP API that knows the cells. Default: none is asked.'),
    stepMinutes: z
      .union([5, 10, 15, 20, 30, 60].map((n) => z.literal(n)) as [z.ZodLiteral<number>, z.ZodLiteral<number>])
      .default(60)
      .describe('Length of an interval in minutes. Finer measurements are averaged, coarser ones refused.'),
    missingRows: z
      .enum(['unknown', 'zero'])
      .default('unknown')
      .describe(
        'What it means that a file has no row of a cell or tenant for a time between its first and last row of any: not known, or none, as in call records, which have rows of calls only.',
      ),
    weeks: z.int().min(1).max(104).default(8).describe('Weeks of history that are used; older values are left out.'),
  })
  .prefault({})
  .describe('Where measured use comes from. What is not measured is planned by contract.');

const contracts = z
  .strictObject({
    blocking: z
      .number()
      .min(0.0001)
      .max(0.5)
      .default(0.01)
      .describe(
        'Share of its calls that a tenant’s limit of concurrent calls was sized to refuse in the busiest hour.',
      ),
    callSeconds: z.number().min(1).max(36_000).default(180).describe('Mean length of a call in seconds.'),
    contactsPerCall: z
      .number()
      .min(0)
      .max(1000)
      .default(5)
      .describe('Registered contacts for each concurrent call in the busiest hour.'),
    processedShare: share(0.1, 'Share of the calls that FreeSWITCH takes part in.'),
  })
  .prefault({})
  .describe(
    'What a tenant without history is expected to use, from the limits in its cell’s file. Assumed, not measured.',
  );

const stamp = z.strictObject({
  cell: z.string().min(1).max(20).describe('Name of the cell.'),
  started: instant.describe('When the plan asked for it.'),
  ready: instant.describe('When it took calls.'),
});

export const planningSchema = z
  .strictObject({
    kinds: z
      .array(kind)
      .min(1)
      .max(200)
      .describe('Kinds of cells that may be stamped; the first that fits is preferred.'),
    policy: policySchema,
    rules: rulesSchema,
    zone: zoneName.default('UTC').describe('Time zone that callers live by, where a cell says nothing else.'),
    history,
    calendar: filePath
      .optional()
      .describe('File of holidays and announced events. Default: calendar.yaml beside this file, where there is one.'),
    figures: filePath
      .optional()
      .describe(
        'File of your own measurements of components, as npx cellstamp measure writes it. Default: figures.yaml beside this file, where there is one.',
      ),
    cells: z
      .record(label(20, 'euw1-a'), cellFacts)
      .default({})
      .describe('What the planner has to know of cells that is not in their files, by the name of the cell.'),
    quotas: z
      .array(quota)
      .max(1000)
      .default([])
      .describe('Quotas of the regions. What is not named is taken to be no obstacle, and a note says so.'),
    contracts,
    waiting: z.array(tenantSchema).max(100_000).default([]).describe('Tenants that wait for a cell.'),
    stamps: z
      .array(stamp)
      .max(10_000)
      .default([])
      .describe(
        'Earlier stamps from which lead time is measured, besides those that plans asked for and the file of deploys knows as proved.',
      ),
    state: filePath
      .default('planning-state.json')
      .describe('File in which a plan leaves what the next one has to know.'),
    deploys: filePath
      .default('planning-deploys.ndjson')
      .describe('File to which npx cellstamp rollout record appends the outcomes of deployments.'),
    audit: filePath.default('planning-audit.ndjson').describe('File to which every plan and action is added.'),
    rollout: rolloutSchema.describe('How a change is rolled out over the cells.'),
  })
  .meta({ title: 'Cellstamp planning', description: 'What the capacity planner may do, and what it learns from.' });

export type Planning = z.output<typeof planningSchema>;
export type StampedKind = Planning['kinds'][number];
