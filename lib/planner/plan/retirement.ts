import { counted } from '../../config-file/counted.ts';
import type { CellLoad } from '../placement/cell-load.ts';
import { whyNot } from '../placement/excuse.ts';
import { leastFull } from '../placement/place-one.ts';
import type { TenantRow } from '../placement/tenant-table.ts';
import type { PlanContext } from './context.ts';
import { fullestOf } from './crossing.ts';
import { fleetLoad, type FleetLoad } from './fleet-load.ts';
import { RETIREMENT_QUANTILE } from './outlook.ts';
import { bySize, type Overflow } from './rebalancing.ts';
import type { Action, PlanExcuse } from './schema.ts';
import type { UnmeasuredTenant } from './unmeasured.ts';
import { amount, percent } from '../wording.ts';
import { DAY_MS, HOUR_MS, iso, when } from '../time.ts';

/** Days of history whose highest hours count as a busy week beside the forecast: nothing goes on a forecast alone. */
const MEASURED_DAYS = 14;

interface Found {
  readonly actions: Action[];
  readonly excuses: PlanExcuse[];
}

/**
 * Cells that are not needed, step by step over many plans: cordon, drain, moves, retire. Each step is checked again: all
 * tenants must fit into the other cells of the region at the 99 % quantile and at what was measured in the last weeks.
 */
export function retirement(context: PlanContext, overflow: readonly Overflow[], reopened: ReadonlySet<string>): Found {
  const found: Found = { actions: [], excuses: [] };
  let strict: FleetLoad | undefined;
  const busy = (): FleetLoad =>
    (strict ??= fleetLoad(context.outlooks, context.input.tenants, {
      policy: context.policy,
      quantile: RETIREMENT_QUANTILE,
      now: context.now,
      until: context.now + context.rules.horizonDays * DAY_MS,
      measuredDays: MEASURED_DAYS,
      closed: (name) => {
        const { state } = context.cells.get(name)!.spec;
        return state === 'active' ? (context.absences.get(name) ?? context.holds.get(name)?.reason) : state;
      },
    }));
  const regions = [...new Set(context.load.cells.map((cell) => cell.cell.region))].sort();
  for (const region of regions) {
    const stateOf = (cell: CellLoad): string => context.cells.get(cell.cell.name)!.spec.state;
    const cells = context.load.cells.filter((cell) => cell.cell.region === region);
    const leaving = cells.filter((cell) => ['cordoned', 'draining'].includes(stateOf(cell)));
    for (const cell of leaving) if (!reopened.has(cell.cell.name)) takeFurther(context, busy, cell, found);
    const active = cells.filter((cell) => stateOf(cell) === 'active' && !context.absences.has(cell.cell.name));
    if (leaving.length > 0 || active.length < 2) continue;
    const full = overflow.some(({ from }) => from?.cell.region === region);
    considerCordon(context, busy, region, active, full, found);
  }
  return found;
}

function considerCordon(
  context: PlanContext,
  busy: () => FleetLoad,
  region: string,
  active: readonly CellLoad[],
  full: boolean,
  { actions, excuses }: Found,
): void {
  const { ledger, rules, holds, crossings, now } = context;
  const spared = active.find((cell) => ledger.of(cell.cell.name).spareSince !== undefined);
  const filled = active.map((cell) => ({ cell, share: fullestOf(cell).utilisation })).sort((a, b) => a.share - b.share);
  const candidate = spared ?? filled[0]!.cell;
  const { name } = candidate.cell;
  const stays = (text: string): void => void excuses.push({ action: 'cordon', subject: name, text });

  const held = active.find((cell) => holds.has(cell.cell.name));
  if (held) return stays(`${held.cell.name} is on hold: ${holds.get(held.cell.name)!.reason}`);
  const unknown = unmeasuredIn(context, name);
  if (unknown) return stays(unknown.text);
  if (full) return stays(`tenants of ${region} fit into no cell as it is`);
  const crossing = active.find((cell) => crossings.has(cell.cell.name));
  if (crossing) {
    const { at, text } = crossings.get(crossing.cell.name)!;
    return stays(`${crossing.cell.name} goes over what it can carry on ${when(at)}: ${text}`);
  }
  const recent =
    ledger.count('stamp', rules.retireAfterHours, region) + ledger.count('emergency', rules.retireAfterHours, region);
  if (recent > 0)
    return stays(
      `${counted(recent, 'cell was', 'cells were')} stamped in ${region} in the last ${rules.retireAfterHours} h`,
    );
  const together = filled.reduce((sum, { share }) => sum + share, 0) / (active.length - 1);
  if (together > rules.fillTarget) {
    return stays(
      `the other ${counted(active.length - 1, 'cell')} of ${region} would be at ${percent(together)} on average, at most ${percent(rules.fillTarget)} are allowed`,
    );
  }
  const trial = fitElsewhere(busy(), name, rules.fillTarget);
  if (trial.missing !== undefined) return stays(trial.missing);
  const hours = (now - ledger.since(name, 'spareSince')) / HOUR_MS;
  if (hours < rules.retireAfterHours) {
    return stays(
      `its ${counted(candidate.tenants.size, 'tenant fits', 'tenants fit')} into the other cells of ${region}, for ${amount(hours)} h now; it is cordoned after ${rules.retireAfterHours} h`,
    );
  }
  ledger.note(name, 'cordonedAt', iso(now));
  actions.push({
    kind: 'cordon',
    cell: name,
    reason: `its ${counted(candidate.tenants.size, 'tenant fits', 'tenants fit')} into the other ${counted(active.length - 1, 'cell')} of ${region} at the ${percent(RETIREMENT_QUANTILE)} quantile through a busy week, and did for ${amount(hours)} h; the fullest is then at ${percent(trial.fullest)}`,
  });
}

/** The next step for a cell that is cordoned or draining. */
function takeFurther(context: PlanContext, busy: () => FleetLoad, cell: CellLoad, found: Found): void {
  const { ledger, rules, now, holds, cells } = context;
  const { name } = cell.cell;
  const { state } = cells.get(name)!.spec;
  const memory = ledger.of(name);
  // Not since when it was spare: a cell that takes tenants again is left alone as long as any other.
  for (const what of ['cordonedAt', 'drainBy'] as const) {
    if (memory[what] !== undefined) ledger.note(name, what, memory[what]);
  }
  const action = state === 'cordoned' ? 'drain' : cell.tenants.size === 0 ? 'retire' : 'move';
  const stays = (text: string): void => void found.excuses.push({ action, subject: name, text });
  const hold = holds.get(name);
  if (hold) return stays(`${name} is on hold: ${hold.reason}`);
  if (state === 'cordoned' && memory.cordonedAt === undefined) return stays('it was not cordoned by a plan');
  if (action === 'retire') return considerRetire(context, cell, found, stays);

  const trial = fitElsewhere(busy(), name, rules.fillTarget);
  if (trial.missing !== undefined && isNeeded(context, cell, trial.missing, found)) return;
  if (state === 'cordoned') {
    if (trial.missing !== undefined) return stays(trial.missing);
    const unknown = unmeasuredIn(context, name);
    if (unknown) return stays(unknown.text);
    const hours = (now - Date.parse(memory.cordonedAt!)) / HOUR_MS;
    if (hours < rules.drainAfterHours) {
      return stays(`cordoned for ${amount(hours)} h, drained after ${rules.drainAfterHours} h`);
    }
    const deadline = iso(now + rules.drainHours * HOUR_MS);
    ledger.note(name, 'drainBy', deadline);
    const reason = `cordoned for ${amount(hours)} h and its ${counted(cell.tenants.size, 'tenant still fits', 'tenants still fit')} elsewhere at the ${percent(RETIREMENT_QUANTILE)} quantile through a busy week; the fullest cell is then at ${percent(trial.fullest)}`;
    found.actions.push({ kind: 'drain', cell: name, deadline, tenants: cell.tenants.size, reason });
    return;
  }
  if (trial.missing !== undefined) stays(trial.missing);
  let moved = 0;
  const movable = [...trial.moves].filter(([{ id }]) => {
    const unknown = context.unmeasured.get(id);
    if (unknown) stays(`${unknown.text}, and is not moved`);
    return unknown === undefined;
  });
  for (const [tenant, to] of movable) {
    if (ledger.count('move', 24) >= rules.caps.movesPerDay) break;
    ledger.did('move', cell.cell.region);
    moved++;
    const reason = `${name} is draining (${counted(trial.moves.size, 'tenant')} to move); ${to.cell.name} holds it at the ${percent(RETIREMENT_QUANTILE)} quantile through a busy week`;
    found.actions.push({ kind: 'move', tenant: tenant.id, from: name, to: to.cell.name, reason });
  }
  if (moved < movable.length) {
    stays(
      `${counted(movable.length - moved, 'tenant waits', 'tenants wait')}: ${counted(ledger.count('move', 24), 'move')} in 24 h, at most ${rules.caps.movesPerDay} are allowed`,
    );
  }
  if (memory.drainBy !== undefined && now > Date.parse(memory.drainBy)) {
    stays(
      `its deadline was ${memory.drainBy}, ${counted(cell.tenants.size, 'tenant is', 'tenants are')} still there; a person should look`,
    );
  }
}

/** One of its tenants that is not measured; undefined where all are. */
function unmeasuredIn({ unmeasured }: PlanContext, name: string): UnmeasuredTenant | undefined {
  return [...unmeasured.values()].find(({ cell }) => cell === name);
}

/** True where a cell that a plan cordoned takes tenants again, as its own have long fitted nowhere else. */
function isNeeded(context: PlanContext, { cell, tenants }: CellLoad, missing: string, { actions }: Found): boolean {
  const { ledger, rules, now, holds, load } = context;
  const { name, region } = cell;
  const held = load.cells.some((other) => other.cell.region === region && holds.has(other.cell.name));
  // What is on hold takes no tenants for now, which says nothing of later.
  if (held || ledger.of(name).cordonedAt === undefined) return false;
  const hours = (now - ledger.since(name, 'neededSince')) / HOUR_MS;
  if (hours < rules.uncordonAfterHours) return false;
  const reason = `its ${counted(tenants.size, 'tenant no longer fits', 'tenants no longer fit')} elsewhere, for ${amount(hours)} h now: ${missing}`;
  actions.push({ kind: 'uncordon', cell: name, reason });
  return true;
}

function considerRetire(
  { cells }: PlanContext,
  cell: CellLoad,
  { actions }: Found,
  stays: (text: string) => void,
): void {
  const { name } = cell.cell;
  // A cell without tenants is not on hold for want of measurements; whether it has calls is unknown all the same, and not zero.
  const { measuredAt, relayedCalls } = cells.get(name)!.signals;
  if (measuredAt === undefined || relayedCalls === undefined) {
    return stays('no tenants are left; whether calls are is not measured');
  }
  if (relayedCalls > 0) return stays(`no tenants are left, ${counted(amount(relayedCalls), 'call is', 'calls are')}`);
  actions.push({ kind: 'retire', cell: name, reason: 'draining, no tenants are left and 0 calls are measured' });
}

interface Trial {
  readonly moves: ReadonlyMap<TenantRow, CellLoad>;
  /** Of the cells that tenants would go to. */
  readonly fullest: number;
  /** Why not all tenants fit elsewhere. */
  readonly missing: string | undefined;
}

/** Tries to put all tenants of a cell into the others of its region, and puts them back. */
function fitElsewhere({ cells, byName, elsewhere }: FleetLoad, name: string, fillTarget: number): Trial {
  const from = byName.get(name)!;
  const others = cells.filter((cell) => cell !== from && cell.cell.region === from.cell.region);
  const moves = new Map<TenantRow, CellLoad>();
  let missing: string | undefined;
  for (const tenant of bySize([...from.tenants].map(elsewhere))) {
    const to = leastFull(others, tenant);
    const share = to?.utilisationWith(tenant) ?? Infinity;
    if (to !== undefined && share <= fillTarget) {
      to.add(tenant);
      moves.set(tenant, to);
    } else {
      missing ??= whyNotElsewhere(tenant, to, share, others, fillTarget);
    }
  }
  const fullest = Math.max(0, ...[...new Set(moves.values())].map((cell) => fullestOf(cell).utilisation));
  for (const [tenant, to] of moves) to.remove(tenant);
  return { moves, fullest, missing };
}

function whyNotElsewhere(
  tenant: TenantRow,
  to: CellLoad | undefined,
  share: number,
  others: readonly CellLoad[],
  fillTarget: number,
): string {
  const quantile = `the ${percent(RETIREMENT_QUANTILE)} quantile with media hosts down`;
  if (to !== undefined) {
    return `${to.cell.name} would carry tenant ${tenant.id}, but at ${percent(share)} of its fullest limit at ${quantile}, at most ${percent(fillTarget)} are allowed`;
  }
  const reasons = others.flatMap((cell) => whyNot(cell, tenant)?.text ?? []).slice(0, 3);
  return `tenant ${tenant.id} fits into no other cell of the region at ${quantile}: ${reasons.join('; ')}`;
}
