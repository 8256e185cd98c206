import { describe, expect, it } from 'vitest';
import { plan } from '../../../lib/planner/plan.ts';
import type { FleetCell, PlanInput } from '../../../lib/planner/plan/input.ts';
import { DEFAULT_RULES } from '../../../lib/planner/plan/rules.ts';
import type { Plan } from '../../../lib/planner/plan/schema.ts';
import { blueprint, cellOf, HOUR, NOW, specOf, tenantsOf } from './fleets.ts';

type State = FleetCell['spec']['state'];

/** A quiet cell and one that leaves; the first has `calls` in use of the 277 that it may have. */
const fleet = (calls: number, state: State = 'cordoned', more: Partial<PlanInput> = {}, now = NOW): PlanInput => ({
  now,
  cells: [
    cellOf('euw1-a', { calls: () => calls, seed: 1 }, {}, now),
    cellOf('euw1-b', { calls: () => 40, seed: 2 }, { spec: specOf('euw1-b', { state }) }, now),
  ],
  tenants: [...tenantsOf('euw1-a', 20, calls), ...tenantsOf('euw1-b', 4, 40)],
  blueprints: [blueprint()],
  memory: cordonedByPlan,
  ...more,
});
const cordonedByPlan: Plan['memory'] = {
  cells: { 'euw1-b': { cordonedAt: new Date(NOW - HOUR).toISOString() } },
  done: [],
};
const waiting = tenantsOf(undefined, 2, 120);
const withWaiting = (input: PlanInput): PlanInput => ({ ...input, tenants: [...input.tenants, ...waiting] });
const kinds = ({ actions }: Plan): string[] => actions.map(({ kind }) => kind);

describe('a cell that is leaving', () => {
  it.each(['cordoned', 'draining'] as const)('%s, takes tenants again before another cell is stamped', (state) => {
    const made = plan(withWaiting(fleet(220, state)));
    expect(kinds(made)).toEqual(['uncordon']);
    expect(made.actions[0]).toMatchObject({ cell: 'euw1-b' });
    expect(made.actions[0]!.reason).toMatch(/2 tenants fit into no other cell.*so none is stamped/);
    expect(made.memory.cells).not.toHaveProperty('euw1-b');
    const active = fleet(220, 'active', { memory: made.memory });
    const next = plan(withWaiting(active));
    expect(kinds(next)).toEqual(['place', 'place']);
  });

  it('stays so where a person cordoned it: a cell is stamped, and an excuse says why', () => {
    const made = plan(withWaiting(fleet(220, 'cordoned', { memory: { cells: {}, done: [] } })));
    expect(kinds(made)).toEqual(['stamp']);
    expect(made.excuses).toContainEqual({
      action: 'uncordon',
      subject: 'euw1-b',
      text: 'euw1-b was not cordoned by a plan, so no plan takes it back',
    });
  });

  it('is not needed where what fits nowhere does not fit into it either', () => {
    const large = tenantsOf(undefined, 1, 260);
    const input = fleet(220);
    const made = plan({ ...input, tenants: [...input.tenants, ...large] });
    expect(kinds(made)).toEqual(['stamp']);
  });

  it('takes tenants again when its own have fitted nowhere else for a day, not sooner', () => {
    let memory = cordonedByPlan;
    const seen: string[][] = [];
    for (let hour = 0; hour <= DEFAULT_RULES.uncordonAfterHours; hour += 6) {
      const made = plan(fleet(225, 'cordoned', { memory }, NOW + hour * HOUR));
      memory = made.memory;
      seen.push(kinds(made));
    }
    expect(seen).toEqual([[], [], [], [], ['uncordon']]);
  });

  it('is left alone for as long as any other once it takes tenants again, by a plan or by hand', () => {
    const spare = plan(fleet(100, 'cordoned')).memory;
    const made = plan(fleet(100, 'active', { memory: spare }, NOW + HOUR));
    expect(kinds(made)).toEqual([]);
    expect(made.excuses[0]!.text).toMatch(/for 0 h now; it is cordoned after 336 h/);
  });
});
