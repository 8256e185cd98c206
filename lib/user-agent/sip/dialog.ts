import { SipSyntaxError, excerpt } from './grammar.ts';
import { parseCSeq, parseNameAddr, tagOf } from './headers.ts';
import { type SipRequest, type SipResponse, SipHeaders } from './message.ts';
import { type SipUri, formatUri, parseUri } from './uri.ts';

/** Finds a dialog by what every message in it carries. */
export function dialogKey(callId: string, localTag: string, remoteTag: string): string {
  return `${callId} ${localTag} ${remoteTag}`;
}

/** Where a request has to be sent: its Request-URI, its Route headers, and the URI of the next hop. */
export interface RequestRoute {
  readonly requestUri: string;
  readonly routes: readonly string[];
  readonly nextHop: string;
}

/**
 * RFC 3261 section 12.2.1.1. With a loose router (`;lr`) first, the request names its target and lists the whole route
 * set; with a strict router first, the request names that router and the target is the last route.
 *
 * @param routeSet values of Route headers, nearest hop first
 * @throws SipSyntaxError when the first route is not a sip URI
 */
export function routeRequest(target: string, routeSet: readonly string[]): RequestRoute {
  const [first, ...others] = routeSet;
  if (first === undefined) return { requestUri: target, routes: [], nextHop: target };
  const firstUri = parseNameAddr(first).uri;
  const router = parseUri(firstUri);
  if (router.parameters.has('lr')) return { requestUri: target, routes: routeSet, nextHop: firstUri };
  return { requestUri: formatUri(asRequestUri(router)), routes: [...others, `<${target}>`], nextHop: firstUri };
}

/** Without what a Request-URI must not have (section 19.1.1). */
function asRequestUri(uri: SipUri): SipUri {
  const parameters = new Map(uri.parameters);
  parameters.delete('method');
  return { ...uri, parameters, headers: undefined };
}

/** One side of a dialog (RFC 3261 section 12): who, in which order, along which route, to which target. */
export class Dialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** Values of Route headers, nearest hop first. They never change once the dialog is confirmed. */
  readonly routeSet: readonly string[];
  readonly #from: string;
  readonly #to: string;
  #remoteTarget: string;
  #localSequence: number;
  #remoteSequence: number | undefined;

  private constructor(
    made: { readonly callId: string; readonly from: string; readonly to: string; readonly routeSet: readonly string[] },
    remoteTarget: string,
    localSequence: number,
    remoteSequence: number | undefined,
  ) {
    this.callId = made.callId;
    this.routeSet = made.routeSet;
    this.#from = made.from;
    this.#to = made.to;
    this.localTag = tagOf(made.from) ?? '';
    this.remoteTag = tagOf(made.to) ?? '';
    this.#remoteTarget = remoteTarget;
    this.#localSequence = localSequence;
    this.#remoteSequence = remoteSequence;
  }

  /** The caller's side, from the response that makes it. @throws SipSyntaxError when it has no usable Contact */
  static ofCaller(invite: SipRequest, response: SipResponse): Dialog {
    return new Dialog(
      {
        callId: invite.headers.require('Call-ID'),
        from: invite.headers.require('From'),
        to: response.headers.require('To'),
        routeSet: response.headers.all('Record-Route').reverse(),
      },
      contactUri(response),
      parseCSeq(invite.headers.require('CSeq')).sequence,
      undefined,
    );
  }

  /** The callee's side. @throws SipSyntaxError when the INVITE has no usable Contact */
  static ofCallee(invite: SipRequest, localTag: string): Dialog {
    return new Dialog(
      {
        callId: invite.headers.require('Call-ID'),
        from: `${invite.headers.require('To')};tag=${localTag}`,
        to: invite.headers.require('From'),
        routeSet: invite.headers.all('Record-Route'),
      },
      contactUri(invite),
      0,
      parseCSeq(invite.headers.require('CSeq')).sequence,
    );
  }

  get key(): string {
    return dialogKey(this.callId, this.localTag, this.remoteTag);
  }

  /** The URI of the other side's Contact, as it was last told. */
  get remoteTarget(): string {
    return this.#remoteTarget;
  }

  /** The number the next request will have. Counts on with every call. */
  nextSequence(): number {
    return ++this.#localSequence;
  }

  /** The URI by which the next hop is found. */
  get nextHop(): string {
    return routeRequest(this.#remoteTarget, this.routeSet).nextHop;
  }

  /** A request within the dialog, without its Via. `sequence` is given for an ACK: that of its INVITE. */
  request(method: string, sequence = this.nextSequence()): SipRequest {
    const { requestUri, routes } = routeRequest(this.#remoteTarget, this.routeSet);
    const headers = new SipHeaders(routes.map((route) => ['Route', route] as const))
      .add('Max-Forwards', '70')
      .add('From', this.#from)
      .add('To', this.#to)
      .add('Call-ID', this.callId)
      .add('CSeq', `${sequence} ${method}`);
    return { kind: 'request', method, uri: requestUri, headers, body: '' };
  }

  /** Whether a request comes in order (section 12.2.2); notes its number. One out of order is answered with 500. */
  acceptSequence(sequence: number): boolean {
    if (this.#remoteSequence !== undefined && sequence <= this.#remoteSequence) return false;
    this.#remoteSequence = sequence;
    return true;
  }

  /** Takes the Contact of a re-INVITE or of its 2xx as the new target, if there is one (section 12.2). */
  refreshTarget(message: SipRequest | SipResponse): void {
    if (message.headers.get('Contact') !== undefined) this.#remoteTarget = contactUri(message);
  }
}

function contactUri(message: SipRequest | SipResponse): string {
  const contact = message.headers.get('Contact');
  if (contact === undefined) throw new SipSyntaxError('no Contact in a message that makes a dialog');
  const { uri } = parseNameAddr(contact);
  if (!/^sips?:/i.test(uri)) throw new SipSyntaxError(`Contact "${excerpt(uri)}" is not a sip URI`);
  return uri;
}
