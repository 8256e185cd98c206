/** What a plan is made from, read from where it lies: the fleet's files, `planning.yaml`, histories and Prometheus. */
import type { PlanInput } from '../planner/plan/input.ts';
import type { Finding } from '../config-file/finding.ts';
import type { FleetFile } from '../fleet/fleet.ts';
import { readDeploySteps } from './deploys.ts';
import { InvalidFiles } from '../config-file/invalid-files.ts';
import { readFleetFiles, strangers, type FleetFiles } from './fleet-files.ts';
import { fleetInput, zonesOf } from './fleet-input.ts';
import { gridBefore } from './history/grid.ts';
import { Measured, type Subject } from './history/measured.ts';
import { readHistoryFiles } from './history/read-files.ts';
import { readPrometheus } from './prometheus/read.ts';
import { readPlanning, type PlanningFile } from './read-planning.ts';

export type { PlanningFile } from './read-planning.ts';

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
 * @throws InvalidFiles with everything that is wrong at once; then nothing is planned
 * @example const { input } = await readPlanInput({ cells: 'cells', planning: 'planning.yaml', now: Date.now() });
 */
export async function readPlanInput(sources: PlanSources): Promise<ReadFleet> {
  const { now } = sources;
  const [read, fleet] = bothOrAllFindings(
    () => readPlanning(sources.planning),
    () => readFleetFiles(sources.cells),
  );
  const { planning } = read;
  const deploys = readDeploySteps(planning.deploysPath);
  refuse([...strangers(fleet, read), ...deploys.findings]);
  const { stepMinutes, weeks } = planning.value.history;
  const grid = gridBefore(now, stepMinutes, weeks);
  const measured = new Measured();
  const files = await readHistoryFiles(planning, measured, {
    ...sources,
    grid,
    wants: fleetNames(fleet, planning),
    zones: zonesOf(planning.value).all,
  });
  const cells = fleet.cells.filter(({ state }) => state !== 'planned' && state !== 'retired');
  const prometheus = await readPrometheus(planning, measured, { ...sources, grid, cells });
  refuse([...files.findings, ...prometheus.findings]);
  const { input, notes } = fleetInput({
    ...read,
    fleet,
    deploys: deploys.steps,
    measured,
    grid,
    signals: prometheus.signals,
    inService: prometheus.inService,
    now,
  });
  return {
    input,
    files: [...fleet.files, ...read.files],
    planning,
    notes: [...files.notes, ...prometheus.notes, ...notes],
  };
}

/** Does both, so that whoever has to mend both files learns of both. */
function bothOrAllFindings<A, B>(first: () => A, second: () => B): [A, B] {
  const findings: Finding[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof InvalidFiles)) throw error;
      findings.push(...error.findings);
      return undefined;
    }
  };
  const both = [attempt(first), attempt(second)];
  refuse(findings);
  return both as [A, B];
}

function refuse(findings: readonly Finding[]): void {
  if (findings.length > 0) throw new InvalidFiles(findings);
}

/** Whether a cell or tenant is of the fleet, or waits for a cell. */
function fleetNames({ cells }: FleetFiles, { value }: PlanningFile): (subject: Subject, name: string) => boolean {
  const names = {
    cell: new Set(cells.map(({ name }) => name)),
    tenant: new Set([...cells.flatMap(({ tenants }) => tenants), ...value.waiting].map(({ name }) => name)),
  };
  return (subject, name) => names[subject].has(name);
}
