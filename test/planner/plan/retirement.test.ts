import { describe, expect, it } from 'vitest';
import { plan } from '../../../lib/planner/plan.ts';
import { DEFAULT_RULES } from '../../../lib/planner/plan/rules.ts';
import type { Plan } from '../../../lib/planner/plan/schema.ts';
import { blueprint, cellOf, HOUR, NOW, tenantsOf } from './fleets.ts';

/** Two cells whose tenants fit into one on average, dispensable in every plan so far; they differ by the noise of their load. */
function made(noise: number): Plan {
  const since = new Date(NOW - DEFAULT_RULES.retireAfterHours * HOUR).toISOString();
  return plan({
    now: NOW,
    cells: [
      cellOf('euw1-a', { calls: () => 120, noise, seed: 21 }),
      cellOf('euw1-b', { calls: () => 60, noise, seed: 22 }),
    ],
    tenants: [...tenantsOf('euw1-a', 12, 120), ...tenantsOf('euw1-b', 6, 60)],
    blueprints: [blueprint()],
    memory: { cells: { 'euw1-b': { spareSince: since } }, done: [] },
  });
}

describe('retirement', () => {
  it('begins where the tenants of a cell fit elsewhere at the 99 % quantile through a busy week', () => {
    const [cordon] = made(0.02).actions;
    expect(cordon).toMatchObject({ kind: 'cordon', cell: 'euw1-b' });
    expect(cordon!.reason).toMatch(
      /fit into the other 1 cell of eu-west-1 at the 99\.0 % quantile through a busy week/,
    );
  });

  it('does not begin where they fit on average, but not at that quantile, and names tenant, cell and numbers', () => {
    const { actions, excuses } = made(0.2);
    expect(actions).toEqual([]);
    expect(excuses.find(({ action }) => action === 'cordon')!.text).toMatch(/euw1-a|the other 1 cell/);
    expect(excuses.find(({ action }) => action === 'cordon')!.text).toMatch(/at most 85\.0 % are allowed/);
  });
});
