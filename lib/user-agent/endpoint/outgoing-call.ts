import type { AudioStream } from '../audio/stream.ts';
import { Dialog, routeRequest } from '../sip/dialog.ts';
import { type Answer, type Exchange } from '../sip/exchange.ts';
import { newCallId, newTag } from '../sip/identifiers.ts';
import { ALLOW, type Line } from './line.ts';
import { SdpError } from '../sip/sdp.ts';
import { Session } from './session.ts';
import { SipSyntaxError } from '../sip/grammar.ts';
import { tagOf } from '../sip/headers.ts';
import { SipHeaders, type SipRequest, type SipResponse } from '../sip/message.ts';

export interface InviteOptions {
  /** URI that is called. */
  readonly target: string;
  /** URI of the caller, for From. */
  readonly from: string;
  readonly media: AudioStream;
  /** Default: a new one. */
  readonly callId?: string | undefined;
  /** URI to which the INVITE is sent, when not to the target's own host. */
  readonly nextHop?: string | undefined;
  /** Values of Route headers that the INVITE carries; the first one is the next hop (RFC 3261 section 8.1.2). */
  readonly routes?: readonly string[] | undefined;
  readonly headers?: readonly (readonly [name: string, value: string])[] | undefined;
  /** Name of the session in its description, which SBCs leave alone. Default: as the media describe it. */
  readonly sessionName?: string | undefined;
  /** Leaves the 2xx without its ACK until {@link OutgoingCall.acknowledge}. */
  readonly holdAck?: boolean | undefined;
}

/** What became of an INVITE. */
export type CallOutcome =
  | { readonly answered: true; readonly answer: Answer; readonly session: Session }
  | { readonly answered: false; readonly answer: Answer };

/** When what happened, milliseconds of `performance.now()`. */
export interface CallTimes {
  readonly invited: number;
  /** First 18x. */
  ringing?: number;
  /** First 2xx. */
  answered?: number;
}

/** A call this agent places: from INVITE to its final answer. */
export class OutgoingCall {
  readonly callId: string;
  readonly times: CallTimes;
  /** Settles with the first 18x; never, if none comes. */
  readonly ringing: Promise<void>;
  readonly outcome: Promise<CallOutcome>;
  readonly #line: Line;
  readonly #media: AudioStream;
  readonly #exchange: Exchange;
  readonly #early = new Set<string>();
  #ring: () => void = () => undefined;
  #settle: (outcome: CallOutcome) => void = () => undefined;
  #session: Session | undefined;
  #invite: SipRequest | undefined;
  #ackHeld: boolean;
  #cancelled = false;

  private constructor(line: Line, options: InviteOptions, offer: string) {
    this.#line = line;
    this.#media = options.media;
    this.#ackHeld = options.holdAck ?? false;
    this.ringing = new Promise((resolve) => (this.#ring = resolve));
    this.outcome = new Promise((resolve) => (this.#settle = resolve));
    this.times = { invited: performance.now() };
    this.callId = options.callId ?? newCallId('cellstamp');
    let sequence = 1;
    const { request, nextHop } = makeInvite(line, options, this.callId, offer);
    this.#exchange = line.exchange(request, nextHop, () => ++sequence, {
      onProvisional: (response) => this.#receiveProvisional(response),
      onSuccess: (response, invite) => this.#receiveSuccess(response, invite),
      onFailure: (answer) => this.#settle({ answered: false, answer }),
    });
  }

  /** Sends the INVITE. */
  static async place(line: Line, options: InviteOptions): Promise<OutgoingCall> {
    const { media, sessionName } = options;
    const offer = await media.offer();
    return new OutgoingCall(
      line,
      options,
      sessionName === undefined ? offer : offer.replace(/^s=.*$/m, `s=${sessionName}`),
    );
  }

  /** To-tags of those that showed life before the answer: more than one when a proxy forked the call. */
  get earlyTags(): string[] {
    return [...this.#early];
  }

  /** Gives up before the answer. If the answer was under way already, the call is hung up at once. */
  cancel(): void {
    this.#cancelled = true;
    this.#exchange.cancel();
  }

  /** Sends the ACK that was held, and from now on each that a repeated 2xx asks for. */
  acknowledge(): void {
    this.#ackHeld = false;
    if (this.#session !== undefined && this.#invite !== undefined) this.#session.acknowledge(this.#invite);
  }

  #receiveProvisional(response: SipResponse): void {
    if (response.status === 100) return;
    const tag = tagOf(response.headers.require('To'));
    if (tag !== undefined) this.#early.add(tag);
    if (response.status >= 180 && this.times.ringing === undefined) {
      this.times.ringing = performance.now();
      this.#ring();
    }
    // Early media: the answer may come before the call is answered; a bad one is judged with the 2xx.
    if (response.body !== '') this.#acceptAnswer(response.body);
  }

  #receiveSuccess(response: SipResponse, invite: SipRequest): void {
    if (this.#session !== undefined && tagOf(response.headers.require('To')) === this.#session.dialog.remoteTag) {
      if (!this.#ackHeld) this.#session.acknowledge(invite);
      return;
    }
    const { status, reason } = response;
    let dialog: Dialog;
    try {
      dialog = Dialog.ofCaller(invite, response);
    } catch (error) {
      if (!(error instanceof SipSyntaxError)) throw error;
      const fault = `unusable ${status} ${reason}: ${error.message}`;
      this.#settle({ answered: false, answer: { status, reason: fault, response } });
      return;
    }
    const session = new Session(this.#line, dialog, this.#media, true);
    if (this.#session !== undefined) {
      // Another fork answered too: it is acknowledged and hung up (RFC 3261 section 13.2.2.4).
      session.acknowledge(invite);
      void session.bye();
      return;
    }
    this.times.answered = performance.now();
    this.#session = session;
    this.#invite = invite;
    if (!this.#ackHeld || this.#cancelled) session.acknowledge(invite);
    const fault = response.body === '' ? undefined : this.#acceptAnswer(response.body);
    if (fault !== undefined || this.#cancelled) {
      void session.bye();
      this.#settle({ answered: false, answer: { status, reason: fault ?? 'answered before the CANCEL', response } });
      return;
    }
    this.#settle({ answered: true, answer: { status, reason, response }, session });
  }

  /** @returns what is wrong with the answer */
  #acceptAnswer(sdp: string): string | undefined {
    try {
      this.#media.accept(sdp);
      return undefined;
    } catch (error) {
      if (!(error instanceof SdpError)) throw error;
      return error.message;
    }
  }
}

function makeInvite(line: Line, options: InviteOptions, callId: string, offer: string) {
  const { requestUri, routes, nextHop } = routeRequest(options.target, options.routes ?? []);
  const headers = new SipHeaders(routes.map((route) => ['Route', route] as const))
    .add('Max-Forwards', '70')
    .add('From', `<${options.from}>;tag=${newTag()}`)
    .add('To', `<${options.target}>`)
    .add('Call-ID', callId)
    .add('CSeq', '1 INVITE')
    .add('Contact', line.contact)
    .add('Allow', ALLOW)
    .add('Content-Type', 'application/sdp');
  for (const [name, value] of options.headers ?? []) headers.add(name, value);
  const request: SipRequest = { kind: 'request', method: 'INVITE', uri: requestUri, headers, body: offer };
  return { request, nextHop: routes.length > 0 ? nextHop : (options.nextHop ?? nextHop) };
}
