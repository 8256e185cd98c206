import fc from 'fast-check';
import { SipHeaders, type SipRequest, type SipResponse } from '../../lib/user-agent/sip/message.ts';

/** A request from lines, as a test would type them. */
export function request(
  method: string,
  uri: string,
  headers: readonly (readonly [string, string])[],
  body = '',
): SipRequest {
  return { kind: 'request', method, uri, headers: new SipHeaders(headers), body };
}

export function response(status: number, headers: readonly (readonly [string, string])[], body = ''): SipResponse {
  return { kind: 'response', status, reason: 'Test', headers: new SipHeaders(headers), body };
}

export const bytes = (text: string) => Buffer.from(text.replace(/\r?\n/g, '\r\n'), 'utf8');

export const tokens = fc.stringMatching(/^[A-Za-z][A-Za-z0-9\-.!%*_+`'~]{0,12}$/);

const words = fc.stringMatching(/^[A-Za-z0-9äöü€漢 ;:@/=.-]{0,20}$/).map((text) => text.trim());

/** Names that stand for themselves: not compact, not read as a list, not Content-Length. */
const names = fc.stringMatching(/^X-[A-Za-z0-9-]{1,10}$/).filter((name) => name.length > 2);

const headers = fc.array(fc.tuple(names, words), { maxLength: 8 });
const bodies = fc.string({ unit: 'grapheme', maxLength: 100 });

/** Any message that can be written. */
export const messages = fc.oneof(
  fc
    .record({ method: tokens, uri: fc.stringMatching(/^sip:[a-z0-9]{1,8}@[a-z0-9.]{1,12}$/), headers, body: bodies })
    .map(({ method, uri, headers, body }) => request(method, uri, headers, body)),
  fc
    .record({ status: fc.integer({ min: 100, max: 699 }), headers, body: bodies })
    .map(({ status, headers, body }) => response(status, headers, body)),
);
