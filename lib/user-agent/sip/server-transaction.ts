import type { SipTimers } from './client-transaction.ts';
import { type SipRequest, type SipResponse, formatMessage } from './message.ts';
import type { Flow } from './transport.ts';

/** One request that came in, answered again when it comes again (RFC 3261 section 17.2, RFC 6026). */
export class ServerTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly #timers: SipTimers;
  readonly #onTerminated: () => void;
  #state: 'proceeding' | 'accepted' | 'completed' | 'confirmed' | 'terminated' = 'proceeding';
  #last: Buffer | undefined;
  #retransmission: NodeJS.Timeout | undefined;
  #end: NodeJS.Timeout | undefined;

  constructor(request: SipRequest, flow: Flow, timers: SipTimers, onTerminated: () => void) {
    this.request = request;
    this.flow = flow;
    this.#timers = timers;
    this.#onTerminated = onTerminated;
  }

  /** Whether a final response was given. */
  get answered(): boolean {
    return this.#state !== 'proceeding';
  }

  /**
   * Sends a response. A 2xx of an INVITE may be sent again: until its ACK comes, repeating it is the user agent's task,
   * not the transaction's. Anything else after a final response is ignored.
   */
  respond(response: SipResponse): void {
    const invite = this.request.method === 'INVITE';
    const success = response.status >= 200 && response.status < 300;
    if (this.#state === 'accepted' && invite && success) {
      this.#send(formatMessage(response));
      return;
    }
    if (this.#state !== 'proceeding') return;
    this.#last = formatMessage(response);
    this.#send(this.#last);
    if (response.status < 200) return;
    if (!invite) {
      this.#state = 'completed';
      this.#terminateAfter(this.flow.protocol === 'udp' ? 64 * this.#timers.t1 : 0); // timer J
    } else if (success) {
      this.#state = 'accepted';
      this.#terminateAfter(64 * this.#timers.t1); // timer L of RFC 6026
    } else {
      this.#state = 'completed';
      if (this.flow.protocol === 'udp') this.#retransmitAfter(this.#timers.t1); // timer G
      this.#terminateAfter(64 * this.#timers.t1); // timer H: the ACK never came
    }
  }

  /** The request came again: the last response answers it; after a 2xx nothing does, its sender repeats that itself. */
  receiveRetransmission(): void {
    if (this.#last !== undefined && this.#state !== 'accepted' && this.#state !== 'confirmed') this.#send(this.#last);
  }

  /** The ACK of a failure response, which has the INVITE's branch. */
  receiveAck(): void {
    if (this.#state !== 'completed' || this.request.method !== 'INVITE') return;
    this.#state = 'confirmed';
    clearTimeout(this.#retransmission);
    clearTimeout(this.#end);
    this.#terminateAfter(this.flow.protocol === 'udp' ? this.#timers.t4 : 0); // timer I
  }

  terminate(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    clearTimeout(this.#retransmission);
    clearTimeout(this.#end);
    this.#onTerminated();
  }

  #retransmitAfter(delay: number): void {
    this.#retransmission = setTimeout(() => {
      if (this.#last !== undefined) this.#send(this.#last);
      this.#retransmitAfter(Math.min(delay * 2, this.#timers.t2));
    }, delay);
  }

  #terminateAfter(delay: number): void {
    this.#end = setTimeout(() => this.terminate(), delay);
  }

  #send(bytes: Buffer): void {
    // A response that can't be sent is lost like one dropped on the way: the client's timers deal with it.
    this.flow.send(bytes, () => undefined);
  }
}
