import { setTimeout as sleep } from 'node:timers/promises';
import { CALL_MARK } from './agent.ts';
import type { AudioSnapshot, AudioStream } from './audio/stream.ts';
import { type Failure, judgeHearing } from './call-result.ts';
import type { CallScript } from './call-script.ts';
import type { Answer } from './sip/exchange.ts';
import { newCallId, newTag } from './sip/identifiers.ts';
import type { IncomingCall } from './endpoint/incoming-call.ts';
import type { CallOutcome, CallTimes, OutgoingCall } from './endpoint/outgoing-call.ts';
import { SdpError } from './sip/sdp.ts';
import type { Session } from './endpoint/session.ts';
import { type ReinviteStep, type Side, type Step, offerChange } from './steps.ts';
import { toneOf } from './audio/tone.ts';
import { withTimeout } from './with-timeout.ts';

/** A failure after which the rest of a script makes no sense. */
export class CallFault extends Error {
  readonly failure: Failure;

  constructor(what: string, detail: string) {
    super(`${what}: ${detail}`);
    this.failure = { what, detail };
  }
}

/** How long packets under way may take to arrive before a call is hung up or judged again, milliseconds. */
const DRAIN = 100;

/** How long the other side may take to hear of an ACK, BYE or CANCEL, milliseconds. */
const SPREAD = 2000;

/** Both ends of one call of ours while its script runs. */
export class CallInProgress {
  readonly failures: Failure[] = [];
  readonly #script: CallScript;
  readonly #call: OutgoingCall;
  readonly #audio: Audio;
  readonly #arrival: Promise<IncomingCall> | undefined;
  readonly #dismiss: () => void;
  readonly #sessions: Partial<Record<Side, Session>> = {};
  #incoming: IncomingCall | undefined;
  #outcome: CallOutcome | undefined;
  #acked: Promise<boolean> | undefined;
  #acknowledged: boolean | undefined;
  #hangUp: { readonly by: Side; readonly status: number } | undefined;
  #snapshots: { readonly caller: AudioSnapshot; readonly callee: AudioSnapshot | undefined } | undefined;

  private constructor(script: CallScript, call: OutgoingCall, audio: Audio, expectation: Expectation) {
    this.#script = script;
    this.#call = call;
    this.#audio = audio;
    this.#arrival = expectation?.arrival;
    this.#dismiss = expectation?.dismiss ?? (() => undefined);
    void this.#arrival?.then((incoming) => {
      this.#incoming = incoming;
      incoming.ring();
    });
    void call.outcome.then((outcome) => {
      this.#outcome = outcome;
      if (outcome.answered) this.#sessions.caller = outcome.session;
    });
  }

  /** Opens the media and sends the INVITE. @throws Error when there is no media port left */
  static async place(script: CallScript): Promise<CallInProgress> {
    const { index, caller, callee, callerHears, dial, from, steps } = script;
    const own = toneOf(index, 'caller');
    const other = toneOf(index, 'callee');
    const audio = {
      caller: await caller.openAudio(own, callerHears === 'own' ? own : other),
      callee: await callee?.openAudio(other, own),
    };
    const mark = newTag();
    const callId = newCallId('cellstamp');
    const expectation = callee?.expect(mark, callId);
    const call = await caller.userAgent.invite({
      target: dial,
      from,
      callId,
      media: audio.caller,
      headers: [[CALL_MARK, mark]],
      sessionName: mark,
      holdAck: steps.some(({ step }) => step === 'ack'),
    });
    return new CallInProgress(script, call, audio, expectation);
  }

  get callId(): string {
    return this.#call.callId;
  }

  get calleeCallId(): string | undefined {
    return this.#incoming?.callId;
  }

  get times(): CallTimes {
    return this.#call.times;
  }

  get outcome(): CallOutcome | undefined {
    return this.#outcome;
  }

  /** The INVITE's final answer. To be asked for after {@link end}. */
  get answer(): Answer {
    return this.#outcome?.answer ?? { status: 408, reason: 'no final answer', response: undefined };
  }

  /** Whether the call ended without being answered. */
  get refused(): boolean {
    return this.#outcome?.answered === false;
  }

  get acknowledged(): boolean | undefined {
    return this.#acknowledged;
  }

  /** Who hung up, and the status that answered the BYE. */
  get hangUp(): { readonly by: Side; readonly status: number } | undefined {
    return this.#hangUp;
  }

  /** The caller's route set, nearest proxy first. */
  get route(): readonly string[] {
    return this.#sessions.caller?.dialog.routeSet ?? [];
  }

  /** Both sides' audio: of the end of the call once it is over. */
  get snapshots(): { readonly caller: AudioSnapshot; readonly callee: AudioSnapshot | undefined } {
    return this.#snapshots ?? { caller: this.#audio.caller.snapshot, callee: this.#audio.callee?.snapshot };
  }

  /** Does one step. @throws CallFault when the rest of the script makes no sense */
  async do(step: Step): Promise<void> {
    switch (step.step) {
      case 'ring':
        return this.#ring(step.seconds);
      case 'answer':
        return this.#answer();
      case 'reject':
        (await this.#arrived())?.reject(step.status);
        return this.#untilOutcome();
      case 'cancel':
        return this.#cancel();
      case 'ack':
        return this.#call.acknowledge();
      case 'talk':
        return this.#talk(step.seconds);
      case 'reinvite':
        return this.#reinvite(step.by, step.change);
      case 'refer':
        return this.#refer(step.by, step.to);
      case 'silence':
        this.#audio[step.of]?.mute(step.rtcp);
        return;
      case 'ended':
        return this.#untilEnded(step.seconds);
      case 'pause':
        return this.#script.onPause(step.name);
      case 'bye':
        return this.#bye(step.by);
    }
  }

  /** Hangs up or gives up what is left, and frees the media. */
  async end(): Promise<void> {
    if (this.#outcome === undefined) {
      this.#call.cancel();
      await this.#call.outcome;
    }
    this.#dismiss();
    this.#incoming?.reject(480); // does nothing to a call that has its answer
    const { caller, callee } = this.#sessions;
    if (caller?.over === false) await this.#bye('caller');
    // A callee alone is left when its answer never reached the caller, or a moment longer when it crossed our CANCEL.
    if (callee?.over === false && (await withTimeout(SPREAD / 1000, callee.ended)) === 'late')
      await this.#bye('callee');
    this.#snapshots = this.snapshots;
    this.#audio.caller.close();
    this.#audio.callee?.close();
  }

  async #ring(seconds: number): Promise<void> {
    const patience = this.#script.patienceSeconds;
    const shows = Promise.race([this.#call.ringing, this.#call.outcome.then(() => undefined)]);
    const rings = await this.#withTimeout(patience, shows);
    if (rings === 'late') throw new CallFault('it does not ring', `no 18x and no answer within ${patience} s`);
    if (this.#outcome === undefined) await this.#withTimeout(seconds, this.#call.outcome);
  }

  async #answer(): Promise<void> {
    const { callee } = this.#audio;
    if (callee !== undefined) {
      const incoming = await this.#arrived();
      if (incoming === undefined) return;
      const answered = await incoming.answer(callee).catch((error: unknown) => {
        if (error instanceof SdpError) throw new CallFault('the callee can not answer the offer', error.message);
        throw error;
      });
      if (answered === undefined) throw new CallFault('the callee received a CANCEL', 'before it answered');
      this.#sessions.callee = answered.session;
      this.#acked = answered.acked;
      if (this.#script.audio) callee.start();
    }
    await this.#untilOutcome();
    if (this.#script.audio && !this.refused) this.#audio.caller.start();
  }

  async #cancel(): Promise<void> {
    this.#call.cancel();
    await this.#untilOutcome();
    const incoming = this.#incoming;
    if (incoming === undefined || (await withTimeout(SPREAD / 1000, incoming.cancelled)) !== 'late') return;
    this.failures.push({ what: 'the callee is not told of the CANCEL', detail: `within ${SPREAD} ms` });
  }

  async #talk(seconds: number): Promise<void> {
    const { caller, callee } = this.#sessions;
    if (caller === undefined)
      throw new CallFault('there is no call to talk in', 'the script does not answer it before');
    const before = this.snapshots;
    const ends = [caller, ...(callee === undefined ? [] : [callee])].map((session) => session.ended);
    const ended = await this.#withTimeout(seconds, Promise.race(ends));
    if (this.#script.audio) this.#judgeTalk(before);
    if (ended !== 'late') throw new CallFault('the call ended while it should be up', `one side: ${ended.by}`);
  }

  #judgeTalk(before: CallInProgress['snapshots']): void {
    const after = this.snapshots;
    const { callerHears } = this.#script;
    const hears = callerHears === 'callee' || callerHears === 'own' ? 'tone' : callerHears;
    const failures = [judgeHearing('caller', before.caller, after.caller, after.callee, hears)];
    if (before.callee !== undefined && after.callee !== undefined) {
      failures.push(judgeHearing('callee', before.callee, after.callee, after.caller, 'tone'));
    }
    this.failures.push(...failures.filter((failure) => failure !== undefined));
  }

  /** Waits until both sides have got a BYE from somebody else. */
  async #untilEnded(seconds: number): Promise<void> {
    for (const side of ['caller', 'callee'] as const) {
      const session = this.#sessions[side];
      if (session === undefined) continue;
      if ((await this.#withTimeout(seconds, session.ended)) !== 'late') continue;
      this.failures.push({ what: `the ${side} is not told that the call is over`, detail: `within ${seconds} s` });
    }
  }

  async #reinvite(by: Side, change: ReinviteStep['change']): Promise<void> {
    const session = this.#sessions[by];
    if (session === undefined)
      throw new CallFault(`the ${by} has no call to change`, 'it is not answered, or not ours');
    const codec = this.#script[by]?.leastWantedCodec;
    const answer = await session.reinvite(offerChange(change, codec));
    if (answer.status !== 200) {
      const what = `re-INVITE (${change}) of the ${by} is refused`;
      this.failures.push({ what, detail: `${answer.status} ${answer.reason}` });
    }
    await sleep(DRAIN);
  }

  async #refer(by: Side, to: string): Promise<void> {
    const session = this.#sessions[by];
    if (session === undefined)
      throw new CallFault(`the ${by} has no call to transfer`, 'it is not answered, or not ours');
    const { status, reason } = await session.refer(to);
    if (status !== 202) {
      this.failures.push({ what: `REFER of the ${by} is refused`, detail: `${status} ${reason}` });
    } else if ((await withTimeout(SPREAD / 1000, session.notified)) === 'late') {
      this.failures.push({ what: `the ${by} is not told how its transfer goes`, detail: `within ${SPREAD} ms` });
    }
  }

  async #bye(by: Side): Promise<void> {
    const session = this.#sessions[by];
    if (session === undefined)
      throw new CallFault(`the ${by} has no call to hang up`, 'it is not answered, or not ours');
    this.#audio.caller.mute();
    this.#audio.callee?.mute();
    await sleep(DRAIN);
    this.#snapshots = this.snapshots;
    if (this.#acked !== undefined) {
      this.#acknowledged = (await withTimeout(SPREAD / 1000, this.#acked)) === true;
      if (!this.#acknowledged) this.failures.push({ what: 'the callee never got the ACK', detail: 'of its 200' });
    }
    const { status, reason } = await session.bye();
    this.#hangUp = { by, status };
    if (status !== 200) this.failures.push({ what: `BYE of the ${by} is refused`, detail: `${status} ${reason}` });
    const other = by === 'caller' ? 'callee' : 'caller';
    const heard = this.#sessions[other]?.ended;
    if (heard === undefined) return;
    if ((await withTimeout(SPREAD / 1000, heard)) === 'late') {
      this.failures.push({ what: `the ${other} is not told of the BYE`, detail: `within ${SPREAD} ms` });
      void this.#sessions[other]?.bye();
    }
  }

  /** The call at the callee; undefined when the caller is refused before it gets there. */
  async #arrived(): Promise<IncomingCall | undefined> {
    const { patienceSeconds: patience, callee } = this.#script;
    if (this.#arrival === undefined)
      throw new CallFault('the callee is not ours', 'only the caller can be made to act');
    const refused = this.#call.outcome.then(() => undefined);
    const arrival = await this.#withTimeout(patience, Promise.race([this.#arrival, refused]));
    if (arrival !== 'late') return arrival;
    throw new CallFault('the call does not reach the callee', `${callee?.name ?? ''}, within ${patience} s`);
  }

  /** Waits, but not once the script's signal says to stop. */
  #withTimeout<T>(seconds: number, promise: Promise<T>): Promise<T | 'late'> {
    return withTimeout(seconds, promise, this.#script.signal);
  }

  async #untilOutcome(): Promise<void> {
    const patience = this.#script.patienceSeconds;
    if ((await this.#withTimeout(patience, this.#call.outcome)) === 'late') {
      throw new CallFault('the caller gets no final answer', `within ${patience} s`);
    }
  }
}

type Audio = { readonly caller: AudioStream; readonly callee: AudioStream | undefined };
type Expectation = { readonly arrival: Promise<IncomingCall>; readonly dismiss: () => void } | undefined;
