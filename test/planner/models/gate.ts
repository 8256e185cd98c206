import type { AdmissionPlan, TenantAdmission } from '../../../lib/planner/admission.ts';

/** Why a call was not taken: its tenant's rate, the cell's rate, its tenant's calls, or the cell's calls. */
export type Refusal = 'tenantRate' | 'sharedRate' | 'tenantCalls' | 'sharedCalls';

interface Bucket {
  readonly perSecond: number;
  readonly depth: number;
  tokens: number;
  filledAt: number;
}

interface TenantState {
  readonly limits: TenantAdmission;
  calls: number;
  readonly guaranteed: Bucket;
  /** What the tenant may take of the shared rate. */
  readonly above: Bucket;
}

/**
 * What an SBC does with the limits of a plan: the reference for simulations. Times are seconds and never go back.
 *
 * A set-up takes a token of the tenant's guaranteed bucket or, when that is empty, one of the tenant's bucket above the
 * guarantee and one of the shared bucket. A call is then taken below the guarantee, or below the limit while fewer calls
 * than the shared part are above guarantees. When a call ends, it is one above the guarantee if there is one: places are
 * counted, not numbered.
 */
export class AdmissionGate {
  readonly #shared: Bucket;
  readonly #sharedCalls: number;
  readonly #tenants: Map<string, TenantState>;
  #aboveGuarantees = 0;

  constructor({ tenants, shared }: AdmissionPlan) {
    this.#shared = bucket(shared.callsPerSecond, shared.burst);
    this.#sharedCalls = shared.calls;
    this.#tenants = new Map(
      tenants.map((limits) => [
        limits.id,
        {
          limits,
          calls: 0,
          guaranteed: bucket(limits.guaranteedPerSecond, limits.guaranteedBurst),
          above: bucket(limits.callsPerSecond - limits.guaranteedPerSecond, limits.burst - limits.guaranteedBurst),
        },
      ]),
    );
  }

  /** Takes a call, and says nothing; or refuses it, and says why. Unknown tenants are an error. */
  begin(id: string, now: number): Refusal | undefined {
    const tenant = this.#tenantOf(id);
    if (!take(tenant.guaranteed, now)) {
      if (!has(tenant.above, now)) return 'tenantRate';
      if (!take(this.#shared, now)) return 'sharedRate';
      take(tenant.above, now);
    }
    const { limits } = tenant;
    if (tenant.calls >= limits.guaranteedCalls) {
      if (tenant.calls >= limits.calls) return 'tenantCalls';
      if (this.#aboveGuarantees >= this.#sharedCalls) return 'sharedCalls';
      this.#aboveGuarantees++;
    }
    tenant.calls++;
    return undefined;
  }

  end(id: string): void {
    const tenant = this.#tenantOf(id);
    if (tenant.calls === 0) throw new RangeError(`Tenant ${id} has no call to end`);
    if (tenant.calls > tenant.limits.guaranteedCalls) this.#aboveGuarantees--;
    tenant.calls--;
  }

  #tenantOf(id: string): TenantState {
    const tenant = this.#tenants.get(id);
    if (tenant === undefined) throw new RangeError(`There is no tenant ${id}`);
    return tenant;
  }
}

const bucket = (perSecond: number, depth: number): Bucket => ({ perSecond, depth, tokens: depth, filledAt: 0 });

function has(one: Bucket, now: number): boolean {
  one.tokens = Math.min(one.depth, one.tokens + (now - one.filledAt) * one.perSecond);
  one.filledAt = now;
  return one.tokens >= 1;
}

function take(one: Bucket, now: number): boolean {
  if (!has(one, now)) return false;
  one.tokens--;
  return true;
}
