import type { Calendar } from '../forecast/calendar.ts';
import { plan } from '../plan.ts';
import type { FleetCell, FleetTenant, Signals } from '../plan/input.ts';
import type { StampRecord } from '../plan/lead-time.ts';
import type { PlanRules } from '../plan/rules.ts';
import type { Action, PlanMemory } from '../plan/schema.ts';
import { POLICIES, type Policy } from '../policy.ts';
import type { Resource } from '../resources.ts';
import { CellHistories } from './cell-histories.ts';
import type { CellView, Decider, FleetView, SimulatedAction } from './decider.ts';
import { instantOf } from './fleet.ts';
import { useAt } from './limit-demand.ts';
import { TenantWeeks } from './tenant-weeks.ts';
import type { TenantTrace } from './traffic.ts';

export interface PlanDeciderOptions {
  /** @default POLICIES.gradeOfService */
  readonly policy?: Policy;
  /** @default DEFAULT_RULES for what is not given */
  readonly rules?: Partial<PlanRules>;
  /** Stamps before the simulation, from which lead time is measured. Default: none. */
  readonly stamped?: readonly StampRecord[];
  /** @default - the name of the policy */
  readonly name?: string;
}

/** Runs a fleet by the plan: what it decides is done, and it decides on what was measured and announced. */
export function planDecider({
  policy = POLICIES.gradeOfService,
  rules = {},
  stamped = [],
  name = policy.name,
}: PlanDeciderOptions = {}): Decider {
  let memory: PlanMemory | undefined;
  const histories = new CellHistories();
  const weeks = new TenantWeeks();
  return {
    name,
    everyMinutes: 60,
    decide(view) {
      const made = plan({
        now: instantOf(view.traffic, view.step),
        policy,
        rules,
        cells: view.cells.map((cell) => fleetCell(view, cell, histories)),
        tenants: fleetTenants(view, weeks),
        blueprints: view.kinds,
        stamped: [...stamped, ...view.stamped],
        ...(memory && { memory }),
      });
      memory = made.memory;
      return simulatedActions(view, made.actions);
    },
  };
}

/** The groups of pools of a cell are scaled each by itself; the fleet takes all hosts of a cell at once. */
function simulatedActions(view: FleetView, actions: readonly Action[]): SimulatedAction[] {
  const wanted = new Map<string, { hosts: number[]; because: string }>();
  const others: SimulatedAction[] = [];
  for (const action of actions) {
    if (action.kind !== 'scale') {
      others.push(simulated(action));
      continue;
    }
    const { hostsOrdered, kind } = view.cells.find(({ name }) => name === action.cell)!;
    const scaled = wanted.get(action.cell) ?? { hosts: [...hostsOrdered], because: action.reason };
    const served = new Set(action.pools.flatMap((pool) => kind.spec.media.pools[pool]!));
    scaled.hosts = [...scaled.hosts.filter((host) => !served.has(host)), ...action.inService].sort((a, b) => a - b);
    if (scaled.hosts.join() !== hostsOrdered.join()) wanted.set(action.cell, scaled);
  }
  return [...others, ...[...wanted].map(([cell, scaled]) => ({ do: 'scale' as const, cell, ...scaled }))];
}

function simulated(action: Exclude<Action, { kind: 'scale' }>): SimulatedAction {
  const because = action.reason;
  switch (action.kind) {
    case 'stamp':
      return { do: 'stamp', kind: action.blueprint, name: action.cell, because };
    case 'place':
      return { do: 'place', tenant: action.tenant, cell: action.cell, because };
    case 'move':
      return { do: 'move', tenant: action.tenant, cell: action.to, because };
    case 'hold':
    case 'cordon':
    case 'uncordon':
    case 'drain':
    case 'retire':
      return { do: action.kind, cell: action.cell, because };
  }
}

function fleetCell(view: FleetView, cell: CellView, histories: CellHistories): FleetCell {
  const { name, kind } = cell;
  const state = cell.state === 'stamping' ? 'planned' : cell.state;
  const tenants = cell.tenants.map((id) => view.tenant(id));
  return {
    spec: { ...kind.spec, name, state },
    ...(kind.jurisdiction !== undefined && { jurisdiction: kind.jurisdiction }),
    costPerHour: kind.costPerHour,
    history: cell.state === 'stamping' ? {} : histories.of(view, cell),
    ...(cell.state !== 'stamping' && poolHistories(view, cell, histories)),
    signals: signalsOf(view, cell, tenants),
    ...(cell.state !== 'stamping' && { provedAt: instantOf(view.traffic, 0) }),
    calendar: calendarOf(tenants),
    ...(kind.leastHosts !== undefined && { elastic: { inService: cell.hostsOrdered, least: kind.leastHosts } }),
  };
}

/** Of every pool, where the cell has tenants of several that do not all share the same hosts. */
function poolHistories(
  view: FleetView,
  cell: CellView,
  histories: CellHistories,
): Pick<FleetCell, 'poolHistory'> | undefined {
  const { pools } = cell.kind.spec.media;
  if (new Set(Object.values(pools).map((hosts) => [...hosts].sort().join())).size < 2) return undefined;
  const used = [...new Set(cell.tenants.map((id) => view.tenant(id).pool))];
  if (used.length < 2) return undefined;
  const poolHistory = Object.fromEntries(
    used.map((pool) => {
      const tenants = cell.tenants.filter((id) => view.tenant(id).pool === pool);
      return [pool, histories.of(view, { ...cell, name: `${cell.name} ${pool}`, tenants })];
    }),
  );
  return { poolHistory };
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

function fleetTenants(view: FleetView, weeks: TenantWeeks): FleetTenant[] {
  const home = new Map(view.cells.flatMap((cell) => cell.tenants.map((id) => [id, cell.name] as const)));
  const ids = [...home.keys(), ...view.waiting.map(({ id }) => id)];
  return ids.map((id) => {
    const tenant = view.tenant(id);
    const cell = home.get(id);
    return {
      id,
      pool: tenant.pool,
      use: weeks.of(view, tenant),
      ...(tenant.enterprise !== undefined && { enterprise: tenant.enterprise }),
      ...(tenant.regions && { regions: tenant.regions }),
      ...(cell !== undefined && { cell }),
      ...(tenant.arrives > 0 && { since: instantOf(view.traffic, tenant.arrives) }),
    };
  });
}
