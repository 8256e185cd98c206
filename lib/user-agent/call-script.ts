import type { Agent } from './agent.ts';
import type { Step } from './steps.ts';

/** One call that is to be placed and judged. */
export interface CallScript {
  readonly index: number;
  readonly kind: string;
  readonly caller: Agent;
  /** Undefined: somebody else answers, or nobody. */
  readonly callee: Agent | undefined;
  /** URI that is called. */
  readonly dial: string;
  /** URI of the caller, if not the agent's identity. */
  readonly from?: string | undefined;
  readonly steps: readonly Step[];
  /** Final status of the INVITE that is right. Default: what the steps lead to. */
  readonly expectStatus?: number | undefined;
  /** What the caller hears: the callee's tone, its own back, any audio, or none. */
  readonly callerHears: 'callee' | 'own' | 'packets' | 'nothing';
  /** Whether audio is sent and judged. */
  readonly audio: boolean;
  /** Share of a direction's packets that may be lost, 0 to 1. */
  readonly maximumLoss: number;
  /** Longest time for the callee's phone to ring, or for an answer once it is given. Seconds. */
  readonly patienceSeconds: number;
  /** Called at a `pause` step; the call goes on when the promise settles. */
  readonly onPause: (name: string) => Promise<void>;
  /** Once it is aborted the call is hung up, whatever step it is at. */
  readonly signal: AbortSignal;
}
