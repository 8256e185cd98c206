import { plan as planOf } from '../../planner/plan.ts';
import type { History } from '../../planner/forecast/history.ts';
import type { PlanInput } from '../../planner/plan/input.ts';
import { DEFAULT_RULES } from '../../planner/plan/rules.ts';
import type { Plan } from '../../planner/plan/schema.ts';

/** Every case is a plan of its own. */
const MOST_CELLS = 200;
const GROWTH = 1.1;

/** What the plan would be if something were otherwise. */
export interface WhatIf {
  readonly when: string;
  readonly stamps: number;
  /** The earliest moment by which a stamp must begin, ISO 8601; undefined where none is needed. */
  readonly startBy: string | undefined;
  /** Cells that get too full within the horizon. */
  readonly crossing: number;
  /** Share of the fullest limit of the fullest cell. */
  readonly fullest: number;
}

/** @returns undefined for fleets so large that it would take long */
export function whatIf(input: PlanInput, plan: Plan): readonly WhatIf[] | undefined {
  if (input.cells.length > MOST_CELLS) return undefined;
  const lost = { ...DEFAULT_RULES, ...input.rules }.lostMediaHosts;
  const [emptiest] = [...plan.cells].filter(({ state }) => state === 'active').sort((a, b) => a.tenants - b.tenants);
  return [
    outcome('nothing changes', plan),
    outcome(
      'one media host of every pool less',
      planOf({ ...input, rules: { ...input.rules, lostMediaHosts: lost + 1 } }),
    ),
    outcome('10 % more of everything', planOf(grown(input))),
    ...(emptiest && input.cells.length > 1
      ? [outcome(`${emptiest.name} is gone, its tenants wait`, planOf(without(input, emptiest.name)))]
      : []),
  ];
}

function outcome(when: string, { actions, cells }: Plan): WhatIf {
  const stamps = actions.flatMap((action) => (action.kind === 'stamp' ? [action.startBy] : []));
  return {
    when,
    stamps: stamps.length,
    startBy: stamps.sort()[0],
    crossing: cells.filter(({ crossesAt }) => crossesAt !== null).length,
    fullest: cells.reduce((most, { utilisation }) => Math.max(most, utilisation), 0),
  };
}

function grown(input: PlanInput): PlanInput {
  const times = (values: Float64Array): Float64Array => values.map((value) => value * GROWTH);
  const each = <T extends object, V>(record: T, change: (value: V) => V): T =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value as V)])) as T;
  return {
    ...input,
    cells: input.cells.map((cell) => ({
      ...cell,
      history: each(cell.history, (history: History) => ({ ...history, values: times(history.values) })),
    })),
    tenants: input.tenants.map((tenant) => ({ ...tenant, use: each(tenant.use, times) })),
  };
}

function without(input: PlanInput, gone: string): PlanInput {
  return {
    ...input,
    cells: input.cells.filter(({ spec }) => spec.name !== gone),
    tenants: input.tenants.map((tenant) => {
      const all = { ...tenant };
      if (all.cell === gone) delete all.cell;
      return all;
    }),
  };
}
