/** Where the tenants of a cell go that is to be emptied: by the planner's own terms and limits. */
import { leastFull } from '../placement/place-one.ts';
import { whyNot } from '../placement/excuse.ts';
import { POLICIES } from '../policy.ts';
import { DAY_MS } from '../time.ts';
import { fullestOf } from './crossing.ts';
import { fleetLoad } from './fleet-load.ts';
import type { PlanInput } from './input.ts';
import { outlook } from './outlook.ts';
import { bySize } from './rebalancing.ts';
import { DEFAULT_RULES } from './rules.ts';

export interface EvacuationPlan {
  /** Name of the cell by the tenant's name. */
  readonly places: ReadonlyMap<string, string>;
  /** Tenants that none of the cells can hold, and why not. */
  readonly unplaced: readonly { readonly tenant: string; readonly reasons: readonly string[] }[];
  /** How full the fullest limit of each cell is afterwards, from 0 to 1. */
  readonly utilisation: ReadonlyMap<string, number>;
}

/**
 * The largest tenant first, each to the cell that stays least full. Regions, residency, pools, enterprises and the limit of every resource
 * in every hour of the week hold as they do in a plan, with the media hosts down that a cell must be able to lose.
 *
 * @param input as a plan has it
 * @param from name of the cell that is emptied
 * @param targets names of the cells that take its tenants
 * @param bound cell by tenant: for those whose move has begun
 */
export function evacuationPlan(
  { now, policy = POLICIES.gradeOfService, ...input }: PlanInput,
  from: string,
  targets: readonly string[],
  bound: ReadonlyMap<string, string>,
): EvacuationPlan {
  const rules = { ...DEFAULT_RULES, ...input.rules };
  const concerned = [from, ...targets];
  const tenants = input.tenants.filter(({ cell }) => cell !== undefined && concerned.includes(cell));
  const outlooks = input.cells
    .filter(({ spec }) => concerned.includes(spec.name))
    .map((cell) => {
      const own = tenants.filter((tenant) => tenant.cell === cell.spec.name);
      return outlook(cell, own, now, [policy.quantile], rules, input.figures);
    });
  const { byName } = fleetLoad(outlooks, tenants, {
    policy,
    quantile: policy.quantile,
    now,
    until: now + 7 * DAY_MS,
    closed: () => undefined,
  });
  const cells = targets.map((name) => byName.get(name)!);
  const leaving = bySize([...byName.get(from)!.tenants]);
  const places = new Map<string, string>();
  for (const tenant of leaving) {
    const to = bound.get(tenant.id);
    if (to === undefined) continue;
    places.set(tenant.id, to);
    if (targets.includes(to)) byName.get(to)!.add(tenant);
  }
  const unplaced: EvacuationPlan['unplaced'][number][] = [];
  for (const tenant of leaving.filter(({ id }) => !places.has(id))) {
    const to = leastFull(cells, tenant);
    if (to === undefined) {
      unplaced.push({ tenant: tenant.id, reasons: cells.flatMap((cell) => whyNot(cell, tenant)?.text ?? []) });
    } else {
      to.add(tenant);
      places.set(tenant.id, to.cell.name);
    }
  }
  return { places, unplaced, utilisation: new Map(cells.map((cell) => [cell.cell.name, fullestOf(cell).utilisation])) };
}
