/** What `planning.yaml` says about how a change is rolled out. */
import { z } from 'zod';
import { text } from '../config-file/fields.ts';
import { filePath, zoneName } from './values.ts';

const name = text(/^\S(.{0,62}\S)?$/, 'must be 1 to 64 characters').describe('Name, for messages and the log.');
const day = text(/^\d{4}-\d\d-\d\d$/, 'must be a date, for example 2026-12-18');
const time = text(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day, 00:00 to 23:59');

/** Of the week, by the number that the planner has for each: 0 for Monday. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const gate = (usual: number, most: number, what: string) =>
  z
    .union([z.literal('off'), z.number().min(0.001).max(most)])
    .default(usual)
    .describe(`${what} off: not looked at.`);

export const rolloutSchema = z
  .strictObject({
    zone: zoneName.optional().describe('Time zone of freezes and black-outs. Default: the zone of this file.'),
    freezes: z
      .array(
        z.strictObject({
          name,
          from: day.describe('First day.'),
          until: day.describe('Last day.'),
        }),
      )
      .max(1000)
      .default([])
      .describe('Days on which no cell is begun. A roll-out that reaches one stops.'),
    blackouts: z
      .array(
        z.strictObject({
          name,
          days: z.array(z.enum(WEEKDAYS)).min(1).max(7).describe('Days of the week on which it begins.'),
          from: time.describe('Begin.'),
          until: time.describe('End; on the next day where it is not after the begin.'),
        }),
      )
      .max(100)
      .default([])
      .describe('Hours of every week in which no cell is begun. A roll-out that reaches one waits for its end.'),
    bake: z
      .strictObject({
        minutes: z.number().min(0.1).max(10_080).default(60).describe('Minutes that a cell bakes, at least.'),
        calls: z.int().min(1).max(10_000_000).default(1000).describe('Calls that it must have had by then, at least.'),
        longestMinutes: z
          .number()
          .min(0.1)
          .max(100_000)
          .default(1440)
          .describe('Minutes after which the roll-out stops where the calls of a cell have not decided.'),
        gates: z
          .strictObject({
            answerSeizureRatio: gate(0.1, 1, 'How much less of the calls may be answered, a share.'),
            postDialDelaySeconds: gate(1, 30, 'How much longer a caller may wait for ringing, seconds.'),
            mos: gate(0.3, 3.5, 'By how much the mean opinion score may fall.'),
            failures: gate(0.02, 1, 'How much more of the calls may fail by the cell’s own fault, a share.'),
          })
          .prefault({})
          .describe('By how much a release may make calls worse, beside other cells in the same hours.'),
      })
      .optional()
      .describe(
        'How long cells are watched before the next wave, by history.prometheus. Default: they are good as soon as they are proved.',
      ),
    audit: filePath
      .default('rollout-audit.ndjson')
      .describe('File to which npx cellstamp rollout appends every step, and from which it goes on.'),
  })
  .prefault({});

export type RolloutSettings = z.output<typeof rolloutSchema>;
