import type { CellLimits } from '../shared-limits.ts';
import { allHosts, type CellView, type Decider, type FleetView, type SimulatedAction } from './decider.ts';
import { limitDemand, poolDemand, type PoolDemand } from './limit-demand.ts';

/** Thresholds on what is measured now, as the autoscalers for stateful loads in use have them. */
export interface ReactiveOptions {
  /** Share of the fullest shared limit from which it goes up, and below which, with one host less, it goes down. */
  readonly up: number;
  readonly down: number;
  /** Periods in a row before anything is done. */
  readonly upPeriods: number;
  readonly downPeriods: number;
  /** Periods that a cell is left alone after a change. */
  readonly grace: number;
  /** Tenants that may be moved out of a full cell in a period. */
  readonly moves: number;
  readonly everyMinutes: number;
}

/** As jitsi-autoscaler has it: two periods up, four down, a pause after each change. */
export const REACTIVE: ReactiveOptions = {
  up: 0.8,
  down: 0.6,
  upPeriods: 2,
  downPeriods: 4,
  grace: 2,
  moves: 20,
  everyMinutes: 15,
};

/** What it remembers of a cell. */
interface Streak {
  up: number;
  down: number;
  rest: number;
}

/**
 * Looks at the present only: more media hosts, then another cell, when a cell was too full for some periods; fewer hosts
 * when it was empty for some. A cell that is not measured is left as it is.
 */
export function reactiveDecider(options: ReactiveOptions = REACTIVE): Decider {
  const streaks = new Map<string, Streak>();
  let stamped = 0;
  return {
    name: 'reactive',
    everyMinutes: options.everyMinutes,
    decide(view) {
      const actions: SimulatedAction[] = [];
      const full: CellView[] = [];
      for (const cell of view.cells) {
        if (cell.state === 'stamping' || !cell.isMeasured) continue;
        const streak = streaks.get(cell.name) ?? { up: 0, down: 0, rest: 0 };
        streaks.set(cell.name, streak);
        const action = scaleOf(cell, view, streak, options);
        if (action !== undefined) actions.push(action);
        const whole = cell.hostsOrdered.length === cell.kind.spec.media.hosts;
        if (whole && streak.up >= options.upPeriods) full.push(cell);
      }
      actions.push(...placements(view));
      for (const cell of full) actions.push(...rebalance(cell, view, options));
      const stamp = stampFor(view, full, () => `reactive-${++stamped}`);
      if (stamp !== undefined) actions.push(stamp);
      return actions;
    },
  };
}

function scaleOf(
  cell: CellView,
  view: FleetView,
  streak: Streak,
  options: ReactiveOptions,
): SimulatedAction | undefined {
  const { hostsOrdered: hosts, kind } = cell;
  const demand = demandOf(cell, view);
  const shareWith = (some: readonly number[]): number => share(cell, demand, view.limits(kind, some, 1));
  const fewer = best(
    hosts.map((host) => hosts.filter((other) => other !== host)).filter((left) => keepsPools(kind, left)),
    shareWith,
  );
  streak.up = shareWith(hosts) > options.up ? streak.up + 1 : 0;
  streak.down = fewer !== undefined && shareWith(fewer) < options.down ? streak.down + 1 : 0;
  if (streak.rest > 0) {
    streak.rest--;
    return undefined;
  }
  const missing = allHosts(kind).filter((host) => !hosts.includes(host));
  const more = best(
    missing.map((host) => [...hosts, host].sort((a, b) => a - b)),
    shareWith,
  );
  const wanted = streak.up >= options.upPeriods ? more : streak.down >= options.downPeriods ? fewer : undefined;
  if (wanted === undefined) return undefined;
  streak.rest = options.grace;
  streak.up = 0;
  streak.down = 0;
  return { do: 'scale', cell: cell.name, hosts: wanted };
}

/** The choice that leaves the cell least full, the first of equals. */
function best(choices: readonly (readonly number[])[], shareWith: (hosts: readonly number[]) => number) {
  const shares = choices.map(shareWith);
  return choices[shares.indexOf(Math.min(...shares))];
}

const keepsPools = ({ spec, leastHosts = Infinity }: CellView['kind'], hosts: readonly number[]): boolean =>
  Object.values(spec.media.pools).every(
    (own) => own.filter((host) => hosts.includes(host)).length >= Math.min(leastHosts, own.length),
  );

const demandOf = (cell: CellView, view: FleetView): PoolDemand =>
  poolDemand(
    cell.tenants.map((id) => view.tenant(id)),
    ({ id }) => lastMeasured(view.measured(id)),
  );

/** What the cell uses of its fullest shared limit, as last measured; its tenants as a share of the cap where that is more. */
function share({ tenants }: CellView, demand: PoolDemand, { sharedLimits, maxTenants }: CellLimits): number {
  let most = tenants.length / maxTenants;
  for (const sharedLimit of sharedLimits) {
    const used = limitDemand(sharedLimit, demand);
    if (used > 0) most = Math.max(most, used / sharedLimit.limit);
  }
  return most;
}

const lastMeasured = (values: Float64Array): number => {
  const last = values.at(-1);
  return last === undefined || Number.isNaN(last) ? 0 : last;
};

/** New tenants go where fewest are. */
function placements(view: FleetView): SimulatedAction[] {
  const open = view.cells.filter(({ state }) => state === 'active');
  const added = new Map(open.map((cell) => [cell, cell.tenants.length]));
  const actions: SimulatedAction[] = [];
  for (const { id, regions } of view.waiting) {
    const able = open.filter(
      (cell) =>
        (regions === undefined || regions.includes(cell.kind.spec.region)) &&
        added.get(cell)! < view.limits(cell.kind, cell.hosts, 0).maxTenants,
    );
    const cell = able.sort((a, b) => added.get(a)! - added.get(b)!)[0];
    if (cell === undefined) continue;
    added.set(cell, added.get(cell)! + 1);
    actions.push({ do: 'place', tenant: id, cell: cell.name });
  }
  return actions;
}

/** The largest tenants of a full cell go to the emptiest other of the region, until half of the difference is gone. */
function rebalance(cell: CellView, view: FleetView, { up, moves }: ReactiveOptions): SimulatedAction[] {
  const wholeShare = (other: CellView): number =>
    share(other, demandOf(other, view), view.limits(other.kind, allHosts(other.kind), 1));
  const emptiest = view.cells
    .filter((other) => other !== cell && other.state === 'active' && other.kind.spec.region === cell.kind.spec.region)
    .map((other) => ({ other, share: wholeShare(other) }))
    .sort((a, b) => a.share - b.share)[0];
  const own = wholeShare(cell);
  if (emptiest === undefined || emptiest.share > up - 0.2) return [];
  const calls = (id: string): number => lastMeasured(view.measured(id));
  const all = cell.tenants.reduce((sum, id) => sum + calls(id), 0);
  let left = (all * (own - emptiest.share)) / (2 * own);
  const actions: SimulatedAction[] = [];
  for (const tenant of [...cell.tenants].sort((a, b) => calls(b) - calls(a))) {
    if (actions.length === moves) break;
    if (calls(tenant) > left) continue;
    left -= calls(tenant);
    actions.push({ do: 'move', tenant, cell: emptiest.other.name });
  }
  return actions;
}

/** One cell at a time for a region that has a full cell, or tenants that no cell takes. */
function stampFor(view: FleetView, full: readonly CellView[], name: () => string): SimulatedAction | undefined {
  const kind = view.kinds.find((one) => {
    const { region } = one.spec;
    const cells = view.cells.filter((cell) => cell.kind.spec.region === region);
    if (cells.some(({ state }) => state === 'stamping')) return false;
    const capped = cells.every((cell) => cell.tenants.length >= view.limits(cell.kind, cell.hosts, 0).maxTenants);
    const waiting = view.waiting.some(({ regions }) => regions === undefined || regions.includes(region));
    return full.some((cell) => cell.kind.spec.region === region) || (waiting && capped);
  });
  return kind && { do: 'stamp', kind: kind.name, name: name() };
}
