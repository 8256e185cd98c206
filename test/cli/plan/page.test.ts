import { describe, expect, it } from 'vitest';
import { timeZone } from '../../../lib/planner/forecast/time-zone.ts';
import { plan } from '../../../lib/planner/plan.ts';
import type { FleetCell, PlanInput } from '../../../lib/planner/plan/input.ts';
import { evenDemand, HOURS_PER_WEEK, type WeeklyDemand } from '../../../lib/planner/resources.ts';
import type { Plan } from '../../../lib/planner/plan/schema.ts';
import { POLICIES } from '../../../lib/planner/policy.ts';
import { planPage } from '../../../lib/cli/plan/page.ts';
import { marksOf, spansOf } from '../../../lib/cli/plan/page-moments.ts';
import { html } from '../../../lib/report/index.ts';
import { textWidth } from '../../../lib/report/room-for-text.ts';
import { parseCell } from '../../../lib/fleet/schema/cell.ts';
import { busyFleet, cellOf, HOUR, NOW, specOf, tenantsOf } from '../../planner/plan/fleets.ts';

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
      { name: 'eu-west-1 standard', prefix: 'euw1-', spec: parseCell({ name: 'new', region: 'eu-west-1', aws: {} }) },
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
    expect(text).toContain('carries 7,500 with 1 media host of every pool lost');
    expect(text).toMatch(/up to 7,5\d\d by the policy/);
    expect(text).toContain('too full');
  });

  it('draws the quantiles, and the one of the policy besides', () => {
    const named = (page: string) =>
      new Set([...page.matchAll(/>([\d.]+ % quantile(?:, planned for)?)<\/text>/g)].map(([, name]) => name));
    expect(named(text)).toEqual(
      new Set(['50 % quantile', '90 % quantile', '95 % quantile', '99 % quantile, planned for']),
    );
    const other = { ...input, policy: { ...POLICIES.fixedHeadroom, quantile: 0.975 } };
    expect(named(planPage(other, plan(other)))).toEqual(
      new Set(['50 % quantile', '90 % quantile', '95 % quantile', '97.5 % quantile, planned for', '99 % quantile']),
    );
  });

  it('shows the forecast of a day ago against what was measured since, of every cell', () => {
    for (const { name } of made.cells) expect(text).toContain(`relayedCalls of ${name} in the last day`);
    const said = [
      ...text.matchAll(
        /measured since: in (\d+) hours? of 24 the use\s+was\s+above its 99 % quantile, and its median was ([\d.]+) % off/g,
      ),
    ];
    expect(said).toHaveLength(2);
    for (const [, above, error] of said) {
      expect(Number(above)).toBe(0);
      expect(Number(error)).toBeLessThan(10);
    }
  });

  it('says what is expected of tenants where a cell was never measured', () => {
    const bare = { ...input, cells: input.cells.map((cell) => ({ ...cell, history: {} })) };
    expect(planPage(bare, plan(bare))).toContain('expected of its tenants, never measured');
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
    const large = fleet(201, 10);
    const page = planPage(large, plan(large));
    expect(page.length).toBeLessThan(7_000_000);
    expect(page).toContain('longer than the plan itself');
    expect(page).toContain('relayedCalls of euw1-200');
    expect(page).toContain('99 % quantile, planned for');
  });

  it('stands without cells', () => {
    const empty: PlanInput = { now, cells: [], tenants: [], blueprints: [] };
    expect(planPage(empty, plan(empty))).toContain('Nothing.');
  });
});

describe('the moments of a plan', () => {
  const input = busyFleet();
  const made = plan(input);
  const stamp = made.actions.find((action) => action.kind === 'stamp')!;
  const scale = made.actions.find((action) => action.kind === 'scale')!;

  it('are there to be drawn', () => {
    expect(Date.parse(stamp.startBy)).toBeGreaterThan(NOW);
    expect(scale).toMatchObject({ current: 2 });
    expect(new Set(scale.hosts)).toEqual(new Set([3, 4]));
  });

  it('of a stamp are when to begin and when it is needed', () => {
    expect(marksOf('euw1-a', made)).toEqual([
      { at: NOW, text: 'this plan' },
      { at: Date.parse(stamp.startBy), text: `begin ${stamp.cell}` },
      { at: Date.parse(stamp.neededBy), text: `too full, ${stamp.cell} needed` },
    ]);
    expect(spansOf(made)).toContainEqual({
      name: `stamp ${stamp.cell}`,
      from: Date.parse(stamp.startBy),
      to: Date.parse(stamp.neededBy),
    });
  });

  it('of a cell are not those of one whose name begins alike', () => {
    expect(marksOf('euw1', made)).toEqual([{ at: NOW, text: 'this plan' }]);
  });

  it('of a scale are the first hour of another number, and the last', () => {
    const later = { ...scale, hosts: scale.hosts.map((_, hour) => (hour < 3 ? 2 : hour < 30 ? 3 : 4)) };
    const changed: Plan = { ...made, actions: [later] };
    expect(marksOf('euw1-c', changed)).toContainEqual({
      at: NOW + 3 * HOUR,
      text: '3 media hosts of high-volume and standard',
    });
    expect(spansOf(changed)).toEqual([
      { name: 'scale euw1-c high-volume+standard', from: NOW + 3 * HOUR, to: NOW + 30 * HOUR },
    ]);
  });

  it('of a drain reach to its deadline', () => {
    const cordoned = cellOf('euw1-b', { calls: () => 20 }, { spec: specOf('euw1-b', { state: 'cordoned' }) });
    const memory = { cells: { 'euw1-b': { cordonedAt: new Date(NOW - 48 * HOUR).toISOString() } }, done: [] };
    const drained = plan({
      ...input,
      cells: [cordoned, cellOf('euw1-c', { calls: () => 100 })],
      tenants: [...tenantsOf('euw1-b', 2, 20), ...tenantsOf('euw1-c', 4, 100)],
      memory,
    });
    const deadline = NOW + 72 * HOUR;
    expect(spansOf(drained)).toContainEqual({ name: 'drain euw1-b', from: NOW, to: deadline });
    expect(marksOf('euw1-b', drained)).toEqual([
      { at: NOW, text: 'this plan, drain' },
      { at: deadline, text: 'drained' },
    ]);
  });

  it('are one for the moves between the same cells', () => {
    const move = (tenant: string, to: string) =>
      ({ kind: 'move', tenant, from: 'euw1-a', to, reason: 'because' }) as const;
    const actions = [move('x', 'euw1-b'), move('y', 'euw1-c'), move('z', 'euw1-b')];
    expect(spansOf({ ...made, actions })).toEqual([
      { name: 'move 2 tenants from euw1-a to euw1-b', from: NOW, to: undefined },
      { name: 'move a tenant from euw1-a to euw1-c', from: NOW, to: undefined },
    ]);
    expect(marksOf('euw1-b', { ...made, actions })).toEqual([{ at: NOW, text: 'this plan, tenants come' }]);
  });

  it('stand where their time is in the plot of the cell', () => {
    const page = planPage(input, made);
    const plot = page.slice(page.indexOf('>relayedCalls of euw1-a<'));
    // A name stands in the middle of its line.
    const placeOf = (name: string): number =>
      Number(new RegExp(`translate\\(([\\d.]+) [\\d.]+\\)"[^>]*>${name}<`).exec(plot)![1]) + textWidth(name) / 2;
    // From 14 days before the plan to 28 after it, on 660 of 736 pixels, 60 from the left.
    const expected = (at: number): number => 60 + ((at - NOW + 14 * 24 * HOUR) / (42 * 24 * HOUR - HOUR)) * 660;
    expect(placeOf('this plan')).toBeCloseTo(expected(NOW), -0.5);
    expect(placeOf(`begin ${stamp.cell}`)).toBeCloseTo(expected(Date.parse(stamp.startBy)), -0.5);
    expect(placeOf(`too full, ${stamp.cell} needed`)).toBeCloseTo(expected(Date.parse(stamp.neededBy)), -0.5);
  });

  it('has the media hosts that are wanted as steps', () => {
    const page = planPage(input, made);
    const plot = page
      .slice(page.indexOf('>Media hosts of high-volume and standard wanted in euw1-c<'))
      .split('</svg>')[0]!;
    expect(plot).toContain('>4 there are<');
    // Every part of the line of the wanted hosts is level or upright, and it has one step.
    const [, path] = /<path d="(M[^"]*)"[^>]*stroke="var\(--series-1[^>]*stroke-width="1.5"/.exec(plot)!;
    const points = path!.match(/-?[\d.]+ -?[\d.]+/g)!.map((pair) => pair.split(' ').map(Number));
    const moves = points.slice(1).map(([x, y], n) => [x! - points[n]![0]!, y! - points[n]![1]!]);
    expect(moves.every(([right, down]) => right === 0 || down === 0)).toBe(true);
    expect(moves.filter(([, down]) => down !== 0)).toHaveLength(1);
  });
});
