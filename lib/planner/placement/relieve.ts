import type { CellLoad, Overload } from './cell-load.ts';
import { RESOURCES } from '../resources.ts';
import type { TenantRow } from './tenant-table.ts';

/**
 * Takes tenants out of a cell that is over a limit, as few as it can, at most `most`, and returns them. The cell may
 * stay over a limit where that does not do.
 */
export function relieve(cell: CellLoad, most: number): TenantRow[] {
  const taken: TenantRow[] = [];
  while (taken.length < most) {
    const overload = cell.overload();
    const tenant = overload === undefined ? surplusTenant(cell) : mostHelpful(cell, overload);
    if (tenant === undefined) break;
    cell.remove(tenant);
    taken.push(tenant);
  }
  return taken;
}

/** The smallest tenant whose leaving ends the overload of that hour, or else the one that uses most in it. */
function mostHelpful(cell: CellLoad, { sharedLimit, slot, used, allowed }: Overload): TenantRow | undefined {
  const index = RESOURCES.indexOf(sharedLimit.resource) * cell.slots + slot;
  const sharedLimits = cell.cell.limits.sharedLimits;
  let best: TenantRow | undefined;
  let bestUse = 0;
  for (const tenant of cell.tenants) {
    if (!cell.limitsOf(tenant.terms.pool).includes(sharedLimits.indexOf(sharedLimit))) continue;
    const use = tenant.use[index]!;
    const enough = use >= used - allowed;
    const bestEnough = bestUse >= used - allowed;
    if (bestEnough ? enough && use < bestUse : use > bestUse) {
      best = tenant;
      bestUse = use;
    }
  }
  return best;
}

function surplusTenant(cell: CellLoad): TenantRow | undefined {
  return cell.tenants.size > cell.cell.limits.maxTenants ? [...cell.tenants].at(-1) : undefined;
}
