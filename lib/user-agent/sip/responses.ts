import { tagOf } from './headers.ts';
import { type SipRequest, type SipResponse, SipHeaders } from './message.ts';

/** Phrases of RFC 3261 section 21 for what an agent answers or a scenario asks it to answer. */
const REASONS: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  183: 'Session Progress',
  200: 'OK',
  202: 'Accepted',
  302: 'Moved Temporarily',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  415: 'Unsupported Media Type',
  420: 'Bad Extension',
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  482: 'Loop Detected',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  491: 'Request Pending',
  500: 'Server Internal Error',
  503: 'Service Unavailable',
  600: 'Busy Everywhere',
  603: 'Decline',
};

export interface ResponseParts {
  /** Put into To when the request has none there. */
  readonly toTag?: string;
  /** Present when the response makes or keeps a dialog: then Record-Route is copied too (RFC 3261 section 12.1.1). */
  readonly contact?: string;
  readonly headers?: Iterable<readonly [name: string, value: string]>;
  /** An SDP body. */
  readonly sdp?: string;
}

/** A response as RFC 3261 section 8.2.6 builds it from its request. */
export function makeResponse(request: SipRequest, status: number, parts: ResponseParts = {}): SipResponse {
  const headers = new SipHeaders(request.headers.all('Via').map((via) => ['Via', via] as const));
  if (parts.contact !== undefined) {
    for (const route of request.headers.all('Record-Route')) headers.add('Record-Route', route);
  }
  const to = request.headers.require('To');
  headers
    .add('From', request.headers.require('From'))
    .add('To', parts.toTag !== undefined && tagOf(to) === undefined ? `${to};tag=${parts.toTag}` : to)
    .add('Call-ID', request.headers.require('Call-ID'))
    .add('CSeq', request.headers.require('CSeq'));
  if (parts.contact !== undefined) headers.add('Contact', parts.contact);
  for (const [name, value] of parts.headers ?? []) headers.add(name, value);
  if (parts.sdp !== undefined) headers.add('Content-Type', 'application/sdp');
  return { kind: 'response', status, reason: REASONS[status] ?? 'Unspecified', headers, body: parts.sdp ?? '' };
}
