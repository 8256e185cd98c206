import type { FleetCell, FleetTenant } from './input.ts';
import type { PlanRules } from './rules.ts';
import { HOUR_MS, MINUTE_MS, when } from '../time.ts';
import { amount } from '../wording.ts';

/** A tenant of which nothing was measured lately, while others of its cell were. */
export interface UnmeasuredTenant {
  readonly id: string;
  readonly cell: string;
  readonly pool: string;
  /** What it is and since when, as a part of a sentence. */
  readonly text: string;
}

/**
 * Tenants of a cell whose measurements ended before those of the others. They count with what they usually use, and only what
 * depends on them waits: they stay where they are, and their cell keeps the media hosts of their pool, and is not given up.
 *
 * @param tenants of the cell
 */
export function unmeasuredTenants(
  { spec, history }: FleetCell,
  tenants: readonly FleetTenant[],
  { staleMinutes }: PlanRules,
): UnmeasuredTenant[] {
  const newest = tenants.reduce((last, { measuredAt = -Infinity }) => Math.max(last, measuredAt), -Infinity);
  const { stepMinutes = 0 } = history.relayedCalls ?? history.setups ?? {};
  const allowed = (staleMinutes + stepMinutes) * MINUTE_MS;
  return tenants.flatMap(({ id, pool, measuredAt }) => {
    if (measuredAt === undefined || newest - measuredAt <= allowed) return [];
    const hours = amount((newest - measuredAt) / HOUR_MS);
    const text = `tenant ${id} was last measured ${when(measuredAt)}, ${hours} h before others of ${spec.name}`;
    return [{ id, cell: spec.name, pool, text }];
  });
}
