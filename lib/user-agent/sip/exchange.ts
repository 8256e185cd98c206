import {
  type ClientTransaction,
  type ClientTransactionHandlers,
  type SipTimers,
  cancelOf,
} from './client-transaction.ts';
import type { DigestAuthentication } from './digest.ts';
import { SipSyntaxError } from './grammar.ts';
import { parseDeltaSeconds, parseNameAddr } from './headers.ts';
import { SipHeaders, type SipRequest, type SipResponse } from './message.ts';

/** How a request ended. */
export interface Answer {
  /** 200 to 699. 408 and 503 also stand for a time-out and a broken way to the server (RFC 3261 section 8.1.3.1). */
  readonly status: number;
  readonly reason: string;
  /** Undefined when no response came. */
  readonly response: SipResponse | undefined;
}

/** Seconds of the answer's Retry-After, if it has one. */
export function retryAfterOf(answer: Answer): number | undefined {
  return parseDeltaSeconds(answer.response?.headers.get('Retry-After'));
}

/** Where a 3xx answer points to: the URIs of its Contacts. Nothing here follows them. */
export function redirectsOf(answer: Answer): string[] {
  if (answer.status < 300 || answer.status > 399) return [];
  return (answer.response?.headers.all('Contact') ?? []).map((contact) => parseNameAddr(contact).uri);
}

export interface ExchangeHandlers {
  onProvisional?(response: SipResponse): void;
  /** A 2xx, with the request it answers: of an INVITE each one that comes. */
  onSuccess(response: SipResponse, request: SipRequest): void;
  onFailure(answer: Answer): void;
}

/** What an exchange needs of its agent. */
export interface RequestSender {
  readonly authentication: DigestAuthentication | undefined;
  readonly timers: SipTimers;
  /** Adds the Via, unless it is a CANCEL, and starts the transaction. @throws SipSyntaxError when the next hop's URI can't be used */
  startTransaction(
    request: SipRequest,
    nextHop: string,
    handlers: Omit<ClientTransactionHandlers, 'onTerminated'>,
  ): ClientTransaction;
  /** The URI of the server to try after that one; undefined when there is none, or it is not a server of ours. */
  serverAfter(failed: string): string | undefined;
}

/** First try, signed try, and one more for a stale nonce or a second realm. */
const MAXIMUM_ATTEMPTS = 3;

/** One request until its final answer: repeated as a digest challenge asks, and at the next server where one fails. */
export class Exchange {
  readonly #sender: RequestSender;
  readonly #nextSequence: () => number;
  readonly #handlers: ExchangeHandlers;
  #request: SipRequest;
  #nextHop: string;
  #transaction: ClientTransaction | undefined;
  #attempt = 0;
  #cancel: 'no' | 'wanted' | 'sent' = 'no';
  #mayCancel = false;
  #deadline: NodeJS.Timeout | undefined;

  /**
   * @param request without Via; its CSeq is right for the first try
   * @param nextSequence gives the number of each further try
   */
  constructor(
    sender: RequestSender,
    request: SipRequest,
    nextHop: string,
    nextSequence: () => number,
    handlers: ExchangeHandlers,
  ) {
    this.#sender = sender;
    this.#request = request;
    this.#nextHop = nextHop;
    this.#nextSequence = nextSequence;
    this.#handlers = handlers;
    sender.authentication?.sign(request);
    this.#try();
  }

  /** Withdraws an INVITE: at once if the server has shown life, else as soon as it does (RFC 3261 section 9.1). */
  cancel(): void {
    if (this.#cancel === 'sent') return;
    this.#cancel = 'wanted';
    const invite = this.#transaction;
    if (!this.#mayCancel || invite === undefined) return;
    this.#cancel = 'sent';
    // A CANCEL takes the very way of its INVITE. Its own answer says nothing: the INVITE gets a final one, or is given up.
    const ignore = () => undefined;
    this.#sender.startTransaction(cancelOf(invite.request), this.#nextHop, {
      onProvisional: ignore,
      onFinal: ignore,
      onFailure: ignore,
    });
    this.#deadline = setTimeout(() => {
      invite.terminate();
      this.#fail(408, 'no final answer after CANCEL');
    }, 64 * this.#sender.timers.t1);
  }

  #try(): void {
    this.#attempt++;
    this.#mayCancel = false;
    try {
      this.#transaction = this.#sender.startTransaction(this.#request, this.#nextHop, {
        onProvisional: (response) => {
          this.#mayCancel = true;
          if (this.#cancel === 'wanted') this.cancel();
          this.#handlers.onProvisional?.(response);
        },
        onFinal: (response) => this.#receiveFinal(response),
        onFailure: (failure, detail) => this.#fail(failure === 'timeout' ? 408 : 503, detail),
      });
    } catch (error) {
      if (!(error instanceof SipSyntaxError)) throw error;
      queueMicrotask(() => this.#fail(503, error.message)); // after the constructor, like every other answer
    }
  }

  #receiveFinal(response: SipResponse): void {
    const { status, reason } = response;
    clearTimeout(this.#deadline);
    if (status < 300) {
      this.#mayCancel = false;
      this.#handlers.onSuccess(response, this.#request);
    } else if ((status === 401 || status === 407) && this.#mayTryAgain(response)) this.#tryAgain();
    else if (status !== 503 || !this.#failOver()) this.#handlers.onFailure({ status, reason, response });
  }

  #mayTryAgain(response: SipResponse): boolean {
    const { authentication } = this.#sender;
    if (authentication === undefined || this.#attempt === MAXIMUM_ATTEMPTS || this.#cancel !== 'no') return false;
    return authentication.learn(response, this.#request, this.#attempt);
  }

  #tryAgain(): void {
    const headers = new SipHeaders(this.#request.headers);
    headers.remove('Via').set('CSeq', `${this.#nextSequence()} ${this.#request.method}`);
    this.#request = { ...this.#request, headers };
    this.#sender.authentication?.sign(this.#request);
    this.#try();
  }

  /** To the next server, if there is one: after silence, a broken way or 503 (RFC 3263 section 4.3). */
  #failOver(): boolean {
    const next = this.#cancel === 'no' ? this.#sender.serverAfter(this.#nextHop) : undefined;
    if (next === undefined) return false;
    this.#nextHop = next;
    this.#attempt = 0;
    this.#tryAgain();
    return true;
  }

  #fail(status: 408 | 503, reason: string): void {
    clearTimeout(this.#deadline);
    if (this.#failOver()) return;
    this.#handlers.onFailure({ status, reason, response: undefined });
  }
}
