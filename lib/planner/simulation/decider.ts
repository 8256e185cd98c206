import type { TimeZone } from '../forecast/time-zone.ts';
import type { CellLimits } from '../shared-limits.ts';
import type { Blueprint } from '../plan/input.ts';
import type { StampRecord } from '../plan/lead-time.ts';
import type { TenantTrace, Traffic } from './traffic.ts';

/** A kind of cell that a simulated fleet can have. */
export interface SimulatedKind extends Blueprint {
  /** The clock that its callers live by. */
  readonly zone: TimeZone;
  /** Of a whole cell with all media hosts. */
  readonly costPerHour: number;
  /** Share of the cost that one media host has. */
  readonly hostShare: number;
  /** Media hosts that every pool of a cell keeps in service. Default: all of them, nothing is elastic. */
  readonly leastHosts?: number;
}

/** A cell as a decider sees it. */
export interface CellView {
  readonly name: string;
  readonly kind: SimulatedKind;
  readonly state: 'stamping' | 'active' | 'cordoned' | 'draining';
  /** Numbers of the media hosts in service, and of those that will be when all that was ordered is done. */
  readonly hosts: readonly number[];
  readonly hostsOrdered: readonly number[];
  /** Whether the step before now was measured. */
  readonly isMeasured: boolean;
  /** Ids of its tenants. */
  readonly tenants: readonly string[];
}

/** All media hosts of a kind of cell, by number. */
export const allHosts = ({ spec }: SimulatedKind): number[] =>
  Array.from({ length: spec.media.hosts }, (_, index) => index + 1);

/** All that a decider may know: nothing of the future is in it but what was announced. */
export interface FleetView {
  /** The step that begins now. */
  readonly step: number;
  readonly traffic: Pick<Traffic, 'start' | 'stepMinutes'>;
  readonly kinds: readonly SimulatedKind[];
  readonly cells: readonly CellView[];
  /** Tenants that are in no cell. */
  readonly waiting: readonly TenantTrace[];
  readonly tenant: (id: string) => TenantTrace;
  /** Concurrent calls of a tenant, a value for each step before now; NaN before it came and where nothing was measured. */
  readonly measured: (id: string) => Float64Array;
  readonly stamped: readonly StampRecord[];
  /** What a cell of a kind takes with these media hosts, of which some may be lost. */
  readonly limits: (kind: SimulatedKind, hosts: readonly number[], lost: number) => CellLimits;
}

export type SimulatedAction = (
  | { readonly do: 'place'; readonly tenant: string; readonly cell: string }
  | { readonly do: 'move'; readonly tenant: string; readonly cell: string }
  | { readonly do: 'stamp'; readonly kind: string; readonly name: string }
  | { readonly do: 'cordon' | 'uncordon' | 'drain' | 'retire'; readonly cell: string }
  /** Numbers of the media hosts that are to be in service. */
  | { readonly do: 'scale'; readonly cell: string; readonly hosts: readonly number[] }
  /** Nothing that could wait is changed for now. */
  | { readonly do: 'hold'; readonly cell: string }
) & { readonly because?: string };

/** Something that runs a fleet. One is made for each run, so it may remember. */
export interface Decider {
  readonly name: string;
  /** How often it is asked; a multiple of the step. */
  readonly everyMinutes: number;
  readonly decide: (view: FleetView) => readonly SimulatedAction[];
}
