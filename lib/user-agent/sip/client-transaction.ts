import { parseCSeq } from './headers.ts';
import { type SipRequest, type SipResponse, SipHeaders, formatMessage } from './message.ts';
import type { Flow } from './transport.ts';

/** RFC 3261 section 17.1.1.1, milliseconds. */
export interface SipTimers {
  /** Estimated round trip, the first retransmission. Default 500. */
  readonly t1: number;
  /** The longest time between two retransmissions. Default 4000. */
  readonly t2: number;
  /** The longest time a message stays in the network. Default 5000. */
  readonly t4: number;
}

export const DEFAULT_SIP_TIMERS: SipTimers = { t1: 500, t2: 4000, t4: 5000 };

export interface ClientTransactionHandlers {
  onProvisional(response: SipResponse): void;
  /** The final response. Of an INVITE every 2xx comes, also repeated ones and those of other forks (RFC 6026). */
  onFinal(response: SipResponse): void;
  /** Nothing was heard within 64 T1, or the way to the server broke. */
  onFailure(failure: 'timeout' | 'transport', detail: string): void;
  /** The transaction is over and can be forgotten. */
  onTerminated(): void;
}

/** One request to its next hop, sent again as RFC 3261 section 17.1 says until it is answered. */
export class ClientTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly #timers: SipTimers;
  readonly #handlers: ClientTransactionHandlers;
  readonly #bytes: Buffer;
  readonly #stopListening: () => void;
  #state: 'waiting' | 'proceeding' | 'accepted' | 'completed' | 'terminated' = 'waiting';
  #retransmission: NodeJS.Timeout | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #ack: Buffer | undefined;

  /** Sends the request at once. It carries its Via already. */
  constructor(request: SipRequest, flow: Flow, timers: SipTimers, handlers: ClientTransactionHandlers) {
    this.request = request;
    this.flow = flow;
    this.#timers = timers;
    this.#handlers = handlers;
    this.#bytes = formatMessage(request);
    this.#stopListening = flow.onClosed((why) => this.#fail('transport', why));
    this.#send(this.#bytes);
    if (flow.protocol === 'udp') this.#retransmitAfter(timers.t1);
    this.#deadline = setTimeout(
      () => this.#fail('timeout', `no answer in ${(64 * timers.t1) / 1000} s`),
      64 * timers.t1,
    );
  }

  receive(response: SipResponse): void {
    if (this.#state === 'terminated') return;
    if (this.request.method === 'INVITE') this.#receiveInvite(response);
    else this.#receiveOther(response);
  }

  /** Forgets the transaction without a word. */
  terminate(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    clearTimeout(this.#retransmission);
    clearTimeout(this.#deadline);
    this.#stopListening();
    this.#handlers.onTerminated();
  }

  #receiveInvite(response: SipResponse): void {
    const { status } = response;
    if (this.#state === 'completed') {
      if (status >= 300 && this.#ack !== undefined) this.#send(this.#ack);
    } else if (this.#state === 'accepted') {
      if (status >= 200 && status < 300) this.#handlers.onFinal(response);
    } else if (status < 200) {
      // Timers A and B end with the first provisional response: from here the callee may take its time.
      this.#proceed();
      clearTimeout(this.#deadline);
      this.#handlers.onProvisional(response);
    } else {
      this.#settle(status < 300 ? 'accepted' : 'completed');
      if (status >= 300) {
        this.#ack = formatMessage(ackOfFailure(this.request, response));
        this.#send(this.#ack);
        // Timer D: at least 32 s over UDP.
        this.#terminateAfter(this.flow.protocol === 'udp' ? 64 * this.#timers.t1 : 0);
      } else this.#terminateAfter(64 * this.#timers.t1); // timer M of RFC 6026
      this.#handlers.onFinal(response);
    }
  }

  #receiveOther(response: SipResponse): void {
    if (this.#state === 'completed') return;
    if (response.status < 200) {
      this.#proceed();
      if (this.flow.protocol === 'udp') this.#retransmitAfter(this.#timers.t2);
      this.#handlers.onProvisional(response);
    } else {
      this.#settle('completed');
      this.#terminateAfter(this.flow.protocol === 'udp' ? this.#timers.t4 : 0); // timer K
      this.#handlers.onFinal(response);
    }
  }

  #proceed(): void {
    this.#state = 'proceeding';
    clearTimeout(this.#retransmission);
  }

  #settle(state: 'accepted' | 'completed'): void {
    this.#state = state;
    clearTimeout(this.#retransmission);
    clearTimeout(this.#deadline);
  }

  /** Timers A (doubles without bound) and E (doubles up to T2). */
  #retransmitAfter(delay: number): void {
    clearTimeout(this.#retransmission);
    this.#retransmission = setTimeout(() => {
      this.#send(this.#bytes);
      this.#retransmitAfter(this.request.method === 'INVITE' ? delay * 2 : Math.min(delay * 2, this.#timers.t2));
    }, delay);
  }

  #terminateAfter(delay: number): void {
    this.#deadline = setTimeout(() => this.terminate(), delay);
  }

  #send(bytes: Buffer): void {
    this.flow.send(bytes, (error) => this.#fail('transport', error.message));
  }

  #fail(failure: 'timeout' | 'transport', detail: string): void {
    // Once a final response is there, a connection that closes changes nothing.
    if (this.#state !== 'waiting' && this.#state !== 'proceeding') return;
    this.terminate();
    if (failure === 'timeout') this.flow.abandon(); // a connection that swallows requests serves no other either
    this.#handlers.onFailure(failure, detail);
  }
}

/** The ACK of a 300 to 699: hop by hop, the INVITE's own branch (RFC 3261 section 17.1.1.3). */
function ackOfFailure(invite: SipRequest, response: SipResponse): SipRequest {
  const headers = sameTransaction(invite, 'ACK');
  headers.set('To', response.headers.get('To') ?? invite.headers.require('To'));
  return { kind: 'request', method: 'ACK', uri: invite.uri, headers, body: '' };
}

/** The CANCEL of an INVITE (RFC 3261 section 9.1). */
export function cancelOf(invite: SipRequest): SipRequest {
  return { kind: 'request', method: 'CANCEL', uri: invite.uri, headers: sameTransaction(invite, 'CANCEL'), body: '' };
}

function sameTransaction(invite: SipRequest, method: 'ACK' | 'CANCEL'): SipHeaders {
  const headers = new SipHeaders([['Via', invite.headers.require('Via')]]);
  for (const name of ['Route', 'Max-Forwards', 'From', 'To', 'Call-ID']) {
    for (const value of invite.headers.all(name)) headers.add(name, value);
  }
  return headers.add('CSeq', `${parseCSeq(invite.headers.require('CSeq')).sequence} ${method}`);
}
