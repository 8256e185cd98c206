import { counted } from '../../config-file/counted.ts';
import type { CellLoad } from '../placement/cell-load.ts';
import type { TenantRow } from '../placement/tenant-table.ts';
import type { PlanContext } from './context.ts';
import type { Blueprint } from './input.ts';
import type { QuotaBook } from './quotas.ts';
import { packOverflow, type Overflow } from './rebalancing.ts';
import type { Action, PlanExcuse } from './schema.ts';
import { amount, percent } from '../wording.ts';
import { HOUR_MS, iso, when } from '../time.ts';

/** A new cell that is wanted, before caps and quotas. */
interface Wanted {
  readonly blueprint: Blueprint;
  readonly tenants: ReadonlySet<TenantRow>;
  /** When the first of its tenants can stay no longer where it is. */
  readonly neededBy: number;
  readonly because: string;
  /** Cells on hold that its tenants are in. */
  readonly held: readonly string[];
}

/** Decides which cells to stamp for the tenants that fit nowhere else. */
export function stamping(
  context: PlanContext,
  overflow: readonly Overflow[],
  quotas: QuotaBook,
): { actions: Action[]; excuses: PlanExcuse[] } {
  const excuses: PlanExcuse[] = [];
  const actions: Action[] = [];
  const home = new Map(overflow.map(({ tenant, from }) => [tenant, from]));
  const packing = packOverflow(context, [...home.keys()], context.input.blueprints);
  for (const { tenant, excuses: why } of packing.unplaced) {
    const named = why.slice(0, 3).map(({ text }) => text);
    excuses.push({
      action: home.get(tenant) === undefined ? 'place' : 'move',
      subject: tenant.id,
      text: `no cell has room, and no new cell could hold it: ${named.join('; ')}`,
    });
  }
  const wanted = regionsOf(packing.cells).flatMap((region) => {
    const opened = packing.cells.filter((cell) => cell.cell.region === region);
    return cheapest(context, region, opened, excuses).map(({ blueprint, cell }) =>
      describe(context, blueprint, cell, home),
    );
  });
  wanted.sort((a, b) => a.neededBy - b.neededBy);
  const names = new Set(context.cells.keys());
  for (const one of wanted) decide(context, one, names, quotas, actions, excuses);
  // Until the new cells are there, the tenants stay where they are.
  for (const [tenant, from] of home) from?.add(tenant);
  return { actions, excuses };
}

const regionsOf = (cells: readonly CellLoad[]): string[] => [...new Set(cells.map((cell) => cell.cell.region))].sort();

interface Sized {
  readonly blueprint: Blueprint;
  readonly cell: CellLoad;
}

/** The size that costs least for the region's tenants; the others get an excuse. */
function cheapest(
  context: PlanContext,
  region: string,
  opened: readonly CellLoad[],
  excuses: PlanExcuse[],
): readonly Sized[] {
  const blueprints = context.input.blueprints.filter((blueprint) => blueprint.spec.region === region);
  const byName = (cell: CellLoad): Blueprint =>
    blueprints.find(({ name }) => cell.cell.name.replace(/ \d+$/, '') === name)!;
  const mixed = opened.map((cell) => ({ blueprint: byName(cell), cell }));
  const costsKnown = blueprints.every(({ costPerHour }) => costPerHour !== undefined);
  const cost = (cells: readonly Sized[]): number =>
    cells.reduce((sum, { blueprint }) => sum + (costsKnown ? blueprint.costPerHour! : 1), 0);
  const tenants = opened.flatMap((cell) => [...cell.tenants]);
  const said = (cells: readonly Sized[]): string =>
    `${counted(cells.length, 'cell')}${costsKnown ? ` at ${amount(cost(cells))} an hour` : ''}`;
  let best: readonly Sized[] = mixed;
  const tried: { blueprint: Blueprint; cells: readonly Sized[] }[] = [];
  for (const blueprint of blueprints) {
    const { cells, unplaced } = packOverflow(context, tenants, [blueprint]);
    if (unplaced.length > 0) {
      const text = `${blueprint.name} can't hold ${unplaced.length} of the ${counted(tenants.length, 'tenant')}: ${unplaced[0]!.excuses[0]!.text}`;
      excuses.push({ action: 'stamp', subject: blueprint.name, text });
      continue;
    }
    const sized = cells.map((cell) => ({ blueprint, cell }));
    tried.push({ blueprint, cells: sized });
    if (cost(sized) < cost(best)) best = sized;
  }
  for (const { blueprint, cells } of tried) {
    if (best.every((one) => one.blueprint === blueprint)) continue;
    excuses.push({
      action: 'stamp',
      subject: blueprint.name,
      text: `${blueprint.name} would take ${said(cells)} for ${counted(tenants.length, 'tenant')}, chosen are ${said(best)}`,
    });
  }
  return best;
}

function describe(
  context: PlanContext,
  blueprint: Blueprint,
  cell: CellLoad,
  home: ReadonlyMap<TenantRow, CellLoad | undefined>,
): Wanted {
  const { now, lead, crossings, holds, policy } = context;
  const sources = [...new Set([...cell.tenants].flatMap((tenant) => home.get(tenant) ?? []))];
  const first = sources
    .map((source) => ({ name: source.cell.name, crossing: crossings.get(source.cell.name)! }))
    .sort((a, b) => a.crossing.at - b.crossing.at)[0];
  const waiting = [...cell.tenants].filter((tenant) => home.get(tenant) === undefined).length;
  const reasons: string[] = [];
  if (first !== undefined) {
    reasons.push(
      `${first.name} can't carry its ${percent(policy.quantile)} quantile from ${when(first.crossing.at)} on: ${first.crossing.text}`,
    );
  }
  if (waiting > 0) reasons.push(`${counted(waiting, 'waiting tenant fits', 'waiting tenants fit')} into no cell`);
  // A tenant that waits needs the cell as soon as there can be one; nobody's calls are lost for it.
  const soonest = now + lead.hours * HOUR_MS;
  return {
    blueprint,
    tenants: cell.tenants,
    neededBy: first?.crossing.at ?? soonest,
    because: reasons.join('; '),
    held: sources.map((source) => source.cell.name).filter((name) => holds.has(name)),
  };
}

function decide(
  context: PlanContext,
  wanted: Wanted,
  names: Set<string>,
  quotas: QuotaBook,
  actions: Action[],
  excuses: PlanExcuse[],
): void {
  const { now, lead, ledger } = context;
  const { blueprint, neededBy } = wanted;
  const { region } = blueprint.spec;
  const startBy = neededBy - lead.hours * HOUR_MS;
  const emergency = startBy < now;
  const name = nextName(blueprint.prefix, names);
  const need = `${wanted.because}; no other cell has room for ${counted(wanted.tenants.size, 'tenant')}`;
  const short = quotas.take(blueprint.spec);
  const not = short ?? whyNotStamp(context, wanted, emergency, actions);
  if (not !== undefined) {
    excuses.push({ action: 'stamp', subject: name, text: `${need}, but ${not}` });
    return;
  }
  names.add(name);
  ledger.since(name, 'stampedAt');
  ledger.did(ledger.count('stamp', 24) < context.rules.caps.cellsPerDay ? 'stamp' : 'emergency', region);
  actions.push({
    kind: 'stamp',
    cell: name,
    blueprint: blueprint.name,
    region,
    startBy: iso(startBy),
    neededBy: iso(neededBy),
    emergency,
    tenants: wanted.tenants.size,
    costPerHour: blueprint.costPerHour ?? null,
    reason: `${need}; a stamp takes ${amount(lead.hours)} h (${percent(lead.quantile)} quantile, ${lead.basis})`,
  });
}

function whyNotStamp(
  { rules, ledger, holds, input }: PlanContext,
  { held, blueprint }: Wanted,
  emergency: boolean,
  actions: readonly Action[],
): string | undefined {
  const { cellsPerDay, emergencyCellsPerDay, costPerHour } = rules.caps;
  const stamps = ledger.count('stamp', 24);
  const emergencies = ledger.count('emergency', 24);
  if (stamps >= cellsPerDay && !(emergency && emergencies < emergencyCellsPerDay)) {
    const more = emergency ? ` and ${emergencies} of ${emergencyCellsPerDay} in an emergency` : '';
    return `${stamps} of ${counted(cellsPerDay, 'cell')} a day are stamped${more}`;
  }
  if (!emergency && held.length > 0) {
    return `it can wait for the end of the hold on ${held[0]}: ${holds.get(held[0]!)!.reason}`;
  }
  if (costPerHour === Infinity) return undefined;
  const costs = [
    ...input.cells.filter(({ spec }) => spec.state !== 'retired').map((cell) => cell.costPerHour),
    ...actions.flatMap((action) => (action.kind === 'stamp' ? [action.costPerHour ?? undefined] : [])),
    blueprint.costPerHour,
  ];
  if (costs.includes(undefined))
    return `the cap of ${costPerHour} an hour can't be kept: the cost of a cell is not known`;
  const sum = costs.reduce((total: number, cost) => total + cost!, 0);
  return sum > costPerHour
    ? `the fleet would cost ${amount(sum)} an hour, at most ${costPerHour} is allowed`
    : undefined;
}

/** The first name that is free: a to z, then aa to az, and so on. */
function nextName(prefix: string, taken: ReadonlySet<string>): string {
  for (let n = 0; ; n++) {
    const letter = String.fromCharCode(97 + (n % 26));
    const name = `${prefix}${n < 26 ? '' : String.fromCharCode(96 + Math.floor(n / 26))}${letter}`;
    if (!taken.has(name)) return name;
  }
}
