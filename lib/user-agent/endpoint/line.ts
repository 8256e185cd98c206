import type { SipTimers } from '../sip/client-transaction.ts';
import type { Dialog } from '../sip/dialog.ts';
import type { Exchange, ExchangeHandlers } from '../sip/exchange.ts';
import type { SipRequest } from '../sip/message.ts';
import type { ServerTransaction } from '../sip/server-transaction.ts';

/** Who answers for a dialog: the session of a call. */
export interface DialogOwner {
  /** A request within the dialog. */
  receive(transaction: ServerTransaction): void;
  /** The ACK of a 2xx. */
  receiveAck(ack: SipRequest): void;
  /** The agent closes: nothing more is said. */
  drop(): void;
}

/** What a call needs of the agent it belongs to. */
export interface Line {
  readonly timers: SipTimers;
  /** The value of the agent's Contact. */
  readonly contact: string;
  /**
   * Sends a request that lacks only its Via and credentials.
   *
   * @param nextHop URI of where to send it
   * @param nextSequence the number of a second try
   */
  exchange(request: SipRequest, nextHop: string, nextSequence: () => number, handlers: ExchangeHandlers): Exchange;
  /** Sends the ACK of a 2xx: no transaction, no answer (RFC 3261 section 13.2.2.4). */
  sendAck(ack: SipRequest, nextHop: string): void;
  /** Requests within the dialog go to its owner from now on, until it is released. */
  hold(dialog: Dialog, owner: DialogOwner): void;
  release(dialog: Dialog): void;
}

/** Methods an agent answers, for Allow. */
export const ALLOW = 'INVITE, ACK, CANCEL, BYE, OPTIONS, REFER, NOTIFY';
