import { createHash, randomBytes } from 'node:crypto';
import { SipSyntaxError, quote, splitOutsideQuotes, unquote } from './grammar.ts';
import type { SipRequest, SipResponse } from './message.ts';

/** Hash functions of RFC 8760 that are known here, by the name in a challenge. */
const ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ['md5', 'md5'],
  ['sha-256', 'sha256'],
]);

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** What a server asks for in a 401 or 407. */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  /** As the server spelled it; undefined stands for MD5. */
  readonly algorithm: string | undefined;
  /** Whether the server knows `qop=auth`; if not, the old form of RFC 2069 is used. */
  readonly qopAuth: boolean;
  /** The nonce was too old, the password right: worth another try. */
  readonly stale: boolean;
}

/** Reads one WWW-Authenticate or Proxy-Authenticate value. Undefined when it is not a digest this side can do. */
export function parseChallenge(value: string): DigestChallenge | undefined {
  const scheme = /^Digest\s+/i.exec(value);
  if (scheme === null) return undefined;
  const fields = parseFields(value.slice(scheme[0].length));
  const { realm, nonce, algorithm } = fields;
  if (realm === undefined || nonce === undefined || !ALGORITHMS.has((algorithm ?? 'MD5').toLowerCase())) {
    return undefined;
  }
  const qops = fields['qop']?.split(',').map((qop) => qop.trim().toLowerCase());
  if (qops !== undefined && !qops.includes('auth')) return undefined; // auth-int alone
  return {
    realm,
    nonce,
    opaque: fields['opaque'],
    algorithm,
    qopAuth: qops !== undefined,
    stale: fields['stale']?.toLowerCase() === 'true',
  };
}

/** Reads the `name=value` list of a challenge or of credentials, quotes undone. @throws SipSyntaxError */
export function parseFields(text: string): Readonly<Partial<Record<string, string>>> {
  const fields: Record<string, string> = {};
  for (const piece of splitOutsideQuotes(text, ',')) {
    const equals = piece.indexOf('=');
    if (equals < 1) throw new SipSyntaxError(`"${piece}" is not an authentication parameter`);
    fields[piece.slice(0, equals).trim().toLowerCase()] = unquote(piece.slice(equals + 1).trim());
  }
  return fields;
}

export interface DigestInput extends Credentials {
  readonly challenge: Pick<DigestChallenge, 'realm' | 'nonce' | 'algorithm' | 'qopAuth'>;
  readonly method: string;
  readonly uri: string;
  readonly nonceCount: number;
  readonly clientNonce: string;
}

/** The `response` of RFC 7616 section 3.4.1, in hex. */
export function digestResponse(input: DigestInput): string {
  const { realm, nonce, algorithm = 'MD5', qopAuth } = input.challenge;
  const hash = (text: string) =>
    createHash(ALGORITHMS.get(algorithm.toLowerCase()) ?? 'md5')
      .update(text)
      .digest('hex');
  const secret = hash(`${input.username}:${realm}:${input.password}`);
  const subject = hash(`${input.method}:${input.uri}`);
  return qopAuth
    ? hash(`${secret}:${nonce}:${formatNonceCount(input.nonceCount)}:${input.clientNonce}:auth:${subject}`)
    : hash(`${secret}:${nonce}:${subject}`);
}

function formatNonceCount(count: number): string {
  return count.toString(16).padStart(8, '0');
}

/** Answers a server's challenges, and knows the last one, so that the next request is signed from the start. */
export class DigestAuthentication {
  readonly #credentials: Credentials;
  /** By the header that answers it, and realm. */
  readonly #challenges = new Map<string, { header: string; challenge: DigestChallenge; used: number }>();

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /**
   * Notes the challenges of a 401 or 407 to the `attempt`th try of a request, counted from 1.
   *
   * @returns whether another try can help: there is a challenge this side can answer that is new, or whose nonce the
   *   server calls stale, or the first try was signed for an earlier nonce
   */
  learn(response: SipResponse, request: SipRequest, attempt: number): boolean {
    const proxy = response.status === 407;
    const header = proxy ? 'Proxy-Authorization' : 'Authorization';
    const answered = request.headers.all(header).map((value) => parseFields(value.replace(/^Digest\s+/i, ''))['realm']);
    // A server lists what it prefers first (RFC 8760 section 2.4): the first known one of a realm counts.
    const offered = new Map<string, DigestChallenge>();
    for (const value of response.headers.all(proxy ? 'Proxy-Authenticate' : 'WWW-Authenticate')) {
      const challenge = parseChallenge(value);
      if (challenge !== undefined && !offered.has(challenge.realm)) offered.set(challenge.realm, challenge);
    }
    let hope = false;
    for (const challenge of offered.values()) {
      if (attempt === 1 || challenge.stale || !answered.includes(challenge.realm)) hope = true;
      this.#challenges.set(`${header} ${challenge.realm}`, { header, challenge, used: 0 });
    }
    return hope;
  }

  /** Adds credentials for every realm known so far to a request, in place of those it has. */
  sign(request: SipRequest): void {
    request.headers.remove('Authorization').remove('Proxy-Authorization');
    for (const entry of this.#challenges.values()) {
      entry.used++;
      request.headers.add(entry.header, this.#authorization(request, entry.challenge, entry.used));
    }
  }

  #authorization(request: SipRequest, challenge: DigestChallenge, nonceCount: number): string {
    const clientNonce = randomBytes(8).toString('hex');
    const { method, uri } = request;
    const response = digestResponse({ ...this.#credentials, challenge, method, uri, nonceCount, clientNonce });
    const fields = [
      `username=${quote(this.#credentials.username)}`,
      `realm=${quote(challenge.realm)}`,
      `nonce=${quote(challenge.nonce)}`,
      `uri=${quote(uri)}`,
      `response="${response}"`,
    ];
    if (challenge.algorithm !== undefined) fields.push(`algorithm=${challenge.algorithm}`);
    if (challenge.opaque !== undefined) fields.push(`opaque=${quote(challenge.opaque)}`);
    if (challenge.qopAuth) fields.push('qop=auth', `nc=${formatNonceCount(nonceCount)}`, `cnonce="${clientNonce}"`);
    return `Digest ${fields.join(', ')}`;
  }
}
