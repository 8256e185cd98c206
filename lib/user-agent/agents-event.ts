import type { CallResult } from './call-result.ts';
import type { Progress } from './load.ts';
import type { Summary } from './summary.ts';
import type { Pending } from './endpoint/user-agent.ts';

/** What a process with agents tells: one JSON object a line. */
export type AgentsEvent =
  /** All agents listen, and the first registration of each user has its answer. */
  | { readonly event: 'opened'; readonly agents: readonly OpenedAgent[] }
  /** A REGISTER was answered: the first, a refresh, or the last. */
  | { readonly event: 'registration'; readonly agent: string; readonly status: number; readonly reason: string }
  /** How far a run is, at most five times a second. */
  | ({ readonly event: 'progress'; readonly run: string } & Progress)
  /** A call is at a `pause` step. */
  | { readonly event: 'paused'; readonly run: string; readonly call: number; readonly pause: string }
  | { readonly event: 'call'; readonly run: string; readonly result: CallResult }
  | ({ readonly event: 'finished' } & FinishedRun)
  | { readonly event: 'pending'; readonly agents: Readonly<Record<string, Pending>> }
  | {
      readonly event: 'sip';
      /** When it came or left, milliseconds since 1970: whoever reads this may be late. */
      readonly when: number;
      readonly agent: string;
      readonly direction: 'received' | 'sent';
      readonly remote: string;
      readonly text: string;
    }
  /** A command could not be done. */
  | { readonly event: 'error'; readonly message: string; readonly run?: string };

export interface OpenedAgent {
  readonly name: string;
  /** Where it listens, `10.0.0.1:5060`. */
  readonly local: string;
  /** The URI by which it is reached without a proxy. */
  readonly uri: string;
  /** The answer to its REGISTER; null of a carrier. */
  readonly registration: { readonly status: number; readonly reason: string } | null;
}

export interface FinishedRun {
  readonly run: string;
  readonly summary: Summary;
  /** How late the process itself was: with more than 20 ms or any lost time, jitter and gaps say nothing. */
  readonly clock: { readonly worstMs: number; readonly lostMs: number };
}
