/** A fleet that grows as an operator has it: new tenants wait, and a plan a day is made and carried out. */
import { cellCapacity } from '../../lib/planner/cell-capacity.ts';
import { plan } from '../../lib/planner/plan.ts';
import { usableLimits } from '../../lib/planner/plan/fleet-load.ts';
import type { Blueprint, FleetCell, FleetTenant, PlanInput } from '../../lib/planner/plan/input.ts';
import { DEFAULT_RULES } from '../../lib/planner/plan/rules.ts';
import type { Plan } from '../../lib/planner/plan/schema.ts';
import type { CellKind } from '../../lib/planner/placement/cell-kind.ts';
import { pack } from '../../lib/planner/placement/pack.ts';
import { TenantTable } from '../../lib/planner/placement/tenant-table.ts';
import { POLICIES } from '../../lib/planner/policy.ts';
import type { GeneratedTenant } from '../../lib/planner/tenant-generator.ts';
import { parseCell } from '../../lib/fleet/schema/cell.ts';

const DAY = 86_400_000;
/** Monday 2025-03-03, 06:00 UTC. */
const FIRST = Date.UTC(2025, 2, 3, 6);
/** A week and more: a cell is relieved before the hour of the week in which it would be too full. */
const DAYS = 10;

export interface Growth {
  readonly cells: number;
  /** Cells of a packing from scratch, by the same limits. */
  readonly fromScratch: number;
  /** Moves of tenants that were in a cell before. */
  readonly moves: number;
  /** New tenants that no plan gave a cell. */
  readonly left: number;
  readonly plans: number;
  /** Cells that were too full for their tenants in the first plan, and in the last. */
  readonly tooFull: readonly [number, number];
}

/**
 * @param fresh tenants that wait
 * @param old tenants that are packed into cells by what they used before
 * @param now all of them, as they are now
 */
export function growByPlans(
  fresh: readonly GeneratedTenant[],
  old: readonly GeneratedTenant[],
  now: readonly GeneratedTenant[],
): Growth {
  const regions = [...new Set(now.map(({ region }) => region))].sort();
  const blueprints = regions.map((region): Blueprint => ({
    name: `${region} standard`,
    prefix: `${region}-`,
    spec: parseCell({ name: 'blueprint', region, aws: {} }),
  }));
  const kinds = blueprints.map(({ spec, prefix }): CellKind => {
    const { limits } = cellCapacity(spec, { lostMediaHosts: DEFAULT_RULES.lostMediaHosts });
    return { name: (n) => `${prefix}${n}`, region: spec.region, limits: usableLimits(POLICIES.gradeOfService, limits) };
  });
  const home = new Map<string, string>();
  const cells = new Map<string, string>();
  for (const { cell, tenants } of packed(old, kinds)) {
    cells.set(cell.name, cell.region);
    for (const { id } of tenants) home.set(id, cell.name);
  }
  const isFresh = new Set(fresh.map(({ name }) => name));
  let moves = 0;
  const tooFull: number[] = [];
  let memory: Plan['memory'] | undefined;
  for (let at = FIRST; at < FIRST + DAYS * DAY; at += DAY) {
    const input: PlanInput = {
      now: at,
      cells: [...cells].map(([name, region]): FleetCell => ({
        spec: { ...parseCell({ name: 'cell', region, aws: {} }), name },
        // No forecast: what tenants are expected to use is what they use, as for the packing from scratch.
        history: {},
        signals: { measuredAt: at, relayedCalls: 1, setups: 0 },
      })),
      tenants: now.map((tenant): FleetTenant => {
        const cell = home.get(tenant.name);
        const { name, tier, region, enterprise, week } = tenant;
        return {
          id: name,
          pool: tier,
          regions: [region],
          use: week,
          ...(enterprise !== undefined && { enterprise }),
          ...(cell !== undefined && { cell }),
        };
      }),
      blueprints,
      ...(memory && { memory }),
    };
    const made = plan(input);
    memory = made.memory;
    for (const action of made.actions) {
      if (action.kind === 'stamp') cells.set(action.cell, action.region);
      if (action.kind === 'place') home.set(action.tenant, action.cell);
      if (action.kind !== 'move') continue;
      home.set(action.tenant, action.to);
      if (!isFresh.has(action.tenant)) moves++;
    }
    tooFull.push(made.cells.filter(({ crossesAt }) => crossesAt !== null).length);
  }
  const left = fresh.filter(({ name }) => !home.has(name)).length;
  const fromScratch = packed(now, kinds).length;
  return { cells: cells.size, fromScratch, moves, left, plans: DAYS, tooFull: [tooFull[0]!, tooFull.at(-1)!] };
}

function packed(tenants: readonly GeneratedTenant[], kinds: readonly CellKind[]) {
  const table = new TenantTable(168);
  for (const { name, tier, region, week, enterprise } of tenants) {
    table.add({ id: name, pool: tier, regions: [region], use: week, ...(enterprise !== undefined && { enterprise }) });
  }
  return pack(table.rows, 168, kinds).cells;
}
