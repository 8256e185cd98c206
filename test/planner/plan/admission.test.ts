import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellCapacity } from '../../../lib/planner/cell-capacity.ts';
import { figuresWith } from '../../../lib/planner/component-figures.ts';
import { limitServes } from '../../../lib/planner/shared-limits.ts';
import { plan, planJson } from '../../../lib/planner/plan.ts';
import type { FleetTenant, PlanInput } from '../../../lib/planner/plan/input.ts';
import { DEFAULT_RULES } from '../../../lib/planner/plan/rules.ts';
import type { CellAdmission } from '../../../lib/planner/plan/schema.ts';
import { seededRandom } from '../../../lib/planner/random.ts';
import { parseCell, type CellInput, type CellSpec, type Limits } from '../../../lib/fleet/schema/cell.ts';
import { callsWithOneHostLost } from '../../../lib/fleet/relay-capacity.ts';
import { blueprint, cellOf, evenWeek, NOW } from './fleets.ts';

const contract: Limits = { calls: 60, guaranteedCalls: 0, callsPerSecond: 5, burst: 10 };

/** Four media hosts of 100 calls, of which two serve the pool high-volume; 300 calls with one lost. */
const specOf = (more: Partial<CellInput> = {}, media: CellInput['media'] = {}): CellSpec =>
  parseCell({
    name: 'euw1-a',
    region: 'eu-west-1',
    aws: {},
    media: { hosts: 4, relay: { calls: 100 }, ...media },
    ...more,
  });

function waiting(id: string, calls: number, limits: Partial<Limits> = {}): FleetTenant {
  const own = { ...contract, ...limits };
  return {
    id,
    pool: 'standard',
    use: evenWeek(calls),
    limits: own,
    ...(own.guaranteedCalls > 0 && { guaranteed: { relayedCalls: own.guaranteedCalls } }),
  };
}

const tenant = (
  id: string,
  calls: number,
  limits: Partial<Limits> = {},
  more: Partial<FleetTenant> = {},
): FleetTenant => ({ ...waiting(id, calls, limits), cell: 'euw1-a', ...more });

const cellIn = (spec: CellSpec) => ({ spec, history: {}, signals: { measuredAt: NOW - 60_000 } });

const inputOf = (spec: CellSpec, tenants: readonly FleetTenant[], more: Partial<PlanInput> = {}): PlanInput => ({
  now: NOW,
  cells: [cellIn(spec)],
  tenants,
  blueprints: [blueprint()],
  ...more,
});

const planned = (...args: Parameters<typeof inputOf>): readonly CellAdmission[] => plan(inputOf(...args)).admission;

type Limited = Exclude<CellAdmission, { excuse: string }>;

function limitedBy(...args: Parameters<typeof inputOf>): Limited {
  const [one] = planned(...args);
  if (one === undefined || 'excuse' in one) throw new Error(one?.excuse ?? 'no limits');
  return one;
}

const limitsIn = ({ limits }: Limited, { id, limits: own }: FleetTenant): Limits => limits[id] ?? own!;

describe('the limits of a plan', () => {
  it('are the contract where there is room for it, and then nobody is named', () => {
    const tenants = Array.from({ length: 5 }, (_, i) => tenant(`t${i}`, 10));
    expect(planned(specOf(), tenants)).toEqual([
      {
        cell: 'euw1-a',
        sharedCalls: 300,
        congestion: 0,
        heldByLimitsAlone: true,
        findings: [],
        limits: {},
      },
    ]);
  });

  it('keep a tenant from taking what the others of a full cell need', () => {
    const tenants = Array.from({ length: 25 }, (_, i) => tenant(`t${i}`, 10, { calls: 250 }));
    const made = limitedBy(specOf(), tenants);
    expect(Object.keys(made.limits)).toHaveLength(25);
    for (const one of tenants) {
      const { calls } = limitsIn(made, one);
      // What it needs itself at 1 % blocking: Erlang B of 10 erlangs.
      expect(calls).toBeGreaterThanOrEqual(18);
      expect(calls).toBeLessThan(60);
    }
    expect(made.heldByLimitsAlone).toBe(false);
  });

  it('count tenants that are busy at different hours by the hour that is busiest for all', () => {
    const busyAt = (from: number) => (week: FleetTenant['use']) => ({
      ...week,
      relayedCalls: week.relayedCalls.map((value, hour) => (hour % 24 >= from && hour % 24 < from + 12 ? value : 0)),
    });
    const tenants = Array.from({ length: 24 }, (_, i) =>
      tenant(`t${String(i).padStart(2, '0')}`, 20, {}, { use: busyAt(i % 2 === 0 ? 0 : 12)(evenWeek(20)) }),
    );
    const { congestion, findings } = limitedBy(specOf(), tenants);
    // 240 erlangs at any time on 300 places, where all at once would be 480.
    expect(congestion).toBeLessThan(0.01);
    expect(findings).toEqual([]);
    const even = tenants.map((one) => ({ ...one, use: evenWeek(20) }));
    expect(limitedBy(specOf(), even).findings[0]).toMatch(
      /^relayedCalls of pools high-volume and standard: the 300 shared/,
    );
  });

  it('touch no tenant of a pool that shares no media host', () => {
    const apart = specOf({}, { pools: { standard: [1, 2], 'high-volume': [3, 4] } });
    const crowd = Array.from({ length: 9 }, (_, i) => tenant(`t${i}`, 10, { calls: 90 }));
    const made = limitedBy(apart, [...crowd, tenant('alone', 5, { calls: 90 }, { pool: 'high-volume' })]);
    expect(Object.keys(made.limits).sort()).toEqual(crowd.map(({ id }) => id));
    expect(made.sharedCalls).toBe(200);
  });

  it('are of every pool that a tenant shares media hosts with: the smallest decides', () => {
    const tenants = [
      ...Array.from({ length: 4 }, (_, i) => tenant(`high${i}`, 18, { calls: 90 }, { pool: 'high-volume' })),
      ...Array.from({ length: 4 }, (_, i) => tenant(`t${i}`, 18, { calls: 90 })),
    ];
    const made = limitedBy(specOf(), tenants);
    // Together they have 144 erlangs on 300 places; those of high-volume 72 on 100.
    expect(Object.keys(made.limits)).toEqual(['high0', 'high1', 'high2', 'high3']);
  });

  it('use the operator’s figures and the media hosts that may be lost', () => {
    const tenants = Array.from({ length: 9 }, (_, i) => tenant(`t${i}`, 10));
    expect(limitedBy(specOf(), tenants, { rules: { lostMediaHosts: 2 } }).sharedCalls).toBe(200);
    const figures = figuresWith({ mediaHostPackets: { value: 8000, source: 'load test' } });
    expect(limitedBy(specOf(), tenants, { figures }).sharedCalls).toBe(120);
  });

  it('are an excuse where guarantees alone are more than there is, with the numbers', () => {
    const tenants = ['a', 'b'].map((id) => tenant(id, 10, { calls: 200, guaranteedCalls: 160 }));
    expect(planned(specOf(), tenants)).toEqual([
      {
        cell: 'euw1-a',
        excuse: 'relayedCalls of pools high-volume and standard: 320 calls are guaranteed, but there is room for 300',
      },
    ]);
  });

  it('are those of the tenants that are in the cell once the plan is carried out', () => {
    const crowd = Array.from({ length: 20 }, (_, i) => tenant(`t${String(i).padStart(2, '0')}`, 10, { calls: 250 }));
    const made = plan({
      ...inputOf(specOf(), [...crowd, waiting('new', 8, { calls: 250 })]),
      cells: [cellOf('euw1-a', { calls: () => 200 }, { spec: specOf() })],
    });
    expect(made.actions).toMatchObject([{ kind: 'place', tenant: 'new', cell: 'euw1-a' }]);
    expect((made.admission[0] as Limited).limits['new']!.calls).toBeLessThan(250);
  });

  it('are made for cells that answer calls and have tenants whose contracts are known', () => {
    const states = ['active', 'cordoned', 'draining', 'planned', 'retired'] as const;
    const has = states.map((state) => planned(specOf({ state }), [tenant('a', 5)]).length);
    expect(has).toEqual([1, 1, 1, 0, 0]);
    expect(planned(specOf(), [])).toEqual([]);
    const unknown = { id: 'b', pool: 'standard', cell: 'euw1-a', use: evenWeek(5) };
    expect(planned(specOf(), [tenant('a', 5), unknown])).toEqual([]);
  });

  it('guarantee the set-ups that keep guaranteed calls up, beside the limits of all others', () => {
    const spec = specOf({ sbc: { setupsPerSecond: 20 } });
    const others = Array.from({ length: 9 }, (_, i) => tenant(`t${i}`, 10));
    const made = limitedBy(spec, [...others, tenant('owed', 10, { guaranteedCalls: 30 })]);
    expect(made.findings[0]).toMatch(/^set-ups\/s above guarantees are cut to [\d.]+ %/);
    const rates = others.reduce((sum, one) => sum + limitsIn(made, one).callsPerSecond, 0);
    // 30 calls of 180 s each.
    expect(rates + 30 / 180).toBeLessThanOrEqual(20);
    expect(made.limits['owed']!.guaranteedCalls).toBe(30);
  });

  it('never go beyond the contract', () => {
    const tenants = [tenant('a', 10, { guaranteedCalls: 5, burst: 1, callsPerSecond: 0.5 }), tenant('b', 10)];
    const made = limitedBy(specOf(), tenants);
    for (const one of tenants) {
      const own = limitsIn(made, one);
      for (const key of ['calls', 'callsPerSecond', 'burst'] as const) {
        expect(own[key]).toBeLessThanOrEqual(one.limits![key]);
      }
    }
  });

  it('are the same bytes for the same input, in whatever order the tenants come', () => {
    const tenants = Array.from({ length: 25 }, (_, i) => tenant(`t${i}`, 10, { calls: 250, guaranteedCalls: i % 3 }));
    const text = (some: readonly FleetTenant[]) => JSON.stringify(planned(specOf(), some));
    expect(text([...tenants].reverse())).toBe(text(tenants));
    expect(planJson(plan(inputOf(specOf(), tenants)))).toBe(planJson(plan(inputOf(specOf(), tenants))));
  });
});

interface Call {
  readonly id: string;
  readonly host: number;
}

/**
 * Calls of tenants that all want as many as they can get, as an SBC takes them: by its tenants' limits, one shared part for
 * the whole cell, and the least loaded media host of the pool. So many hosts are lost from the start.
 *
 * @returns calls within a guarantee that were refused
 */
function refusedGuarantees(
  spec: CellSpec,
  tenants: readonly FleetTenant[],
  limitsOf: (one: FleetTenant) => Limits,
  { perHost, lost, seed }: { readonly perHost: number; readonly lost: number; readonly seed: number },
): number {
  const random = seededRandom(seed);
  const pick = <T>(some: readonly T[]): T => some[Math.floor(random() * some.length)]!;
  const { pools, hosts } = spec.media;
  const gone = new Set<number>();
  while (gone.size < Math.min(lost, hosts)) gone.add(1 + Math.floor(random() * hosts));
  const load = new Map<number, number>();
  const shared = callsWithOneHostLost(spec) - tenants.reduce((sum, one) => sum + limitsOf(one).guaranteedCalls, 0);
  const up: Call[] = [];
  const callsOf = (id: string): number => up.filter((call) => call.id === id).length;
  let refused = 0;
  for (let step = 0; step < 600; step++) {
    if (up.length > 0 && random() < 0.2) {
      const [{ host }] = up.splice(Math.floor(random() * up.length), 1) as [Call];
      load.set(host, load.get(host)! - 1);
      continue;
    }
    const one = pick(tenants);
    const { calls, guaranteedCalls } = limitsOf(one);
    const own = callsOf(one.id);
    const above = tenants.reduce((sum, t) => sum + Math.max(0, callsOf(t.id) - limitsOf(t).guaranteedCalls), 0);
    const admitted = own < guaranteedCalls || (own < calls && above < shared);
    const free = pools[one.pool]!.filter((host) => !gone.has(host) && (load.get(host) ?? 0) < perHost);
    if (admitted && free.length > 0) {
      const host = free.reduce((a, b) => ((load.get(b) ?? 0) < (load.get(a) ?? 0) ? b : a));
      load.set(host, (load.get(host) ?? 0) + 1);
      up.push({ id: one.id, host });
    } else if (own < guaranteedCalls) refused++;
  }
  return refused;
}

describe('guarantees', () => {
  const scene = fc.record({
    perHost: fc.integer({ min: 6, max: 10 }),
    lost: fc.integer({ min: 0, max: 2 }),
    tenants: fc.array(fc.record({ guaranteed: fc.nat(6), more: fc.nat(30), erlangs: fc.nat(8), high: fc.boolean() }), {
      minLength: 2,
      maxLength: 7,
    }),
    layout: fc.constantFrom<CellInput['media']>(
      { pools: { standard: [1, 2, 3, 4], 'high-volume': [3, 4] } },
      { pools: { standard: [1, 2, 3], 'high-volume': [3, 4] } },
      { pools: { standard: [1, 2], 'high-volume': [3, 4] } },
    ),
    seed: fc.nat(1_000_000),
  });

  it('fit every pool and every union of pools, and hold whatever the others do', () => {
    let held = 0;
    fc.assert(
      fc.property(scene, ({ perHost, lost, tenants: drawn, layout, seed }) => {
        const spec = specOf({}, { relay: { calls: 10 }, ...layout });
        const figures = figuresWith({ mediaHostPackets: { value: perHost * 200, source: 'drawn' } });
        const tenants = drawn.map(({ guaranteed, more, erlangs, high }, i) =>
          tenant(
            `t${i}`,
            erlangs,
            { calls: guaranteed + more, guaranteedCalls: guaranteed },
            { pool: high ? 'high-volume' : 'standard' },
          ),
        );
        const rules = { ...DEFAULT_RULES, lostMediaHosts: lost };
        // Nobody is moved away: there is no other cell, and none may be stamped.
        const [one] = planned(spec, tenants, { figures, rules, blueprints: [] });
        const { sharedLimits } = cellCapacity(spec, { figures, lostMediaHosts: lost }).limits;
        const fits = sharedLimits
          .filter(({ resource }) => resource === 'relayedCalls')
          .every((sharedLimit) => {
            const owed = tenants
              .filter(({ pool }) => limitServes(sharedLimit, pool))
              .map((t) => t.limits!.guaranteedCalls);
            return owed.reduce((a, b) => a + b, 0) <= sharedLimit.limit;
          });
        if (!fits) expect(one).toHaveProperty('excuse');
        if (one === undefined || 'excuse' in one) return;
        held++;
        expect(refusedGuarantees(spec, tenants, (t) => limitsIn(one, t), { perHost, lost, seed })).toBe(0);
      }),
      { numRuns: 60 },
    );
    expect(held).toBeGreaterThan(10);
  });

  it('are broken by the contracts alone where media hosts carry less than the SBC lets in', () => {
    const spec = specOf({}, { relay: { calls: 10 } });
    const figures = figuresWith({ mediaHostPackets: { value: 1200, source: 'load test' } });
    const tenants = [tenant('owed', 3, { guaranteedCalls: 6, calls: 6 }), tenant('noisy', 3, { calls: 60 })];
    const made = limitedBy(spec, tenants, { figures, blueprints: [] });
    const trial = { perHost: 6, lost: 1, seed: 1 };
    expect(refusedGuarantees(spec, tenants, (one) => one.limits!, trial)).toBeGreaterThan(0);
    expect(refusedGuarantees(spec, tenants, (one) => limitsIn(made, one), trial)).toBe(0);
    expect(limitsIn(made, tenants[1]!).calls).toBeLessThanOrEqual(12);
  });
});
