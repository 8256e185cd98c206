import type { HOURS_PER_WEEK } from '../resources.ts';
import { RESOURCES, weeklyPeak, type Demand, type WeeklyDemand } from '../resources.ts';

/** A tenant as placement sees it: what it uses, and where it may be. */
export interface PlacementTenant {
  readonly id: string;
  /** Tenants of one enterprise never share a cell. Default: the tenant stands alone. */
  readonly enterprise?: string;
  /** The media pool that its tier may use. */
  readonly pool: string;
  /** Cells must be in one of these regions. Default: any region. */
  readonly regions?: readonly string[];
  /** Cells must be in this jurisdiction, for example `EU`. Default: any. */
  readonly residency?: string;
  /** Expected use: every hour of a week, or one amount for all hours. */
  readonly use: WeeklyDemand | Demand;
  /** Kept free for this tenant at all hours, used or not. Default: nothing. */
  readonly guaranteed?: Partial<Demand>;
}

/** What decides which cells a tenant may be in; tenants of equal terms share one object. */
export interface Terms {
  readonly pool: string;
  readonly regions: readonly string[] | undefined;
  readonly residency: string | undefined;
}

/** Use that is placed as one: a tenant, or several small ones of equal terms. */
export interface Load {
  readonly terms: Terms;
  /** Every resource in the order of `RESOURCES`, the table's `slots` values each. Guarantees are in it. */
  readonly use: Float32Array;
  /** The largest value of every resource. */
  readonly peak: Float32Array;
  readonly tenants: number;
}

export interface TenantRow extends Load {
  readonly id: string;
  readonly enterprise: string | undefined;
}

const isWeek = (use: WeeklyDemand | Demand): use is WeeklyDemand => typeof use.setups !== 'number';

/**
 * Many tenants in 32-bit numbers: 50,000 weekly tenants are 200 MB.
 *
 * @example
 * const table = new TenantTable(168);
 * const acme = table.add({ id: 'acme', pool: 'standard', use: week });
 */
export class TenantTable {
  /** Hours in a profile: 168 for weeks, 1 to place every tenant by its peaks. */
  readonly slots: 1 | 168;
  readonly rows: TenantRow[] = [];

  readonly #rowOf = new Map<string, TenantRow>();
  readonly #terms = new Map<string, Terms>();

  constructor(slots: 1 | typeof HOURS_PER_WEEK) {
    this.slots = slots;
  }

  get(id: string): TenantRow | undefined {
    return this.#rowOf.get(id);
  }

  /** Throws where the id is there already, or an amount is not a finite number of 0 or more. */
  add(tenant: PlacementTenant): TenantRow {
    if (this.#rowOf.has(tenant.id)) throw new RangeError(`Tenant ${tenant.id} is given twice; ids must be unique`);
    const use = this.#profile(tenant);
    const row: TenantRow = {
      id: tenant.id,
      enterprise: tenant.enterprise,
      terms: this.#termsOf(tenant),
      use,
      peak: peaks(use, this.slots),
      tenants: 1,
    };
    this.#rowOf.set(tenant.id, row);
    this.rows.push(row);
    return row;
  }

  #profile(tenant: PlacementTenant): Float32Array {
    const { slots } = this;
    const given = slots === 1 && isWeek(tenant.use) ? weeklyPeak(tenant.use) : tenant.use;
    const use = new Float32Array(RESOURCES.length * slots);
    for (const [r, resource] of RESOURCES.entries()) {
      const least = tenant.guaranteed?.[resource] ?? 0;
      const week = isWeek(given) ? given[resource] : undefined;
      const even = isWeek(given) ? NaN : given[resource];
      for (let h = 0; h < slots; h++) {
        const amount = week === undefined ? even : week[h];
        if (amount === undefined || !(amount >= 0 && amount < Infinity)) {
          throw new RangeError(
            `Tenant ${tenant.id}: ${resource} in hour ${h} is ${amount}; allowed is a finite number of 0 or more`,
          );
        }
        use[r * slots + h] = amount > least ? amount : least;
      }
    }
    return use;
  }

  #termsOf({ pool, regions, residency }: PlacementTenant): Terms {
    const sorted = regions === undefined ? undefined : [...regions].sort();
    const key = JSON.stringify([pool, sorted ?? null, residency ?? null]);
    let terms = this.#terms.get(key);
    if (terms === undefined) {
      terms = { pool, regions: sorted, residency };
      this.#terms.set(key, terms);
    }
    return terms;
  }
}

/** The largest of the `slots` values of every resource. */
export function peaks(use: Float32Array, slots: number): Float32Array {
  const peak = new Float32Array(RESOURCES.length);
  for (let r = 0; r < peak.length; r++) {
    for (let h = 0; h < slots; h++) if (use[r * slots + h]! > peak[r]!) peak[r] = use[r * slots + h]!;
  }
  return peak;
}
