import { describe, expect, it } from 'vitest';
import { plan } from '../../../lib/planner/plan.ts';
import type { FleetCell } from '../../../lib/planner/plan/input.ts';
import type { Plan, PlanMemory } from '../../../lib/planner/plan/schema.ts';
import { blueprint, cellOf, HOUR, NOW, specOf, tenantsOf } from './fleets.ts';

const unmeasured: FleetCell = {
  spec: specOf('euw1-b'),
  history: {},
  signals: { measuredAt: undefined },
  costPerHour: 4,
};

/** A full cell, a waiting tenant, and one more cell without tenants. */
const made = (other: FleetCell, more: { now?: number; memory?: PlanMemory } = {}): Plan => {
  const { now = NOW } = more;
  return plan({
    now,
    cells: [cellOf('euw1-a', { calls: () => 270 }, {}, now), other],
    tenants: [...tenantsOf('euw1-a', 20, 270), ...tenantsOf(undefined, 1, 20)],
    blueprints: [blueprint()],
    rules: { moveAfterHours: 0 },
    ...(more.memory && { memory: more.memory }),
  });
};
const tenantsInto = ({ actions }: Plan) =>
  actions.filter(
    (action) =>
      (action.kind === 'place' && action.cell === 'euw1-b') || (action.kind === 'move' && action.to === 'euw1-b'),
  );
const excuses = (one: Plan) => one.excuses.map(({ text }) => text).join('\n');

describe('a cell that was only written down', () => {
  it('gets no tenant before calls have proved it, and its room keeps another from being stamped', () => {
    const before = made(unmeasured);
    expect(tenantsInto(before)).toEqual([]);
    expect(before.actions.filter(({ kind }) => kind === 'stamp')).toEqual([]);
    expect(excuses(before)).toContain('euw1-b has room, but euw1-b is not known to be there');
    expect(tenantsInto(made({ ...unmeasured, provedAt: NOW - HOUR })).length).toBeGreaterThan(0);
  });

  it('is there once it is measured, whoever deployed it', () => {
    const signals = { measuredAt: NOW - 60_000, relayedCalls: 0, setups: 0 };
    expect(tenantsInto(made({ ...unmeasured, signals })).length).toBeGreaterThan(0);
  });

  it('is on hold while its deploy is not finished, though it is measured', () => {
    const signals = { measuredAt: NOW - 60_000, relayedCalls: 0, setups: 0 };
    const during = made({ ...unmeasured, signals, unfinished: { step: 'its deploy', since: NOW - HOUR } });
    expect(tenantsInto(during)).toEqual([]);
    expect(excuses(during)).toContain('euw1-b is on hold: its deploy, begun 2026-03-02 08:00 UTC, is not finished');
  });
});

describe('a stamp', () => {
  const asking = (now: number, memory?: PlanMemory) =>
    plan({
      now,
      cells: [cellOf('euw1-a', { calls: () => 270 }, {}, now)],
      tenants: tenantsOf('euw1-a', 20, 270),
      blueprints: [blueprint()],
      ...(memory && { memory }),
    });

  it('is remembered from the first plan that asked for it, and measured when calls prove the cell', () => {
    const first = asking(NOW);
    expect(first.actions).toMatchObject([{ kind: 'stamp', cell: 'euw1-b' }]);
    // Nobody has taken the file over yet, and the next plan asks again.
    const second = asking(NOW + 24 * HOUR, first.memory);
    expect(second.memory.cells['euw1-b']!.stampedAt).toBe(new Date(NOW).toISOString());
    const later = { now: NOW + 60 * HOUR, memory: second.memory };
    const proved = made({ ...unmeasured, provedAt: NOW + 50 * HOUR }, later);
    expect(proved.leadTime).toMatchObject({ hours: 50, basis: expect.stringContaining('1 earlier stamp,') as string });
    expect(proved.memory.cells['euw1-b']!.stampedAt).toBe(new Date(NOW).toISOString());
  });

  it('that nobody took over is forgotten after 14 days', () => {
    const { memory } = asking(NOW);
    const idle = (hours: number) =>
      plan({
        now: NOW + hours * HOUR,
        cells: [cellOf('euw1-a', { calls: () => 50 }, {}, NOW + hours * HOUR)],
        tenants: [],
        blueprints: [blueprint()],
        memory,
      });
    expect(idle(13 * 24).memory.cells).toHaveProperty('euw1-b');
    expect(idle(15 * 24).memory.cells).not.toHaveProperty('euw1-b');
  });
});
