import { counted } from '../config-file/counted.ts';
import { callLimits } from './admission/call-limits.ts';
import { rateLimits } from './admission/rate-limits.ts';
import { requireTarget } from './teletraffic/arguments.ts';

/** A tenant as admission sees it. */
export interface AdmissionTenant {
  readonly id: string;
  /** Expected traffic of the busy hour, erlangs. */
  readonly erlangs: number;
  /** Expected call set-ups per second of the busy hour. */
  readonly setupsPerSecond: number;
  /** What it may use at most, as its limits in the cell's file say. */
  readonly contract: { readonly calls: number; readonly callsPerSecond: number; readonly burst: number };
  /** What it can always use, whatever the others do. Default: nothing. */
  readonly guaranteed?: { readonly calls?: number; readonly callsPerSecond?: number };
}

/** What the tenants of a pool share. */
export interface AdmissionCapacity {
  /** Concurrent calls. */
  readonly calls: number;
  /** Call set-ups per second. */
  readonly setupsPerSecond: number;
}

/** The limits of one tenant. */
export interface TenantAdmission {
  readonly id: string;
  /** Concurrent calls that are always taken. */
  readonly guaranteedCalls: number;
  /** Concurrent calls at most, the guarantee included. */
  readonly calls: number;
  /** Token bucket that is always honoured; 0 and 0 where nothing is guaranteed. */
  readonly guaranteedPerSecond: number;
  readonly guaranteedBurst: number;
  /** Call set-ups per second at most, the guarantee included, and at once. */
  readonly callsPerSecond: number;
  readonly burst: number;
}

export interface AdmissionPlan {
  readonly tenants: readonly TenantAdmission[];
  /** What is not guaranteed to anyone: calls above the guarantees compete for it. */
  readonly shared: { readonly calls: number; readonly callsPerSecond: number; readonly burst: number };
  /** Share of time that the shared part is full at the expected traffic; nobody loses a larger share of its calls to it. */
  readonly congestion: number;
  /** The same for the others while this tenant fills its own limit all the time; undefined where there are no others. */
  readonly worstNeighbour: { readonly id: string; readonly congestion: number } | undefined;
  /** True where the limits of all tenants together fit: then the shared part is never full. */
  readonly heldByLimitsAlone: boolean;
  /** What is not as it should be, with the numbers. */
  readonly findings: readonly string[];
}

/**
 * Per-tenant limits so that guarantees hold whatever the others do, and so that one tenant that fills its limit leaves
 * the others their grade of service where that is possible.
 *
 * A call is taken if its tenant is below its guarantee, or below its limit while the shared part has room; likewise for
 * set-ups, with token buckets ({@link AdmissionGate}). The limit of a tenant is what the shared part has to spare beyond
 * what all tenants need at the target, or what the tenant itself needs if that is more, and never above its contract.
 *
 * @param target share of calls that may be lost, between 0 and 1
 * @returns the plan, or an excuse where the guarantees alone are more than there is
 * @throws RangeError for a number that is negative or not finite, or a guarantee above its contract
 */
export function admissionPlan(
  capacity: AdmissionCapacity,
  tenants: readonly AdmissionTenant[],
  target = 0.01,
): AdmissionPlan | { readonly excuse: string } {
  requireTarget('target blocking', target);
  requireCapacity(capacity);
  const parties = tenants.map(party);
  const calls = callLimits(
    capacity.calls,
    parties.map((one) => ({ ...one, erlangsTogether: one.erlangs, contractCalls: one.contract.calls })),
    target,
  );
  if ('excuse' in calls) return calls;
  const rates = rateLimits(
    capacity.setupsPerSecond,
    parties.map((one) => ({ ...one, setupsTogether: one.setupsPerSecond })),
  );
  if ('excuse' in rates) return rates;
  return {
    tenants: parties.map(({ id, guaranteedCalls, guaranteedPerSecond }, i) => ({
      id,
      guaranteedCalls,
      calls: calls.calls[i]!,
      guaranteedPerSecond,
      ...rates.limits[i]!,
    })),
    shared: { calls: calls.shared, ...rates.shared },
    congestion: calls.congestion,
    worstNeighbour: calls.worstNeighbour,
    heldByLimitsAlone: calls.calls.reduce((sum, most) => sum + most, 0) <= capacity.calls,
    findings: calls.findings,
  };
}

interface Party extends AdmissionTenant {
  readonly guaranteedCalls: number;
  readonly guaranteedPerSecond: number;
}

function party(tenant: AdmissionTenant): Party {
  const { id, erlangs, setupsPerSecond, contract, guaranteed } = tenant;
  const guaranteedCalls = guaranteed?.calls ?? 0;
  const guaranteedPerSecond = guaranteed?.callsPerSecond ?? 0;
  const numbers = { erlangs, setupsPerSecond, ...contract, guaranteedCalls, guaranteedPerSecond };
  for (const [name, value] of Object.entries(numbers)) {
    if (!(value >= 0 && value < Infinity)) {
      throw new RangeError(`Tenant ${id}: ${name} is ${value}; allowed is a finite number of 0 or more`);
    }
  }
  if (!Number.isInteger(guaranteedCalls) || guaranteedCalls > contract.calls) {
    throw new RangeError(
      `Tenant ${id}: ${counted(guaranteedCalls, 'call is', 'calls are')} guaranteed; allowed is a whole number up to its contract of ${contract.calls}`,
    );
  }
  if (guaranteedPerSecond > contract.callsPerSecond) {
    throw new RangeError(
      `Tenant ${id}: ${guaranteedPerSecond} set-ups/s are guaranteed; its contract allows ${contract.callsPerSecond}`,
    );
  }
  return { ...tenant, guaranteedCalls, guaranteedPerSecond };
}

function requireCapacity({ calls, setupsPerSecond }: AdmissionCapacity): void {
  for (const [name, value] of Object.entries({ calls, setupsPerSecond })) {
    if (!(value >= 0 && value < Infinity)) {
      throw new RangeError(`Capacity: ${name} is ${value}; allowed is a finite number of 0 or more`);
    }
  }
}
