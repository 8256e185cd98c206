import type { CellLoad, Overload } from './cell-load.ts';
import { RESOURCES } from '../resources.ts';
import type { TenantRow } from './tenant-table.ts';

/**
 * Takes tenants out of a cell that is over a limit, as few as it can, at most `most`, and returns them. The cell may
 * stay over a limit where that does not do.
 *
 * @param stays of a tenant that is not to be taken; by default none is
 */
export function relieve(
  cell: CellLoad,
  most: number,
  stays: (tenant: TenantRow) => boolean = () => false,
): TenantRow[] {
  const taken: TenantRow[] = [];
  while (taken.length < most) {
    const overload = cell.overload();
    const tenant = overload === undefined ? surplusTenant(cell, stays) : mostHelpful(cell, overload, stays);
    if (tenant === undefined) break;
    cell.remove(tenant);
    taken.push(tenant);
  }
  return taken;
}

/** The smallest tenant whose leaving ends the overload of that hour, or else the one that uses most in it. */
function mostHelpful(
  cell: CellLoad,
  { sharedLimit, slot, used, allowed }: Overload,
  stays: (tenant: TenantRow) => boolean,
): TenantRow | undefined {
  const index = RESOURCES.indexOf(sharedLimit.resource) * cell.slots + slot;
  const sharedLimits = cell.cell.limits.sharedLimits;
  let best: TenantRow | undefined;
  let bestUse = 0;
  for (const tenant of cell.tenants) {
    if (stays(tenant) || !cell.limitsOf(tenant.terms.pool).includes(sharedLimits.indexOf(sharedLimit))) continue;
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

function surplusTenant(cell: CellLoad, stays: (tenant: TenantRow) => boolean): TenantRow | undefined {
  if (cell.tenants.size <= cell.cell.limits.maxTenants) return undefined;
  return [...cell.tenants].findLast((tenant) => !stays(tenant));
}
