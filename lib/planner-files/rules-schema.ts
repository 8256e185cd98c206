/** What `planning.yaml` says about how long to wait, what is good enough, and how much may be done. */
import { z } from 'zod';
import { DEFAULT_RULES } from '../planner/plan/rules.ts';
import { share } from './values.ts';

const { quality, caps } = DEFAULT_RULES;
const days = (most: number, usual: number, what: string) => z.int().min(1).max(most).default(usual).describe(what);
const hours = (usual: number, what: string) => z.number().min(0).max(8760).default(usual).describe(what);

export const rulesSchema = z
  .strictObject({
    horizonDays: days(180, DEFAULT_RULES.horizonDays, 'Days ahead that are looked at.'),
    assumedLeadHours: hours(
      DEFAULT_RULES.assumedLeadHours,
      'Hours from the decision to stamp until the cell takes calls, as long as too few stamps were measured.',
    ),
    leadQuantile: share(DEFAULT_RULES.leadQuantile, 'Quantile of the lead time that is counted on, a share.'),
    reviewHours: hours(
      DEFAULT_RULES.reviewHours,
      'Hours between the decision to stamp and the latest moment for it, so that a plan may be missed.',
    ),
    lostMediaHosts: z
      .int()
      .min(0)
      .max(8)
      .default(DEFAULT_RULES.lostMediaHosts)
      .describe('Media hosts of every pool that may be lost without a call being refused.'),
    staleMinutes: z
      .number()
      .min(1)
      .max(100_000)
      .default(DEFAULT_RULES.staleMinutes)
      .describe(
        'Minutes after which a measurement is stale, and its cell on hold; of means over intervals, from when the next was due.',
      ),
    quality: z
      .strictObject({
        leastMos: z.number().min(1).max(5).default(quality.leastMos).describe('Mean opinion score, 1 to 5, at least.'),
        mostJitterMs: z.number().min(0).max(1000).default(quality.mostJitterMs).describe('Jitter in ms at most.'),
        mostLoss: share(quality.mostLoss, 'Share of the packets that may be lost.'),
        mostSetupSeconds: z
          .number()
          .min(0)
          .max(60)
          .default(quality.mostSetupSeconds)
          .describe('Seconds from INVITE to the first ringing or answer, at most.'),
        leastAnswerSeizureRatio: share(quality.leastAnswerSeizureRatio, 'Share of the set-ups answered, at least.'),
        mostAnswerSeizureRatio: share(quality.mostAnswerSeizureRatio, 'Share of the set-ups answered, at most.'),
      })
      .prefault({})
      .describe('A cell beyond these is on hold.'),
    moveAfterHours: hours(
      DEFAULT_RULES.moveAfterHours,
      'Hours for which every plan must find a cell too full before tenants leave it.',
    ),
    retireAfterHours: hours(
      DEFAULT_RULES.retireAfterHours,
      'Hours for which every plan must find a cell dispensable before it is cordoned.',
    ),
    uncordonAfterHours: hours(
      DEFAULT_RULES.uncordonAfterHours,
      'Hours for which its tenants must fit nowhere else in every plan before a cordoned cell takes tenants again.',
    ),
    drainAfterHours: hours(DEFAULT_RULES.drainAfterHours, 'Hours between cordon and drain.'),
    drainHours: hours(DEFAULT_RULES.drainHours, 'Hours of draining after which a person is asked to look.'),
    fewerHostsAfterHours: hours(
      DEFAULT_RULES.fewerHostsAfterHours,
      'Hours for which fewer media hosts must be enough in every plan before some are taken away.',
    ),
    fewerHostsSpare: z
      .number()
      .min(1)
      .max(10)
      .default(DEFAULT_RULES.fewerHostsSpare)
      .describe('Fewer hosts must be enough for the calls times this.'),
    fillTarget: z
      .number()
      .min(0.1)
      .max(1)
      .default(DEFAULT_RULES.fillTarget)
      .describe('Share of what they may carry to which cells are filled that get tenants from others.'),
    caps: z
      .strictObject({
        cellsPerDay: z.int().min(0).max(1000).default(caps.cellsPerDay).describe('Cells stamped in a day, at most.'),
        emergencyCellsPerDay: z
          .int()
          .min(0)
          .max(1000)
          .default(caps.emergencyCellsPerDay)
          .describe('Emergency stamps in a day besides the others, at most.'),
        movesPerDay: z
          .int()
          .min(0)
          .max(1_000_000)
          .default(caps.movesPerDay)
          .describe('Tenants moved in a day, at most.'),
        costPerHour: z
          .number()
          .min(0)
          .max(1_000_000_000)
          .optional()
          .describe('Cost of the whole fleet an hour, in the currency of the cells’ costs. Default: no cap.'),
      })
      .prefault({})
      .describe('How much may be done in a day.'),
  })
  .prefault({})
  .describe('How long to wait, what is good enough, and how much may be done.');
