import { fleetBound } from './placement/pack.ts';
import type { CellLoad } from './placement/cell-load.ts';
import type { SharedLimit } from './shared-limits.ts';
import { gradeOfServiceOf, POLICIES, type Policy } from './policy.ts';
import { HOURS_PER_WEEK, RESOURCES } from './resources.ts';
import { erlangB } from './teletraffic/erlang.ts';
import type { PlanContext } from './plan/context.ts';
import { crossingOf, fullestOf, type Crossing } from './plan/crossing.ts';
import { whyAbsent } from './plan/presence.ts';
import { admission } from './plan/admission.ts';
import { accounting } from './plan/accounting.ts';
import { fleetLoad, tenantsByCell } from './plan/fleet-load.ts';
import { holdOf } from './plan/hold.ts';
import { requireInput, type FleetCell, type PlanInput } from './plan/input.ts';
import { leadTime, stampRecords } from './plan/lead-time.ts';
import { Ledger } from './plan/ledger.ts';
import { outlook, type Outlook } from './plan/outlook.ts';
import { QUOTA_NAMES, QuotaBook } from './plan/quotas.ts';
import { kindOf, rebalance } from './plan/rebalancing.ts';
import { reopening } from './plan/reopening.ts';
import { retirement } from './plan/retirement.ts';
import { tenantChanges } from './plan/tenant-changes.ts';
import { DEFAULT_RULES, type PlanRules } from './plan/rules.ts';
import { scaling } from './plan/scaling.ts';
import { settledOf } from './plan/settled.ts';
import type { ActionOf, CellReport, Plan } from './plan/schema.ts';
import { stamping } from './plan/stamping.ts';
import { unmeasuredTenants, type UnmeasuredTenant } from './plan/unmeasured.ts';
import { rounded } from './wording.ts';
import { DAY_MS, HOUR_MS, iso } from './time.ts';

/**
 * Decides what to do with a fleet: which cells to stamp and by when, where tenants go, what waits and why. Knows no clock
 * and no chance: the same input gives the same plan, byte for byte as JSON.
 *
 * @throws RangeError for input that contradicts itself (a name twice, a tenant of an unknown cell, a policy out of range)
 * @example const { actions, excuses } = plan({ now, cells, tenants, blueprints });
 */
export function plan(given: PlanInput): Plan {
  requireInput(given);
  const { now, policy = POLICIES.gradeOfService } = given;
  const members = tenantChanges(given);
  const input: PlanInput = { ...given, cells: members.cells, tenants: members.tenants };
  const rules: PlanRules = { ...DEFAULT_RULES, ...input.rules };
  const inOrder = [...input.cells].sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
  const cells = new Map(inOrder.map((cell): [string, FleetCell] => [cell.spec.name, cell]));
  const inside = tenantsByCell(input.tenants);
  const outlooks = inOrder.map((cell) =>
    outlook(cell, inside.get(cell.spec.name) ?? [], now, [policy.quantile], rules, input.figures),
  );
  const ledger = new Ledger(input.memory, now);
  ledger.keepStamps(new Set(cells.keys()));
  const proved = inOrder.map(({ spec: { name }, provedAt }) => ({ name, provedAt }));
  const stamped = stampRecords(input.stamped ?? [], proved, (name) => ledger.of(name).stampedAt);
  const lead = leadTime(stamped, rules.leadQuantile, rules.assumedLeadHours);
  // What is decided now must carry until the next decision could be carried out, and through every hour of a week.
  const until = now + Math.max(7 * DAY_MS, (lead.hours + rules.reviewHours) * HOUR_MS);
  const load = fleetLoad(outlooks, input.tenants, {
    policy,
    quantile: policy.quantile,
    now,
    until,
    // A planned cell will take tenants; that it is not there yet is reported where one would go there.
    closed: (name) => {
      const { state } = cells.get(name)!.spec;
      return state === 'active' || state === 'planned' ? undefined : state;
    },
  });
  const absences = new Map<string, string>();
  const holds = new Map<string, ActionOf<'hold'>>();
  const unmeasured = new Map<string, UnmeasuredTenant>();
  const crossings = new Map<string, Crossing>();
  const crossingLater = new Set<string>();
  const accounts = new Map(
    outlooks.map((one) => [one.name, accounting(one, settledOf(inside.get(one.name) ?? [], now), now)]),
  );
  for (const one of outlooks) {
    const isEmpty = !inside.has(one.name);
    const absence = whyAbsent(one.cell, isEmpty);
    if (absence !== undefined) absences.set(one.name, absence);
    const own = inside.get(one.name) ?? [];
    const ended = unmeasuredTenants(one.cell, own, rules);
    const hold = holdOf(one.cell, now, rules, {
      tenants: own,
      unmeasured: ended,
      implausible: one.implausible,
      unaccounted: accounts.get(one.name)!.contradiction,
    });
    if (hold) holds.set(one.name, hold);
    for (const tenant of ended) unmeasured.set(tenant.id, tenant);
    const crossing = crossingOf(load.byName.get(one.name)!, one, policy.quantile, now, until);
    if (crossing === undefined) continue;
    crossings.set(one.name, crossing);
    const ready = now + lead.hours * HOUR_MS;
    if (crossingOf(load.byName.get(one.name)!, one, policy.quantile, now, until, ready)) crossingLater.add(one.name);
  }
  const known = { input, now, policy, rules, lead, cells, outlooks, load };
  const context: PlanContext = { ...known, holds, absences, unmeasured, crossings, crossingLater, ledger };

  const reports = outlooks.map((one) => report(context, one));
  const everyone = [...load.waiting, ...load.cells.flatMap((cell) => [...cell.tenants])];
  const bound = fleetBound(
    everyone,
    HOURS_PER_WEEK,
    input.blueprints.map((blueprint) => kindOf(context, blueprint)),
  );
  const quotas = new QuotaBook(input.quotas ?? []);
  const relieved = rebalance(context);
  const reopened = reopening(context, relieved.overflow);
  const stamps = stamping(context, reopened.overflow, quotas);
  const retired = retirement(context, relieved.overflow, reopened.cells);
  const scaled = scaling(context);
  const parts = [stamps, reopened, relieved, retired, scaled];
  return {
    version: 1,
    now: iso(now),
    policy: { ...policy },
    policies: comparison(policy, reports),
    leadTime: { hours: rounded(lead.hours), quantile: lead.quantile, basis: lead.basis },
    cells: reports,
    actions: [...holds.values(), ...parts.flatMap((part) => part.actions)],
    excuses: parts.flatMap((part) => part.excuses),
    quotas: quotas.needs(),
    lowerBound: bound,
    admission: admission(context),
    notes: [
      ...outlooks.flatMap((one) => [
        ...one.notes,
        ...one.implausible.map(({ text }) => `${one.name}: ${text}: taken as unknown`),
        ...[accounts.get(one.name)!.note ?? []].flat(),
      ]),
      ...[...unmeasured.values()].map(({ text }) => `${text}: it counts with what it usually has`),
      ...scaled.notes,
      ...quotaNotes(input),
    ],
    memory: { ...ledger.memory(), ...members.memory },
  };
}

/** The plan as JSON text: the same plan is the same text. */
export const planJson = (made: Plan): string => `${JSON.stringify(made, null, 2)}\n`;

function report({ load, cells, crossings }: PlanContext, { name, capacity }: Outlook): CellReport {
  const cell = load.byName.get(name)!;
  const fullest = fullestOf(cell);
  const crossing = crossings.get(name);
  return {
    name,
    state: cells.get(name)!.spec.state,
    tenants: cell.tenants.size,
    utilisation: rounded(fullest.utilisation),
    fullest: fullest.text,
    crossesAt: crossing === undefined ? null : iso(crossing.at),
    erlangs: rounded(callsAtPeak(cell)),
    blocking: rounded(worstBlocking(cell, capacity.limits.sharedLimits)),
  };
}

const CALLS = RESOURCES.indexOf('relayedCalls');

/** Of the calls of the pools, or pools that share hosts, that lose the most: each in its own busiest hour. */
function worstBlocking({ use, slots }: CellLoad, sharedLimits: readonly SharedLimit[]): number {
  return sharedLimits.reduce((worst, { resource, limit }, l) => {
    if (resource !== 'relayedCalls') return worst;
    const erlangs = use.subarray(l * slots, (l + 1) * slots).reduce((most, value) => Math.max(most, value), 0);
    const blocking = erlangs === 0 ? 0 : limit === 0 ? 1 : erlangB(limit, erlangs);
    return Math.max(worst, blocking);
  }, 0);
}

/** Relayed calls of all pools in the busiest hour. */
function callsAtPeak(cell: CellLoad): number {
  const sum = new Float64Array(HOURS_PER_WEEK);
  for (const { use } of cell.tenants) {
    for (let h = 0; h < HOURS_PER_WEEK; h++) sum[h]! += use[CALLS * HOURS_PER_WEEK + h]!;
  }
  return sum.reduce((most, value) => Math.max(most, value));
}

function comparison(policy: Policy, reports: readonly CellReport[]): Plan['policies'] {
  const erlangs = reports.reduce((most, cell) => Math.max(most, cell.erlangs), 0);
  const all = { ...POLICIES, [policy.name]: policy };
  return Object.fromEntries(
    Object.values(all).map((one) => {
      const { lines, blocking } = gradeOfServiceOf(one, erlangs);
      return [one.name, { lines, blocking: rounded(blocking) }];
    }),
  );
}

function quotaNotes({ quotas = [], blueprints }: PlanInput): string[] {
  const regions = [...new Set(blueprints.map(({ spec }) => spec.region))].sort();
  return regions.flatMap((region) => {
    const unknown = QUOTA_NAMES.filter((name) => !quotas.some((one) => one.region === region && one.quota === name));
    return unknown.length === 0
      ? []
      : [`quotas of ${region} that are not known, and not checked: ${unknown.join(', ')}`];
  });
}
