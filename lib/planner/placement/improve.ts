import { seededRandom } from '../random.ts';
import { CellLoad } from './cell-load.ts';
import type { Candidate, CellKind } from './cell-kind.ts';
import { fewerBins, type Budget, type VectorItems } from './ejection.ts';
import { dotProductBins } from './dot-product.ts';
import type { TenantRow } from './tenant-table.ts';

/** More tenants than this fill cells so evenly that there is nothing to gain, and would take long. */
const MOST_TENANTS = 1000;

/** Numbers that may be compared for each tenant, and at most: half a second on the machine of docs/benchmarks.md. */
const BUDGET_EACH = 2e5;
const MOST_BUDGET = 1e8;

/**
 * Fewer cells for the same tenants, where some are so large that what fits together decides: a bin-centric heuristic, and then
 * cells are emptied one by one into the others. Only where all cells are of one kind. The same tenants give the same cells.
 *
 * @param fewest not fewer than this are tried
 * @returns the cells given where there is nothing to gain
 */
export function improve(
  cells: readonly CellLoad[],
  candidates: readonly Candidate[],
  kinds: readonly CellKind[],
  slots: number,
  fewest: number,
): readonly CellLoad[] {
  const k = candidates[0]!.kinds[0]!;
  const kind = kinds[k]!;
  if (cells.length <= fewest || candidates.length > MOST_TENANTS) return cells;
  if (candidates.some((candidate) => candidate.kinds.length > 1 || candidate.kinds[0] !== k)) return cells;
  const tenants = candidates.map(({ tenant }) => tenant);
  const items = vectors(tenants, new CellLoad({ ...kind, name: '' }, slots));
  const budget: Budget = { left: Math.min(tenants.length * BUDGET_EACH, MOST_BUDGET) };
  const indexOf = new Map(tenants.map((tenant, i) => [tenant, i]));
  const start = cells.map((cell) => [...cell.tenants].map((tenant) => indexOf.get(tenant)!));
  const greedy = dotProductBins(items, budget);
  const best = greedy !== undefined && greedy.length < start.length ? greedy : start;
  const bins = fewerBins(items, best, fewest, seededRandom(1), budget);
  if (bins.length >= cells.length) return cells;
  return bins.map((members, n) => {
    const cell = new CellLoad({ ...kind, name: kind.name(n + 1) }, slots);
    for (const i of members) cell.add(tenants[i]!);
    return cell;
  });
}

/** Every shared limit in every hour, and the tenant cap, as shares of an empty cell; those that can never be full are left out. */
function vectors(tenants: readonly TenantRow[], empty: CellLoad): VectorItems {
  const { allowed, resourceOf, slots, cell } = empty;
  const all: Float64Array[] = [Float64Array.from(tenants, () => 1 / cell.limits.maxTenants)];
  for (let l = 0; l < allowed.length; l++) {
    const serves = tenants.map(({ terms }) => empty.limitsOf(terms.pool).includes(l));
    for (let h = 0; h < slots; h++) {
      const at = resourceOf[l]! * slots + h;
      all.push(Float64Array.from(tenants, ({ use }, i) => (serves[i] && use[at]! > 0 ? use[at]! / allowed[l]! : 0)));
    }
  }
  const scarce = all
    .map((shares) => ({ shares, sum: shares.reduce((total, share) => total + share, 0) }))
    .filter(({ sum }) => sum > 1)
    .sort((a, b) => b.sum - a.sum);
  const sizes = new Float64Array(tenants.length * scarce.length);
  for (const [d, { shares }] of scarce.entries()) {
    for (let i = 0; i < tenants.length; i++) sizes[i * scarce.length + d] = shares[i]!;
  }
  const families = new Map<string, number>();
  return {
    count: tenants.length,
    dimensions: scarce.length,
    sizes,
    families: Int32Array.from(tenants, ({ enterprise }) => {
      if (enterprise === undefined) return -1;
      if (!families.has(enterprise)) families.set(enterprise, families.size);
      return families.get(enterprise)!;
    }),
  };
}
