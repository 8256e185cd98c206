import { describe, expect, it } from 'vitest';
import { timeZone } from '../../../lib/planner/forecast/time-zone.ts';
import { demandAhead, type CellAhead } from '../../../lib/planner/plan/demand-ahead.ts';
import type { PlanInput } from '../../../lib/planner/plan/input.ts';
import { outlook } from '../../../lib/planner/plan/outlook.ts';
import { DEFAULT_RULES } from '../../../lib/planner/plan/rules.ts';
import { POLICIES } from '../../../lib/planner/policy.ts';
import { erlangB } from '../../../lib/planner/teletraffic/erlang.ts';
import { parseCell } from '../../../lib/fleet/schema/cell.ts';
import { tenantsOf } from './fleets.ts';

const HOUR = 3_600_000;
const now = Date.UTC(2026, 0, 5);

/** A cell measured every half hour for four weeks: so many calls at the full hour, half as many after it. */
function input(calls: (hour: number) => number): PlanInput {
  const start = now - 28 * 24 * HOUR;
  const values = Float64Array.from({ length: 28 * 48 }, (_, i) => calls(Math.floor(i / 2)) * (i % 2 === 0 ? 1 : 0.5));
  const history = { relayedCalls: { zone: timeZone('UTC'), start, stepMinutes: 30, values } };
  const spec = parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {} });
  return { now, cells: [{ spec, history, signals: { measuredAt: now } }], tenants: [], blueprints: [] };
}

/** The one resource of the one cell. */
const demandOf = (calls: (hour: number) => number, measuredDays: number) =>
  demandAhead(input(calls), measuredDays)[0]!.resources[0]!;

describe('the demand ahead of a cell', () => {
  it('is what was measured, and goes on as the forecast without a gap', () => {
    const [{ cell, resources }] = demandAhead(
      input((hour) => 100 + (hour % 24)),
      7,
    ) as [CellAhead];
    expect(cell).toBe('euw1-a');
    expect(resources.map(({ resource }) => resource)).toEqual(['relayedCalls']);
    const { hours, measured, levels, quantiles } = resources[0]!;
    expect(levels).toEqual([0.5, 0.9, 0.95, 0.99]);
    expect(hours[0]).toBe(now - 7 * 24 * HOUR);
    expect([...hours].every((hour, i) => hour === hours[0]! + i * HOUR)).toBe(true);
    hours.forEach((hour, i) => {
      expect(Number.isNaN(measured[i]!)).toBe(hour >= now);
      for (const [n, values] of quantiles.entries()) {
        expect(Number.isNaN(values[i]!)).toBe(hour < now);
        expect(n === 0 || hour < now || values[i]! >= quantiles[n - 1]![i]!).toBe(true);
      }
    });
    // The most of the hour, not what was last in it.
    expect(measured[5]).toBe(105);
  });

  it('stands against what the cell carries and what the policy lets it reach', () => {
    const { limit, usable } = demandOf(() => 100, 1);
    expect(limit).toBe(7500);
    // So many erlangs lose one call in a hundred on so many lines.
    expect(erlangB(limit!, usable!)).toBeCloseTo(POLICIES.gradeOfService.blocking, 6);
  });

  it('is without the part of a tenant that has left, as the plan is', () => {
    const { cells, ...rest } = input(() => 100);
    const [cell] = cells;
    const stayed = tenantsOf('euw1-a', 1, 75);
    const gone = { ...tenantsOf('euw1-a', 1, 25)[0]!, id: 'gone', cell: 'euw1-b' };
    const elsewhere = { ...cell!, spec: { ...cell!.spec, name: 'euw1-b' }, history: {} };
    const memory = { cells: {}, done: [], homes: { 'euw1-a': ['gone', stayed[0]!.id] } };
    const own = { ...cell!, historyOf: 'cell' as const };
    const [ahead] = demandAhead({ ...rest, cells: [own, elsewhere], tenants: [...stayed, gone], memory }, 1);
    const { quantiles } = ahead!.resources.find(({ resource }) => resource === 'relayedCalls')!;
    expect(quantiles[0]!.at(-1)).toBeCloseTo(75, 0);
  });

  it('has the quantile of the policy besides, the same as the plan works with', () => {
    const policy = { ...POLICIES.fixedHeadroom, quantile: 0.8 };
    const [{ resources }] = demandAhead({ ...input((hour) => 100 + (hour % 7)), policy }, 1) as [CellAhead];
    const { levels, quantiles } = resources[0]!;
    expect(levels).toEqual([0.5, 0.8, 0.9, 0.95, 0.99]);
    const { forecasts } = outlook(
      input((hour) => 100 + (hour % 7)).cells[0]!,
      [],
      now,
      [0.8],
      DEFAULT_RULES,
      undefined,
    );
    const seen = forecasts.get('relayedCalls')!;
    expect(Math.max(...quantiles[1]!.filter((value) => !Number.isNaN(value)))).toBe(
      Math.max(...seen.quantiles[seen.levels.indexOf(0.8)]!),
    );
  });

  it('loses a media host of every group of pools that has its own', () => {
    const { cells, ...others } = input(() => 100);
    const limitOf = (pools: Record<string, number[]>): number | undefined => {
      const spec = parseCell({
        name: 'euw1-a',
        region: 'eu-west-1',
        aws: {},
        media: { hosts: 8, relay: { calls: 100 }, pools },
      });
      return demandAhead({ ...others, cells: [{ ...cells[0]!, spec }] }, 1)[0]!.resources[0]!.limit;
    };
    expect(limitOf({ standard: [1, 2, 3, 4, 5, 6, 7, 8] })).toBe(700);
    expect(limitOf({ standard: [1, 2, 3, 4], premium: [5, 6, 7, 8] })).toBe(600);
    expect(limitOf({ standard: [1, 2, 3, 4, 5], premium: [5, 6, 7, 8] })).toBe(700);
  });

  it('is what its tenants are expected to use where the cell was never measured', () => {
    const { cells, ...others } = input(() => 100);
    const bare = { ...others, cells: [{ ...cells[0]!, history: {} }], tenants: tenantsOf('euw1-a', 2, 30) };
    const [{ resources }] = demandAhead(bare, 7) as [CellAhead];
    const calls = resources.find(({ resource }) => resource === 'relayedCalls')!;
    expect(calls.hours[0]).toBe(now);
    expect([...calls.expected!]).toEqual(Array(168).fill(30));
    expect(calls.quantiles).toEqual([]);
  });

  it('has the forecast of a day ago in the hours since, which knows nothing of them', () => {
    const lastDay = 27 * 24;
    const usual = (hour: number): number => 100 + (hour % 24);
    const before = demandOf(usual, 3);
    const { cells, ...rest } = input((hour) => (hour < lastDay ? usual(hour) : 2 * usual(hour)));
    const loud = { ...cells[0]!, signals: { measuredAt: now, relayedCalls: 500 } };
    const { hours, measured, dayAgo } = demandAhead({ ...rest, cells: [loud] }, 3)[0]!.resources[0]!;
    expect(dayAgo).toEqual(before.dayAgo);
    hours.forEach((hour, i) => {
      const isSince = hour >= now - 24 * HOUR && hour < now;
      for (const quantile of dayAgo!) expect(Number.isNaN(quantile[i]!)).toBe(!isSince);
      if (!isSince) return;
      expect(dayAgo![0]![i]! / usual(hour / HOUR)).toBeCloseTo(1, 1);
      expect(measured[i]! / usual(hour / HOUR)).toBeCloseTo(2, 5);
    });
  });

  it('has no forecast of a day ago where nothing was known by then', () => {
    expect(demandOf((hour) => (hour < 27 * 24 ? NaN : 100), 3)).not.toHaveProperty('dayAgo');
  });

  it('has a hole where nothing was measured', () => {
    const { measured } = demandOf((hour) => (hour % 24 === 3 ? NaN : 100), 1);
    expect(measured[3]).toBeNaN();
    expect(measured[4]).toBe(100);
  });
});
