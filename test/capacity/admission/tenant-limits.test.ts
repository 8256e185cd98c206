import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admissionPlan, type AdmissionPlan, type AdmissionTenant } from '../../../lib/capacity/admission.ts';
import {
  admissionCapacity,
  admissionTenants,
  tenantLimits,
  withLimits,
} from '../../../lib/capacity/admission/tenant-limits.ts';
import { tableCalls, tableRows } from '../../../lib/software/kamailio/tenant-tables.ts';
import { tenantFields } from '../../../lib/software/kamailio/tables.ts';
import { parseCell } from '../../../lib/spec/cell.ts';
import { evenWeek } from '../plan/fleets.ts';

const spec = parseCell({
  name: 'euw1-a',
  region: 'eu-west-1',
  media: { hosts: 3, relay: { calls: 50 } },
  tenants: ['acme', 'beta', 'gamma'].map((name) => ({
    name,
    domain: `${name}.example.com`,
    limits: { calls: 90, callsPerSecond: 20, burst: 15 },
  })),
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
  it('each guarantee fits beside the limits of all others, whatever they are', () => {
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
          const { limits } = tenantLimits(plan);
          const sum = (of: (one: { calls: number; callsPerSecond: number }) => number, but: string): number =>
            [...limits].reduce((total, [id, one]) => total + (id === but ? 0 : of(one)), 0);
          for (const { id, guaranteedCalls, guaranteedPerSecond } of plan.tenants) {
            expect(limits.get(id)!.calls).toBeGreaterThanOrEqual(guaranteedCalls);
            if (guaranteedCalls > 0) expect(sum((one) => one.calls, id) + guaranteedCalls).toBeLessThanOrEqual(120);
            if (guaranteedPerSecond > 0) {
              // A file has no less than a tenth of a call per second for anybody.
              const least = 0.1 * drawn.length;
              expect(sum((one) => one.callsPerSecond, id) + guaranteedPerSecond).toBeLessThanOrEqual(25 + least);
            }
          }
        },
      ),
    );
  });

  it('where nothing is guaranteed the limits are those of the plan: tenants share by chance', () => {
    const tenants = admissionTenants(spec, () => evenWeek(25));
    const plan = planOf(admissionCapacity(spec), tenants);
    expect(plan.heldByLimitsAlone).toBe(false);
    const { limits, findings } = tenantLimits(plan);
    expect(findings).toEqual([]);
    for (const { id, calls } of plan.tenants) expect(limits.get(id)!.calls).toBe(calls);
  });

  it('says what a guarantee costs the others on an SBC without a shared part', () => {
    const tenants = admissionTenants(spec, () => evenWeek(28), { acme: { calls: 40 } });
    const { limits, findings } = tenantLimits(planOf({ calls: 100, setupsPerSecond: 10 }, tenants));
    expect(findings[0]).toMatch(/^calls above guarantees are cut to [\d.]+ %: this SBC has no shared part/);
    expect(limits.get('beta')!.calls + limits.get('gamma')!.calls).toBeLessThanOrEqual(60);
    expect(limits.get('acme')!.calls).toBeGreaterThanOrEqual(40);
  });

  it('come out of the SBC’s table of tenants as they went in, by calls that change nothing else', () => {
    const tenants = admissionTenants(spec, () => evenWeek(20), { acme: { calls: 40 } });
    const made = tenantLimits(planOf(admissionCapacity(spec), tenants));
    const changed = withLimits(spec, made);
    const calls = tableCalls(spec, changed);
    expect(calls.map(({ params }) => params.slice(0, 2))).toEqual(
      spec.tenants.map(({ domain }) => ['tenants', domain]),
    );
    for (const { name, domain } of spec.tenants) {
      const fields = String(tableRows(changed).tenants.get(domain)).split('|');
      const number = (field: (typeof tenantFields)[number]) => Number(fields[tenantFields.indexOf(field)]);
      const { calls: most, callsPerSecond, burst } = made.limits.get(name)!;
      expect([number('calls'), number('rate') / 100, number('burst')]).toEqual([most, callsPerSecond, burst]);
    }
    expect(() => parseCell({ name: 'x', region: 'eu-west-1', tenants: changed.tenants })).not.toThrow();
  });
});
