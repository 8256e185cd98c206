import { laneServes, type Lane } from './lanes.ts';
import { seededRandom } from './random.ts';
import { RESOURCES } from './resources.ts';
import type { Decider, SimulatedKind } from './simulation/decider.ts';
import { SimulatedFleet, USUAL, type Circumstances, type SimulatedCell } from './simulation/fleet.ts';
import { laneDemand, lostShare, poolDemand, type PoolDemand } from './simulation/lane-demand.ts';
import { countActions, type LogEntry, type Shortage, type SimulationResult } from './simulation/result.ts';
import type { TenantTrace, Traffic } from './simulation/traffic.ts';

/** A cell that is there when the simulation begins. */
export interface FirstCell {
  readonly name: string;
  /** Name of its kind. */
  readonly kind: string;
  /** Ids of its tenants. */
  readonly tenants: readonly string[];
}

export interface SimulationSetting {
  readonly traffic: Traffic;
  readonly kinds: readonly SimulatedKind[];
  readonly cells: readonly FirstCell[];
  /** Decides when what breaks; what the traffic is, the traffic says. */
  readonly seed: number;
  /** @default USUAL */
  readonly circumstances?: Circumstances;
  /**
   * A cell is short while the loss of one media host would lose more than this share of what some lane is offered.
   * @default 0.01
   */
  readonly target?: number;
}

/**
 * Runs a fleet through its traffic as a decider wants it, and says what became of its calls. The same setting gives the
 * same result; deciders may be compared on the same setting, as all see the same traffic.
 *
 * @param decider newly made, as it may remember
 * @throws RangeError for a setting that does not fit together
 */
export function simulate(setting: SimulationSetting, decider: Decider): SimulationResult {
  const { traffic, target = 0.01, circumstances = USUAL } = setting;
  const { stepMinutes, historySteps, steps } = traffic;
  requireSetting(setting, decider);
  const fleet = new SimulatedFleet(traffic, setting.kinds, circumstances, seededRandom(setting.seed));
  const tenants = new Map(traffic.tenants.map((tenant) => [tenant.id, tenant]));
  for (const { name, kind, tenants: ids } of setting.cells) {
    fleet.found(
      name,
      setting.kinds.find((one) => one.name === kind)!,
      ids.map((id) => tenants.get(id)!),
    );
  }
  const log: LogEntry[] = [];
  const sum = new Totals();
  for (let step = historySteps; step < steps; step++) {
    fleet.begin(step);
    if (((step - historySteps) * stepMinutes) % decider.everyMinutes === 0) {
      for (const action of decider.decide(fleet.view(step))) {
        const hostsBefore = action.do === 'scale' ? fleet.hostsOrdered(action.cell)?.length : undefined;
        const refused = fleet.apply(action, step);
        log.push({
          step,
          action,
          ...(hostsBefore !== undefined && { hostsBefore }),
          ...(refused !== undefined && { refused }),
        });
      }
    }
    for (const cell of fleet.cells) sum.addCell(fleet, cell, step, target);
    sum.addWaiting(fleet.waiting.values(), step, stepMinutes);
    fleet.end(step);
  }
  const { failedStamps } = fleet;
  return { decider: decider.name, ...sum.totals(), ...countActions(log, stepMinutes), failedStamps, log };
}

/** Runs every decider through the same setting. */
export function compare(setting: SimulationSetting, makers: readonly (() => Decider)[]): SimulationResult[] {
  return makers.map((make) => simulate(setting, make()));
}

const SETUPS = RESOURCES.indexOf('setups');

/** A call that passes the narrowest of its lanes passes the others: they are full at the same time. */
function blockedShare(lanes: readonly Lane[], pool: string, demand: PoolDemand): number {
  let most = 0;
  for (const lane of lanes) {
    if (lane.resource === 'registrations' || !laneServes(lane, pool)) continue;
    most = Math.max(most, lostShare(lane, laneDemand(lane, demand)));
  }
  return most;
}

class Totals {
  #callsOffered = 0;
  #callsBlocked = 0;
  #minutesShort = 0;
  readonly #shortages: Shortage[] = [];
  readonly #lastShortage = new Map<string, { from: number; to: number }>();
  #tenantHoursWaiting = 0;
  #cellHours = 0;
  #weightedCellHours = 0;
  #cost = 0;

  addCell(fleet: SimulatedFleet, cell: SimulatedCell, step: number, target: number): void {
    const { stepMinutes } = fleet.traffic;
    const hours = stepMinutes / 60;
    const { hostShare, costPerHour, spec } = cell.kind;
    const share = 1 - (spec.media.hosts - cell.hosts.length) * hostShare;
    this.#cellHours += hours;
    this.#weightedCellHours += hours * share;
    this.#cost += hours * share * costPerHour;
    if (!fleet.isReady(cell, step)) return;

    if (cell.tenants.size === 0) return;
    const demand = poolDemand(cell.tenants.values(), ({ calls }) => calls[step]!);
    const isLost = fleet.isLost(cell, step);
    const reserve = fleet.limitsWithReserve(cell).lanes;
    if (isLost || reserve.some((lane) => lostShare(lane, laneDemand(lane, demand)) > target)) {
      this.#minutesShort += stepMinutes;
      this.#noteShortage(cell.name, step);
    }
    const seconds = stepMinutes * 60;
    for (const [pool, use] of demand) {
      const offered = use[SETUPS]! * seconds;
      this.#callsOffered += offered;
      this.#callsBlocked += offered * (isLost ? 1 : blockedShare(fleet.limitsNow(cell).lanes, pool, demand));
    }
  }

  /** Who is in no cell can't call. */
  addWaiting(waiting: Iterable<TenantTrace>, step: number, stepMinutes: number): void {
    for (const tenant of waiting) {
      const offered = tenant.calls[step]! * tenant.perCall.setups * stepMinutes * 60;
      this.#callsOffered += offered;
      this.#callsBlocked += offered;
      this.#tenantHoursWaiting += stepMinutes / 60;
    }
  }

  #noteShortage(cell: string, step: number): void {
    const last = this.#lastShortage.get(cell);
    if (last?.to === step) last.to++;
    else {
      const shortage = { cell, from: step, to: step + 1 };
      this.#lastShortage.set(cell, shortage);
      this.#shortages.push(shortage);
    }
  }

  totals() {
    return {
      shortages: this.#shortages,
      callsOffered: this.#callsOffered,
      callsBlocked: this.#callsBlocked,
      minutesShort: this.#minutesShort,
      tenantHoursWaiting: this.#tenantHoursWaiting,
      cellHours: this.#cellHours,
      weightedCellHours: this.#weightedCellHours,
      cost: this.#cost,
    };
  }
}

function requireSetting({ traffic, kinds, cells }: SimulationSetting, { everyMinutes, name }: Decider): void {
  const { stepMinutes } = traffic;
  if (!(stepMinutes > 0 && 60 % stepMinutes === 0)) {
    throw new RangeError(`stepMinutes must divide 60, got ${stepMinutes}`);
  }
  if (!(everyMinutes >= stepMinutes && everyMinutes % stepMinutes === 0)) {
    throw new RangeError(`${name} decides every ${everyMinutes} minutes; allowed are multiples of ${stepMinutes}`);
  }
  const ids = new Set(traffic.tenants.map(({ id }) => id));
  const placed = new Set<string>();
  for (const cell of cells) {
    if (!kinds.some((kind) => kind.name === cell.kind)) throw new RangeError(`there is no kind of cell ${cell.kind}`);
    for (const id of cell.tenants) {
      if (!ids.has(id)) throw new RangeError(`tenant ${id} of ${cell.name} has no traffic`);
      if (placed.has(id)) throw new RangeError(`tenant ${id} is in two cells`);
      placed.add(id);
    }
  }
  const homeless = traffic.tenants.find(({ id, arrives }) => arrives < traffic.historySteps && !placed.has(id));
  if (homeless) throw new RangeError(`tenant ${homeless.id} is there from the beginning, but in no cell`);
}
