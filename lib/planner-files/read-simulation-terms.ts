/** Reads `planning.yaml` to be tried on a simulated fleet: what happens there is the scenario's, what is done about it the file's. */
import type { SimulationSetting } from '../planner/simulate.ts';
import { planningTerms, type PlanningTerms } from './planning-terms.ts';
import { readPlanning } from './read-planning.ts';

export interface SimulationTerms {
  readonly terms: PlanningTerms;
  /** The same, with the costs that the file gives for its kinds of cells. */
  readonly setting: SimulationSetting;
  /** Whose cost is the scenario's, in words for a person. */
  readonly notes: readonly string[];
}

/** @throws InvalidFiles with all that is wrong in the file, and in those that it names beside histories */
export function readSimulationTerms(path: string, setting: SimulationSetting): SimulationTerms {
  const { value } = readPlanning(path).planning;
  const notes: string[] = [];
  const kinds = setting.kinds.map((kind) => {
    const { region, size } = kind.spec;
    const costs = value.kinds.filter((own) => own.region === region && own.size === size);
    const costPerHour = costs.find((own) => own.costPerHour !== undefined)?.costPerHour;
    if (costPerHour !== undefined) return { ...kind, costPerHour };
    notes.push(
      `${path} gives no cost for a ${size} cell in ${region}: the scenario's ${kind.costPerHour} an hour counts`,
    );
    return kind;
  });
  return { terms: planningTerms(value), setting: { ...setting, kinds }, notes };
}
