import type { AudioStream } from '../audio/stream.ts';
import { Dialog } from '../sip/dialog.ts';
import { newTag } from '../sip/identifiers.ts';
import type { Line } from './line.ts';
import { makeResponse } from '../sip/responses.ts';
import { SdpError } from '../sip/sdp.ts';
import type { ServerTransaction } from '../sip/server-transaction.ts';
import { Session } from './session.ts';
import type { Essentials, SipRequest } from '../sip/message.ts';

/** A call that this agent is offered, until it answers it, refuses it, or the caller gives up. */
export class IncomingCall {
  readonly request: SipRequest;
  readonly callId: string;
  /** Settles when the caller gives up. */
  readonly cancelled: Promise<void>;
  readonly #line: Line;
  readonly #transaction: ServerTransaction;
  readonly #tag = newTag();
  readonly #identity: string;
  #giveUp: () => void = () => undefined;

  /** @throws SipSyntaxError when the INVITE lacks what a dialog needs */
  constructor(line: Line, transaction: ServerTransaction, { callId, fromTag, cseq }: Essentials) {
    this.#identity = `${callId} ${fromTag} ${cseq.sequence}`;
    this.#line = line;
    this.#transaction = transaction;
    this.request = transaction.request;
    this.callId = callId;
    this.cancelled = new Promise((resolve) => (this.#giveUp = resolve));
    Dialog.ofCallee(this.request, this.#tag);
  }

  /** Whether nothing final was said yet. */
  get pending(): boolean {
    return !this.#transaction.answered;
  }

  /** Whether the other came from the same INVITE by another way. */
  isSameRequest(other: IncomingCall): boolean {
    return this.#identity === other.#identity;
  }

  /** Says 180. */
  ring(): void {
    this.#respond(180);
  }

  /** Refuses with 300 to 699. */
  reject(status: number, headers: readonly (readonly [name: string, value: string])[] = []): void {
    this.#respond(status, headers);
  }

  /**
   * Answers with 200 and starts to send audio.
   *
   * @returns the session, and whether its ACK came, or undefined when the caller gave up before
   * @throws SdpError when there is no common audio: the call was refused with 488
   * @throws Error when no media port is free
   */
  async answer(media: AudioStream): Promise<{ session: Session; acked: Promise<boolean> } | undefined> {
    const weOffer = this.request.body === '';
    let sdp: string;
    try {
      sdp = weOffer ? await media.offer() : media.answer(this.request.body);
    } catch (error) {
      if (error instanceof SdpError) this.reject(488);
      throw error;
    }
    if (!this.pending) return undefined;
    const session = new Session(this.#line, Dialog.ofCallee(this.request, this.#tag), media, false);
    return { session, acked: session.accept(this.#transaction, this.#tag, sdp, weOffer) };
  }

  /** The caller's CANCEL came. */
  cancel(): void {
    if (!this.pending) return;
    this.#respond(487);
    this.#giveUp();
  }

  #respond(status: number, headers: readonly (readonly [name: string, value: string])[] = []): void {
    const contact = status < 300 ? { contact: this.#line.contact } : {};
    this.#transaction.respond(makeResponse(this.request, status, { toTag: this.#tag, headers, ...contact }));
  }
}
