/** What `planning.yaml` says that holds for any fleet, the real one or a simulated one. Arithmetic only. */
import type { StampRecord } from '../planner/plan/lead-time.ts';
import type { PlanRules } from '../planner/plan/rules.ts';
import { POLICIES, type Policy } from '../planner/policy.ts';
import type { Planning } from './planning-schema.ts';

export interface PlanningTerms {
  readonly policy: Policy;
  readonly rules: PlanRules;
  /** Earlier stamps, from which lead time is measured. */
  readonly stamped: readonly StampRecord[];
}

export function planningTerms({ policy, rules, stamps }: Planning): PlanningTerms {
  const { costPerHour = Infinity, ...caps } = rules.caps;
  const { name, ...numbers } = policy;
  const own = Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined));
  return {
    policy: { ...POLICIES[name], ...own } as Policy,
    rules: { ...rules, caps: { ...caps, costPerHour } },
    stamped: stamps.map(({ cell, started, ready }) => ({
      cell,
      startedAt: Date.parse(started),
      readyAt: Date.parse(ready),
    })),
  };
}
