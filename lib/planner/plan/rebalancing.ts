import { counted } from '../../config-file/counted.ts';
import { cellCapacity } from '../cell-capacity.ts';
import type { CellKind } from '../placement/cell-kind.ts';
import type { CellLoad } from '../placement/cell-load.ts';
import { whyNot } from '../placement/excuse.ts';
import { pack, type Packing } from '../placement/pack.ts';
import { leastFull } from '../placement/place-one.ts';
import { relieve } from '../placement/relieve.ts';
import type { TenantRow } from '../placement/tenant-table.ts';
import { HOURS_PER_WEEK, RESOURCES } from '../resources.ts';
import type { PlanContext } from './context.ts';
import { usableLimits } from './fleet-load.ts';
import type { Blueprint } from './input.ts';
import type { Action, PlanExcuse } from './schema.ts';
import { amount, percent } from '../wording.ts';
import { HOUR_MS, when } from '../time.ts';

/** Tenants that only new cells can hold, with the cell that they are in now. */
export interface Overflow {
  readonly tenant: TenantRow;
  readonly from: CellLoad | undefined;
}

export interface Rebalancing {
  readonly actions: Action[];
  readonly excuses: PlanExcuse[];
  readonly overflow: Overflow[];
}

/** The most other cells that are named with a tenant's reason; with hundreds of cells more would be noise. */
const EXCUSES_NAMED = 3;

/** Cells from which tenants must go, or that need a stamp, before one could be there after the next review. */
function urgentUntil({ now, lead, rules }: PlanContext): number {
  return now + (lead.hours + rules.reviewHours) * HOUR_MS;
}

/**
 * Finds a cell for every tenant that waits and for those that their cell can't carry any more. What no cell can hold is
 * left over for new cells.
 */
export function rebalance(context: PlanContext): Rebalancing {
  const found: Rebalancing = { actions: [], excuses: [], overflow: [] };
  for (const tenant of bySize(context.load.waiting)) placeWaiting(context, tenant, found);
  const urgent = urgentUntil(context);
  for (const cell of context.load.cells) {
    const crossing = context.crossings.get(cell.cell.name);
    if (crossing === undefined || cell.cell.closed === 'retired') continue;
    if (crossing.at <= urgent) relieveCell(context, cell, found);
    else {
      const { lead, rules } = context;
      found.excuses.push({
        action: 'stamp',
        subject: cell.cell.name,
        text:
          `${cell.cell.name} can't carry its ${percent(context.policy.quantile)} quantile from ${when(crossing.at)} on: ${crossing.text}; ` +
          `a stamp takes ${amount(lead.hours)} h (${percent(lead.quantile)} quantile, ${lead.basis}), so nothing is done ` +
          `before ${when(crossing.at - (lead.hours + rules.reviewHours) * HOUR_MS)}`,
      });
    }
  }
  return found;
}

const CALLS = RESOURCES.indexOf('relayedCalls');

export function bySize(tenants: readonly TenantRow[]): TenantRow[] {
  return [...tenants].sort((a, b) => b.peak[CALLS]! - a.peak[CALLS]! || (a.id < b.id ? -1 : 1));
}

function placeWaiting(context: PlanContext, tenant: TenantRow, found: Rebalancing): void {
  const { load, holds, absences, cells } = context;
  const open = load.cells.filter(({ cell: { name } }) => !holds.has(name) && !absences.has(name));
  // Nobody waits for a cell that is still to come, or for the end of a hold, while another can hold it.
  const chosen = leastFull(open, tenant) ?? leastFull(load.cells, tenant);
  if (chosen === undefined) {
    found.overflow.push({ tenant, from: undefined });
    return;
  }
  chosen.add(tenant);
  const { name } = chosen.cell;
  const wait = whyWait(context, chosen);
  if (wait !== undefined) {
    found.excuses.push({ action: 'place', subject: tenant.id, text: `${name} has room, but ${wait}` });
    return;
  }
  const others = load.cells
    .filter((cell) => cell !== chosen && cell.cell.region === chosen.cell.region && cells.has(cell.cell.name))
    .slice(0, 4 * EXCUSES_NAMED)
    .flatMap((cell) => whyNot(cell, tenant)?.text ?? [])
    .slice(0, EXCUSES_NAMED);
  found.actions.push({
    kind: 'place',
    tenant: tenant.id,
    cell: name,
    reason: [
      `with it ${name} is at ${percent(chosen.utilisation(tenant.terms.pool))} of its fullest limit, the least of all that can hold it now`,
      ...others,
    ].join('; '),
  });
}

/** Why a cell with room can't take a tenant now. */
function whyWait({ holds, absences }: PlanContext, load: CellLoad): string | undefined {
  const { name } = load.cell;
  const hold = holds.get(name);
  return hold === undefined ? absences.get(name) : `${name} is on hold: ${hold.reason}`;
}

function relieveCell(context: PlanContext, cell: CellLoad, found: Rebalancing): void {
  const { load, rules, now, ledger, holds, absences, unmeasured } = context;
  const { name, region } = cell.cell;
  const crossing = context.crossings.get(name)!;
  const hoursOver = (now - ledger.since(name, 'overSince')) / HOUR_MS;
  const why = `${name} can't carry its ${percent(context.policy.quantile)} quantile from ${when(crossing.at)} on: ${crossing.text}`;
  const isThere = (other: CellLoad) => !holds.has(other.cell.name) && !absences.has(other.cell.name);
  for (const { id, cell: home, text } of unmeasured.values()) {
    if (home === name) found.excuses.push({ action: 'move', subject: id, text: `${why}; ${text}, and is not moved` });
  }
  for (const taken of relieve(cell, cell.tenants.size, ({ id }) => unmeasured.has(id))) {
    const tenant = load.elsewhere(taken);
    const to = cellWithRoom(load.cells, cell, tenant, rules.fillTarget, isThere);
    if (to === undefined) {
      if (context.crossingLater.has(name)) found.overflow.push({ tenant, from: cell });
      else {
        const { lead } = context;
        const text = `${why}; no cell has room, and a stamp takes ${amount(lead.hours)} h, by when ${name} carries it again`;
        found.excuses.push({ action: 'move', subject: tenant.id, text });
      }
      continue;
    }
    to.add(tenant);
    const hold = holds.get(name);
    const wait =
      whyWait(context, to) ??
      (hold && `${name} is on hold: ${hold.reason}`) ??
      (hoursOver < rules.moveAfterHours
        ? `${name} was too full for ${amount(hoursOver)} h, tenants are moved after ${rules.moveAfterHours} h`
        : ledger.count('move', 24) >= rules.caps.movesPerDay
          ? `${counted(ledger.count('move', 24), 'tenant was', 'tenants were')} moved in 24 h, at most ${rules.caps.movesPerDay} may be`
          : undefined);
    if (wait !== undefined) {
      found.excuses.push({ action: 'move', subject: tenant.id, text: `${why}; ${to.cell.name} has room, but ${wait}` });
      continue;
    }
    ledger.did('move', region);
    const then = percent(to.utilisation(tenant.terms.pool));
    found.actions.push({
      kind: 'move',
      tenant: tenant.id,
      from: name,
      to: to.cell.name,
      reason: `${why}; with it ${to.cell.name} is at ${then} of its fullest limit, at most ${percent(rules.fillTarget)} are allowed`,
    });
  }
}

/** The cell that stays least full, if that is not fuller than cells may be made by moving. Preferred ones come first. */
function cellWithRoom(
  cells: readonly CellLoad[],
  from: CellLoad,
  tenant: TenantRow,
  fillTarget: number,
  preferred: (cell: CellLoad) => boolean,
): CellLoad | undefined {
  const others = cells.filter((cell) => cell !== from);
  for (const some of [others.filter(preferred), others]) {
    const best = leastFull(some, tenant);
    if (best === undefined) continue;
    // A tenant that nearly fills a cell is alone in it; else every plan would stamp one more for it.
    if (best.tenants.size === 0 || best.utilisationWith(tenant) <= fillTarget) return best;
  }
  return undefined;
}

/** A blueprint as placement sees it. */
export function kindOf(context: PlanContext, blueprint: Blueprint): CellKind {
  const { figures } = context.input;
  const { lostMediaHosts } = context.rules;
  const { limits } = cellCapacity(blueprint.spec, { lostMediaHosts, ...(figures && { figures }) });
  return {
    name: (n) => `${blueprint.name} ${n}`,
    region: blueprint.spec.region,
    limits: usableLimits(context.policy, limits),
    ...(blueprint.jurisdiction !== undefined && { jurisdiction: blueprint.jurisdiction }),
  };
}

/**
 * The overflow in new cells of the blueprints, and what fits into none. They are filled no further than moves may fill a cell:
 * the rest is for growth until the next stamp, and what was meant for a cell fits into it when it is there. Whoever fills more
 * than that is alone in one.
 */
export function packOverflow(
  context: PlanContext,
  tenants: readonly TenantRow[],
  blueprints: readonly Blueprint[],
): Pick<Packing, 'cells' | 'unplaced'> {
  const { fillTarget } = context.rules;
  const whole = blueprints.map((blueprint) => kindOf(context, blueprint));
  const partlyFilled = whole.map((kind): CellKind => ({
    ...kind,
    limits: { ...kind.limits, maxTenants: Math.floor(kind.limits.maxTenants * fillTarget) },
    headroom: 1 - fillTarget,
  }));
  const shared = pack(bySize(tenants), HOURS_PER_WEEK, partlyFilled);
  const alone = shared.unplaced.map(({ tenant }) => pack([tenant], HOURS_PER_WEEK, whole));
  return {
    cells: [...shared.cells, ...alone.flatMap(({ cells }) => cells)],
    unplaced: alone.flatMap(({ unplaced }) => unplaced),
  };
}
