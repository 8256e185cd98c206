import { SipSyntaxError, excerpt, isToken, splitOutsideQuotes } from './grammar.ts';
import { type CSeq, type Via, parseCSeq, parseNameAddr, parseVia } from './headers.ts';

export interface SipRequest {
  readonly kind: 'request';
  readonly method: string;
  readonly uri: string;
  readonly headers: SipHeaders;
  /** Text, sent as UTF-8; empty when there is none. */
  readonly body: string;
}

export interface SipResponse {
  readonly kind: 'response';
  /** 100 to 699. */
  readonly status: number;
  readonly reason: string;
  readonly headers: SipHeaders;
  readonly body: string;
}

export type SipMessage = SipRequest | SipResponse;

/** RFC 3261 section 7.3.3 and the registry of SIP header fields. */
const COMPACT_NAMES: Readonly<Record<string, string>> = {
  a: 'Accept-Contact',
  b: 'Referred-By',
  c: 'Content-Type',
  d: 'Request-Disposition',
  e: 'Content-Encoding',
  f: 'From',
  i: 'Call-ID',
  j: 'Reject-Contact',
  k: 'Supported',
  l: 'Content-Length',
  m: 'Contact',
  o: 'Event',
  r: 'Refer-To',
  s: 'Subject',
  t: 'To',
  u: 'Allow-Events',
  v: 'Via',
  x: 'Session-Expires',
  y: 'Identity',
};

/** Headers of which one line may hold several values. Credentials and dates have commas that do not separate. */
const LIST_HEADERS = new Set(
  ['Accept', 'Allow', 'Contact', 'Path', 'Proxy-Require', 'Record-Route', 'Require', 'Route', 'Service-Route']
    .concat(['Supported', 'Unsupported', 'Via'])
    .map((name) => name.toLowerCase()),
);

/** Header fields in their order; names are compared without regard to case, compact names are expanded. */
export class SipHeaders implements Iterable<readonly [name: string, value: string]> {
  readonly #fields: { readonly name: string; readonly key: string; readonly value: string }[] = [];

  constructor(fields: Iterable<readonly [name: string, value: string]> = []) {
    for (const [name, value] of fields) this.add(name, value);
  }

  /** The first value of this name. */
  get(name: string): string | undefined {
    const key = name.toLowerCase();
    return this.#fields.find((field) => field.key === key)?.value;
  }

  /** @throws SipSyntaxError when there is no such header */
  require(name: string): string {
    const value = this.get(name);
    if (value === undefined) throw new SipSyntaxError(`no ${name} header`);
    return value;
  }

  all(name: string): string[] {
    const key = name.toLowerCase();
    return this.#fields.filter((field) => field.key === key).map((field) => field.value);
  }

  add(name: string, value: string): this {
    this.#fields.push(field(name, value));
    return this;
  }

  /** Puts a value before all others: a Via pushed by the sender. */
  addFirst(name: string, value: string): this {
    this.#fields.unshift(field(name, value));
    return this;
  }

  /** Replaces the first value of this name where it stands, or adds it. */
  set(name: string, value: string): this {
    const key = name.toLowerCase();
    const at = this.#fields.findIndex((existing) => existing.key === key);
    if (at < 0) return this.add(name, value);
    this.#fields[at] = field(name, value);
    return this;
  }

  remove(name: string): this {
    const key = name.toLowerCase();
    const kept = this.#fields.filter((existing) => existing.key !== key);
    this.#fields.splice(0, this.#fields.length, ...kept);
    return this;
  }

  *[Symbol.iterator](): Iterator<readonly [string, string]> {
    for (const { name, value } of this.#fields) yield [name, value];
  }
}

function field(name: string, value: string) {
  const full = COMPACT_NAMES[name.toLowerCase()] ?? name;
  return { name: full, key: full.toLowerCase(), value };
}

/**
 * Reads one message: a datagram, or what a {@link StreamFramer} cut out of a stream. Accepts what RFC 3261 section 7
 * lets others send: folded lines, compact names, several values a line, empty lines in front, bare line feeds.
 * Content-Length is checked and not kept: writing a message computes it.
 *
 * @throws SipSyntaxError
 */
export function parseMessage(bytes: Buffer): SipMessage {
  const text = bytes.toString('utf8');
  const begin = /^[\r\n]*/.exec(text)?.[0].length ?? 0;
  const blank = /\r?\n\r?\n/.exec(text.slice(begin));
  if (blank === null) throw new SipSyntaxError('no empty line after the headers');
  const head = text.slice(begin, begin + blank.index);
  const bodyText = text.slice(begin + blank.index + blank[0].length);

  // A line that begins with white space continues the one before (section 7.3.1).
  const [startLine = '', ...lines] = head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/);
  const headers = new SipHeaders();
  let contentLength: number | undefined;
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trim();
    if (!isToken(name)) throw new SipSyntaxError(`"${excerpt(line)}" is not a header`);
    const { key, value } = field(name, line.slice(colon + 1).trim());
    if (key === 'content-length') contentLength = readContentLength(value, contentLength);
    else if (LIST_HEADERS.has(key)) for (const item of splitList(name, value)) headers.add(name, item);
    else headers.add(name, value);
  }
  const body = readBody(bodyText, contentLength);

  const response = /^SIP\/2\.0 ([1-6][0-9]{2})(?: (.*))?$/i.exec(startLine);
  if (response !== null) {
    return { kind: 'response', status: Number(response[1]), reason: response[2] ?? '', headers, body };
  }
  const request = /^(\S+) (\S+) SIP\/2\.0$/i.exec(startLine);
  const [, method, uri] = request ?? [];
  if (method === undefined || uri === undefined || !isToken(method)) {
    throw new SipSyntaxError(`"${excerpt(startLine)}" is neither a request line nor a status line`);
  }
  return { kind: 'request', method, uri, headers, body };
}

function splitList(name: string, value: string): string[] {
  const items = splitOutsideQuotes(value, ',');
  // Supported and Allow may be empty (section 20.37): then they say nothing.
  if (items.length === 1 && items[0] === '') return [];
  if (items.includes('')) throw new SipSyntaxError(`empty value in ${name}: "${excerpt(value)}"`);
  return items;
}

/** @throws SipSyntaxError when it is not a number or contradicts an earlier one: a known way to smuggle a request */
export function readContentLength(value: string, earlier: number | undefined): number {
  const length = /^[0-9]{1,9}$/.test(value) ? Number(value) : NaN;
  if (Number.isNaN(length) || (earlier !== undefined && earlier !== length)) {
    throw new SipSyntaxError(`Content-Length "${excerpt(value)}" is not a length or contradicts another one`);
  }
  return length;
}

function readBody(text: string, contentLength: number | undefined): string {
  if (contentLength === undefined) return text;
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length < contentLength) {
    throw new SipSyntaxError(`body has ${bytes.length} bytes, Content-Length says ${contentLength}`);
  }
  return bytes.length === contentLength ? text : bytes.toString('utf8', 0, contentLength);
}

/** The message as it goes over the wire, Content-Length included. */
export function formatMessage(message: SipMessage): Buffer {
  let head =
    message.kind === 'request'
      ? `${message.method} ${message.uri} SIP/2.0\r\n`
      : `SIP/2.0 ${message.status} ${message.reason}\r\n`;
  for (const [name, value] of message.headers) head += `${name}: ${value}\r\n`;
  return Buffer.from(`${head}Content-Length: ${Buffer.byteLength(message.body)}\r\n\r\n${message.body}`, 'utf8');
}

/** What every message must carry (RFC 3261 section 8.1.1), read and checked. */
export interface Essentials {
  /** The topmost Via. */
  readonly via: Via;
  readonly fromTag: string | undefined;
  readonly toTag: string | undefined;
  readonly callId: string;
  readonly cseq: CSeq;
}

/** @throws SipSyntaxError when one of them is missing, malformed, or CSeq names another method than the request */
export function readEssentials(message: SipMessage): Essentials {
  const cseq = parseCSeq(message.headers.require('CSeq'));
  if (message.kind === 'request' && cseq.method !== message.method) {
    throw new SipSyntaxError(`CSeq names ${excerpt(cseq.method)}, the request is ${excerpt(message.method)}`);
  }
  return {
    via: parseVia(message.headers.require('Via')),
    fromTag: parseNameAddr(message.headers.require('From')).parameters.get('tag') ?? undefined,
    toTag: parseNameAddr(message.headers.require('To')).parameters.get('tag') ?? undefined,
    callId: message.headers.require('Call-ID'),
    cseq,
  };
}
