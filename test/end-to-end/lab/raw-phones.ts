/** Phones that send exactly what a test wants, from sockets outside the cell. */
import { digestResponse, parseChallenge } from '../../../lib/user-agent/sip/digest.ts';
import { spawnOutside } from '../../../lib/targets/local/index.ts';
import { domainOf, passwordOf, type Lab } from './lab.ts';
import { Sockets } from './sockets.ts';

export interface RawRequest {
  /** Address and port that it is sent from. */
  readonly from: string;
  readonly method: 'REGISTER' | 'INVITE' | 'OPTIONS';
  /** Address of record of who sends it. */
  readonly user: string;
  readonly uri: string;
  readonly callId: string;
  readonly cseq?: number;
  readonly headers?: readonly string[];
  /** Default: its own address. */
  readonly contact?: string;
}

interface Answer {
  readonly at: string;
  /** Address and port that it came from. */
  readonly from: string;
  readonly text: string;
  /** When it came, in milliseconds since 1970. */
  readonly when: number;
}

export interface Signature {
  readonly name: string;
  readonly password?: string;
  readonly method: string;
  readonly uri: string;
  readonly nonceCount?: number;
  /** False: as phones do that know RFC 2069 alone. */
  readonly qop?: boolean;
}

const body =
  'v=0\r\no=- 1 1 IN IP4 203.0.113.50\r\ns=-\r\nc=IN IP4 203.0.113.50\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n';

/** Text of a request. Two with the same parts are one request and its repetition. */
export function rawText(
  { from, method, user, uri, callId, cseq = 1, headers = [], contact }: RawRequest,
  over = 'UDP',
): string {
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/${over} ${from};branch=z9hG4bK${callId}.${cseq};rport`,
    ...headers,
    'Max-Forwards: 70',
    `From: <${user}>;tag=t${callId}`,
    `To: <${method === 'REGISTER' ? user : uri}>`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${method}`,
    `Contact: <sip:phone@${contact ?? from}>`,
    ...(method === 'INVITE'
      ? ['Content-Type: application/sdp', `Content-Length: ${body.length}`]
      : ['Content-Length: 0']),
    '',
    method === 'INVITE' ? body : '',
  ].join('\r\n');
}

/** The header that answers the challenge of a 401 or 407. */
export function signed(answer: string, signature: Signature): string {
  const [, side, value] = /^(WWW|Proxy)-Authenticate: (.*)\r$/m.exec(answer)!;
  const challenge = parseChallenge(value!)!;
  const { name, password = passwordOf(name), method, uri, nonceCount = 1, qop = true } = signature;
  const clientNonce = '0123456789abcdef';
  const input = { username: name, password, method, uri, nonceCount, clientNonce };
  const response = digestResponse({ ...input, challenge: { ...challenge, qopAuth: qop } });
  const count = nonceCount.toString(16).padStart(8, '0');
  return [
    `${side === 'WWW' ? 'Authorization' : 'Proxy-Authorization'}: Digest username="${name}", realm="${challenge.realm}"`,
    `nonce="${challenge.nonce}", uri="${uri}", response="${response}", algorithm=MD5`,
    ...(qop ? [`qop=auth, nc=${count}, cnonce="${clientNonce}"`] : []),
  ].join(', ');
}

/** What a socket says to an INVITE. */
interface Response {
  /** 0: nothing final; 200 brings a description. */
  readonly status: number;
  readonly headers?: readonly string[];
  /** Provisional statuses before it. */
  readonly first?: readonly number[];
  /** An INVITE without credentials is challenged for this realm. */
  readonly realm?: string;
}

/** Text of a response to a request, from a socket. */
function responseText(
  request: string,
  at: string,
  status: number,
  headers: readonly string[] = [],
  sdp = false,
): string {
  const lines = request.split('\r\n\r\n')[0]!.split('\r\n');
  const kept = lines.filter((line) => /^(Via|Record-Route|From|Call-ID|CSeq):/i.test(line));
  const to = lines.find((line) => /^To:/i.test(line))!;
  const description = sdp ? body.replaceAll('203.0.113.50', at.split(':')[0]!) : '';
  return [
    `SIP/2.0 ${status} Said`,
    ...kept,
    to.includes(';tag=') ? to : `${to};tag=of-${at.replaceAll(/[.:]/g, '-')}`,
    ...(headers.some((header) => header.startsWith('Contact:')) ? [] : [`Contact: <sip:${at}>`]),
    ...headers,
    ...(sdp ? ['Content-Type: application/sdp'] : []),
    `Content-Length: ${description.length}`,
    '',
    description,
  ].join('\r\n');
}

/** The value of a message's first header of this name. */
export const headerOf = (text: string, name: string) =>
  new RegExp(`^${name}: *(.*)$`, 'im').exec(text.split('\r\n\r\n')[0]!.replaceAll('\r', ''))?.[1];
export const statusOf = (answer: string) => Number(answer.split(' ')[1]);
export const isStale = (answer: string) => /^(?:WWW|Proxy)-Authenticate: .*stale=true/m.test(answer);
export const retryAfterOf = (answer: string) => Number(/^Retry-After: (\d+)\r$/m.exec(answer)?.[1] ?? Number.NaN);

export class RawPhones {
  readonly received: Answer[] = [];
  readonly #lab: Lab;
  #sockets!: Sockets;
  readonly #responses = new Map<string, Response>();
  #number = 0;

  private constructor(lab: Lab) {
    this.#lab = lab;
  }

  static async open(lab: Lab, sockets: readonly string[]): Promise<RawPhones> {
    const phones = new RawPhones(lab);
    phones.#sockets = await Sockets.open(
      (argv, options) => spawnOutside(lab.spec.name, argv, options),
      sockets,
      (heard) => phones.#receive({ ...heard, when: Date.now() }),
    );
    return phones;
  }

  /** From here on the socket says so to every INVITE, takes its CANCEL, and agrees to whatever else it is asked. */
  answer(at: string, response: Response): void {
    this.#responses.set(at, response);
  }

  /** INVITEs of a call that a socket got, repetitions left out; a carrier's Call-ID is masked. */
  invitesAt(at: string, since = 0): readonly string[] {
    const invites = this.received.slice(since).filter((one) => one.at === at && one.text.startsWith('INVITE '));
    return [...new Map(invites.map(({ text }) => [headerOf(text, 'Via'), text])).values()];
  }

  /** Sends any text. */
  sendText(from: string, text: string, over: 'udp' | 'tcp' = 'udp'): void {
    this.#sockets.send({ from, to: `${this.#lab.floating}:5060`, over, text, patience: 8000 });
  }

  #receive(message: Answer): void {
    this.received.push(message);
    const { at, from, text } = message;
    const response = this.#responses.get(at);
    if (response === undefined || text.startsWith('SIP/2.0 ') || text.startsWith('ACK ')) return;
    const say = (request: string, status: number, headers?: readonly string[], sdp?: boolean) =>
      this.#sockets.send({ from: at, to: from, over: 'udp', text: responseText(request, at, status, headers, sdp) });
    if (text.startsWith('CANCEL ')) {
      say(text, 200);
      say(
        this.received.find((other) => other.at === at && headerOf(other.text, 'Via') === headerOf(text, 'Via'))!.text,
        487,
      );
    } else if (text.startsWith('INVITE ')) {
      const { status, headers, first = [], realm } = response;
      if (realm !== undefined && headerOf(text, 'Proxy-Authorization') === undefined) {
        say(text, 407, [`Proxy-Authenticate: Digest realm="${realm}", nonce="${realm}", algorithm=MD5`]);
        return;
      }
      for (const provisional of first) say(text, provisional);
      // One of several workers takes each: what comes at once may be overtaken.
      if (status > 0) setTimeout(() => say(text, status, headers, status === 200), first.length * 100);
    } else {
      say(text, 200);
    }
  }

  close(): Promise<void> {
    return this.#sockets.close();
  }

  newCallId(): string {
    return `raw-${++this.#number}`;
  }

  send(request: RawRequest, over: 'udp' | 'tcp' = 'udp'): void {
    const to = `${this.#lab.floating}:5060`;
    this.#sockets.send({ from: request.from, to, over, text: rawText(request, over.toUpperCase()), patience: 8000 });
  }

  /** Final answers to a request and its repetitions, as they came. */
  answersTo({ callId, cseq = 1, method }: RawRequest): readonly Answer[] {
    const own = [`Call-ID: ${callId}\r\n`, `CSeq: ${cseq} ${method}\r\n`];
    return this.received.filter(({ text }) => /^SIP\/2.0 [2-6]/.test(text) && own.every((line) => text.includes(line)));
  }

  /** Sends it, and waits for a final answer that was not there before. */
  async ask(request: RawRequest, over: 'udp' | 'tcp' = 'udp', patience = 10): Promise<string> {
    const before = this.answersTo(request).length;
    this.send(request, over);
    await this.#sockets.until(() => this.answersTo(request).length > before, patience);
    return this.answersTo(request).at(-1)!.text;
  }

  /** REGISTER of a user of tenant acme. @returns the request without credentials and the challenge to it */
  async challenged(
    name: string,
    from: string,
    over: 'udp' | 'tcp' = 'udp',
  ): Promise<{ readonly request: RawRequest; readonly challenge: string }> {
    const domain = domainOf('acme');
    const user = `sip:${name}@${domain}`;
    const request: RawRequest = { from, method: 'REGISTER', user, uri: `sip:${domain}`, callId: this.newCallId() };
    return { request, challenge: await this.ask(request, over) };
  }

  /** A REGISTER that is asked for credentials, and again with them. @returns the last answer */
  async register(name: string, from: string, password?: string): Promise<string> {
    const { request, challenge } = await this.challenged(name, from);
    const signature = { name, method: 'REGISTER', uri: request.uri, ...(password === undefined ? {} : { password }) };
    return this.ask({ ...request, cseq: 2, headers: [signed(challenge, signature)] });
  }
}
