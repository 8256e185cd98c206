import type { Calendar } from '../forecast/calendar.ts';
import type { History } from '../forecast/history.ts';
import type { TimeZone } from '../forecast/time-zone.ts';
import { plan } from '../plan.ts';
import type { FleetCell, FleetTenant, Signals } from '../plan/input.ts';
import type { PlanRules } from '../plan/rules.ts';
import type { Action, PlanMemory } from '../plan/schema.ts';
import { POLICIES, type Policy } from '../policy.ts';
import { RESOURCES, type Resource, type WeeklyDemand } from '../resources.ts';
import { tenantWeek } from '../tenant-week.ts';
import { CellHistories, HISTORY_WEEKS } from './cell-histories.ts';
import type { CellView, Decider, FleetView, SimulatedAction } from './decider.ts';
import { instantOf } from './fleet.ts';
import { useAt } from './lane-demand.ts';
import type { TenantTrace } from './traffic.ts';

export interface PlanDeciderOptions {
  /** @default POLICIES.gradeOfService */
  readonly policy?: Policy;
  /** @default DEFAULT_RULES for what is not given */
  readonly rules?: Partial<PlanRules>;
  /** The clock that callers live by. */
  readonly zone: TimeZone;
  /**
   * Hours between two plans of the fleet; while tenants wait there is one every hour. Media hosts are planned every hour.
   * @default 6
   */
  readonly everyHours?: number;
}

/** Media hosts are planned for two days, and from the end of the last whole hour. */
const HOST_HORIZON_DAYS = 3;

/** Runs a fleet by the plan: what it decides is done, and it decides on what was measured and announced. */
export function planDecider({
  policy = POLICIES.gradeOfService,
  rules = {},
  zone,
  everyHours = 6,
}: PlanDeciderOptions): Decider {
  let fleetMemory: PlanMemory | undefined;
  let hostMemory: PlanMemory | undefined;
  let asked = 0;
  const histories = new CellHistories(zone);
  return {
    name: policy.name,
    everyMinutes: 60,
    decide(view) {
      const now = instantOf(view.traffic, view.step);
      const decided: Action[] = [];
      if (asked++ % everyHours === 0 || view.waiting.length > 0) {
        const made = plan({
          now,
          policy,
          rules,
          cells: view.cells.map((cell) => fleetCell(view, cell, histories.of(view, cell))),
          tenants: fleetTenants(view, zone),
          blueprints: view.kinds,
          stamped: view.stamped,
          ...(fleetMemory && { memory: fleetMemory }),
        });
        fleetMemory = made.memory;
        decided.push(...made.actions);
      }
      // How many hosts a cell has is no part of its size, so its own plan is told what there is, and no tenants.
      const elastic = view.cells.filter((cell) => cell.kind.leastHosts !== undefined && cell.state !== 'stamping');
      if (elastic.length > 0) {
        const made = plan({
          now,
          policy,
          rules: { ...rules, horizonDays: HOST_HORIZON_DAYS },
          cells: elastic.map((cell) => breathingCell(view, cell, histories.of(view, cell))),
          tenants: [],
          blueprints: [],
          ...(hostMemory && { memory: hostMemory }),
        });
        hostMemory = made.memory;
        const stated = new Set(decided.flatMap((action) => (action.kind === 'hold' ? [action.cell] : [])));
        decided.push(
          ...made.actions.filter((one) => one.kind === 'scale' || (one.kind === 'hold' && !stated.has(one.cell))),
        );
      }
      return decided.flatMap((action) => simulated(view, action));
    },
  };
}

function simulated(view: FleetView, action: Action): SimulatedAction[] {
  const because = action.reason;
  switch (action.kind) {
    case 'stamp':
      return [{ do: 'stamp', kind: action.blueprint, name: action.cell, because }];
    case 'place':
      return [{ do: 'place', tenant: action.tenant, cell: action.cell, because }];
    case 'move':
      return [{ do: 'move', tenant: action.tenant, cell: action.to, because }];
    case 'scale': {
      const { cell } = action;
      const hosts = action.hosts[0]!;
      const { hostsOrdered } = view.cells.find(({ name }) => name === cell)!;
      return hostsOrdered === hosts ? [] : [{ do: 'scale', cell, hosts, because }];
    }
    case 'hold':
    case 'cordon':
    case 'uncordon':
    case 'drain':
    case 'retire':
      return [{ do: action.kind, cell: action.cell, because }];
  }
}

function breathingCell(view: FleetView, cell: CellView, history: FleetCell['history']): FleetCell {
  const { spec } = cell.kind;
  const { relayedCalls, mediaSessions } = history;
  const whole = fleetCell(view, cell, {
    ...(relayedCalls && { relayedCalls }),
    ...(mediaSessions && { mediaSessions }),
  });
  return {
    ...whole,
    spec: { ...whole.spec, media: { ...spec.media, hosts: cell.hostsOrdered } },
    elastic: { least: cell.kind.leastHosts!, most: spec.media.hosts },
  };
}

function fleetCell(view: FleetView, cell: CellView, history: FleetCell['history']): FleetCell {
  const { name, kind } = cell;
  const state = cell.state === 'stamping' ? 'planned' : cell.state;
  const tenants = cell.tenants.map((id) => view.tenant(id));
  return {
    spec: { ...kind.spec, name, state },
    ...(kind.jurisdiction !== undefined && { jurisdiction: kind.jurisdiction }),
    costPerHour: kind.costPerHour,
    history: cell.state === 'stamping' ? {} : history,
    signals: signalsOf(view, cell, tenants),
    calendar: calendarOf(tenants),
  };
}

function signalsOf(view: FleetView, cell: CellView, tenants: readonly TenantTrace[]): Signals {
  const measured = tenants.map(({ id }) => view.measured(id));
  let step = view.step - 1;
  if (!cell.isMeasured) while (step >= 0 && measured.every((values) => Number.isNaN(values[step]!))) step--;
  if (step < 0) return { measuredAt: undefined };
  const sum = (resource: Resource): number =>
    tenants.reduce((total, tenant, t) => {
      const calls = measured[t]![step]!;
      return total + (Number.isNaN(calls) ? 0 : useAt(tenant, calls, resource));
    }, 0);
  return {
    measuredAt: instantOf(view.traffic, step + 1),
    relayedCalls: sum('relayedCalls'),
    setups: sum('setups'),
  };
}

/** What was announced for tenants, as a factor for the cell: that of the tenant times its part of the cell's calls. */
function calendarOf(tenants: readonly TenantTrace[]): Calendar {
  const all = tenants.reduce((sum, tenant) => sum + tenant.contract.relayedCalls, 0);
  const byName = new Map<string, { start: number; minutes: number; times: number }>();
  for (const { events, contract } of tenants) {
    for (const { name, start, minutes, times = 1 } of events) {
      const event = byName.get(name) ?? { start, minutes, times: 1 };
      event.times += ((times - 1) * contract.relayedCalls) / all;
      byName.set(name, event);
    }
  }
  return { events: [...byName].map(([name, event]) => ({ name, ...event })) };
}

function fleetTenants(view: FleetView, zone: TimeZone): FleetTenant[] {
  const home = new Map(view.cells.flatMap((cell) => cell.tenants.map((id) => [id, cell.name] as const)));
  const ids = [...home.keys(), ...view.waiting.map(({ id }) => id)];
  return ids.map((id) => {
    const tenant = view.tenant(id);
    const cell = home.get(id);
    return {
      id,
      pool: tenant.pool,
      use: weekOf(view, tenant, zone),
      ...(tenant.enterprise !== undefined && { enterprise: tenant.enterprise }),
      ...(tenant.regions && { regions: tenant.regions }),
      ...(cell !== undefined && { cell }),
      ...(tenant.arrives > 0 && { since: instantOf(view.traffic, tenant.arrives) }),
    };
  });
}

/** The tenant's expected week of calls, and of what goes with them. */
function weekOf(view: FleetView, tenant: TenantTrace, zone: TimeZone): WeeklyDemand {
  const { stepMinutes } = view.traffic;
  const from = Math.max(0, view.step - (HISTORY_WEEKS * 168 * 60) / stepMinutes);
  const values = view.measured(tenant.id).subarray(from);
  const history: History = { zone, start: instantOf(view.traffic, from), stepMinutes, values };
  const { relayedCalls } = tenantWeek({ relayedCalls: history }, tenant.contract);
  return Object.fromEntries(
    RESOURCES.map((resource) => [resource, relayedCalls.map((calls) => useAt(tenant, calls, resource))]),
  ) as Record<Resource, Float64Array>;
}
