import type { CellSpec, Limits } from '../../fleet/schema/cell.ts';
import type { ComponentFigures } from '../component-figures.ts';
import type { AnnouncedEvent, Calendar } from '../forecast/calendar.ts';
import type { History } from '../forecast/history.ts';
import type { PlacementTenant } from '../placement/tenant-table.ts';
import { requirePolicy, type Policy } from '../policy.ts';
import type { Demand, Resource, WeeklyDemand } from '../resources.ts';
import type { StampRecord } from './lead-time.ts';
import type { Quota } from './quotas.ts';
import type { PlanRules } from './rules.ts';
import type { PlanMemory } from './schema.ts';
import { MINUTE_MS } from '../time.ts';

/** SBCs of a cell: active and standby. */
export const SBCS = 2;

/** Calls that the media hosts of a cell let in at most, all of them up. */
export const admittedCalls = ({ media }: CellSpec): number => media.hosts * media.relay.calls;

/** What a cell says about itself now. Undefined is unknown, never zero. */
export interface Signals {
  /** Instant of the newest measurement, milliseconds since 1970 UTC. */
  readonly measuredAt: number | undefined;
  /** Concurrent calls by the media hosts' own count. */
  readonly relayedCalls?: number;
  /** Concurrent calls added up from the tenants' records. */
  readonly callsByRecords?: number;
  /** Call set-ups per second. */
  readonly setups?: number;
  /** Mean opinion score, 1 to 5. */
  readonly mos?: number;
  readonly jitterMs?: number;
  /** Share of packets lost, 0 to 1. */
  readonly loss?: number;
  /** Seconds from INVITE to the first ringing or answer. */
  readonly setupSeconds?: number;
  /** Share of set-ups that are answered, 0 to 1. */
  readonly answerSeizureRatio?: number;
  /** SBCs and media hosts that were asked and answered. Default: not known. */
  readonly sbcs?: number;
  readonly mediaHosts?: number;
  /**
   * Minutes that a measurement is the mean of: the next one is not there before as many have passed.
   * @default 0
   */
  readonly everyMinutes?: number;
}

/** Values of a history that cannot be, one after the other. */
export interface Implausible {
  /** Instants: the first value begins, the last one ends. */
  readonly from: number;
  readonly until: number;
  /** What was measured, and why it cannot be. */
  readonly text: string;
}

/** The media hosts of a cell that take calls; the spec's number is the most there can be. */
export interface Elastic {
  /** Media hosts that take calls now, by number. */
  readonly inService: readonly number[];
  /** Media hosts that every pool keeps in service, or all of its own where it has fewer. */
  readonly least: number;
}

/** An announced event with what it adds to every resource. */
export interface AnnouncedLoad extends Omit<AnnouncedEvent, 'add'> {
  /** Default for what is not named: nothing. */
  readonly add: Partial<Demand>;
}

/** What parts of a cell used, by name. */
export type PartHistories = Readonly<
  Record<string, Partial<Readonly<Record<'relayedCalls' | 'mediaSessions', History>>>>
>;

export interface FleetCell {
  readonly spec: CellSpec;
  /** Default: none. */
  readonly jurisdiction?: string;
  /** Default: unknown, and then no cap on cost can be kept. */
  readonly costPerHour?: number;
  /** What the whole cell used, of as many resources as are measured. */
  readonly history: Partial<Readonly<Record<Resource, History>>>;
  /**
   * Whose use the history is. `tenants`: of those that are in the cell now, wherever they were before, so that moves leave no
   * trace in it. `cell`: of whoever was in the cell at the time; from plan to plan it is then remembered who came and who left.
   * @default 'tenants'
   */
  readonly historyOf?: 'tenants' | 'cell';
  /**
   * What the tenants of a pool used together, by pool: of cells whose history is that of tenants. Default: the pool has its share of
   * the cell's forecast.
   */
  readonly poolHistory?: PartHistories;
  /**
   * Relayed calls of single tenants that are a large part of the cell, by id. Default: wherever a tenant goes, it has its share of this cell's
   * forecast, which is less than what it needs alone.
   */
  readonly tenantHistory?: Readonly<Record<string, History>>;
  readonly signals: Signals;
  /** Holidays, and events that change every resource alike, where its callers are. Default: none. */
  readonly calendar?: Calendar;
  /** Events that add this many calls. Default: none. */
  readonly announced?: readonly AnnouncedLoad[];
  /** How far the media hosts in service may fall below those of the spec. Default: they all are in service, always. */
  readonly elastic?: Elastic;
  /** When calls first proved the cell, milliseconds since 1970 UTC. Default: not known. */
  readonly provedAt?: number;
  /** What cannot be of what was measured, and was left out of `history` by whoever read it. Default: none. */
  readonly implausible?: readonly Implausible[];
  /** A change that was begun and is not finished. Default: none. */
  readonly unfinished?: { readonly step: string; readonly since: number };
}

/** A tenant with its expected week (see `tenantWeek`); without a cell it is waiting for one. */
export interface FleetTenant extends Omit<PlacementTenant, 'use'> {
  readonly use: WeeklyDemand;
  readonly cell?: string;
  /**
   * Instant from which on it is part of its cell's history. Until it was for a week, it counts on top of the cell's
   * forecast, which does not know it yet. Default: all along.
   */
  readonly since?: number;
  /**
   * Instant of its newest measurement, where its cell's history is that of tenants. Default: not known, and then its use is known
   * whenever its cell's is.
   */
  readonly measuredAt?: number;
  /** What it may use by its contract, as the file of its cell says. Default: not known, and then no limits are planned for its cell. */
  readonly limits?: Limits;
}

/** A kind of cell that may be stamped. */
export interface Blueprint {
  /** For example `eu-west-1 standard`; unique. */
  readonly name: string;
  /** New cells are named with this and a letter: `euw1-` gives `euw1-c` where `euw1-a` and `euw1-b` are there. */
  readonly prefix: string;
  /** Its name is not used. */
  readonly spec: CellSpec;
  readonly jurisdiction?: string;
  readonly costPerHour?: number;
}

export interface PlanInput {
  /** Instant of the plan, milliseconds since 1970 UTC: there is no other clock. */
  readonly now: number;
  /** @default POLICIES.gradeOfService */
  readonly policy?: Policy;
  /** @default DEFAULT_RULES for what is not given */
  readonly rules?: Partial<PlanRules>;
  /** @default COMPONENT_FIGURES */
  readonly figures?: ComponentFigures;
  readonly cells: readonly FleetCell[];
  readonly tenants: readonly FleetTenant[];
  /** Those that come first are preferred at equal cost. */
  readonly blueprints: readonly Blueprint[];
  /** Earlier stamps, from which lead time is measured. */
  readonly stamped?: readonly StampRecord[];
  /** Quotas of the regions. What is not named is taken to be no obstacle, and a note says so. */
  readonly quotas?: readonly Quota[];
  /** Of the plan before. Default: this is the first. */
  readonly memory?: PlanMemory;
}

/** @throws RangeError for names that come twice, tenants of unknown cells, negative measurements, and times that are none */
export function requireInput({ now, policy, cells, tenants, blueprints }: PlanInput): void {
  if (!Number.isFinite(now)) throw new RangeError(`now must be milliseconds since 1970, got ${now}`);
  if (policy) requirePolicy(policy);
  const names = new Set<string>();
  for (const { spec } of cells) {
    if (names.has(spec.name)) throw new RangeError(`cell ${spec.name} is given twice; names must be unique`);
    names.add(spec.name);
  }
  for (const { spec, history, elastic } of cells) {
    for (const [resource, { values, start, stepMinutes }] of Object.entries(history)) {
      const wrong = values.findIndex((value) => !(value >= 0 && value < Infinity) && !Number.isNaN(value));
      if (wrong < 0) continue;
      const at = new Date(start + wrong * stepMinutes * MINUTE_MS).toISOString();
      throw new RangeError(
        `${resource} of ${spec.name} at ${at} is ${values[wrong]}; allowed are finite numbers of 0 or more, and NaN for what is unknown`,
      );
    }
    const stranger = elastic?.inService.find(
      (host) => !(Number.isInteger(host) && host >= 1 && host <= spec.media.hosts),
    );
    if (stranger !== undefined) {
      throw new RangeError(`media host ${stranger} of ${spec.name} is in service; it has 1 to ${spec.media.hosts}`);
    }
  }
  for (const { id, cell } of tenants) {
    if (cell !== undefined && !names.has(cell)) {
      throw new RangeError(`tenant ${id} is in cell ${cell}, which is not among the cells (${[...names].join(', ')})`);
    }
  }
  const kinds = new Set(blueprints.map(({ name }) => name));
  if (kinds.size < blueprints.length) throw new RangeError('two blueprints have the same name; names must be unique');
}
