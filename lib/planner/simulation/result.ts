import type { SimulatedAction } from './decider.ts';
import type { Span } from './traffic.ts';

/** What an action was, when, and whether the fleet could do it. */
export interface LogEntry {
  readonly step: number;
  /** The same as an instant, milliseconds since 1970 UTC. */
  readonly at: number;
  readonly action: SimulatedAction;
  /** Why it was not done; undefined where it was. */
  readonly refused?: string;
  /** Media hosts that the cell had or had ordered before it was scaled. */
  readonly hostsBefore?: number;
}

/** Steps, `from` to before `to`, in which a cell had too little. */
export interface Shortage extends Span {
  readonly cell: string;
}

/** An hour of a fleet. */
export interface FleetHour {
  /** Its begin, milliseconds since 1970 UTC. */
  readonly at: number;
  /** The most concurrent calls that were offered, and the fewest that there was room for with one media host a cell lost. */
  readonly calls: number;
  readonly capacity: number;
  readonly cells: number;
  /** Cells that were short at some time of it. */
  readonly short: number;
}

/** Why calls were blocked. */
export interface BlockedCalls {
  /** Their tenant was in no cell: it had come, and its cell was not there yet. */
  readonly waiting: number;
  /** The region of their cell was lost. */
  readonly lostRegion: number;
  /** Their cell had no room for them. */
  readonly full: number;
}

/** What became of a fleet under one decider. */
export interface SimulationResult {
  readonly decider: string;
  readonly callsOffered: number;
  /** With the media hosts that were there; the sum of {@link blockedBy}. */
  readonly callsBlocked: number;
  readonly blockedBy: BlockedCalls;
  /**
   * Minutes, summed over cells, in which a cell had less than it must have: with one media host lost, or those that had
   * failed where that is more, some shared limit would have lost more than the target share of what it was offered.
   */
  readonly minutesShort: number;
  /** When and where that was. */
  readonly shortages: readonly Shortage[];
  /** Hours that tenants waited for a cell, summed over tenants. */
  readonly tenantHoursWaiting: number;
  /** Hours of cells, from the order to stamp to the end. */
  readonly cellHours: number;
  /** The same, each cell counted by the share of its cost that is there: with half of the media hosts it is less. */
  readonly weightedCellHours: number;
  readonly cost: number;
  readonly stamps: number;
  /** Of these, those that failed. */
  readonly failedStamps: number;
  readonly retirements: number;
  readonly moves: number;
  readonly scaleUps: number;
  readonly scaleDowns: number;
  /** Changes taken back within 6 hours. */
  readonly reversals: number;
  readonly holds: number;
  readonly log: readonly LogEntry[];
  readonly hours: readonly FleetHour[];
}

/** A change that is taken back within this many hours was not needed. */
export const REVERSAL_HOURS = 6;

type Counted = Pick<
  SimulationResult,
  'stamps' | 'retirements' | 'moves' | 'scaleUps' | 'scaleDowns' | 'reversals' | 'holds'
>;

/** Which way a change goes, and of what: a change of the same thing the other way takes it back. */
function direction({ action, hostsBefore }: LogEntry): { of: string; up: boolean } | undefined {
  switch (action.do) {
    case 'scale':
      return { of: `hosts of ${action.cell}`, up: action.hosts.length > hostsBefore! };
    case 'cordon':
    case 'uncordon':
      return { of: `cordon of ${action.cell}`, up: action.do === 'uncordon' };
    default:
      return undefined;
  }
}

/** Counts what was done. */
export function countActions(log: readonly LogEntry[], stepMinutes: number): Counted {
  const done = log.filter((entry) => entry.refused === undefined);
  const count = (what: SimulatedAction['do']): number => done.filter(({ action }) => action.do === what).length;
  const last = new Map<string, { up: boolean; step: number }>();
  let scaleUps = 0;
  let reversals = 0;
  for (const entry of done) {
    const change = direction(entry);
    if (change === undefined) continue;
    if (entry.action.do === 'scale' && change.up) scaleUps++;
    const previous = last.get(change.of);
    const hours = previous === undefined ? Infinity : ((entry.step - previous.step) * stepMinutes) / 60;
    if (previous !== undefined && previous.up !== change.up && hours <= REVERSAL_HOURS) reversals++;
    last.set(change.of, { up: change.up, step: entry.step });
  }
  return {
    stamps: count('stamp'),
    retirements: count('retire'),
    moves: count('move'),
    scaleUps,
    scaleDowns: count('scale') - scaleUps,
    reversals,
    holds: count('hold'),
  };
}
