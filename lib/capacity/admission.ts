import { sharedDemand, sharedPlacesFor, timeCongestion } from './admission/shared-demand.ts';
import { requireTarget } from './teletraffic/arguments.ts';
import { linesForErlangB } from './teletraffic/erlang.ts';

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
  /** The same for the others while this tenant fills its own limit all the time; undefined without tenants. */
  readonly worstNeighbour: { readonly id: string; readonly congestion: number } | undefined;
  /** True where the limits of all tenants together fit: then the shared part is never full. */
  readonly heldByLimitsAlone: boolean;
  /** What is not as it should be, with the numbers. */
  readonly findings: readonly string[];
}

/** Standard normal quantile of 99 %: how far a second is above the mean second. */
const Z99 = 2.326;

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
  const guaranteedCalls = parties.reduce((sum, one) => sum + one.guaranteedCalls, 0);
  const guaranteedRate = parties.reduce((sum, one) => sum + one.guaranteedPerSecond, 0);
  if (guaranteedCalls > capacity.calls) {
    return { excuse: `${guaranteedCalls} calls are guaranteed, but there is room for ${capacity.calls}` };
  }
  if (guaranteedRate > capacity.setupsPerSecond) {
    return {
      excuse: `${amount(guaranteedRate)} set-ups/s are guaranteed, but only ${amount(capacity.setupsPerSecond)} can be handled`,
    };
  }

  const findings: string[] = [];
  const sharedCalls = Math.floor(capacity.calls) - guaranteedCalls;
  const demand = sharedDemand(parties, sharedCalls);
  const needed = sharedPlacesFor(demand, target, sharedCalls);
  const congestion = timeCongestion(demand, sharedCalls);
  if (needed === undefined) {
    findings.push(
      `the ${sharedCalls} shared calls are all taken ${percent(congestion)} of the time at the expected traffic, target ${percent(target)}`,
    );
  }
  const spareCalls = needed === undefined ? 0 : sharedCalls - needed;

  const sharedRate = capacity.setupsPerSecond - guaranteedRate;
  const spareRate = Math.max(0, sharedRate - busySecondAboveGuarantees(parties));
  const limits = parties.map((one) => limitsOf(one, spareCalls, spareRate, target));
  const worstNeighbour = worstOf(parties, limits, sharedCalls);
  if (needed !== undefined && worstNeighbour !== undefined && worstNeighbour.congestion > target) {
    findings.push(
      `${worstNeighbour.id} at its own limit leaves the others ${percent(worstNeighbour.congestion)} congestion, target ${percent(target)}: it needs a guarantee, or a larger cell`,
    );
  }
  return {
    tenants: limits,
    shared: { calls: sharedCalls, callsPerSecond: sharedRate, burst: Math.max(1, Math.floor(sharedRate)) },
    congestion,
    worstNeighbour,
    heldByLimitsAlone: limits.reduce((sum, one) => sum + one.calls, 0) <= capacity.calls,
    findings,
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
      `Tenant ${id}: ${guaranteedCalls} calls are guaranteed; allowed is a whole number up to its contract of ${contract.calls}`,
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

/** Set-ups that come above the guarantees in a second that is busier than 99 of 100. */
function busySecondAboveGuarantees(parties: readonly Party[]): number {
  const mean = parties.reduce((sum, one) => sum + Math.max(0, one.setupsPerSecond - one.guaranteedPerSecond), 0);
  const variance = parties.reduce((sum, one) => sum + one.setupsPerSecond, 0);
  return mean + Z99 * Math.sqrt(variance);
}

function limitsOf(tenant: Party, spareCalls: number, spareRate: number, target: number): TenantAdmission {
  const { id, erlangs, setupsPerSecond, contract, guaranteedCalls, guaranteedPerSecond } = tenant;
  const calls = Math.max(guaranteedCalls + spareCalls, linesForErlangB(erlangs, target));
  const busySecond = setupsPerSecond + Z99 * Math.sqrt(setupsPerSecond);
  const rate = Math.min(contract.callsPerSecond, Math.max(guaranteedPerSecond + spareRate, busySecond));
  const guaranteedBurst = guaranteedPerSecond === 0 ? 0 : Math.max(1, Math.floor(guaranteedPerSecond));
  return {
    id,
    guaranteedCalls,
    calls: Math.min(contract.calls, calls),
    guaranteedPerSecond,
    guaranteedBurst,
    callsPerSecond: rate,
    // As much at once as in a second, which is what the cell's own bucket takes; and above the guarantee at least one.
    burst: Math.max(
      guaranteedBurst + (rate > guaranteedPerSecond ? 1 : 0),
      Math.min(contract.burst, Math.max(1, Math.floor(rate))),
    ),
  };
}

/** The tenant that can take most of the shared part; of equals the one that leaves the most traffic to the others. */
function worstOf(
  parties: readonly Party[],
  limits: readonly TenantAdmission[],
  sharedCalls: number,
): AdmissionPlan['worstNeighbour'] {
  const excess = limits.map((limit) => Math.min(sharedCalls, limit.calls - limit.guaranteedCalls));
  const order = [...excess.keys()].sort((a, b) => excess[b]! - excess[a]! || parties[a]!.erlangs - parties[b]!.erlangs);
  const worst = order[0];
  if (worst === undefined) return undefined;
  const others = sharedDemand(
    parties.filter((_, i) => i !== worst),
    sharedCalls,
  );
  return { id: parties[worst]!.id, congestion: timeCongestion(others, sharedCalls - excess[worst]!) };
}

const amount = (value: number): string => String(Number(value.toPrecision(4)));
const percent = (share: number): string => `${amount(share * 100)} %`;
