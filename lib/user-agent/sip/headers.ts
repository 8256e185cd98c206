import {
  type SipParameters,
  SipSyntaxError,
  excerpt,
  formatParameters,
  isToken,
  parseParameters,
  quote,
  splitOutsideQuotes,
  unquote,
} from './grammar.ts';
import { formatHostPort } from './uri.ts';

/** The value of From, To, Contact, Route and the like: an address with an optional name and parameters. */
export interface NameAddr {
  /** Without its quotes; undefined when there is none. */
  readonly display: string | undefined;
  /** As text: only where a request is sent by it does it have to be a sip URI. `*` in a Contact that unregisters. */
  readonly uri: string;
  readonly parameters: SipParameters;
}

/**
 * Without angle brackets, parameters belong to the header, not to the URI (RFC 3261 section 20).
 *
 * @throws SipSyntaxError
 */
export function parseNameAddr(text: string): NameAddr {
  const [address = '', ...rest] = splitOutsideQuotes(text, ';');
  const parameters = parseParameters(rest);
  const bracketed = /^("(?:[^"\\]|\\.)*"\s*|[^<"]*)<([^<>]*)>$/s.exec(address);
  if (bracketed === null) {
    if (!/^[^\s<>"]+$/.test(address)) throw new SipSyntaxError(`"${excerpt(text)}" is not an address`);
    return { display: undefined, uri: address, parameters };
  }
  const [, display = '', uri = ''] = bracketed;
  if (!/^\S+$/.test(uri)) throw new SipSyntaxError(`"${excerpt(text)}" has no URI`);
  return { display: display.trim() === '' ? undefined : unquote(display.trim()), uri, parameters };
}

export function formatNameAddr(address: NameAddr): string {
  const display = address.display === undefined ? '' : `${quote(address.display)} `;
  return `${display}<${address.uri}>${formatParameters(address.parameters)}`;
}

/** The tag of a From or To value, or undefined. */
export function tagOf(value: string): string | undefined {
  return parseNameAddr(value).parameters.get('tag') ?? undefined;
}

/** One hop a request took. */
export interface Via {
  /** `UDP`, `TCP`, `TLS`, in capitals. */
  readonly protocol: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly parameters: SipParameters;
}

const VIA = /^SIP\s*\/\s*2\.0\s*\/\s*([A-Za-z0-9-]+)\s+(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?:\s*:\s*([0-9]{1,5}))?$/i;

/** @throws SipSyntaxError */
export function parseVia(text: string): Via {
  const [hop = '', ...rest] = splitOutsideQuotes(text, ';');
  const match = VIA.exec(hop);
  if (match === null) throw new SipSyntaxError(`"${excerpt(text)}" is not a Via`);
  const [, protocol = '', host = '', port] = match;
  return {
    protocol: protocol.toUpperCase(),
    host: host.replace(/^\[|\]$/g, ''),
    port: port === undefined ? undefined : Number(port),
    parameters: parseParameters(rest),
  };
}

export function formatVia(via: Via): string {
  return `SIP/2.0/${via.protocol} ${formatHostPort(via.host, via.port)}${formatParameters(via.parameters)}`;
}

export interface CSeq {
  /** 0 to 2^31 - 1 (RFC 3261 section 8.1.1.5). */
  readonly sequence: number;
  readonly method: string;
}

/** @throws SipSyntaxError */
export function parseCSeq(text: string): CSeq {
  const match = /^([0-9]{1,10})\s+(\S+)$/.exec(text);
  const sequence = Number(match?.[1]);
  const method = match?.[2];
  if (method === undefined || !isToken(method) || sequence >= 2 ** 31) {
    throw new SipSyntaxError(`"${excerpt(text)}" is not a CSeq`);
  }
  return { sequence, method };
}

/**
 * Seconds of a Retry-After, Expires or Min-Expires value, without the comment or parameters behind it.
 * Undefined when there is no such header or it does not begin with a number.
 */
export function parseDeltaSeconds(value: string | undefined): number | undefined {
  const digits = /^\s*([0-9]{1,10})(?![0-9])/.exec(value ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}
