import { RESOURCES } from '../resources.ts';
import type { CellLoad } from './cell-load.ts';
import type { Load } from './tenant-table.ts';

/**
 * Groups of hours that small loads are compared by: working days and weekends, in steps of two hours. The tenants'
 * own hours are kept exactly in the cell; only the choice between cells that both fit is made by groups.
 */
const GROUPS = 24;
const groupOfHour = Int32Array.from({ length: 168 }, (_, h) => (h >= 120 ? 12 : 0) + Math.floor((h % 24) / 2));
const hoursInGroup = (group: number): number => 2 * (group < 12 ? 5 : 2);

/** The share of a limit to this power is the pressure on it: near the limit it counts, far below it does not. */
const power32 = (share: number): number => {
  let value = share;
  for (let squared = 0; squared < 5; squared++) value *= value;
  return value;
};

/** The mean use of every resource in every group of hours. */
export function summary(load: Load, slots: number): Float32Array {
  if (slots === 1) return load.use;
  const means = new Float32Array(RESOURCES.length * GROUPS);
  for (let r = 0; r < RESOURCES.length; r++) {
    for (let h = 0; h < slots; h++) means[r * GROUPS + groupOfHour[h]!]! += load.use[r * slots + h]!;
    for (let g = 0; g < GROUPS; g++) means[r * GROUPS + g]! /= hoursInGroup(g);
  }
  return means;
}

/**
 * How much it hurts to add to a cell: the gradient of the sum of (use / allowed)^33 over every shared limit and hour, so that a
 * load goes where it adds least to what is nearly full, and fills what is empty.
 */
export class Pressure {
  readonly #cell: CellLoad;
  readonly #groups: number;
  readonly #weight: Float64Array;
  #tenantWeight = 0;

  constructor(cell: CellLoad) {
    this.#cell = cell;
    this.#groups = cell.slots === 1 ? 1 : GROUPS;
    this.#weight = new Float64Array(cell.allowed.length * this.#groups);
    this.refresh();
  }

  /** To be called after the cell has changed. */
  refresh(): void {
    const { allowed, use, slots, tenants, cell } = this.#cell;
    const groups = this.#groups;
    const weight = this.#weight.fill(0);
    for (let l = 0; l < allowed.length; l++) {
      const perUnit = allowed[l] === 0 ? 0 : 1 / allowed[l]!;
      for (let h = 0; h < slots; h++) {
        const group = groups === 1 ? 0 : groupOfHour[h]!;
        weight[l * groups + group]! += power32(use[l * slots + h]! * perUnit) * perUnit;
      }
    }
    this.#tenantWeight = power32(tenants.size / cell.limits.maxTenants) / cell.limits.maxTenants;
  }

  /** The pressure that a load adds, by its {@link summary}. */
  of(load: Load, means: Float32Array): number {
    const groups = this.#groups;
    const weight = this.#weight;
    let sum = this.#tenantWeight * load.tenants;
    for (const l of this.#cell.limitsOf(load.terms.pool)) {
      const from = l * groups;
      const fromMeans = this.#cell.resourceOf[l]! * groups;
      for (let g = 0; g < groups; g++) sum += weight[from + g]! * means[fromMeans + g]!;
    }
    return sum;
  }
}
