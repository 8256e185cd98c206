import type { History } from '../forecast/history.ts';
import { HOURS_PER_WEEK, RESOURCES, type Resource } from '../resources.ts';
import type { FleetCell, FleetTenant, PlanInput, Signals } from './input.ts';
import { hourOfWeek } from '../hour-of-week.ts';
import type { PlanMemory } from './schema.ts';
import { iso, MINUTE_MS } from '../time.ts';

type Changes = NonNullable<PlanMemory['came']>;

export interface TenantChanges {
  /** Histories of cells are without the part of the tenants that left. */
  readonly cells: readonly FleetCell[];
  /** Tenants that came into a cell with a history of its own have the instant. */
  readonly tenants: readonly FleetTenant[];
  /** What the next plan has to know of it. */
  readonly memory: Pick<PlanMemory, 'homes' | 'came' | 'left'>;
}

/**
 * Who came into the cells with a history of their own, and who left them, found by comparing where tenants are with where the
 * plan before saw them. Without it a cell would be planned as if a tenant that moved away yesterday was still there, and the next
 * plan would move the same load again.
 *
 * A tenant that came counts on top of its cell's forecast until that knows it ({@link FleetTenant.since}). Of a tenant that
 * left, its part is taken out of the history before: in each hour of the week what it is expected to use of what all tenants
 * of then are. One that is in no cell any more has no expected week; the forecast learns it as any change.
 */
export function tenantChanges({ cells, tenants, memory, now }: PlanInput): TenantChanges {
  const own = cells.filter(({ historyOf }) => historyOf === 'cell');
  if (own.length === 0) return { cells, tenants, memory: {} };
  const members = new Map(own.map(({ spec }) => [spec.name, new Map<string, FleetTenant>()]));
  for (const tenant of tenants) if (tenant.cell !== undefined) members.get(tenant.cell)?.set(tenant.id, tenant);
  const begins = new Map(own.map((cell) => [cell.spec.name, beginning(cell)]));
  const isOpen = ({ cell, at }: Changes[number]): boolean => Date.parse(at) > (begins.get(cell) ?? Infinity);

  const came = (memory?.came ?? []).filter(isOpen);
  const left = (memory?.left ?? []).filter(isOpen);
  const at = iso(now);
  for (const [cell, inside] of members) {
    const before = memory?.homes?.[cell];
    if (before === undefined) continue;
    const known = new Set(before);
    for (const tenant of inside.keys()) if (!known.has(tenant)) came.push({ tenant, cell, at });
    for (const tenant of before) if (!inside.has(tenant)) left.push({ tenant, cell, at });
  }

  const since = new Map(came.map(({ tenant, cell, at }) => [`${cell} ${tenant}`, Date.parse(at)]));
  const arrived = tenants.map((tenant): FleetTenant => {
    const arrival = since.get(`${tenant.cell} ${tenant.id}`);
    return arrival === undefined ? tenant : { ...tenant, since: Math.max(arrival, tenant.since ?? -Infinity) };
  });
  const weeks = new Map(tenants.map(({ id, use }) => [id, use]));
  const stayed = new Map([...members.keys()].map((cell): [string, FleetTenant[]] => [cell, []]));
  for (const tenant of arrived) if (tenant.cell !== undefined) stayed.get(tenant.cell)?.push(tenant);
  return {
    cells: cells.map((cell) => {
      const gone = left
        .filter((one) => one.cell === cell.spec.name && !members.get(one.cell)!.has(one.tenant))
        .flatMap((one) => {
          const use = weeks.get(one.tenant);
          return use === undefined ? [] : [{ use, until: Date.parse(one.at) }];
        });
      return gone.length === 0 ? cell : withoutLeavers(cell, stayed.get(cell.spec.name)!, gone);
    }),
    tenants: arrived,
    memory: {
      homes: Object.fromEntries([...members].map(([cell, inside]) => [cell, [...inside.keys()].sort()])),
      ...(came.length > 0 && { came }),
      ...(left.length > 0 && { left }),
    },
  };
}

/** Instant from which on a cell has a history; without one nothing that happened matters. */
function beginning({ history }: FleetCell): number {
  return Math.min(...Object.values(history).map(({ start }) => start), Infinity);
}

interface Leaver {
  readonly use: FleetTenant['use'];
  /** Instant at which it left. */
  readonly until: number;
}

function withoutLeavers(cell: FleetCell, stayed: readonly FleetTenant[], gone: readonly Leaver[]): FleetCell {
  const history: Partial<Record<Resource, History>> = {};
  for (const resource of RESOURCES) {
    const all = cell.history[resource];
    if (all === undefined) continue;
    const share = shareLeft(resource, stayed, gone);
    const step = all.stepMinutes * MINUTE_MS;
    history[resource] = { ...all, values: all.values.map((value, i) => value * share(all.start + i * step)) };
  }
  return { ...cell, history, signals: signalsLeft(cell.signals, stayed, gone) };
}

/** What the cell says of itself, measured before somebody left, without their part. */
function signalsLeft(signals: Signals, stayed: readonly FleetTenant[], gone: readonly Leaver[]): Signals {
  const { measuredAt, relayedCalls, callsByRecords, setups } = signals;
  if (measuredAt === undefined) return signals;
  const calls = shareLeft('relayedCalls', stayed, gone)(measuredAt);
  return {
    ...signals,
    ...(relayedCalls !== undefined && { relayedCalls: relayedCalls * calls }),
    ...(callsByRecords !== undefined && { callsByRecords: callsByRecords * calls }),
    ...(setups !== undefined && { setups: setups * shareLeft('setups', stayed, gone)(measuredAt) }),
  };
}

/** What part of a cell's use at an instant is theirs who are still in it. */
function shareLeft(
  resource: Resource,
  stayed: readonly FleetTenant[],
  gone: readonly Leaver[],
): (instant: number) => number {
  const settled = new Float64Array(HOURS_PER_WEEK);
  for (const { since, use } of stayed) {
    if (since === undefined) for (let h = 0; h < HOURS_PER_WEEK; h++) settled[h]! += use[resource][h]!;
  }
  const arrivals = stayed.flatMap(({ since, use }) => (since === undefined ? [] : [{ since, week: use[resource] }]));
  const leavers = gone.map(({ until, use }) => ({ until, week: use[resource] }));
  return (instant) => {
    const hour = hourOfWeek(instant);
    let leaving = 0;
    for (const { until, week } of leavers) if (until > instant) leaving += week[hour]!;
    if (leaving === 0) return 1;
    let staying = settled[hour]!;
    for (const { since, week } of arrivals) if (since <= instant) staying += week[hour]!;
    return staying / (staying + leaving);
  };
}
