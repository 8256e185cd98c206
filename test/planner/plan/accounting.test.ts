import { describe, expect, it } from 'vitest';
import { plan } from '../../../lib/planner/plan.ts';
import type { Plan } from '../../../lib/planner/plan/schema.ts';
import { measuredWeek } from '../../../lib/planner/tenant-week.ts';
import { blueprint, cellOf, DAY, NOW, tenantsOf } from './fleets.ts';

/** A cell with so many calls, whose tenants add up to others. */
const made = (calls: number, ofTenants: number, more: { since?: number } = {}): Plan =>
  plan({
    now: NOW,
    cells: [cellOf('euw1-a', { calls: () => calls })],
    tenants: tenantsOf('euw1-a', 10, ofTenants, more),
    blueprints: [blueprint()],
  });

describe('a cell and its tenants', () => {
  it('that agree are not held', () => {
    expect(made(200, 160).actions).toEqual([]);
  });

  it('where calls belong to no tenant are on hold, with both numbers', () => {
    const [hold] = made(200, 100).actions;
    expect(hold).toMatchObject({ kind: 'hold', cell: 'euw1-a', codes: ['contradictory'] });
    expect(hold!.reason).toMatch(/euw1-a had \d+(\.\d+)? calls on average, its 10 tenants add up to 100/);
  });

  it('where tenants have sold more than they use get a note: each has its part of the forecast', () => {
    const { actions, notes } = made(80, 200);
    expect(actions).toEqual([]);
    expect(notes.find((note) => note.includes('add up to 200'))).toMatch(
      /each is taken to use its part of the forecast/,
    );
  });

  it('that grow together are not held: both are behind', () => {
    for (const growth of [0.05, 0.1, 0.2]) {
      for (const weeks of [4, 8, 13]) {
        const cell = cellOf('euw1-a', { calls: (hour) => 200 * (1 + growth) ** (hour / 168), weeks });
        const [tenant] = tenantsOf('euw1-a', 1, 200);
        const { relayedCalls } = cell.history;
        const use = { ...tenant!.use, relayedCalls: measuredWeek(relayedCalls!)! };
        const { actions } = plan({
          now: NOW,
          cells: [cell],
          tenants: [{ ...tenant!, use }],
          blueprints: [blueprint()],
        });
        expect(actions.filter(({ kind }) => kind === 'hold')).toEqual([]);
      }
    }
  });

  it('differ by some calls without anybody being held: small numbers differ by chance', () => {
    expect(made(25, 8).actions).toEqual([]);
  });

  it('are not compared with tenants that the history does not know yet', () => {
    const { actions } = made(15, 250, { since: NOW - DAY });
    expect(actions.filter(({ kind }) => kind === 'hold')).toEqual([]);
  });
});
