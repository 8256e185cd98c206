import { type SipParameters, SipSyntaxError, excerpt, formatParameters, parseParameters } from './grammar.ts';

/** A `sip:` or `sips:` URI (RFC 3261 section 19.1). User and password stay as written, with their escapes. */
export interface SipUri {
  readonly scheme: 'sip' | 'sips';
  /** What stands before the `@`, or undefined. */
  readonly user: string | undefined;
  /** Name or address; an IPv6 address stands without its brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly parameters: SipParameters;
  /** What follows a `?`, without it. */
  readonly headers: string | undefined;
}

const URI =
  /^(sips?):(?:([^@\s<>"]*)@)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?((?:;[^?\s<>"]*)?)(?:\?([^\s<>"]*))?$/i;

/** @throws SipSyntaxError for anything that is not a sip or sips URI */
export function parseUri(text: string): SipUri {
  const match = URI.exec(text);
  if (match === null) throw new SipSyntaxError(`"${excerpt(text)}" is not a sip URI`);
  const [, scheme, user, host, port, parameters, headers] = match;
  const portNumber = port === undefined ? undefined : Number(port);
  if (portNumber !== undefined && (portNumber < 1 || portNumber > 65535)) {
    throw new SipSyntaxError(`port ${port} of "${excerpt(text)}" is not within 1 to 65535`);
  }
  return {
    scheme: scheme?.toLowerCase() === 'sips' ? 'sips' : 'sip',
    user,
    host: (host ?? '').replace(/^\[|\]$/g, ''),
    port: portNumber,
    parameters: parseParameters((parameters ?? '').split(';')),
    headers,
  };
}

export function formatUri(uri: SipUri): string {
  const user = uri.user === undefined ? '' : `${uri.user}@`;
  const headers = uri.headers === undefined ? '' : `?${uri.headers}`;
  return `${uri.scheme}:${user}${formatHostPort(uri.host, uri.port)}${formatParameters(uri.parameters)}${headers}`;
}

/** `10.0.0.1:5060`, `[2001:db8::1]:5060`, or without the port when there is none. */
export function formatHostPort(host: string, port: number | undefined): string {
  const bracketed = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? bracketed : `${bracketed}:${port}`;
}
