import type { AdmissionPlan } from '../../../lib/planner/admission.ts';
import { exponential, type Random } from '../../../lib/planner/random.ts';
import { AdmissionGate, type Refusal } from './gate.ts';

/** Calls of one tenant in a trial. */
export interface TrialTraffic {
  readonly id: string;
  readonly erlangs: number;
}

export interface TrialOptions {
  /** Calls in all, from the first one counted on. */
  readonly calls: number;
  /** Mean length of a call, seconds. */
  readonly meanSeconds: number;
  readonly random: Random;
}

export interface TenantTrial {
  readonly id: string;
  offered: number;
  readonly refused: Record<Refusal, number>;
  /** Calls that were refused although the tenant was within its guarantees: must be 0. */
  violations: number;
}

/**
 * Poisson calls of exponential length through an {@link AdmissionGate}, with a bookkeeping of its own for what was
 * guaranteed: a call is within the guarantees if its tenant has fewer calls than guaranteed, and a token bucket of the
 * guaranteed rate and burst that all its calls take from still has one. Ten mean lengths pass before anything is
 * counted.
 */
export function admissionTrial(
  plan: AdmissionPlan,
  traffic: readonly TrialTraffic[],
  { calls, meanSeconds, random }: TrialOptions,
): TenantTrial[] {
  const gate = new AdmissionGate(plan);
  const limits = new Map(plan.tenants.map((tenant) => [tenant.id, tenant]));
  const results = traffic.map(({ id }): TenantTrial => ({
    id,
    offered: 0,
    refused: { tenantRate: 0, sharedRate: 0, tenantCalls: 0, sharedCalls: 0 },
    violations: 0,
  }));
  const cumulated = cumulate(traffic.map(({ erlangs }) => erlangs));
  const arrivals = cumulated.at(-1)! / meanSeconds;
  const owed = traffic.map(({ id }) => ({ tokens: limits.get(id)!.guaranteedBurst, at: 0, calls: 0 }));
  /** The tenant of every call that is up; any of them is as likely to end next. */
  const up: number[] = [];
  const warmUp = 10 * meanSeconds;

  for (let now = 0, counted = 0; counted < calls;) {
    const ends = up.length / meanSeconds;
    now += exponential(random, 1 / (arrivals + ends));
    if (random() * (arrivals + ends) < ends) {
      const index = Math.floor(random() * up.length);
      const tenant = up[index]!;
      up[index] = up.at(-1)!;
      up.pop();
      owed[tenant]!.calls--;
      gate.end(traffic[tenant]!.id);
      continue;
    }
    const tenant = indexAbove(cumulated, random() * cumulated.at(-1)!);
    const { id, guaranteedPerSecond, guaranteedBurst, guaranteedCalls } = limits.get(traffic[tenant]!.id)!;
    const own = owed[tenant]!;
    own.tokens = Math.min(guaranteedBurst, own.tokens + (now - own.at) * guaranteedPerSecond);
    own.at = now;
    const inRate = own.tokens >= 1;
    if (inRate) own.tokens--;
    const refusal = gate.begin(id, now);
    if (refusal === undefined) up.push(tenant);
    if (now >= warmUp) {
      counted++;
      results[tenant]!.offered++;
      if (refusal !== undefined) results[tenant]!.refused[refusal]++;
      if (refusal !== undefined && inRate && own.calls < guaranteedCalls) results[tenant]!.violations++;
    }
    if (refusal === undefined) own.calls++;
  }
  return results;
}

function cumulate(values: readonly number[]): Float64Array {
  let sum = 0;
  return Float64Array.from(values, (value) => (sum += value));
}

/** Index of the first value above `at`. */
function indexAbove(rising: Float64Array, at: number): number {
  let low = 0;
  let high = rising.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rising[middle]! > at) high = middle;
    else low = middle + 1;
  }
  return low;
}
