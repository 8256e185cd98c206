import type { SipTimers } from '../sip/client-transaction.ts';
import type { Dialog } from '../sip/dialog.ts';
import type { Exchange, ExchangeHandlers } from '../sip/exchange.ts';
import type { SipRequest } from '../sip/message.ts';
import type { Session } from './session.ts';

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
  /** Requests within the dialog go to the session from now on, until it is released. */
  hold(dialog: Dialog, session: Session): void;
  release(dialog: Dialog): void;
}

/** Methods an agent answers, for Allow. */
export const ALLOW = 'INVITE, ACK, CANCEL, BYE, OPTIONS, REFER, NOTIFY';
