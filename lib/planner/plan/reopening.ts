import { counted } from '../../config-file/counted.ts';
import { CellLoad } from '../placement/cell-load.ts';
import { leastFull } from '../placement/place-one.ts';
import type { PlanContext } from './context.ts';
import type { Overflow } from './rebalancing.ts';
import type { Action, PlanExcuse } from './schema.ts';

export interface Reopening {
  readonly actions: Action[];
  readonly excuses: PlanExcuse[];
  /** Names of the cells that take tenants again. */
  readonly cells: ReadonlySet<string>;
  /** What they can't hold either. */
  readonly overflow: Overflow[];
}

/**
 * Cells that plans had cordoned or drained take tenants again before another is stamped. The tenants follow with the next
 * plan, by the same rules as into any other cell.
 */
export function reopening({ load, cells, holds, ledger }: PlanContext, overflow: readonly Overflow[]): Reopening {
  const excuses: PlanExcuse[] = [];
  const leaving = load.cells.filter((cell) => ['cordoned', 'draining'].includes(cells.get(cell.cell.name)!.spec.state));
  const able = leaving.filter(({ cell: { name } }) => {
    const why = holds.has(name)
      ? `${name} is on hold: ${holds.get(name)!.reason}`
      : ledger.of(name).cordonedAt === undefined
        ? `${name} was not cordoned by a plan, so no plan takes it back`
        : undefined;
    if (why !== undefined && overflow.length > 0) excuses.push({ action: 'uncordon', subject: name, text: why });
    return why === undefined;
  });
  const open = new Map(able.map((cell) => [cell, reopened(cell)]));
  const taken = new Map<CellLoad, Overflow[]>();
  const left = overflow.filter((one) => {
    // As few cells as will do: those that take tenants already come first.
    const others = able.filter((cell) => cell !== one.from);
    const holding = (some: readonly CellLoad[]) =>
      leastFull(
        some.map((cell) => open.get(cell)!),
        one.tenant,
      );
    const chosen = holding(others.filter((cell) => taken.has(cell))) ?? holding(others);
    if (chosen === undefined) return true;
    chosen.add(one.tenant);
    const cell = able.find((some) => open.get(some) === chosen)!;
    taken.set(cell, [...(taken.get(cell) ?? []), one]);
    return false;
  });
  for (const { tenant, from } of [...taken.values()].flat()) from?.add(tenant);
  const actions = [...taken].map(([{ cell }, tenants]): Action => {
    const state = cells.get(cell.name)!.spec.state;
    return {
      kind: 'uncordon',
      cell: cell.name,
      reason: `${counted(tenants.length, 'tenant fits', 'tenants fit')} into no other cell, first ${tenants[0]!.tenant.id}; ${cell.name} is ${state} since ${ledger.of(cell.name).cordonedAt} and holds them, so none is stamped for them`,
    };
  });
  return { actions, excuses, cells: new Set([...taken.keys()].map(({ cell }) => cell.name)), overflow: left };
}

/** The cell with its tenants, as it will be when it takes others again. */
function reopened(load: CellLoad): CellLoad {
  const { name, region, limits, jurisdiction } = load.cell;
  const copy = new CellLoad({ name, region, limits, ...(jurisdiction !== undefined && { jurisdiction }) }, load.slots);
  for (const tenant of load.tenants) copy.add(tenant);
  return copy;
}
