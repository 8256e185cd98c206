import { type Answer, retryAfterOf } from '../sip/exchange.ts';
import { newCallId, newTag } from '../sip/identifiers.ts';
import type { Line } from './line.ts';
import { parseDeltaSeconds, parseNameAddr } from '../sip/headers.ts';
import { SipHeaders, type SipRequest, type SipResponse } from '../sip/message.ts';

export interface RegistrationOptions {
  /** Address of record, a sip URI. */
  readonly aor: string;
  /** URI to which REGISTER is sent now. */
  readonly nextHop: () => string;
  /** Seconds that are asked for. */
  readonly expires: number;
  /** Told the answer of every REGISTER, also of those that refresh. */
  readonly onAnswer: (answer: Answer) => void;
}

/** Share of the granted time after which a registration is refreshed: time is left for a second try. */
const REFRESH_AT = 0.75;

/** Seconds until the next try when a refresh failed and the registrar did not say. */
const RETRY_AFTER = 5;

/** Seconds from the loss of the connection to the next try: a server that restarts is not hammered. */
const RENEW_AFTER = 1;

/** One agent's binding at its registrar (RFC 3261 section 10.2), refreshed until it is taken back. */
export class Registration {
  readonly #line: Line;
  readonly #options: RegistrationOptions;
  readonly #callId = newCallId('cellstamp');
  readonly #tag = newTag();
  #sequence = 0;
  #expires: number;
  #timer: NodeJS.Timeout | undefined;
  #kept = false;
  #stopped = false;

  constructor(line: Line, options: RegistrationOptions) {
    this.#line = line;
    this.#options = options;
    this.#expires = options.expires;
  }

  /**
   * Registers, or refreshes at once. After the first success it goes on by itself, and tries again when a refresh fails.
   */
  async register(): Promise<Answer> {
    clearTimeout(this.#timer);
    this.#stopped = false;
    let answer = await this.#send(this.#expires);
    const minimum = parseDeltaSeconds(answer.response?.headers.get('Min-Expires'));
    if (answer.status === 423 && minimum !== undefined && minimum > this.#expires) {
      this.#expires = minimum;
      answer = await this.#send(this.#expires);
    }
    this.#options.onAnswer(answer);
    if (answer.status === 200 && !this.#stopped) this.#kept = true;
    if (this.#kept) {
      const granted = answer.status === 200 ? this.#grantedBy(answer.response) * REFRESH_AT : undefined;
      this.#again(granted ?? retryAfterOf(answer) ?? RETRY_AFTER);
    }
    return answer;
  }

  /** Takes the binding back. */
  async unregister(): Promise<Answer> {
    this.stop();
    const answer = await this.#send(0);
    this.#options.onAnswer(answer);
    return answer;
  }

  /** Whether the registrar has accepted it, and it was not taken back. */
  get kept(): boolean {
    return this.#kept;
  }

  /** The connection to the registrar broke: registers again a second from now, unless it was unregistered. */
  renewSoon(): void {
    if (this.#kept) this.#again(RENEW_AFTER);
  }

  /** Stops refreshing; the binding runs out. */
  stop(): void {
    this.#kept = false;
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #again(seconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.register(), seconds * 1000);
  }

  #send(expires: number): Promise<Answer> {
    const { aor, nextHop } = this.#options;
    const headers = new SipHeaders([
      ['Max-Forwards', '70'],
      ['From', `<${aor}>;tag=${this.#tag}`],
      ['To', `<${aor}>`],
      ['Call-ID', this.#callId],
      ['CSeq', `${++this.#sequence} REGISTER`],
      ['Contact', this.#line.contact],
      ['Expires', String(expires)],
    ]);
    const uri = `sip:${aor.replace(/^sips?:(?:[^@]*@)?/i, '')}`;
    const request: SipRequest = { kind: 'request', method: 'REGISTER', uri, headers, body: '' };
    return new Promise((resolve) => {
      this.#line.exchange(request, nextHop(), () => ++this.#sequence, {
        onSuccess: (response) => resolve({ status: response.status, reason: response.reason, response }),
        onFailure: resolve,
      });
    });
  }

  /** Seconds: of our own Contact in the answer, which lists all bindings, else of Expires, else what was asked for. */
  #grantedBy(response: SipResponse | undefined): number {
    const own = parseNameAddr(this.#line.contact).uri;
    const ours = response?.headers
      .all('Contact')
      .map(parseNameAddr)
      .find(({ uri }) => uri === own);
    const value = ours?.parameters.get('expires') ?? response?.headers.get('Expires');
    return parseDeltaSeconds(value) ?? this.#expires;
  }
}
