import { randomBytes } from 'node:crypto';
import { digestResponse, parseFields, type Credentials } from '../sip/digest.ts';
import type { Essentials, SipRequest } from '../sip/message.ts';

/** What others log in to this agent with. */
export interface Account extends Credentials {
  readonly realm: string;
  /** With which status it challenges. */
  readonly status: 401 | 407;
  /** What it grants to a registration. */
  readonly grantedSeconds: number;
}

interface Refusal {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
}

/** Asks for a digest (RFC 7616), as a carrier does of a customer. */
export class Gate {
  readonly #account: Account;
  readonly #nonces = new Set<string>();
  /** The largest CSeq that was challenged, by Call-ID. */
  readonly #challenged = new Map<string, number>();

  constructor(account: Account) {
    this.#account = account;
  }

  get grantedSeconds(): number {
    return this.#account.grantedSeconds;
  }

  /** What is said to a request that does not pass; undefined if it does. A nonce is good once. */
  refusal(request: SipRequest, { callId, cseq }: Essentials): Refusal | undefined {
    const { status } = this.#account;
    const header = request.headers.get(status === 401 ? 'Authorization' : 'Proxy-Authorization');
    if (header !== undefined && this.#isRight(request, header)) {
      // RFC 3261, section 22.2: the second try of a request has a CSeq of its own.
      return cseq.sequence > (this.#challenged.get(callId) ?? -1) ? undefined : { status: 500, headers: [] };
    }
    const nonce = randomBytes(8).toString('hex');
    this.#nonces.add(nonce);
    this.#challenged.set(callId, Math.max(cseq.sequence, this.#challenged.get(callId) ?? 0));
    const challenge = `Digest realm="${this.#account.realm}", nonce="${nonce}", qop="auth", algorithm=MD5`;
    return { status, headers: [[status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate', challenge]] };
  }

  #isRight({ method }: SipRequest, header: string): boolean {
    const { realm, username, password } = this.#account;
    const {
      nonce = '',
      nc = '',
      cnonce = '',
      uri = '',
      response,
      ...said
    } = parseFields(header.replace(/^Digest\s+/i, ''));
    const challenge = { realm, nonce, algorithm: undefined, qopAuth: said['qop'] === 'auth' };
    const input = { username, password, challenge, method, uri, nonceCount: parseInt(nc, 16), clientNonce: cnonce };
    return said['username'] === username && digestResponse(input) === response && this.#nonces.delete(nonce);
  }
}
