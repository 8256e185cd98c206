import { describe, expect, it } from 'vitest';
import { timeZone } from '../../lib/capacity/forecast/time-zone.ts';
import { plan } from '../../lib/capacity/plan.ts';
import type { FleetCell, PlanInput } from '../../lib/capacity/plan/input.ts';
import { evenDemand, HOURS_PER_WEEK, type WeeklyDemand } from '../../lib/capacity/resources.ts';
import { planPage } from '../../lib/cli/plan-page.ts';
import { html } from '../../lib/page/index.ts';
import { parseCell } from '../../lib/spec/cell.ts';

const HOUR = 3_600_000;
const now = Date.UTC(2026, 0, 5, 9);

/** Cells with so many calls on weekdays, growing by a tenth a week. */
function fleet(cells: number, calls: number): PlanInput {
  const start = now - 42 * 24 * HOUR;
  const values = Float64Array.from({ length: 42 * 24 }, (_, hour) => {
    const ofDay = (9 + hour) % 24;
    return calls * 1.1 ** (hour / 168) * (ofDay >= 8 && ofDay < 18 ? 1 : 0.1);
  });
  const cell = (n: number): FleetCell => ({
    spec: parseCell({ name: `euw1-${n}`, region: 'eu-west-1' }),
    history: { relayedCalls: { zone: timeZone('UTC'), start, stepMinutes: 60, values } },
    signals: { measuredAt: now, relayedCalls: values.at(-1)! },
  });
  const use = Object.fromEntries(
    Object.keys(evenDemand(0)).map((resource) => [
      resource,
      new Float64Array(HOURS_PER_WEEK).fill(resource === 'relayedCalls' ? calls / 4 : 0),
    ]),
  ) as unknown as WeeklyDemand;
  return {
    now,
    cells: Array.from({ length: cells }, (_, n) => cell(n)),
    tenants: Array.from({ length: 4 * cells }, (_, n) => ({
      id: `tenant-${n}`,
      pool: 'standard',
      regions: ['eu-west-1'],
      cell: `euw1-${n % cells}`,
      use,
    })),
    blueprints: [
      { name: 'eu-west-1 standard', prefix: 'euw1-', spec: parseCell({ name: 'new', region: 'eu-west-1' }) },
    ],
  };
}

describe('the page of a plan', () => {
  const input = fleet(2, 5500);
  const made = plan(input);
  const text = planPage(input, made);

  it('names every action and every excuse with its reason', () => {
    expect(made.actions.length).toBeGreaterThan(0);
    const escaped = (words: string) => html`${words}`.text;
    for (const { reason } of made.actions) expect(text).toContain(escaped(reason));
    for (const excuse of made.excuses) expect(text).toContain(escaped(excuse.text));
  });

  it('draws every cell against what it carries, and marks when it gets too full', () => {
    for (const { name } of made.cells) expect(text).toContain(`relayedCalls of ${name}`);
    expect(text).toMatch(/carries [\d.]+ by the policy/);
    expect(text).toContain('too full');
  });

  it('says what would be with less, and with more', () => {
    expect(text).toContain('one media host of every pool less');
    expect(text).toContain('10 % more of everything');
    expect(text).toMatch(/euw1-\d is gone, its tenants wait/);
  });

  it('is the same text for the same plan', () => {
    expect(planPage(input, made)).toBe(text);
  });

  it('can still be opened with two hundred cells', () => {
    const large = fleet(200, 10);
    const page = planPage(large, plan(large));
    expect(page.length).toBeLessThan(20_000_000);
    expect(page).toContain('longer than the plan itself');
  });

  it('stands without cells', () => {
    const empty: PlanInput = { now, cells: [], tenants: [], blueprints: [] };
    expect(planPage(empty, plan(empty))).toContain('Nothing.');
  });
});
