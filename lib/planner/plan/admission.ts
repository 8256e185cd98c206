import { counted } from '../../config-file/counted.ts';
import type { Limits } from '../../fleet/schema/cell.ts';
import { callsWithOneHostLost } from '../../fleet/relay-capacity.ts';
import type { AdmissionPlan } from '../admission.ts';
import { callLimits } from '../admission/call-limits.ts';
import { rateLimits } from '../admission/rate-limits.ts';
import { tenantLimits } from '../admission/tenant-limits.ts';
import { limitName, limitServes, type SharedLimit } from '../shared-limits.ts';
import type { TenantRow } from '../placement/tenant-table.ts';
import { connectedPools } from '../pool-limits.ts';
import { POLICIES } from '../policy.ts';
import { HOURS_PER_WEEK, RESOURCES, type Resource } from '../resources.ts';
import type { PlanContext } from './context.ts';
import type { FleetTenant } from './input.ts';
import type { Outlook } from './outlook.ts';
import type { CellAdmission } from './schema.ts';
import { finePercent, rounded } from '../wording.ts';

/** Cells that answer calls. */
const SERVING = ['active', 'cordoned', 'draining'];

interface Member {
  readonly id: string;
  readonly pool: string;
  readonly limits: Limits;
  /** Expected use in every hour of the week, at the quantile of the policy. */
  readonly calls: Float32Array;
  readonly setups: Float32Array;
  readonly busyCalls: number;
  readonly busySetups: number;
}

/**
 * The limits that the tenants of each cell should have once the plan is carried out, so that guarantees hold whatever the
 * others do, and one tenant at its limit leaves the others their grade of service where that is possible.
 *
 * Calls are shared within a shared limit: the tenants of a pool, or of pools that share media hosts. A tenant's limit is the least
 * that a shared limit of its pool leaves it; those of pools without a host in common never touch. Set-ups per second are the cell's.
 *
 * The SBC keeps one shared part for the whole cell, by `media.relay.calls` with one media host lost. A guaranteed call finds
 * a host of its pool as long as all calls that may lie on these hosts fit what is left of them. Where the hosts carry less
 * than the SBC lets in, because they were measured so or more of them may be lost, or where a guaranteed pool has not all
 * hosts, the calls above guarantees are cut until limits alone keep it so. As no SBC has a shared part of the rate, tenants
 * with guaranteed calls are guaranteed the set-ups that keep these up, beside the limits of all others.
 *
 * A cell counts with all the media hosts of its file. One with a tenant whose contract is not given is left out.
 */
export function admission({ input, outlooks, load, policy, rules }: PlanContext): CellAdmission[] {
  const target = policy.name === 'gradeOfService' ? policy.blocking : POLICIES.gradeOfService.blocking;
  const known = new Map(input.tenants.map((tenant) => [tenant.id, tenant]));
  return outlooks.flatMap((one) => {
    if (!SERVING.includes(one.cell.spec.state)) return [];
    const rows = [...load.byName.get(one.name)!.tenants].sort((a, b) => (a.id < b.id ? -1 : 1));
    const members = rows.flatMap((row) => memberOf(row, known.get(row.id)!) ?? []);
    if (members.length === 0 || members.length < rows.length) return [];
    return [cellAdmission(one, members, target, rules.lostMediaHosts)];
  });
}

function memberOf(row: TenantRow, tenant: FleetTenant): Member | undefined {
  const { limits } = tenant;
  if (limits === undefined) return undefined;
  const calls = usedWeek(row, tenant, 'relayedCalls');
  const setups = usedWeek(row, tenant, 'setups');
  return {
    id: row.id,
    pool: row.terms.pool,
    limits,
    calls,
    setups,
    busyCalls: highest(calls),
    busySetups: highest(setups),
  };
}

/** A row holds no less than what is guaranteed; below that only the expected week says how much is used. */
function usedWeek({ use }: TenantRow, { guaranteed, use: expected }: FleetTenant, resource: Resource): Float32Array {
  const from = RESOURCES.indexOf(resource) * HOURS_PER_WEEK;
  const week = use.subarray(from, from + HOURS_PER_WEEK);
  const least = Math.fround(guaranteed?.[resource] ?? 0);
  if (least === 0) return week;
  const used = week.slice();
  const below = expected[resource];
  for (let h = 0; h < HOURS_PER_WEEK; h++) if (used[h]! <= least) used[h] = Math.min(least, below[h]!);
  return used;
}

function highest(week: Float32Array): number {
  let most = 0;
  for (const value of week) if (value > most) most = value;
  return most;
}

function cellAdmission(one: Outlook, members: readonly Member[], target: number, lostHosts: number): CellAdmission {
  const sharedLimits = one.capacity.limits.sharedLimits.filter(({ resource }) => resource === 'relayedCalls');
  const shared = callsByLimit(sharedLimits, members, target);
  if ('excuse' in shared) return { cell: one.name, excuse: shared.excuse };
  const kept = cutForGuarantees(one, members, shared.calls, lostHosts);
  if ('excuse' in kept) return { cell: one.name, excuse: kept.excuse };
  const rates = ratesOf(one, members);
  if ('excuse' in rates) return { cell: one.name, excuse: rates.excuse };
  const plan: Pick<AdmissionPlan, 'tenants' | 'shared'> = {
    tenants: members.map(({ id, limits }, i) => ({
      id,
      guaranteedCalls: limits.guaranteedCalls,
      calls: kept.calls[i]!,
      ...rates.tenants[i]!,
    })),
    shared: { calls: sharedCalls(one, sharedLimits, members), ...rates.shared },
  };
  const made = tenantLimits(plan);
  const changed = members.flatMap(({ id, limits }) => {
    const planned = made.limits.get(id)!;
    const own = { ...planned, burst: Math.min(planned.burst, limits.burst) };
    return sameLimits(own, limits) ? [] : [[id, own] as const];
  });
  return {
    cell: one.name,
    sharedCalls: made.sharedCalls,
    congestion: rounded(shared.congestion),
    heldByLimitsAlone: sharedLimits.every((sharedLimit) => {
      const ofLimit = kept.calls.filter((_, i) => limitServes(sharedLimit, members[i]!.pool));
      return ofLimit.reduce((sum, most) => sum + most, 0) <= sharedLimit.limit;
    }),
    findings: [...shared.findings, ...kept.findings, ...made.findings],
    limits: Object.fromEntries(changed),
  };
}

/** What the shared limits of its pool leave to each tenant. */
function callsByLimit(
  sharedLimits: readonly SharedLimit[],
  members: readonly Member[],
  target: number,
): { calls: number[]; congestion: number; findings: string[] } | { excuse: string } {
  const calls = members.map(({ limits }) => limits.calls);
  const findings: string[] = [];
  let congestion = 0;
  for (const sharedLimit of sharedLimits) {
    const places = [...members.keys()].filter((i) => limitServes(sharedLimit, members[i]!.pool));
    const hour = busiestHour(places.map((i) => members[i]!.calls));
    const made = callLimits(
      sharedLimit.limit,
      places.map((i) => {
        const { id, limits, busyCalls, calls: week } = members[i]!;
        const { guaranteedCalls, calls: contractCalls } = limits;
        return { id, erlangs: busyCalls, erlangsTogether: week[hour]!, guaranteedCalls, contractCalls };
      }),
      target,
    );
    if ('excuse' in made) return { excuse: `${limitName(sharedLimit)}: ${made.excuse}` };
    for (const [at, i] of places.entries()) calls[i] = Math.min(calls[i]!, made.calls[at]!);
    congestion = Math.max(congestion, made.congestion);
    findings.push(...made.findings.map((finding) => `${limitName(sharedLimit)}: ${finding}`));
  }
  return { calls, congestion, findings };
}

/** The hour of the week in which all together use most. */
function busiestHour(weeks: readonly Float32Array[]): number {
  const sum = new Float64Array(HOURS_PER_WEEK);
  for (const week of weeks) for (let h = 0; h < HOURS_PER_WEEK; h++) sum[h]! += week[h]!;
  return sum.indexOf(Math.max(...sum));
}

/** Cuts calls above guarantees where the SBC's shared part would let more of them in than media hosts are left for. */
function cutForGuarantees(
  { cell, capacity }: Outlook,
  members: readonly Member[],
  planned: readonly number[],
  lostHosts: number,
): { calls: number[]; findings: string[] } | { excuse: string } {
  const calls = [...planned];
  const findings: string[] = [];
  const { pools } = cell.spec.media;
  const perHost = capacity.resources.relayedCalls.binding.limit;
  const guaranteed = (some: readonly number[]) => some.reduce((sum, i) => sum + members[i]!.limits.guaranteedCalls, 0);
  const all = [...members.keys()];
  const letIn = Math.max(0, callsWithOneHostLost(cell.spec) - guaranteed(all));
  const needing = new Set(members.filter(({ limits }) => limits.guaranteedCalls > 0).map(({ pool }) => pool));
  for (const pool of [...needing].sort()) {
    const hosts = new Set(pools[pool]);
    const beside = all.filter((i) => pools[members[i]!.pool]?.some((host) => hosts.has(host)));
    const room = Math.floor(Math.max(0, hosts.size - lostHosts) * perHost);
    const owed = guaranteed(beside);
    const above = beside.reduce((sum, i) => sum + calls[i]! - members[i]!.limits.guaranteedCalls, 0);
    if (owed > room) {
      return {
        excuse: `${counted(owed, 'call is', 'calls are')} guaranteed on the media hosts of pool ${pool}, which carry ${room} with ${lostHosts} lost`,
      };
    }
    if (owed + Math.min(above, letIn) <= room) continue;
    const part = (room - owed) / above;
    for (const i of beside) {
      const { guaranteedCalls } = members[i]!.limits;
      calls[i] = guaranteedCalls + Math.floor((calls[i]! - guaranteedCalls) * part);
    }
    findings.push(
      `calls above guarantees are cut to ${finePercent(part)}: the SBC lets ${letIn} of them in, and the media hosts of pool ${pool} carry ${room} with ${lostHosts} lost, of which ${owed} are guaranteed`,
    );
  }
  return { calls, findings };
}

function ratesOf({ capacity }: Outlook, members: readonly Member[]) {
  const hour = busiestHour(members.map(({ setups }) => setups));
  const guaranteed = members.map(guaranteedSetups);
  const made = rateLimits(
    capacity.resources.setups.limit,
    members.map(({ busySetups, setups, limits }, i) => ({
      setupsPerSecond: busySetups,
      setupsTogether: setups[hour]!,
      guaranteedPerSecond: guaranteed[i]!,
      contract: limits,
    })),
  );
  if ('excuse' in made) return made;
  const tenants = made.limits.map((limits, i) => ({ ...limits, guaranteedPerSecond: guaranteed[i]! }));
  return { shared: made.shared, tenants };
}

/** Set-ups per second that keep the guaranteed calls up, as often as the tenant's calls are set up, or as its limits allow. */
function guaranteedSetups({ limits, busyCalls, busySetups }: Member): number {
  if (limits.guaranteedCalls === 0) return 0;
  const perCall = busyCalls > 0 && busySetups > 0 ? busySetups / busyCalls : limits.callsPerSecond / limits.calls;
  return Math.min(limits.callsPerSecond, limits.guaranteedCalls * perCall);
}

/** Calls above guarantees for which the media hosts of all pools have room. */
function sharedCalls({ cell }: Outlook, sharedLimits: readonly SharedLimit[], members: readonly Member[]): number {
  const groups = connectedPools(cell.spec.media.pools).map(String);
  const whole = sharedLimits.filter(({ pools }) => groups.includes(String(pools)));
  const places = whole.reduce((sum, { limit }) => sum + Math.floor(limit), 0);
  return places - members.reduce((sum, { limits }) => sum + limits.guaranteedCalls, 0);
}

const sameLimits = (a: Limits, b: Limits): boolean =>
  a.calls === b.calls &&
  a.guaranteedCalls === b.guaranteedCalls &&
  a.callsPerSecond === b.callsPerSecond &&
  a.burst === b.burst;
