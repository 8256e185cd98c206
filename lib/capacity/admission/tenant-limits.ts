import type { CellSpec, Limits } from '../../spec/cell.ts';
import type { AdmissionPlan, AdmissionTenant, TenantAdmission } from '../admission.ts';
import { cellCapacity } from '../cell-capacity.ts';
import { weeklyPeak, type WeeklyDemand } from '../resources.ts';

/** The tenants of a cell as admission sees them: what they are expected to use, and what their limits in its file allow. */
export function admissionTenants(
  { tenants }: Pick<CellSpec, 'tenants'>,
  weekOf: (tenant: string) => WeeklyDemand,
  guaranteed: Readonly<Record<string, NonNullable<AdmissionTenant['guaranteed']>>> = {},
): AdmissionTenant[] {
  return tenants.map(({ name, limits }) => {
    const peak = weeklyPeak(weekOf(name));
    const own = guaranteed[name];
    return {
      id: name,
      erlangs: peak.relayedCalls,
      setupsPerSecond: peak.setups,
      contract: limits,
      ...(own && { guaranteed: own }),
    };
  });
}

/** What the tenants of a cell share, with one media host lost. */
export function admissionCapacity(spec: CellSpec): { readonly calls: number; readonly setupsPerSecond: number } {
  const { resources } = cellCapacity(spec);
  return { calls: resources.relayedCalls.limit, setupsPerSecond: resources.setups.limit };
}

export interface TenantLimits {
  /** By tenant, as its cell's file has them and the SBC's table of tenants takes them. */
  readonly limits: ReadonlyMap<string, Limits>;
  /** What the limits cost or don't hold, with the numbers. */
  readonly findings: readonly string[];
}

/**
 * The limits of a plan for an SBC that knows a cap and a bucket for each tenant, and no shared part. There a guarantee holds
 * if it fits beside the limits of all others. Where the plan's limits leave too little for one, the parts above guarantees
 * are all cut by the same factor.
 */
export function tenantLimits({ tenants, shared }: AdmissionPlan): TenantLimits {
  const callFactor = cutFor(
    tenants.map(({ calls, guaranteedCalls }) => ({ above: calls - guaranteedCalls, guaranteed: guaranteedCalls })),
    shared.calls,
  );
  const rateFactor = cutFor(
    tenants.map(({ callsPerSecond, guaranteedPerSecond }) => ({
      above: callsPerSecond - guaranteedPerSecond,
      guaranteed: guaranteedPerSecond,
    })),
    shared.callsPerSecond,
  );
  const limits = new Map(tenants.map((tenant) => [tenant.id, limitsOf(tenant, callFactor, rateFactor)]));
  return { limits, findings: [...cuts(callFactor, rateFactor), ...burstFinding(tenants, limits, shared.burst)] };
}

/** The cell with these limits in place of its tenants' own. */
export function withLimits(spec: CellSpec, { limits }: TenantLimits): CellSpec {
  return {
    ...spec,
    tenants: spec.tenants.map((tenant) => ({ ...tenant, limits: limits.get(tenant.name) ?? tenant.limits })),
  };
}

/** The factor for what is above guarantees, so that each guarantee fits beside the limits of the others. */
function cutFor(parts: readonly { readonly above: number; readonly guaranteed: number }[], shared: number): number {
  const all = parts.reduce((sum, { above }) => sum + above, 0);
  const others = parts.filter(({ guaranteed }) => guaranteed > 0).map(({ above }) => all - above);
  const most = Math.max(0, ...others);
  return most <= shared ? 1 : shared / most;
}

function limitsOf(tenant: TenantAdmission, callFactor: number, rateFactor: number): Limits {
  const { guaranteedCalls, calls, guaranteedPerSecond, callsPerSecond, burst } = tenant;
  const rate = guaranteedPerSecond + (callsPerSecond - guaranteedPerSecond) * rateFactor;
  return {
    calls: guaranteedCalls + Math.floor((calls - guaranteedCalls) * callFactor),
    // The SBC counts in hundredths of a call per second, and a file has no less than a tenth.
    callsPerSecond: Math.max(0.1, Math.floor(Number((rate * 100).toPrecision(12))) / 100),
    burst: Math.max(1, Math.min(burst, 10_000)),
  };
}

const percent = (share: number): string => `${Number((share * 100).toPrecision(3))} %`;

function cuts(callFactor: number, rateFactor: number): string[] {
  const text = (what: string, factor: number) =>
    `${what} above guarantees are cut to ${percent(factor)}: this SBC has no shared part, so limits alone must leave room for the guarantees`;
  return [
    ...(callFactor < 1 ? [text('calls', callFactor)] : []),
    ...(rateFactor < 1 ? [text('set-ups/s', rateFactor)] : []),
  ];
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
