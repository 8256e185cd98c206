import type { Agent } from './agent.ts';
import { CallFault, CallInProgress } from './call-in-progress.ts';
import { type CallResult, type Failure, audioResult, judgeLoss } from './call-result.ts';
import { redirectsOf, retryAfterOf } from './sip/exchange.ts';
import { type Step, expectedStatus } from './steps.ts';

/** One call that is to be placed and judged. */
export interface CallPlan {
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

/** Places a call, does the plan's steps, hangs up whatever is left, and judges. Only a lack of media ports rejects. */
export async function placeCall(plan: CallPlan): Promise<CallResult> {
  const call = await CallInProgress.place(plan);
  const failures: Failure[] = [];
  try {
    for (const step of plan.steps) {
      await call.do(step);
      if (call.refused || plan.signal.aborted) break;
    }
  } catch (error) {
    if (!(error instanceof CallFault)) throw error;
    if (!plan.signal.aborted) failures.push(error.failure); // else it was us who had no more patience
  }
  await call.end();
  return makeResult(plan, call, failures);
}

function makeResult(plan: CallPlan, call: CallInProgress, faults: readonly Failure[]): CallResult {
  const { answer, times, snapshots } = call;
  const answered = call.outcome?.answered === true;
  const failures = [...faults, ...call.failures];
  const expected = plan.expectStatus ?? expectedStatus(plan.steps);
  if (answer.status !== expected) {
    failures.unshift({ what: `INVITE ended with ${answer.status}, not with ${expected}`, detail: answer.reason });
  }
  const { caller, callee } = snapshots;
  const toCaller = answered ? audioResult(callee, caller) : null;
  const toCallee = answered && callee !== undefined ? audioResult(caller, callee) : null;
  if (plan.audio) {
    for (const [side, audio] of [
      ['caller', toCaller],
      ['callee', toCallee],
    ] as const) {
      const failure = audio === null ? undefined : judgeLoss(side, audio, plan.maximumLoss);
      if (failure !== undefined) failures.push(failure);
    }
  }
  return {
    index: plan.index,
    kind: plan.kind,
    callId: call.callId,
    calleeCallId: call.calleeCallId ?? null,
    from: plan.from ?? plan.caller.userAgent.identity,
    to: plan.dial,
    answered,
    status: answer.status,
    reason: answer.reason,
    retryAfterSeconds: retryAfterOf(answer) ?? null,
    redirects: redirectsOf(answer),
    postDialDelayMs: times.ringing === undefined ? null : times.ringing - times.invited,
    setupMs: times.answered === undefined ? null : times.answered - times.invited,
    acknowledged: call.acknowledged ?? null,
    toCallee,
    toCaller,
    mediaAddress: { caller: caller.remote?.address ?? null, callee: callee?.remote?.address ?? null },
    route: call.route,
    end: call.hangUp ?? null,
    failures,
  };
}
