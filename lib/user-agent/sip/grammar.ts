/** What was received is not SIP as RFC 3261 section 25 defines it. The only error that reading a message throws. */
export class SipSyntaxError extends Error {
  override readonly name = 'SipSyntaxError';
}

/** Parameters behind a URI, a Via or a name-addr, by lower-case name; `null` is a parameter without a value (`;lr`). */
export type SipParameters = ReadonlyMap<string, string | null>;

const TOKEN = /^[A-Za-z0-9\-.!%*_+`'~]+$/;

/** Whether the text is a `token` of RFC 3261 section 25.1: a method, a header name, a parameter name. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/**
 * Splits at every separator that stands outside a quoted string and outside angle brackets.
 * Pieces are trimmed; an empty piece is kept, so that the caller can refuse it.
 *
 * @throws SipSyntaxError when a quoted string or a bracket is not closed
 */
export function splitOutsideQuotes(text: string, separator: ',' | ';'): string[] {
  const pieces: string[] = [];
  let start = 0;
  let quoted = false;
  let bracketed = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (quoted) {
      if (character === '\\') at++;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === '<') bracketed = true;
    else if (character === '>') bracketed = false;
    else if (character === separator && !bracketed) {
      pieces.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  if (quoted || bracketed) {
    throw new SipSyntaxError(`${quoted ? 'quoted string' : 'angle bracket'} is not closed in "${excerpt(text)}"`);
  }
  pieces.push(text.slice(start).trim());
  return pieces;
}

/**
 * Reads `name=value` and `name` pieces. Of a parameter given twice the first counts.
 *
 * @throws SipSyntaxError when a name is not a token
 */
export function parseParameters(pieces: readonly string[]): SipParameters {
  const parameters = new Map<string, string | null>();
  for (const piece of pieces) {
    if (piece === '') continue; // "a;;b" and a trailing ";" are seen in the wild and harm nobody
    const equals = piece.indexOf('=');
    const name = (equals < 0 ? piece : piece.slice(0, equals)).trim().toLowerCase();
    if (!isToken(name)) throw new SipSyntaxError(`"${excerpt(piece)}" is not a parameter`);
    if (!parameters.has(name)) parameters.set(name, equals < 0 ? null : piece.slice(equals + 1).trim());
  }
  return parameters;
}

/** The text of parameters with their leading semicolons: `;lr;ftag=x`. */
export function formatParameters(parameters: SipParameters): string {
  let text = '';
  for (const [name, value] of parameters) text += value === null ? `;${name}` : `;${name}=${value}`;
  return text;
}

/** The text inside a quoted string with its escapes undone; text without quotes as it is. */
export function unquote(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"')
    ? text.slice(1, -1).replace(/\\(.)/gs, '$1')
    : text;
}

/** The text as a quoted string. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** Enough of a received text to recognise it in an error message: at most 60 characters. */
export function excerpt(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
