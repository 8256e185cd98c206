import { counted } from '../../config-file/counted.ts';
import { hourOfWeekName } from '../hour-of-week.ts';
import { limitName, limitServes, type CellLimits } from '../shared-limits.ts';
import { RESOURCES } from '../resources.ts';
import { mutualConflicts } from './conflicts.ts';
import type { TenantRow } from './tenant-table.ts';

/** Fewer cells than this can't hold the tenants, however they are placed. */
export interface LowerBound {
  readonly cells: number;
  /** The limit that asks for this many, with the numbers. */
  readonly because: string;
}

/** Of more tenants not every pair is looked at. */
const MOST_COMPARED = 1000;

/** Rounds up, but forgives what the tolerance of the packing forgives: a bound may be low, never high. */
const atLeast = (cells: number): number => Math.ceil(cells * (1 - 2e-6));

/**
 * A lower bound on the cells with these limits (head-room taken off by the caller) that the tenants need: the largest
 * of
 * - the tenants over the tenant cap,
 * - the tenants of the largest enterprise, as no two share a cell,
 * - for every shared limit and hour, the sum of the tenants' use over the limit,
 * - for every shared limit in its busiest hour, Martello and Toth's L2 (Discrete Applied Mathematics 28, 1990): tenants above
 *   half a limit need a cell each, and what does not fit beside them needs more,
 * - of up to 1,000 tenants also L2 in every other hour, and tenants of whom no two can share a cell, whatever the limit.
 *
 * Tenants that no such cell can hold are to be left out by the caller.
 */
export function lowerBound(tenants: readonly TenantRow[], slots: number, limits: CellLimits): LowerBound {
  if (tenants.length === 0) return { cells: 0, because: 'no tenants' };
  let best: LowerBound = {
    cells: atLeast(tenants.length / limits.maxTenants),
    because: `${counted(tenants.length, 'tenant')}, at most ${limits.maxTenants} a cell`,
  };
  const offer = (cells: number, because: string): void => {
    if (cells > best.cells) best = { cells, because };
  };

  const isSmall = tenants.length <= MOST_COMPARED;
  const enterprise = largestEnterprise(tenants);
  offer(enterprise, `${counted(enterprise, 'tenant')} of one enterprise, each in a cell of its own`);

  for (const sharedLimit of limits.sharedLimits) {
    const resource = RESOURCES.indexOf(sharedLimit.resource);
    const users = tenants.filter((tenant) => tenant.peak[resource]! > 0 && limitServes(sharedLimit, tenant.terms.pool));
    if (users.length === 0) continue;
    const { slot, sum } = busiestHour(users, resource, slots);
    const what = (hour: number): string =>
      `${limitName(sharedLimit)}, ${slots === 1 ? 'sum of peaks' : hourOfWeekName(hour)}`;
    const limit = Number(sharedLimit.limit.toPrecision(5));
    offer(atLeast(sum / sharedLimit.limit), `${what(slot)}: ${Number(sum.toPrecision(6))} over ${limit} a cell`);
    for (const hour of isSmall ? Array.from({ length: slots }, (_, h) => h) : [slot]) {
      const sizes = users.map((tenant) => tenant.use[resource * slots + hour]!);
      offer(martelloToth(sizes, sharedLimit.limit), `${what(hour)}: tenants above half of ${limit} share no cell`);
    }
  }
  if (isSmall) {
    const alone = mutualConflicts(tenants, slots, limits);
    offer(alone, `${counted(alone, 'tenant')} of whom no two fit into one cell`);
  }
  return best;
}

function largestEnterprise(tenants: readonly TenantRow[]): number {
  const sizes = new Map<string, number>();
  for (const { enterprise } of tenants) {
    if (enterprise !== undefined) sizes.set(enterprise, (sizes.get(enterprise) ?? 0) + 1);
  }
  return Math.max(0, ...sizes.values());
}

function busiestHour(tenants: readonly TenantRow[], resource: number, slots: number): { slot: number; sum: number } {
  const sums = new Float64Array(slots);
  for (const { use } of tenants) {
    for (let h = 0; h < slots; h++) sums[h]! += use[resource * slots + h]!;
  }
  const sum = sums.reduce((most, value) => Math.max(most, value));
  return { slot: sums.indexOf(sum), sum };
}

/** L2 for eleven thresholds up to half the limit; any threshold gives a valid bound. */
function martelloToth(sizes: readonly number[], limit: number): number {
  let best = 0;
  for (let step = 0; step <= 10; step++) {
    const threshold = (limit / 2) * (step / 10);
    let alone = 0;
    let aboveHalf = 0;
    let roomBeside = 0;
    let small = 0;
    for (const size of sizes) {
      if (size > limit - threshold) alone++;
      else if (size > limit / 2) {
        aboveHalf++;
        roomBeside += limit - size;
      } else if (size >= threshold) small += size;
    }
    best = Math.max(best, alone + aboveHalf + Math.max(0, atLeast((small - roomBeside) / limit)));
  }
  return best;
}
