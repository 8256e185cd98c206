import { describe, expect, it } from 'vitest';
import { DEFAULT_RULES } from '../../lib/planner/plan/rules.ts';
import { POLICIES } from '../../lib/planner/policy.ts';
import { planningSchema } from '../../lib/planner-files/planning-schema.ts';
import { planningTerms } from '../../lib/planner-files/planning-terms.ts';

const terms = (more: object = {}) =>
  planningTerms(planningSchema.parse({ kinds: [{ region: 'eu-west-1', prefix: 'euw1-' }], ...more }));

describe('the terms of a planning file', () => {
  it('are the defaults of the planner where it says nothing', () => {
    expect(terms()).toEqual({ policy: POLICIES.gradeOfService, rules: DEFAULT_RULES, stamped: [] });
  });

  it('are its own numbers beside the usual ones', () => {
    const { policy, rules, stamped } = terms({
      policy: { name: 'telecomRule', growth: 0.1 },
      rules: { fillTarget: 0.7, caps: { movesPerDay: 3, costPerHour: 50 } },
      stamps: [{ cell: 'euw1-a', started: '2025-09-01T08:00:00Z', ready: '2025-09-01T13:30:00Z' }],
    });
    expect(policy).toEqual({ ...POLICIES.telecomRule, growth: 0.1 });
    const caps = { ...DEFAULT_RULES.caps, movesPerDay: 3, costPerHour: 50 };
    expect(rules).toEqual({ ...DEFAULT_RULES, fillTarget: 0.7, caps });
    expect(stamped.map(({ startedAt, readyAt }) => (readyAt - startedAt) / 3_600_000)).toEqual([5.5]);
  });
});
