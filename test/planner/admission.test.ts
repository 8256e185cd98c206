import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admissionPlan, type AdmissionPlan, type AdmissionTenant } from '../../lib/planner/admission.ts';
import { AdmissionGate } from './models/gate.ts';
import { sharedDemand, sharedPlacesFor, timeCongestion } from '../../lib/planner/admission/shared-demand.ts';
import { admissionTrial } from './models/trial.ts';
import { seededRandom } from '../../lib/planner/random.ts';
import { erlangB, linesForErlangB } from '../../lib/planner/teletraffic/erlang.ts';
import { guaranteedPoolsBlocking } from './models/guaranteed-pools.ts';

const contract = { calls: 1000, callsPerSecond: 1000, burst: 1000 };

const tenant = (id: string, erlangs: number, more: Partial<AdmissionTenant> = {}): AdmissionTenant => ({
  id,
  erlangs,
  setupsPerSecond: erlangs / 180,
  contract,
  ...more,
});

function planOf(...args: Parameters<typeof admissionPlan>): AdmissionPlan {
  const plan = admissionPlan(...args);
  if ('excuse' in plan) throw new Error(plan.excuse);
  return plan;
}

describe('the shared part', () => {
  it('is what Erlang B says where nothing is guaranteed', () => {
    const demand = sharedDemand(
      [3, 5, 12].map((erlangs) => ({ erlangs, guaranteedCalls: 0 })),
      60,
    );
    expect(timeCongestion(demand, 30)).toBeCloseTo(erlangB(30, 20), 12);
    expect(sharedPlacesFor(demand, 0.01, 60)).toBe(linesForErlangB(20, 0.01));
  });

  it('is nearly always full where the guarantees and the traffic above them are far too much for it', () => {
    const crowd = Array.from({ length: 40 }, () => ({ erlangs: 20, guaranteedCalls: 5 }));
    for (const parties of [crowd, [...crowd, { erlangs: 300, guaranteedCalls: 0 }]]) {
      const demand = sharedDemand(parties, 50);
      expect(timeCongestion(demand, 50)).toBeGreaterThan(0.7);
      expect(sharedPlacesFor(demand, 0.01, 50)).toBeUndefined();
    }
  });

  it('is full at least as often as any tenant loses calls to it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ erlangs: fc.double({ min: 0.1, max: 8, noNaN: true }), guaranteed: fc.nat(6) }), {
          minLength: 1,
          maxLength: 8,
        }),
        fc.nat(25),
        (parties, shared) => {
          const demand = sharedDemand(
            parties.map(({ erlangs, guaranteed }) => ({ erlangs, guaranteedCalls: guaranteed })),
            shared,
          );
          const congestion = timeCongestion(demand, shared);
          for (const lost of guaranteedPoolsBlocking(shared, parties))
            expect(lost).toBeLessThanOrEqual(congestion + 1e-9);
        },
      ),
    );
  });
});

describe('admissionPlan', () => {
  it('never sets a limit below the guarantee or above the contract', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            erlangs: fc.double({ min: 0, max: 40, noNaN: true }),
            guaranteed: fc.nat(10),
            more: fc.nat(60),
            rate: fc.double({ min: 0, max: 2, noNaN: true }),
          }),
          { maxLength: 12 },
        ),
        (drawn) => {
          const tenants = drawn.map(({ erlangs, guaranteed, more, rate }, i) =>
            tenant(`t${i}`, erlangs, {
              contract: { calls: guaranteed + more, callsPerSecond: rate + 3, burst: 5 },
              guaranteed: { calls: guaranteed, callsPerSecond: rate },
            }),
          );
          const plan = planOf({ calls: 150, setupsPerSecond: 30 }, tenants);
          for (const [i, limits] of plan.tenants.entries()) {
            expect(limits.calls).toBeGreaterThanOrEqual(limits.guaranteedCalls);
            expect(limits.calls).toBeLessThanOrEqual(tenants[i]!.contract.calls);
            expect(limits.callsPerSecond).toBeGreaterThanOrEqual(limits.guaranteedPerSecond);
            expect(limits.callsPerSecond).toBeLessThanOrEqual(tenants[i]!.contract.callsPerSecond);
          }
          expect(plan.shared.calls).toBe(150 - drawn.reduce((sum, { guaranteed }) => sum + guaranteed, 0));
        },
      ),
    );
  });

  it('gives an excuse with the numbers where more is guaranteed than there is', () => {
    const one = tenant('a', 1, { guaranteed: { calls: 60 } });
    expect(admissionPlan({ calls: 100, setupsPerSecond: 10 }, [one, { ...one, id: 'b' }])).toEqual({
      excuse: '120 calls are guaranteed, but there is room for 100',
    });
    const fast = tenant('a', 1, { guaranteed: { callsPerSecond: 11 } });
    expect(admissionPlan({ calls: 100, setupsPerSecond: 10 }, [fast])).toEqual({
      excuse: '11 set-ups/s are guaranteed, but only 10 can be handled',
    });
  });

  it('leaves the others their grade of service while one tenant fills its limit, where there is room for that', () => {
    const tenants = Array.from({ length: 40 }, (_, i) => tenant(`t${i}`, 5));
    const plan = planOf({ calls: 300, setupsPerSecond: 20 }, tenants, 0.01);
    expect(plan.findings).toEqual([]);
    expect(plan.worstNeighbour!.congestion).toBeLessThanOrEqual(0.01);
    expect(plan.tenants[0]!.calls).toBeGreaterThan(40);
    expect(plan.heldByLimitsAlone).toBe(false);
  });

  it('says what is too little, and which tenant is too large', () => {
    const small = Array.from({ length: 40 }, (_, i) => tenant(`t${i}`, 5));
    expect(planOf({ calls: 190, setupsPerSecond: 20 }, small).findings[0]).toMatch(
      /^the 190 shared calls are all taken [\d.]+ % of the time at the expected traffic, target 1 %$/,
    );
    const giant = [...small.slice(0, 20), tenant('giant', 100)];
    expect(planOf({ calls: 226, setupsPerSecond: 20 }, giant).findings[0]).toMatch(/^giant at its own limit leaves/);
  });

  it('holds guarantees by limits alone where all limits fit', () => {
    const tenants = [tenant('a', 5, { contract: { ...contract, calls: 40 } })];
    expect(planOf({ calls: 50, setupsPerSecond: 5 }, tenants).heldByLimitsAlone).toBe(true);
  });

  it('refuses numbers that make no sense, and names them', () => {
    expect(() => admissionPlan({ calls: 10, setupsPerSecond: 1 }, [tenant('a', -1)])).toThrow(
      'Tenant a: erlangs is -1; allowed is a finite number of 0 or more',
    );
    expect(() =>
      admissionPlan({ calls: 10, setupsPerSecond: 1 }, [tenant('a', 1, { guaranteed: { calls: 2000 } })]),
    ).toThrow('its contract of 1000');
    expect(() => admissionPlan({ calls: NaN, setupsPerSecond: 1 }, [])).toThrow('Capacity: calls is NaN');
  });

  it('lets a tenant that is alone have all that there is, and finds no neighbour', () => {
    const plan = planOf({ calls: 50, setupsPerSecond: 5 }, [tenant('a', 20)]);
    expect(plan.tenants[0]!.calls).toBe(50);
    expect(plan).toMatchObject({ worstNeighbour: undefined, findings: [] });
  });

  it('plans for no tenants', () => {
    expect(planOf({ calls: 10, setupsPerSecond: 1 }, [])).toMatchObject({ tenants: [], worstNeighbour: undefined });
  });
});

describe('AdmissionGate', () => {
  const one = tenant('a', 1, {
    guaranteed: { calls: 1, callsPerSecond: 1 },
    contract: { calls: 3, callsPerSecond: 2, burst: 2 },
  });
  const gateOf = (calls: number, setupsPerSecond: number): AdmissionGate =>
    new AdmissionGate(planOf({ calls, setupsPerSecond }, [one, { ...one, id: 'b' }]));

  it('takes a guaranteed call of one tenant when the other has taken all that is shared', () => {
    const gate = gateOf(3, 100);
    expect([0, 1].map((s) => gate.begin('a', s))).toEqual([undefined, undefined]);
    expect(gate.begin('a', 2)).toBe('sharedCalls');
    expect(gate.begin('b', 2)).toBeUndefined();
    expect(gate.begin('b', 3)).toBe('sharedCalls');
    gate.end('a');
    expect(gate.begin('b', 4)).toBeUndefined();
  });

  it('stops a tenant at its own limit of calls and of rate', () => {
    const gate = gateOf(100, 100);
    expect([0, 1, 2, 3].map((s) => gate.begin('a', s))).toEqual([undefined, undefined, undefined, 'tenantCalls']);
    expect([10, 10, 10].map((s) => gate.begin('b', s))).toEqual([undefined, undefined, 'tenantRate']);
  });

  it('knows its tenants and their calls', () => {
    expect(() => gateOf(3, 3).begin('c', 0)).toThrow('There is no tenant c');
    expect(() => gateOf(3, 3).end('a')).toThrow('Tenant a has no call to end');
  });
});

describe('a trial of calls through the gate', () => {
  it('refuses no guaranteed call while others send five times what they have ordered', () => {
    const quiet = Array.from({ length: 20 }, (_, i) =>
      tenant(`quiet-${i}`, 4, { guaranteed: { calls: 10, callsPerSecond: 0.2 } }),
    );
    const noisy = Array.from({ length: 20 }, (_, i) => tenant(`noisy-${i}`, 4));
    const plan = planOf({ calls: 300, setupsPerSecond: 6 }, [...quiet, ...noisy]);
    const traffic = [...quiet, ...noisy.map((one) => ({ ...one, erlangs: one.erlangs * 5 }))];
    const results = admissionTrial(plan, traffic, { calls: 200_000, meanSeconds: 180, random: seededRandom(3) });
    expect(results.reduce((sum, one) => sum + one.violations, 0)).toBe(0);
    expect(results.slice(20).some((one) => one.refused.sharedCalls + one.refused.sharedRate > 0)).toBe(true);
  });

  it('blocks what theory says', () => {
    const tenants = Array.from({ length: 12 }, (_, i) => tenant(`t${i}`, 6, i < 6 ? { guaranteed: { calls: 5 } } : {}));
    const plan = planOf({ calls: 75, setupsPerSecond: 1000 }, tenants);
    const results = admissionTrial(plan, tenants, { calls: 200_000, meanSeconds: 180, random: seededRandom(5) });
    const theory = guaranteedPoolsBlocking(
      plan.shared.calls,
      plan.tenants.map((limits, i) => ({
        erlangs: tenants[i]!.erlangs,
        guaranteed: limits.guaranteedCalls,
        limit: limits.calls,
      })),
    );
    for (const group of [results.slice(0, 6), results.slice(6)]) {
      const refused = group.reduce(
        (sum, { refused: { tenantCalls, sharedCalls } }) => sum + tenantCalls + sharedCalls,
        0,
      );
      const offered = group.reduce((sum, one) => sum + one.offered, 0);
      const expected = theory[results.indexOf(group[0]!)]!;
      expect(Math.abs(refused / offered / expected - 1)).toBeLessThan(0.05);
    }
  });
});
