import { counted } from '../../config-file/counted.ts';
import { limitName, limitServes, type CellLimits, type SharedLimit } from '../shared-limits.ts';
import { RESOURCES } from '../resources.ts';
import type { Load, TenantRow, Terms } from './tenant-table.ts';

/** A cell as placement sees it. */
export interface PlacementCell {
  readonly name: string;
  readonly region: string;
  /** The jurisdiction that the cell's region counts as, for example `EU`. Default: none. */
  readonly jurisdiction?: string;
  readonly limits: CellLimits;
  /** The share of every shared limit that stays free, 0 to less than 1. Default: 0. */
  readonly headroom?: number;
  /** Why the cell takes no further tenants, for example `cordoned`. Default: it takes them. */
  readonly closed?: string;
}

/** Where a tenant would go over a limit. */
export interface Overload {
  readonly sharedLimit: SharedLimit;
  /** Hour of the profile. */
  readonly slot: number;
  /** In use by the others, added by the tenant, and allowed after head-room. */
  readonly used: number;
  readonly added: number;
  readonly allowed: number;
}

/** Sums of 32-bit values in 64 bits: what is lost by adding and taking away thousands of tenants is far below this. */
const TOLERANCE = 1e-6;

/** What the tenants of one cell use together, hour by hour. */
export class CellLoad {
  readonly cell: PlacementCell;
  readonly slots: number;
  readonly tenants = new Set<TenantRow>();
  /** Use of every shared limit, `slots` values each, in the order of the cell's shared limits. */
  readonly use: Float64Array;
  /** What every shared limit allows after head-room. */
  readonly allowed: Float64Array;

  /** Index of every shared limit's resource in `RESOURCES`. */
  readonly resourceOf: Int32Array;

  readonly #peak: Float64Array;
  readonly #enterprises = new Map<string, number>();
  readonly #suits = new Map<Terms, boolean>();
  readonly #utilisation = new Map<string, number>();
  readonly #limitsOf = new Map<string, Int32Array>();

  /** Throws where a limit or the head-room is not a number in its range. */
  constructor(cell: PlacementCell, slots: number) {
    const { sharedLimits, maxTenants } = cell.limits;
    const headroom = cell.headroom ?? 0;
    if (!(headroom >= 0 && headroom < 1)) {
      throw new RangeError(`Cell ${cell.name}: head-room is ${headroom}; allowed is 0 to less than 1`);
    }
    if (!(maxTenants >= 0)) {
      throw new RangeError(`Cell ${cell.name}: ${counted(maxTenants, 'tenant')} at most; allowed is 0 or more`);
    }
    for (const sharedLimit of sharedLimits) {
      if (!(sharedLimit.limit >= 0 && sharedLimit.limit < Infinity)) {
        throw new RangeError(
          `Cell ${cell.name}: the limit of ${limitName(sharedLimit)} is ${sharedLimit.limit}; allowed is 0 or more`,
        );
      }
    }
    this.cell = cell;
    this.slots = slots;
    this.use = new Float64Array(sharedLimits.length * slots);
    this.allowed = Float64Array.from(sharedLimits, (sharedLimit) => sharedLimit.limit * (1 - headroom));
    this.#peak = new Float64Array(sharedLimits.length);
    this.resourceOf = Int32Array.from(sharedLimits, (sharedLimit) => RESOURCES.indexOf(sharedLimit.resource));
  }

  /** True where the cell has hosts for this pool: a shared limit of its relayed calls. */
  hasPool(pool: string): boolean {
    return this.cell.limits.sharedLimits.some(
      (sharedLimit) => sharedLimit.resource === 'relayedCalls' && limitServes(sharedLimit, pool),
    );
  }

  /** True where the cell may hold tenants of these terms, whatever its load. */
  suits(terms: Terms): boolean {
    let suits = this.#suits.get(terms);
    if (suits === undefined) {
      const { closed, region, jurisdiction } = this.cell;
      suits =
        closed === undefined &&
        (terms.regions === undefined || terms.regions.includes(region)) &&
        (terms.residency === undefined || jurisdiction === terms.residency) &&
        this.hasPool(terms.pool);
      this.#suits.set(terms, suits);
    }
    return suits;
  }

  /** True where a tenant of the same enterprise is in the cell. */
  holdsEnterpriseOf({ enterprise }: TenantRow): boolean {
    return enterprise !== undefined && this.#enterprises.has(enterprise);
  }

  /** The fullest shared limit of a pool, or the tenant count, as a share of what is allowed. */
  utilisation(pool: string): number {
    const known = this.#utilisation.get(pool);
    if (known !== undefined) return known;
    let most = this.tenants.size / this.cell.limits.maxTenants;
    for (const l of this.limitsOf(pool)) {
      const share = this.#peak[l]! / this.allowed[l]!;
      if (share > most) most = share;
    }
    this.#utilisation.set(pool, most);
    return most;
  }

  /**
   * The utilisation with more load, `Infinity` where it does not fit. Stops early, with `Infinity`, where it can't be
   * below `unless`. Says nothing of terms and enterprises.
   */
  utilisationWith(load: Load, unless = Infinity): number {
    let most = (this.tenants.size + load.tenants) / this.cell.limits.maxTenants;
    if (most > 1 || most >= unless) return Infinity;
    const { slots } = this;
    const most1 = Math.min(1 + TOLERANCE, unless);
    for (const l of this.limitsOf(load.terms.pool)) {
      const resource = this.resourceOf[l]!;
      if (load.peak[resource] === 0) continue;
      const allowed = this.allowed[l]!;
      const bar = most1 * allowed;
      if (this.#peak[l]! > bar || allowed === 0) return Infinity;
      const highest = highestSum(this.use, l * slots, load.use, resource * slots, slots, bar);
      if (highest > bar) return Infinity;
      const share = highest / allowed;
      if (share > most) most = share;
    }
    return most;
  }

  /** True where the load fits beside what is there. Says nothing of terms and enterprises. */
  fits(load: Load): boolean {
    if (this.tenants.size + load.tenants > this.cell.limits.maxTenants) return false;
    const { slots } = this;
    for (const l of this.limitsOf(load.terms.pool)) {
      const resource = this.resourceOf[l]!;
      if (load.peak[resource] === 0) continue;
      const bar = (1 + TOLERANCE) * this.allowed[l]!;
      if (this.#peak[l]! + load.peak[resource]! <= bar) continue;
      if (this.#peak[l]! > bar) return false;
      if (highestSum(this.use, l * slots, load.use, resource * slots, slots, bar) > bar) return false;
    }
    return true;
  }

  add(tenant: TenantRow): void {
    this.#change(tenant, 1);
    this.tenants.add(tenant);
    const { enterprise } = tenant;
    if (enterprise !== undefined) this.#enterprises.set(enterprise, (this.#enterprises.get(enterprise) ?? 0) + 1);
  }

  remove(tenant: TenantRow): void {
    this.#change(tenant, -1);
    this.tenants.delete(tenant);
    const { enterprise } = tenant;
    if (enterprise === undefined) return;
    const left = this.#enterprises.get(enterprise)! - 1;
    if (left > 0) this.#enterprises.set(enterprise, left);
    else this.#enterprises.delete(enterprise);
  }

  /** The hour in which the cell, with more load if given, is furthest over a limit; undefined where it is not. */
  overload(load?: Load): Overload | undefined {
    let worst: Overload | undefined;
    let worstShare = 1 + TOLERANCE;
    const sharedLimits = load === undefined ? this.allowed.keys() : this.limitsOf(load.terms.pool);
    for (const l of sharedLimits) {
      const resource = this.resourceOf[l]!;
      if (load?.peak[resource] === 0) continue;
      const allowed = this.allowed[l]!;
      // The peaks may be in different hours, so this rules out a shared limit without a look at its hours.
      if (this.#peak[l]! + (load?.peak[resource] ?? 0) <= worstShare * allowed) continue;
      const from = l * this.slots;
      const fromLoad = resource * this.slots;
      for (let slot = 0; slot < this.slots; slot++) {
        const used = this.use[from + slot]!;
        const added = load === undefined ? 0 : load.use[fromLoad + slot]!;
        if (used + added > worstShare * allowed) {
          worstShare = (used + added) / allowed;
          worst = { sharedLimit: this.cell.limits.sharedLimits[l]!, slot, used, added, allowed };
        }
      }
    }
    return worst;
  }

  /** Indices of the shared limits that tenants of a pool use. */
  limitsOf(pool: string): Int32Array {
    let sharedLimits = this.#limitsOf.get(pool);
    if (sharedLimits === undefined) {
      sharedLimits = Int32Array.from(
        [...this.allowed.keys()].filter((l) => limitServes(this.cell.limits.sharedLimits[l]!, pool)),
      );
      this.#limitsOf.set(pool, sharedLimits);
    }
    return sharedLimits;
  }

  #change(load: Load, sign: 1 | -1): void {
    const { slots, use } = this;
    this.#utilisation.clear();
    for (const l of this.limitsOf(load.terms.pool)) {
      const from = l * slots;
      const fromLoad = this.resourceOf[l]! * slots;
      let highest = 0;
      for (let h = 0; h < slots; h++) {
        const sum = use[from + h]! + sign * load.use[fromLoad + h]!;
        use[from + h] = sum;
        if (sum > highest) highest = sum;
      }
      this.#peak[l] = highest;
    }
  }
}

/** The largest sum of two profiles; stops at the first above `bar`. */
function highestSum(
  a: Float64Array,
  fromA: number,
  b: Float32Array,
  fromB: number,
  count: number,
  bar: number,
): number {
  let highest = 0;
  for (let h = 0; h < count; h++) {
    const sum = a[fromA + h]! + b[fromB + h]!;
    if (sum > highest) {
      if (sum > bar) return sum;
      highest = sum;
    }
  }
  return highest;
}
