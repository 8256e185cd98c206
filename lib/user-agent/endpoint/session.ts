import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AudioStream, OfferChange } from '../audio/stream.ts';
import type { Dialog } from '../sip/dialog.ts';
import type { Answer } from '../sip/exchange.ts';
import { ALLOW, type Line } from './line.ts';
import { makeResponse } from '../sip/responses.ts';
import { SdpError } from '../sip/sdp.ts';
import type { ServerTransaction } from '../sip/server-transaction.ts';
import { SipSyntaxError } from '../sip/grammar.ts';
import { parseCSeq } from '../sip/headers.ts';
import type { SipRequest, SipResponse } from '../sip/message.ts';

/** How an answered call ended for one side. */
export interface SessionEnd {
  /** Who hung up; `lost`: the other side no longer knows the dialog, or its ACK never came. */
  readonly by: 'local' | 'remote' | 'lost';
  /** The answer to our BYE, or to the request that showed the loss. */
  readonly answer: Answer | undefined;
}

/** Tries of a re-INVITE that meets the other side's (491) before it is reported. */
const GLARE_ATTEMPTS = 3;

/** One side of an answered call. */
export class Session {
  readonly dialog: Dialog;
  readonly media: AudioStream;
  /** Settles when the call is over for this side. */
  readonly ended: Promise<SessionEnd>;
  /** Settles when the other side has told how our transfer goes. */
  readonly notified: Promise<void>;
  readonly #line: Line;
  readonly #callIdIsOurs: boolean;
  #end: (end: SessionEnd) => void = () => undefined;
  #notify: () => void = () => undefined;
  #over = false;
  /** Our re-INVITE that has no final answer yet. */
  #inviting = false;
  /** Our 2xx that has no ACK yet. */
  #unacknowledged:
    { readonly sequence: number; readonly weOffered: boolean; readonly settle: (acked: boolean) => void } | undefined;

  /** @param callIdIsOurs whether this side placed the call: it decides how long to wait after a glare */
  constructor(line: Line, dialog: Dialog, media: AudioStream, callIdIsOurs: boolean) {
    this.#line = line;
    this.dialog = dialog;
    this.media = media;
    this.#callIdIsOurs = callIdIsOurs;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.notified = new Promise((resolve) => (this.#notify = resolve));
    line.hold(dialog, this);
  }

  /** Whether it ended, or its end was asked for. */
  get over(): boolean {
    return this.#over;
  }

  /**
   * Offers a change, or the same again to refresh. A glare is tried again; any other refusal leaves all as it was.
   *
   * @returns the final answer; 200 means that the change is in force
   * @throws Error when a change is pending already, or no media port is free
   */
  async reinvite(change: OfferChange = {}): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#reinviteOnce(change);
      if (answer.status !== 491 || attempt === GLARE_ATTEMPTS || this.#over) return answer;
      // RFC 3261 section 14.1: the owner of the Call-ID waits 2.1 to 4 s, the other side less, so that they miss.
      await sleep(this.#callIdIsOurs ? randomInt(2100, 4000) : randomInt(0, 2000));
    }
  }

  async #reinviteOnce(change: OfferChange): Promise<Answer> {
    if (this.#inviting) throw new Error('a re-INVITE is pending already');
    this.#inviting = true;
    try {
      const offer = await this.media.offer(change);
      const request = this.dialog.request('INVITE');
      request.headers.add('Contact', this.#line.contact).add('Allow', ALLOW).add('Content-Type', 'application/sdp');
      const answer = await this.#exchange({ ...request, body: offer });
      if (answer.status >= 300) this.media.withdraw();
      return answer;
    } finally {
      this.#inviting = false;
    }
  }

  /** Asks the other side to call somebody else (RFC 3515). @returns the answer: 202 if it agrees */
  refer(target: string): Promise<Answer> {
    const request = this.dialog.request('REFER');
    request.headers.add('Contact', this.#line.contact).add('Refer-To', `<${target}>`);
    return this.#exchange(request);
  }

  /** Agrees, and says all that it will ever say of it: that it calls (RFC 3515, section 2.4.5). */
  #agree(transaction: ServerTransaction): void {
    transaction.respond(makeResponse(transaction.request, 202, { contact: this.#line.contact }));
    const request = this.dialog.request('NOTIFY');
    request.headers
      .add('Contact', this.#line.contact)
      .add('Event', 'refer')
      .add('Subscription-State', 'terminated;reason=noresource')
      .add('Content-Type', 'message/sipfrag');
    void this.#exchange({ ...request, body: 'SIP/2.0 100 Trying\r\n' });
  }

  /** Hangs up. @returns the answer to the BYE */
  bye(): Promise<Answer> {
    return this.#hangUp('local');
  }

  async #hangUp(by: 'local' | 'lost'): Promise<Answer> {
    this.#over = true;
    const answer = await this.#exchange(this.dialog.request('BYE'));
    this.#finish({ by, answer });
    return answer;
  }

  /** The ACK of a 2xx to our INVITE, along the route set of the dialog, with the INVITE's credentials. */
  acknowledge(invite: SipRequest): void {
    const ack = this.dialog.request('ACK', parseCSeq(invite.headers.require('CSeq')).sequence);
    for (const name of ['Authorization', 'Proxy-Authorization']) {
      for (const value of invite.headers.all(name)) ack.headers.add(name, value);
    }
    this.#line.sendAck(ack, this.dialog.nextHop);
  }

  /** Answers an INVITE with 200 and repeats that until the ACK comes (RFC 3261 section 13.3.1.4). @returns whether it came */
  accept(transaction: ServerTransaction, toTag: string, sdp: string, weOffered: boolean): Promise<boolean> {
    const { t1, t2 } = this.#line.timers;
    const headers = [['Allow', ALLOW]] as const;
    const response = makeResponse(transaction.request, 200, { toTag, contact: this.#line.contact, headers, sdp });
    const sequence = parseCSeq(transaction.request.headers.require('CSeq')).sequence;
    transaction.respond(response);
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout;
      const settle = (acked: boolean) => {
        clearTimeout(timer);
        this.#unacknowledged = undefined;
        resolve(acked);
      };
      const repeatAfter = (delay: number, waited: number) => {
        timer = setTimeout(() => {
          if (waited + delay < 64 * t1) {
            transaction.respond(response);
            repeatAfter(Math.min(delay * 2, t2), waited + delay);
            return;
          }
          settle(false);
          if (!this.#over) void this.#hangUp('lost');
        }, delay);
      };
      this.#unacknowledged = { sequence, weOffered, settle };
      repeatAfter(t1, 0);
    });
  }

  /** A request within the dialog. */
  receive(transaction: ServerTransaction): void {
    const { request } = transaction;
    const refuse = (status: number, headers?: readonly (readonly [string, string])[]) =>
      transaction.respond(makeResponse(request, status, headers === undefined ? {} : { headers }));
    if (!this.dialog.acceptSequence(parseCSeq(request.headers.require('CSeq')).sequence)) refuse(500);
    else if (request.method === 'BYE') {
      transaction.respond(makeResponse(request, 200));
      this.#finish({ by: 'remote', answer: undefined });
    } else if (request.method === 'OPTIONS') refuse(200, [['Allow', ALLOW]]);
    else if (request.method === 'REFER') this.#agree(transaction);
    else if (request.method === 'NOTIFY') {
      transaction.respond(makeResponse(request, 200));
      this.#notify();
    } else if (request.method !== 'INVITE') refuse(405, [['Allow', ALLOW]]);
    else if (this.#inviting) refuse(491);
    else if (this.#unacknowledged !== undefined) refuse(500, [['Retry-After', '2']]);
    else void this.#receiveReinvite(transaction);
  }

  receiveAck(ack: SipRequest): void {
    const waiting = this.#unacknowledged;
    if (waiting === undefined || parseCSeq(ack.headers.require('CSeq')).sequence !== waiting.sequence) return;
    waiting.settle(true);
    if (waiting.weOffered && ack.body !== '') this.#acceptOrHangUp(ack.body);
  }

  /** Ends it at once and without a word: the agent is closed. */
  drop(): void {
    this.#finish({ by: 'lost', answer: undefined });
  }

  async #receiveReinvite(transaction: ServerTransaction): Promise<void> {
    const { request } = transaction;
    try {
      const weOffer = request.body === '';
      const sdp = weOffer ? await this.media.offer() : this.media.answer(request.body);
      this.dialog.refreshTarget(request);
      await this.accept(transaction, this.dialog.localTag, sdp, weOffer);
    } catch (error) {
      const refused = error instanceof SdpError || error instanceof SipSyntaxError;
      transaction.respond(makeResponse(request, refused ? 488 : 500)); // 500: no media port is free
    }
  }

  #exchange(request: SipRequest): Promise<Answer> {
    let resolve: (answer: Answer) => void = () => undefined;
    const answered = new Promise<Answer>((settle) => (resolve = settle));
    const invite = request.method === 'INVITE';
    this.#line.exchange(request, this.dialog.nextHop, () => this.dialog.nextSequence(), {
      onSuccess: (response, sent) => {
        const { status, reason } = response;
        if (invite) this.#confirm(response, sent);
        resolve({ status, reason, response });
      },
      onFailure: (answer) => {
        resolve(answer);
        // The other side does not know the dialog, or can't be reached (RFC 3261 section 12.2.1.2).
        if (invite && (answer.status === 481 || answer.status === 408)) this.#finish({ by: 'lost', answer });
      },
    });
    return answered;
  }

  #confirm(response: SipResponse, invite: SipRequest): void {
    try {
      this.dialog.refreshTarget(response);
    } catch (error) {
      if (!(error instanceof SipSyntaxError)) throw error; // an unusable Contact: the old target stays
    }
    this.acknowledge(invite);
    if (response.body !== '') this.#acceptOrHangUp(response.body);
  }

  #acceptOrHangUp(sdp: string): void {
    try {
      this.media.accept(sdp);
    } catch (error) {
      if (!(error instanceof SdpError)) throw error;
      void this.#hangUp('local');
    }
  }

  #finish(end: SessionEnd): void {
    this.#over = true;
    this.#unacknowledged?.settle(false);
    this.media.mute();
    this.#line.release(this.dialog);
    this.#end(end);
  }
}
