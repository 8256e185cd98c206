import { limitServes, type CellLimits } from '../shared-limits.ts';
import { RESOURCES } from '../resources.ts';
import type { TenantRow } from './tenant-table.ts';

/** A pair is in conflict if it is over a limit by more than the packing forgives. */
const FORGIVEN = 1 + 2e-6;

/**
 * Tenants of whom no two can share a cell, for which no shared limit has to be looked at alone: as many as a greedy search finds, the
 * one with the most conflicts first (D. S. Johnson, Journal of Computer and System Sciences 9 (1974) 256). Each needs a cell.
 */
export function mutualConflicts(tenants: readonly TenantRow[], slots: number, limits: CellLimits): number {
  const count = tenants.length;
  const conflicts = new Uint8Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      if (!areInConflict(tenants[i]!, tenants[j]!, slots, limits)) continue;
      conflicts[i * count + j] = 1;
      conflicts[j * count + i] = 1;
    }
  }
  let found = 0;
  let rest = Array.from(tenants.keys());
  while (rest.length > 0) {
    let best = rest[0]!;
    let most = -1;
    for (const i of rest) {
      let degree = 0;
      for (const j of rest) degree += conflicts[i * count + j]!;
      if (degree > most) [best, most] = [i, degree];
    }
    found++;
    rest = rest.filter((i) => conflicts[best * count + i] === 1);
  }
  return found;
}

function areInConflict(a: TenantRow, b: TenantRow, slots: number, { sharedLimits, maxTenants }: CellLimits): boolean {
  if (a.enterprise !== undefined && a.enterprise === b.enterprise) return true;
  if (maxTenants < 2) return true;
  return sharedLimits.some((sharedLimit) => {
    const r = RESOURCES.indexOf(sharedLimit.resource);
    const most = sharedLimit.limit * FORGIVEN;
    if (a.peak[r]! + b.peak[r]! <= most) return false;
    if (!limitServes(sharedLimit, a.terms.pool) || !limitServes(sharedLimit, b.terms.pool)) return false;
    for (let at = r * slots; at < (r + 1) * slots; at++) if (a.use[at]! + b.use[at]! > most) return true;
    return false;
  });
}
