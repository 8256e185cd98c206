import type { AnnouncedEvent } from '../forecast/calendar.ts';
import type { Demand } from '../resources.ts';

/** What a tenant calls, from before the simulation begins to its end. */
export interface TenantTrace {
  readonly id: string;
  readonly pool: string;
  readonly enterprise?: string;
  /** @default - any region */
  readonly regions?: readonly string[];
  /** What was sold: the busiest hour in every resource. */
  readonly contract: Demand;
  /** The step it arrives in; 0 for those that are there from the beginning. */
  readonly arrives: number;
  /** Concurrent relayed calls it would have if none were blocked, a value a step. */
  readonly calls: Float32Array;
  /** What one concurrent relayed call takes of every resource; of registrations the tenant has a fixed number. */
  readonly perCall: Omit<Demand, 'registrations'>;
  readonly registrations: number;
  readonly events: readonly AnnouncedEvent[];
}

/** Traffic of a fleet on a common grid of steps, and what happens to it meanwhile. */
export interface Traffic {
  readonly name: string;
  /** Instant of step 0, milliseconds since 1970 UTC: midnight UTC. */
  readonly start: number;
  /** A divisor of 60. */
  readonly stepMinutes: number;
  /** Steps that are history when the simulation begins. */
  readonly historySteps: number;
  /** All steps, history included. */
  readonly steps: number;
  readonly tenants: readonly TenantTrace[];
  /** Steps in which nothing is measured. */
  readonly outages: readonly Span[];
  /** Regions that are lost for a time. */
  readonly lostRegions: readonly (Span & { readonly region: string })[];
}

/** Steps `from` to before `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export const isWithin = (step: number, { from, to }: Span): boolean => step >= from && step < to;
