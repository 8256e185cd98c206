import { CallFault, CallInProgress } from './call-in-progress.ts';
import { type CallResult, type Failure, audioResult, judgeLoss } from './call-result.ts';
import { redirectsOf, retryAfterOf } from './sip/exchange.ts';
import type { CallScript } from './call-script.ts';
import { expectedStatus } from './steps.ts';

/** Places a call, does the script's steps, hangs up whatever is left, and judges. Only a lack of media ports rejects. */
export async function placeCall(script: CallScript): Promise<CallResult> {
  const call = await CallInProgress.place(script);
  const failures: Failure[] = [];
  try {
    for (const step of script.steps) {
      await call.do(step);
      if (call.refused || script.signal.aborted) break;
    }
  } catch (error) {
    if (!(error instanceof CallFault)) throw error;
    if (!script.signal.aborted) failures.push(error.failure); // else it was us who had no more patience
  }
  await call.end();
  return makeResult(script, call, failures);
}

function makeResult(script: CallScript, call: CallInProgress, faults: readonly Failure[]): CallResult {
  const { answer, times, snapshots } = call;
  const answered = call.outcome?.answered === true;
  const failures = [...faults, ...call.failures];
  const expected = script.expectStatus ?? expectedStatus(script.steps);
  if (answer.status !== expected) {
    failures.unshift({ what: `INVITE ended with ${answer.status}, not with ${expected}`, detail: answer.reason });
  }
  const { caller, callee } = snapshots;
  const toCaller = answered ? audioResult(callee, caller) : null;
  const toCallee = answered && callee !== undefined ? audioResult(caller, callee) : null;
  if (script.audio) {
    for (const [side, audio] of [
      ['caller', toCaller],
      ['callee', toCallee],
    ] as const) {
      const failure = audio === null ? undefined : judgeLoss(side, audio, script.maximumLoss);
      if (failure !== undefined) failures.push(failure);
    }
  }
  return {
    index: script.index,
    kind: script.kind,
    callId: call.callId,
    calleeCallId: call.calleeCallId ?? null,
    from: script.from ?? script.caller.userAgent.identity,
    to: script.dial,
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
