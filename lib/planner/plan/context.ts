import type { FleetLoad } from './fleet-load.ts';
import type { Policy } from '../policy.ts';
import type { Crossing } from './crossing.ts';
import type { FleetCell, PlanInput } from './input.ts';
import type { LeadTime } from './lead-time.ts';
import type { Ledger } from './ledger.ts';
import type { Outlook } from './outlook.ts';
import type { PlanRules } from './rules.ts';
import type { ActionOf } from './schema.ts';
import type { UnmeasuredTenant } from './unmeasured.ts';

/** What every decision is made from. */
export interface PlanContext {
  readonly input: PlanInput;
  readonly now: number;
  readonly policy: Policy;
  readonly rules: PlanRules;
  readonly lead: LeadTime;
  readonly cells: ReadonlyMap<string, FleetCell>;
  readonly outlooks: readonly Outlook[];
  /** At the quantile of the policy. Decisions put tenants where they are to go. */
  readonly load: FleetLoad;
  readonly holds: ReadonlyMap<string, ActionOf<'hold'>>;
  /** Cells that take tenants by their files and are not there yet, and why so. */
  readonly absences: ReadonlyMap<string, string>;
  /** Tenants that are not measured while their cell is, by id. */
  readonly unmeasured: ReadonlyMap<string, UnmeasuredTenant>;
  readonly crossings: ReadonlyMap<string, Crossing>;
  /** Cells that cross a limit still, or again, once a stamp could be there. */
  readonly crossingLater: ReadonlySet<string>;
  readonly ledger: Ledger;
}
