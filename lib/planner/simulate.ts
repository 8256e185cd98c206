import { counted } from '../config-file/counted.ts';
import { seededRandom } from './random.ts';
import type { Decider, SimulatedKind } from './simulation/decider.ts';
import { instantOf, SimulatedFleet, USUAL, type Circumstances } from './simulation/fleet.ts';
import { countActions, type LogEntry, type SimulationResult } from './simulation/result.ts';
import { Totals } from './simulation/totals.ts';
import type { Traffic } from './simulation/traffic.ts';

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
   * A cell is short while the loss of one media host would lose more than this share of what some shared limit is offered.
   * @default 0.01
   */
  readonly target?: number;
}

/**
 * Runs a fleet through its traffic as a decider wants it, and says what became of its calls. The same setting gives the
 * same result; deciders may be compared on the same setting, as all see the same traffic.
 *
 * @param decider newly made, as it may remember
 * @param onStep told after each step how many are done, of how many
 * @throws RangeError for a setting that does not fit together
 */
export function simulate(
  setting: SimulationSetting,
  decider: Decider,
  onStep?: (done: number, of: number) => void,
): SimulationResult {
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
  const totals = new Totals(target);
  for (let step = historySteps; step < steps; step++) {
    fleet.begin(step);
    if (((step - historySteps) * stepMinutes) % decider.everyMinutes === 0) {
      for (const action of decider.decide(fleet.view(step))) {
        const hostsBefore = action.do === 'scale' ? fleet.hostsOrdered(action.cell)?.length : undefined;
        const refused = fleet.apply(action, step);
        log.push({
          step,
          at: instantOf(traffic, step),
          action,
          ...(hostsBefore !== undefined && { hostsBefore }),
          ...(refused !== undefined && { refused }),
        });
      }
    }
    totals.add(fleet, step);
    fleet.end(step);
    onStep?.(step + 1 - historySteps, steps - historySteps);
  }
  const { failedStamps } = fleet;
  return { decider: decider.name, ...totals.totals(), ...countActions(log, stepMinutes), failedStamps, log };
}

/** Runs every decider through the same setting. */
export function compare(setting: SimulationSetting, makers: readonly (() => Decider)[]): SimulationResult[] {
  return makers.map((make) => simulate(setting, make()));
}

function requireSetting({ traffic, kinds, cells }: SimulationSetting, { everyMinutes, name }: Decider): void {
  const { stepMinutes } = traffic;
  if (!(stepMinutes > 0 && 60 % stepMinutes === 0)) {
    throw new RangeError(`stepMinutes must divide 60, got ${stepMinutes}`);
  }
  if (!(everyMinutes >= stepMinutes && everyMinutes % stepMinutes === 0)) {
    throw new RangeError(
      `${name} decides every ${counted(everyMinutes, 'minute')}; allowed are multiples of ${stepMinutes}`,
    );
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
