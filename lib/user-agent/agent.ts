import { AudioStream } from './audio/stream.ts';
import type { Answer } from './sip/exchange.ts';
import type { IncomingCall } from './endpoint/incoming-call.ts';
import type { MediaPorts } from './audio/media-ports.ts';
import type { Registration } from './endpoint/registration.ts';
import type { RtpClock } from './audio/rtp-clock.ts';
import { type CodecName, type PayloadFormat, SdpError } from './sip/sdp.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserAgent, type UserAgentOptions } from './endpoint/user-agent.ts';

/** Names the call an INVITE belongs to, should the Call-ID be another one on the callee's side. */
export const CALL_MARK = 'X-Cellstamp-Call';

/** What an agent does with a call nobody told it to expect: refuse it, or answer it until the caller hangs up. */
export type UnexpectedCall =
  { readonly do: 'reject'; readonly status: number } | { readonly do: 'answer'; readonly ringSeconds: number };

export interface AgentOptions extends Omit<UserAgentOptions, 'onCall'> {
  readonly name: string;
  readonly ports: MediaPorts;
  readonly clock: RtpClock;
  /** Most wanted first. */
  readonly codecs: readonly CodecName[];
  /** Described beside them, and never sent. Default: none. */
  readonly idleFormats?: readonly PayloadFormat[] | undefined;
  readonly unexpected: UnexpectedCall;
  /** The address that its session descriptions name. Default: the one that it sends from. */
  readonly behindNat?: string | undefined;
  /** Seconds a registration is asked for. */
  readonly expires: number;
  /** Told the answer of every REGISTER. */
  readonly onRegistration?: ((answer: Answer) => void) | undefined;
}

/** A call that is to reach an agent. */
interface Expectation {
  readonly mark: string;
  readonly callId: string;
  readonly arrive: (call: IncomingCall) => void;
}

/** Hz of an agent that answers a call nobody judges: above every tone that is judged. */
const UNJUDGED_TONE = 3200;

/** A user agent with its media, that can be prepared for certain calls. */
export class Agent {
  readonly name: string;
  readonly userAgent: UserAgent;
  readonly registration: Registration;
  readonly #options: AgentOptions;
  readonly #expected = new Set<Expectation>();

  private constructor(options: AgentOptions, userAgent: UserAgent) {
    this.name = options.name;
    this.userAgent = userAgent;
    this.#options = options;
    this.registration = userAgent.registration(options.expires, options.onRegistration);
  }

  /** @throws Error of the system when the address can't be bound */
  static async open(options: AgentOptions): Promise<Agent> {
    const onCall = (call: IncomingCall) => agent.#receive(call);
    const userAgent = await UserAgent.open({ ...options, onCall });
    const agent: Agent = new Agent(options, userAgent);
    return agent;
  }

  /** What a change of codec changes to. */
  get leastWantedCodec(): CodecName | undefined {
    return this.#options.codecs.at(-1);
  }

  openAudio(sendTone: number, expectTone: number): Promise<AudioStream> {
    const { ports, clock, codecs, idleFormats, behindNat: describedAddress } = this.#options;
    return AudioStream.open({ ports, clock, codecs, idleFormats, describedAddress, sendTone, expectTone });
  }

  /**
   * Waits for the call with this mark. One that lost its mark on the way is known by its Call-ID, and one that lost
   * both is taken for the call expected first.
   *
   * @returns the call, and how to stop waiting
   */
  expect(mark: string, callId: string): { arrival: Promise<IncomingCall>; dismiss: () => void } {
    let dismiss: () => void = () => undefined;
    const arrival = new Promise<IncomingCall>((arrive) => {
      const expectation = { mark, callId, arrive };
      this.#expected.add(expectation);
      dismiss = () => this.#expected.delete(expectation);
    });
    return { arrival, dismiss };
  }

  close(): Promise<void> {
    return this.userAgent.close();
  }

  #receive(call: IncomingCall): void {
    const expectation = this.#expectationOf(call);
    if (expectation !== undefined) {
      this.#expected.delete(expectation);
      expectation.arrive(call);
    } else if (this.#options.unexpected.do === 'reject') call.reject(this.#options.unexpected.status);
    else void this.#answer(call, this.#options.unexpected.ringSeconds);
  }

  #expectationOf(call: IncomingCall): Expectation | undefined {
    const expected = [...this.#expected];
    // An SBC may take headers away that it does not know.
    const mark = call.request.headers.get(CALL_MARK) ?? markIn(call.request.body);
    if (mark !== undefined) return expected.find((each) => each.mark === mark);
    return expected.find((each) => each.callId === call.callId) ?? expected[0];
  }

  async #answer(call: IncomingCall, ringSeconds: number): Promise<void> {
    call.ring();
    await sleep(ringSeconds * 1000);
    let audio: AudioStream | undefined;
    try {
      audio = await this.openAudio(UNJUDGED_TONE, UNJUDGED_TONE);
      const answered = await call.answer(audio);
      audio.start();
      await answered?.session.ended;
    } catch (error) {
      if (!(error instanceof SdpError)) call.reject(500); // no media port; what can't be answered got its 488
    } finally {
      audio?.close();
    }
  }
}

/** The mark in a session's name, if it has one. */
function markIn(description: string): string | undefined {
  return /^s=([0-9a-f]{16})\s*$/m.exec(description)?.[1];
}
