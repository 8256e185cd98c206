/** How Global Accelerator checks the edges. */
import type { FrontSpec } from '../../schema/front-types.ts';
import type { OnAws } from '../../schema/targets/on-aws.ts';
import type { Rule } from '../../../config-file/rule.ts';

/** https://docs.aws.amazon.com/global-accelerator/latest/dg/about-endpoint-groups-health-check-options.html */
const intervals = [10, 30];

const intervalIsOffered: Rule<OnAws<FrontSpec>> = {
  severity: 'error',
  reads: ['health.intervalSeconds'],
  *check({ health: { intervalSeconds } }) {
    if (intervals.includes(intervalSeconds)) return;
    yield {
      path: ['health', 'intervalSeconds'],
      message: `Global Accelerator does not check every ${intervalSeconds} seconds`,
      allowed: intervals.join(' or '),
    };
  },
};

export const healthRules: readonly Rule<OnAws<FrontSpec>>[] = [intervalIsOffered];
