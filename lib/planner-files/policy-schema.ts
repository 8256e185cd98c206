/** The policy of `planning.yaml`: how much is bought for a demand. */
import { z } from 'zod';
import { POLICIES, type Policy } from '../planner/policy.ts';

const policyNames = Object.keys(POLICIES) as [Policy['name'], ...Policy['name'][]];
const { gradeOfService, telecomRule, fixedHeadroom } = POLICIES;

/** A number of one policy; the rules tell when it is given to another. */
const numberOf = (policy: string, least: number, most: number, usual: number, what: string) =>
  z.number().min(least).max(most).optional().describe(`${what} Default of ${policy}: ${usual}.`);

export const policySchema = z
  .strictObject({
    name: z.enum(policyNames).default('gradeOfService').describe('How much is bought for a demand.'),
    quantile: z
      .number()
      .min(0.5)
      .max(0.999)
      .optional()
      .describe(
        `Quantile of the demand that is planned for, a share from 0.5 to 0.999. Default of gradeOfService: ${gradeOfService.quantile}, telecomRule: ${telecomRule.quantile}, fixedHeadroom: ${fixedHeadroom.quantile}.`,
      ),
    blocking: numberOf(
      'gradeOfService',
      0.00001,
      0.5,
      gradeOfService.blocking,
      'Share of the calls that may find no circuit, or no token for their set-up, in the busiest hour.',
    ),
    peakTimes: numberOf('telecomRule', 0.1, 10, telecomRule.peakTimes, 'Times the peak, a ratio.'),
    growth: numberOf('telecomRule', -0.9, 10, telecomRule.growth, 'Growth besides the forecast’s, a ratio less 1.'),
    spareTimes: numberOf('telecomRule', 0.1, 10, telecomRule.spareTimes, 'Times once more as a spare, a ratio.'),
    free: numberOf('fixedHeadroom', 0, 0.95, fixedHeadroom.free, 'Share of every limit that stays free.'),
  })
  .prefault({})
  .describe('The policy with its own numbers.');
