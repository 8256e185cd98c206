import type { CellSpec, Limits } from '../../fleet/schema/cell.ts';
import type { AdmissionPlan, TenantAdmission } from '../admission.ts';
import { finePercent } from '../wording.ts';

export interface TenantLimits {
  /** By tenant, as its cell's file has them and the SBC's tables take them. */
  readonly limits: ReadonlyMap<string, Limits>;
  /** Calls above guarantees for which the cell has room: what the SBC leaves for them, if no host carries less than it admits. */
  readonly sharedCalls: number;
  /** What the limits cost or don't hold, with the numbers. */
  readonly findings: readonly string[];
}

/**
 * The limits of a plan for the SBC, which keeps guaranteed calls and the shared part of the calls as the plan has them. Of the
 * rate it knows a bucket for each tenant and no shared part: there a guarantee holds if it fits beside the limits of all others.
 * Where the plan's limits leave too little for one, the rates above guarantees are all cut by the same factor.
 */
export function tenantLimits({ tenants, shared }: Pick<AdmissionPlan, 'tenants' | 'shared'>): TenantLimits {
  const rateFactor = rateCut(tenants, shared.callsPerSecond);
  const limits = new Map(tenants.map((tenant) => [tenant.id, limitsOf(tenant, rateFactor)]));
  const cut =
    rateFactor < 1
      ? [
          `set-ups/s above guarantees are cut to ${finePercent(rateFactor)}: the SBC has no shared part of the rate, so limits alone must leave room for the guarantees`,
        ]
      : [];
  return { limits, sharedCalls: shared.calls, findings: [...cut, ...burstFinding(tenants, limits, shared.burst)] };
}

/** The cell with these limits in place of its tenants' own. */
export function withLimits(spec: CellSpec, { limits }: Pick<TenantLimits, 'limits'>): CellSpec {
  return {
    ...spec,
    tenants: spec.tenants.map((tenant) => ({ ...tenant, limits: limits.get(tenant.name) ?? tenant.limits })),
  };
}

/** The factor for rates above guarantees, so that each guaranteed rate fits beside the limits of the others. */
function rateCut(tenants: readonly TenantAdmission[], shared: number): number {
  const above = ({ callsPerSecond, guaranteedPerSecond }: TenantAdmission) => callsPerSecond - guaranteedPerSecond;
  const all = tenants.reduce((sum, tenant) => sum + above(tenant), 0);
  const others = tenants.filter(({ guaranteedPerSecond }) => guaranteedPerSecond > 0).map((one) => all - above(one));
  const most = Math.max(0, ...others);
  return most <= shared ? 1 : shared / most;
}

function limitsOf(tenant: TenantAdmission, rateFactor: number): Limits {
  const { guaranteedCalls, calls, guaranteedPerSecond, callsPerSecond, burst } = tenant;
  const rate = guaranteedPerSecond + (callsPerSecond - guaranteedPerSecond) * rateFactor;
  return {
    calls,
    guaranteedCalls,
    // The SBC counts in hundredths of a call per second, and a file has no less than a tenth.
    callsPerSecond: Math.max(0.1, Math.floor(Number((rate * 100).toPrecision(12))) / 100),
    burst: Math.max(1, Math.min(burst, 10_000)),
  };
}

function burstFinding(
  tenants: readonly TenantAdmission[],
  limits: ReadonlyMap<string, Limits>,
  sharedBurst: number,
): string[] {
  if (tenants.every(({ guaranteedPerSecond }) => guaranteedPerSecond === 0)) return [];
  const all = [...limits.values()].reduce((sum, { burst }) => sum + burst, 0);
  const guaranteed = tenants.reduce((sum, { guaranteedBurst }) => sum + guaranteedBurst, 0);
  return all <= sharedBurst + guaranteed
    ? []
    : [
        `bursts of all tenants together are ${all}, the cell's bucket holds ${sharedBurst + guaranteed}: in a second in which all come at once guaranteed set-ups may be refused`,
      ];
}
