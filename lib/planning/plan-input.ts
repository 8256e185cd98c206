/** What a plan is made from, read from where it lies: the fleet's files, `planning.yaml`, histories and Prometheus. */
import type { PlanInput } from '../capacity/plan/input.ts';
import type { FleetFile } from '../spec/fleet.ts';
import { fleetInput } from './fleet-input.ts';
import { readFleetFiles } from './fleet-files.ts';
import { readPlanning, type PlanningFile } from './read-planning.ts';

export type { KindCell, PlanningFile } from './read-planning.ts';

export interface PlanSources {
  /** Folder of the cells. */
  readonly cells: string;
  /** Path of `planning.yaml`. */
  readonly planning: string;
  /** Instant of the plan, milliseconds since 1970 UTC. */
  readonly now: number;
  /** Ends the reading. */
  readonly signal?: AbortSignal;
  /** Told what is being read. */
  readonly onProgress?: (text: string) => void;
}

export interface ReadFleet {
  readonly input: Omit<PlanInput, 'memory'>;
  /** Files as they were read: a sink refuses when one has changed since. */
  readonly files: readonly FleetFile[];
  readonly planning: PlanningFile;
  /** What was assumed or left out, in words for a person. */
  readonly notes: readonly string[];
}

/**
 * Reads all that a plan is made from.
 *
 * @throws PlanningFailure with everything that is wrong at once; then nothing is planned
 * @example const { input } = await readPlanInput({ cells: 'cells', planning: 'planning.yaml', now: Date.now() });
 */
export async function readPlanInput(sources: PlanSources): Promise<ReadFleet> {
  const read = readPlanning(sources.planning);
  const fleet = readFleetFiles(sources.cells, read.planning);
  const { input, notes } = fleetInput({ ...read, fleet, now: sources.now });
  return { input, files: [...fleet.files, ...read.files], planning: read.planning, notes };
}
