import { describe, expect, it } from 'vitest';
import { evacuationPlan } from '../../../lib/planner/plan/evacuation.ts';
import type { PlanInput } from '../../../lib/planner/plan/input.ts';
import { cellOf, evenWeek, NOW, specOf } from './fleets.ts';

type Tenant = PlanInput['tenants'][number];
const tenant = (id: string, cell: string, calls: number, more: Partial<Tenant> = {}): Tenant => ({
  ...{ id, cell, pool: 'standard', regions: ['eu-west-1'], use: evenWeek(calls) },
  ...more,
});

/** Each carries 277 erlangs. */
const fleet = (
  tenants: readonly Tenant[],
  more: Partial<Record<'a' | 'b' | 'c', Partial<PlanInput['cells'][number]>>> = {},
) => {
  const callsIn = (name: string) =>
    tenants.filter(({ cell }) => cell === name).reduce((sum, { use }) => sum + use.relayedCalls[0]!, 0);
  return {
    now: NOW,
    cells: (['a', 'b', 'c'] as const).map((name) => ({
      ...cellOf(name, { calls: () => callsIn(name), noise: 0 }),
      ...more[name],
    })),
    tenants,
    blueprints: [],
  } satisfies PlanInput;
};
const free = new Map<string, string>();

describe('the plan of an evacuation', () => {
  it('spreads the tenants over the cells by what is free there', () => {
    const tenants = [...Array.from({ length: 8 }, (_, n) => tenant(`t${n}`, 'a', 25)), tenant('resident', 'b', 100)];
    const { places, unplaced, utilisation } = evacuationPlan(fleet(tenants), 'a', ['b', 'c'], free);
    expect(unplaced).toEqual([]);
    const count = (cell: string) => [...places.values()].filter((to) => to === cell).length;
    expect([count('b'), count('c')]).toEqual([2, 6]);
    for (const share of utilisation.values()) expect(share).toBeLessThan(1);
  });

  it('says for each tenant that does not fit why, cell by cell', () => {
    const tenants = [tenant('large', 'a', 200), tenant('small', 'a', 10), tenant('resident', 'b', 200)];
    const { places, unplaced } = evacuationPlan(fleet(tenants), 'a', ['b'], free);
    expect([...places]).toEqual([['small', 'b']]);
    expect(unplaced).toEqual([
      { tenant: 'large', reasons: [expect.stringMatching(/^b is short of relayedCalls.* allowed /)] },
    ]);
  });

  it('keeps regions, residency, and enterprises apart', () => {
    const elsewhere = { spec: specOf('c', { region: 'us-east-1' }) };
    const tenants = [
      tenant('local', 'a', 5),
      tenant('either', 'a', 5, { regions: ['eu-west-1', 'us-east-1'] }),
      tenant('european', 'a', 5, { regions: ['eu-west-1', 'us-east-1'], residency: 'EU' }),
      tenant('sister', 'a', 5, { enterprise: 'twins' }),
      tenant('brother', 'b', 5, { enterprise: 'twins' }),
    ];
    const input = fleet(tenants, { c: elsewhere });
    const far = evacuationPlan(input, 'a', ['c'], free);
    expect([...far.places]).toEqual([['either', 'c']]);
    expect(Object.fromEntries(far.unplaced.map((one) => [one.tenant, one.reasons]))).toMatchObject({
      local: ['c is in us-east-1; the tenant must be in eu-west-1'],
      european: ['c is in no named jurisdiction; the tenant must be in EU'],
    });
    const near = evacuationPlan(input, 'a', ['b'], free);
    expect(near.unplaced).toContainEqual({
      tenant: 'sister',
      reasons: ['b holds another tenant of the same enterprise'],
    });
  });

  it('leaves those where they are whose move has begun, and counts them there', () => {
    const tenants = [tenant('begun', 'a', 150), tenant('next', 'a', 150), tenant('gone', 'a', 10)];
    const bound = new Map([
      ['begun', 'b'],
      ['gone', 'elsewhere'],
    ]);
    const { places } = evacuationPlan(fleet(tenants), 'a', ['b', 'c'], bound);
    expect(Object.fromEntries(places)).toEqual({ begun: 'b', next: 'c', gone: 'elsewhere' });
  });
});
