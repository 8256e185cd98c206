import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admissionPlan, type AdmissionPlan, type AdmissionTenant } from '../../../lib/planner/admission.ts';
import { tenantLimits, withLimits } from '../../../lib/planner/admission/tenant-limits.ts';
import { tableCalls, tableRows } from '../../../lib/software/kamailio/sbc/tenant-tables.ts';
import { tenantFields } from '../../../lib/software/kamailio/sbc/tables.ts';
import { parseCell } from '../../../lib/fleet/schema/cell.ts';
import { callsWithOneHostLost } from '../../../lib/fleet/relay-capacity.ts';

const spec = parseCell({
  name: 'euw1-a',
  region: 'eu-west-1',
  aws: {},
  media: { hosts: 3, relay: { calls: 50 } },
  tenants: ['acme', 'beta', 'gamma'].map((name) => ({
    name,
    domain: `${name}.example.com`,
    limits: { calls: 90, callsPerSecond: 20, burst: 15 },
  })),
});

/** What the media hosts relay with one lost, and what the SBC takes. */
const capacity = { calls: callsWithOneHostLost(spec), setupsPerSecond: spec.sbc.setupsPerSecond };

/** The cell's tenants with so much traffic each. */
const tenantsAt = (erlangs: number, guaranteed: Readonly<Record<string, AdmissionTenant['guaranteed']>> = {}) =>
  spec.tenants.map(({ name, limits }): AdmissionTenant => {
    const own = guaranteed[name];
    return { id: name, erlangs, setupsPerSecond: erlangs / 180, contract: limits, ...(own && { guaranteed: own }) };
  });

function planOf(
  capacity: { readonly calls: number; readonly setupsPerSecond: number },
  tenants: readonly AdmissionTenant[],
): AdmissionPlan {
  const plan = admissionPlan(capacity, tenants);
  if ('excuse' in plan) throw new Error(plan.excuse);
  return plan;
}

describe('tenantLimits', () => {
  it('each guaranteed rate fits beside the limits of all others, and calls are those of the plan', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            erlangs: fc.double({ min: 0, max: 30, noNaN: true }),
            guaranteed: fc.nat(8),
            rate: fc.double({ min: 0, max: 2, noNaN: true }),
          }),
          { minLength: 1, maxLength: 10 },
        ),
        (drawn) => {
          const capacity = { calls: 120, setupsPerSecond: 25 };
          const plan = planOf(
            capacity,
            drawn.map(({ erlangs, guaranteed, rate }, i) => ({
              id: `t${i}`,
              erlangs,
              setupsPerSecond: erlangs / 180,
              contract: { calls: 200, callsPerSecond: 30, burst: 30 },
              guaranteed: { calls: guaranteed, callsPerSecond: rate },
            })),
          );
          const { limits, sharedCalls } = tenantLimits(plan);
          const rateOfOthers = (own: string): number =>
            [...limits].reduce((total, [id, one]) => total + (id === own ? 0 : one.callsPerSecond), 0);
          expect(sharedCalls + [...limits.values()].reduce((sum, one) => sum + one.guaranteedCalls, 0)).toBe(120);
          for (const { id, calls, guaranteedCalls, guaranteedPerSecond } of plan.tenants) {
            expect(limits.get(id)).toMatchObject({ calls, guaranteedCalls });
            if (guaranteedPerSecond > 0) {
              // A file has no less than a tenth of a call per second for anybody.
              const least = 0.1 * drawn.length;
              expect(rateOfOthers(id) + guaranteedPerSecond).toBeLessThanOrEqual(25 + least);
            }
          }
        },
      ),
    );
  });

  it('where nothing is guaranteed the limits are those of the plan: tenants share by chance', () => {
    const tenants = tenantsAt(25);
    const plan = planOf(capacity, tenants);
    expect(plan.heldByLimitsAlone).toBe(false);
    const { limits, findings } = tenantLimits(plan);
    expect(findings).toEqual([]);
    for (const { id, calls } of plan.tenants) expect(limits.get(id)!.calls).toBe(calls);
  });

  it('cuts no calls for a guarantee: those above it compete for the shared part', () => {
    const tenants = tenantsAt(28, { acme: { calls: 40 } });
    const plan = planOf({ calls: 100, setupsPerSecond: 10 }, tenants);
    const { limits, sharedCalls, findings } = tenantLimits(plan);
    expect(findings).toEqual([]);
    expect(sharedCalls).toBe(60);
    expect(limits.get('acme')!.guaranteedCalls).toBe(40);
    expect(limits.get('beta')!.calls + limits.get('gamma')!.calls).toBeGreaterThan(sharedCalls);
  });

  it('says what a guaranteed rate costs the others on an SBC whose rates have no shared part', () => {
    const tenants = tenantsAt(28, { acme: { callsPerSecond: 9 } });
    const { findings } = tenantLimits(planOf({ calls: 100, setupsPerSecond: 10 }, tenants));
    expect(findings[0]).toMatch(
      /^set-ups\/s above guarantees are cut to [\d.]+ %: the SBC has no shared part of the rate/,
    );
  });

  it('come out of the SBC’s table of tenants as they went in, by calls that change nothing else', () => {
    const tenants = tenantsAt(20, { acme: { calls: 40 } });
    const made = tenantLimits(planOf(capacity, tenants));
    const changed = withLimits(spec, made);
    const calls = tableCalls(spec, changed);
    expect(calls.map(({ params }) => params.slice(0, 2))).toEqual([
      ['guarantees', 'acme'],
      ['guarantees', '*'],
      ...spec.tenants.map(({ domain }) => ['tenants', domain]),
    ]);
    // What the SBC computes: all that is relayed with one media host lost, less the sum of the guarantees.
    expect(callsWithOneHostLost(spec) - Number(tableRows(changed).guarantees.get('*'))).toBe(made.sharedCalls);
    for (const { name, domain } of spec.tenants) {
      const fields = String(tableRows(changed).tenants.get(domain)).split('|');
      const number = (field: (typeof tenantFields)[number]) => Number(fields[tenantFields.indexOf(field)]);
      const { calls: most, callsPerSecond, burst } = made.limits.get(name)!;
      expect([number('calls'), number('rate') / 100, number('burst')]).toEqual([most, callsPerSecond, burst]);
    }
    expect(() => parseCell({ name: 'x', region: 'eu-west-1', aws: {}, tenants: changed.tenants })).not.toThrow();
  });
});
