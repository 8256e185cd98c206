import { counted } from '../../config-file/counted.ts';
import { hourOfWeekName } from '../hour-of-week.ts';
import { limitName } from '../shared-limits.ts';
import { amount, percent } from '../wording.ts';
import type { CellLoad } from './cell-load.ts';
import type { TenantRow } from './tenant-table.ts';

export type ExcuseCode =
  | 'closed'
  | 'region'
  | 'residency'
  | 'pool'
  | 'enterprise'
  | 'tenantCap'
  | 'capacity'
  | 'tooLarge'
  | 'fuller'
  | 'noCell';

/** Why a cell was not taken. */
export interface Excuse {
  readonly cell: string;
  readonly code: ExcuseCode;
  /** One sentence with the numbers. */
  readonly text: string;
}

/** Why the cell can't hold the tenant, or undefined where it can. */
export function whyNot(load: CellLoad, tenant: TenantRow): Excuse | undefined {
  const { name, region, jurisdiction, closed, limits } = load.cell;
  const { pool, regions, residency } = tenant.terms;
  const excuse = (code: ExcuseCode, text: string): Excuse => ({ cell: name, code, text: `${name} ${text}` });
  if (closed !== undefined) return excuse('closed', `takes no tenants: ${closed}`);
  if (regions !== undefined && !regions.includes(region)) {
    return excuse('region', `is in ${region}; the tenant must be in ${regions.join(' or ')}`);
  }
  if (residency !== undefined && jurisdiction !== residency) {
    return excuse('residency', `is in ${jurisdiction ?? 'no named jurisdiction'}; the tenant must be in ${residency}`);
  }
  if (!load.hasPool(pool)) return excuse('pool', `has no media hosts for pool ${pool}`);
  if (load.holdsEnterpriseOf(tenant)) return excuse('enterprise', 'holds another tenant of the same enterprise');
  if (load.tenants.size + 1 > limits.maxTenants) {
    return excuse('tenantCap', `holds ${counted(load.tenants.size, 'tenant')} of at most ${limits.maxTenants}`);
  }
  const overload = load.overload(tenant);
  if (overload === undefined) return undefined;
  const { sharedLimit, slot, used, added, allowed } = overload;
  const when = load.slots === 1 ? 'at peak' : `on ${hourOfWeekName(slot)}`;
  const numbers = `${amount(used)} in use + ${amount(added)} of the tenant = ${amount(used + added)}`;
  return added > allowed
    ? excuse(
        'tooLarge',
        `is too small even when empty: ${limitName(sharedLimit)} ${when}: ${amount(added)} of ${amount(allowed)}`,
      )
    : excuse('capacity', `is short of ${limitName(sharedLimit)} ${when}: ${numbers}, allowed ${amount(allowed)}`);
}

/** Why a cell that could hold the tenant was left for a better one. */
export const fuller = (load: CellLoad, with_: number, chosen: CellLoad, chosenWith: number): Excuse => ({
  cell: load.cell.name,
  code: 'fuller',
  text: `${load.cell.name} would carry it, but at ${percent(with_)} of its fullest limit against ${percent(chosenWith)} in ${chosen.cell.name}`,
});
