import { describe, expect, it } from 'vitest';
import { readHistory } from '../../../lib/planner/forecast/history.ts';
import { timeZone } from '../../../lib/planner/forecast/time-zone.ts';
import { plan } from '../../../lib/planner/plan.ts';
import type { FleetCell, PlanInput } from '../../../lib/planner/plan/input.ts';
import { blueprint, cellOf, evenWeek, healthy, HOUR, NOW, tenantsOf } from './fleets.ts';

const cell = (more: Partial<FleetCell> = {}) => cellOf('euw1-a', { calls: () => 150 }, more);
const made = (input: Partial<PlanInput>) =>
  plan({ now: NOW, cells: [cell()], tenants: tenantsOf('euw1-a', 10, 150), blueprints: [blueprint()], ...input });

describe('odd input', () => {
  it('no kind of cell to stamp: a waiting tenant that fits nowhere gets an excuse that says so', () => {
    const { actions, excuses, lowerBound } = made({
      blueprints: [],
      tenants: [...tenantsOf('euw1-a', 10, 150), ...tenantsOf(undefined, 1, 200)],
    });
    expect(actions).toEqual([]);
    expect(excuses.find(({ subject }) => subject === 'new-t0')!.text).toBe(
      'no cell has room, and no new cell could hold it: no kind of cell may be opened',
    );
    expect(lowerBound.cells).toBeGreaterThanOrEqual(0);
  });

  it('no kind of cell to stamp: a cell that is too full says so of the tenants that should go', () => {
    const full = cellOf('euw1-a', { calls: () => 290 });
    const { actions, excuses } = made({ cells: [full], tenants: tenantsOf('euw1-a', 20, 290), blueprints: [] });
    expect(actions).toEqual([]);
    expect(
      excuses.some(({ action, text }) => action === 'move' && text.includes('no kind of cell may be opened')),
    ).toBe(true);
  });

  it.each([
    ['negative', -3],
    ['infinite', Infinity],
  ])('%s calls are refused with cell, resource and time', (_, value) => {
    const { history, ...rest } = cell();
    const values = history.relayedCalls!.values.slice();
    values[10] = value;
    const broken = { ...rest, history: { relayedCalls: { ...history.relayedCalls!, values } } };
    expect(() => made({ cells: [broken] })).toThrow(
      `relayedCalls of euw1-a at 2026-01-05T19:00:00.000Z is ${value}; allowed are finite numbers of 0 or more`,
    );
  });

  it('a media host in service that the cell does not have is refused', () => {
    expect(() => made({ cells: [cell({ elastic: { inService: [1, 5], least: 1 } })] })).toThrow(
      'media host 5 of euw1-a is in service; it has 1 to 4',
    );
  });

  it('duplicates, gaps and negatives of a file become unknown, and the plan stays as it is without them', () => {
    const whole = cell().history.relayedCalls!;
    const samples = [...whole.values].map((value, i) => ({ at: whole.start + i * HOUR, value }));
    const odd = [
      ...samples.filter((_, i) => i % 50 !== 7),
      { at: samples[100]!.at, value: 9999 },
      { at: samples[201]!.at, value: samples[201]!.value },
    ];
    odd[300] = { ...odd[300]!, value: -5 };
    const { history, findings } = readHistory(odd, whole.zone, 60);
    expect(new Set(findings.map(({ kind }) => kind))).toEqual(
      new Set(['gap', 'duplicate', 'negative', 'out of order']),
    );
    const [a, b] = [made({}), made({ cells: [cell({ history: { relayedCalls: history! } })] })];
    expect(b.actions).toEqual(a.actions);
    expect(Math.abs(b.cells[0]!.erlangs / a.cells[0]!.erlangs - 1)).toBeLessThan(0.03);
  });

  it('a history across daylight saving is planned by the clock that callers live by', () => {
    const zone = timeZone('Europe/Berlin');
    // Sunday 2025-03-30 clocks go forward; the plan is made on the Tuesday after it.
    const now = Date.UTC(2025, 3, 1);
    const length = 8 * 168;
    const start = now - length * HOUR;
    const localHour = (at: number) => new Date(at + zone.offsetAt(at) * 60_000).getUTCHours();
    const values = Float64Array.from({ length }, (_, i) => (localHour(start + i * HOUR) === 9 ? 260 : 60));
    const weeks = evenWeek(6);
    const busy = cellOf(
      'euw1-a',
      { calls: () => 60 },
      {
        history: { relayedCalls: { zone, start, stepMinutes: 60, values } },
        signals: healthy(now, 60),
      },
    );
    const tenants = Array.from({ length: 10 }, (_, i) => ({
      id: `t${i}`,
      pool: 'standard',
      cell: 'euw1-a',
      use: weeks,
    }));
    const { cells } = plan({ now, cells: [busy], tenants, blueprints: [] });
    // 09:00 in Berlin is 07:00 UTC from now on; it was 08:00 in all but one of the weeks.
    expect(cells[0]!.fullest).toMatch(/ 07:00/);
  });
});
