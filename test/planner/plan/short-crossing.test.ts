import { describe, expect, it } from 'vitest';
import { plan } from '../../../lib/planner/plan.ts';
import { blueprint, cellOf, NOW, tenantsOf } from './fleets.ts';

const planOf = (calls: (hour: number) => number) =>
  plan({
    now: NOW,
    cells: [cellOf('euw1-a', { calls })],
    tenants: tenantsOf('euw1-a', 10, 200),
    blueprints: [blueprint()],
  });

describe('a cell that is too full', () => {
  it('for an hour that nobody announced is not helped by a stamp, which takes a day', () => {
    // Of 277 usable.
    const { actions, excuses, cells } = planOf((hour) => (hour === -1 ? 350 : 200));
    expect(cells[0]!.crossesAt).not.toBeNull();
    expect(actions.filter(({ kind }) => kind === 'stamp')).toEqual([]);
    expect(excuses.map(({ text }) => text).join('\n')).toMatch(
      /no cell has room, and a stamp takes 24 h, by when euw1-a carries it again/,
    );
  });

  it('for days gets one', () => {
    const { actions } = planOf((hour) => (hour >= -72 ? 350 : 200));
    expect(actions.map(({ kind }) => kind)).toContain('stamp');
  });
});
