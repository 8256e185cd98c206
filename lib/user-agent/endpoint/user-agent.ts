import { DEFAULT_SIP_TIMERS, type SipTimers } from '../sip/client-transaction.ts';
import { type Credentials, DigestAuthentication } from '../sip/digest.ts';
import { type Dialog, dialogKey } from '../sip/dialog.ts';
import { type Answer, Exchange, type ExchangeHandlers, type RequestSender } from '../sip/exchange.ts';
import { newCallId, newTag } from '../sip/identifiers.ts';
import { Gate, type Account } from './gate.ts';
import { IncomingCall } from './incoming-call.ts';
import { ALLOW, type DialogOwner, type Line } from './line.ts';
import { type InviteOptions, OutgoingCall } from './outgoing-call.ts';
import { Registration } from './registration.ts';
import { makeResponse } from '../sip/responses.ts';
import type { ServerTransaction } from '../sip/server-transaction.ts';
import { SipSyntaxError } from '../sip/grammar.ts';
import { type Essentials, SipHeaders, type SipRequest, formatMessage, parseMessage } from '../sip/message.ts';
import { TransactionLayer } from '../sip/transaction.ts';
import type { Address, Flow, TlsOptions, TransportProtocol } from '../sip/transport.ts';
import { type Trace, Wire } from '../sip/wire.ts';

export interface UserAgentOptions {
  /** Who this agent is: the address of record of a user, or any sip URI of a carrier. */
  readonly identity: string;
  readonly protocol: TransportProtocol;
  /** Where it listens. Port 0 takes a free one. */
  readonly local: Address;
  /** Where requests outside a dialog are sent, whatever their target says: a registrar, an SBC. */
  readonly server?: Address | undefined;
  /** What is tried in turn when that server gives no answer, or 503 (RFC 3263 section 4.3). Default: nothing. */
  readonly alternatives?: readonly Address[] | undefined;
  /** Answers to digest challenges. Without them a challenge is a refusal. */
  readonly credentials?: Credentials | undefined;
  /** What it demands of whoever asks it for anything but an ACK or CANCEL; it is a registrar of this account, too. Default: nothing. */
  readonly demands?: Account | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Default: those of RFC 3261. */
  readonly timers?: SipTimers | undefined;
  /** A call comes in. Default: it is refused with 480. */
  readonly onCall?: ((call: IncomingCall) => void) | undefined;
  /** Sees every message that is received or sent, as text. */
  readonly onTrace?: Trace | undefined;
}

/** What an agent still holds; all zero when every call left nothing behind. */
export interface Pending {
  readonly clientTransactions: number;
  readonly serverTransactions: number;
  readonly sessions: number;
}

/**
 * A SIP user agent (RFC 3261) for audio calls: caller and callee at once, with or without a registrar.
 *
 * @example
 * const agent = await UserAgent.open({ identity: 'sip:alice@a.example', protocol: 'udp', local, server });
 * const call = await agent.invite({ target: 'sip:bob@a.example', media });
 * const outcome = await call.outcome;
 * if (outcome.answered) await outcome.session.bye();
 */
export class UserAgent implements Line, RequestSender {
  readonly timers: SipTimers;
  readonly authentication: DigestAuthentication | undefined;
  readonly #options: UserAgentOptions;
  readonly #transactions: TransactionLayer;
  readonly #sessions = new Map<string, DialogOwner>();
  /** Until their transactions end, so that a CANCEL or the same INVITE by another way is recognised. */
  readonly #incoming = new Map<ServerTransaction, IncomingCall>();
  readonly #registrations = new Set<Registration>();
  readonly #servers: readonly Address[];
  readonly #gate: Gate | undefined;
  /** Which of the servers is in use. */
  #server = 0;
  #wire: Wire | undefined;
  #malformed = 0;

  private constructor(options: UserAgentOptions) {
    this.#options = options;
    this.#servers = options.server === undefined ? [] : [options.server, ...(options.alternatives ?? [])];
    this.timers = options.timers ?? DEFAULT_SIP_TIMERS;
    this.authentication = options.credentials === undefined ? undefined : new DigestAuthentication(options.credentials);
    this.#gate = options.demands === undefined ? undefined : new Gate(options.demands);
    this.#transactions = new TransactionLayer(this.timers, {
      onRequest: (transaction, essentials) => this.#receiveRequest(transaction, essentials),
      onAck: (ack, essentials) => this.#sessionOf(essentials)?.receiveAck(ack),
      onCancel: (invite) => this.#incoming.get(invite)?.cancel(),
      makeResponse: (request, status) => makeResponse(request, status, status > 100 ? { toTag: newTag() } : {}),
      flowTo: (remote) => this.#opened.flowTo(remote),
      onTerminated: (transaction) => this.#incoming.delete(transaction),
    });
  }

  /** @throws Error of the system when the address can't be bound */
  static async open(options: UserAgentOptions): Promise<UserAgent> {
    const agent = new UserAgent(options);
    const { protocol, local, tls, onTrace } = options;
    agent.#wire = await Wire.open(
      {
        protocol,
        local,
        tls,
        onMessage: (bytes, flow) => agent.#receive(bytes, flow),
        onClosed: (remote) => agent.#connectionLost(remote),
      },
      onTrace,
    );
    return agent;
  }

  get identity(): string {
    return this.#options.identity;
  }

  get local(): Address {
    return this.#opened.local;
  }

  /** The URI others reach this very agent by. */
  get uri(): string {
    return this.#opened.uriOf(/^sips?:([^@]+)@/i.exec(this.identity)?.[1]);
  }

  get contact(): string {
    return `<${this.uri}>`;
  }

  get pending(): Pending {
    const { client, server } = this.#transactions.pending;
    return { clientTransactions: client, serverTransactions: server, sessions: this.#sessions.size };
  }

  /** Messages that were not SIP, which were dropped. */
  get malformed(): number {
    return this.#malformed;
  }

  /** Places a call: as this agent's identity, by way of its server. */
  invite(
    options: Omit<InviteOptions, 'from' | 'nextHop'> & { readonly from?: string | undefined },
  ): Promise<OutgoingCall> {
    return OutgoingCall.place(this, { ...options, from: options.from ?? this.identity, nextHop: this.#serverUri });
  }

  /**
   * A registration of this agent's identity at its server. Nothing is sent before {@link Registration.register}.
   *
   * @param expires seconds
   */
  registration(expires: number, onAnswer: (answer: Answer) => void = () => undefined): Registration {
    const nextHop = () => this.#serverUri ?? this.identity;
    const registration = new Registration(this, { aor: this.identity, nextHop, expires, onAnswer });
    this.#registrations.add(registration);
    return registration;
  }

  /** Asks a server whether it is there, outside any call. */
  options(target: string): Promise<Answer> {
    const headers = new SipHeaders([
      ['Max-Forwards', '70'],
      ['From', `<${this.identity}>;tag=${newTag()}`],
      ['To', `<${target}>`],
      ['Call-ID', newCallId('cellstamp')],
      ['CSeq', '1 OPTIONS'],
      ['Contact', this.contact],
    ]);
    const request: SipRequest = { kind: 'request', method: 'OPTIONS', uri: target, headers, body: '' };
    let sequence = 1;
    return new Promise((resolve) => {
      this.exchange(request, this.#serverUri ?? target, () => ++sequence, {
        onSuccess: (response) => resolve({ status: response.status, reason: response.reason, response }),
        onFailure: resolve,
      });
    });
  }

  /** Ends everything without a word to anybody. */
  async close(): Promise<void> {
    for (const registration of this.#registrations) registration.stop();
    for (const session of [...this.#sessions.values()]) session.drop();
    this.#transactions.terminateAll();
    await this.#opened.close();
  }

  exchange(request: SipRequest, nextHop: string, nextSequence: () => number, handlers: ExchangeHandlers): Exchange {
    return new Exchange(this, request, nextHop, nextSequence, handlers);
  }

  startTransaction(
    request: SipRequest,
    nextHop: string,
    handlers: Parameters<TransactionLayer['request']>[2],
  ): ReturnType<TransactionLayer['request']> {
    const flow = this.#opened.flowTowards(nextHop);
    if (request.method !== 'CANCEL') this.#opened.addVia(request);
    return this.#transactions.request(request, flow, handlers);
  }

  serverAfter(failed: string): string | undefined {
    const index = this.#servers.findIndex((server) => this.#opened.uriTo(server) === failed);
    if (index === -1) return undefined;
    // Unless another request has found out before. After the last one fails, the first is the next to be asked.
    if (index === this.#server) this.#server = (index + 1) % this.#servers.length;
    return this.#server === 0 ? undefined : this.#serverUri;
  }

  sendAck(ack: SipRequest, nextHop: string): void {
    this.#opened.addVia(ack);
    try {
      this.#opened.flowTowards(nextHop).send(formatMessage(ack), () => undefined); // lost like one dropped on the way
    } catch (error) {
      if (!(error instanceof SipSyntaxError)) throw error; // no way there: the callee's repeated 2xx end in a BYE
    }
  }

  hold(dialog: Dialog, owner: DialogOwner): void {
    this.#sessions.set(dialog.key, owner);
  }

  release(dialog: Dialog): void {
    this.#sessions.delete(dialog.key);
  }

  get #opened(): Wire {
    if (this.#wire === undefined) throw new Error('the agent is not open yet');
    return this.#wire;
  }

  get #serverUri(): string | undefined {
    const server = this.#servers[this.#server];
    return server === undefined ? undefined : this.#opened.uriTo(server);
  }

  /** A user registered over a connection is called over it (RFC 5626): without it, nobody can call. */
  #connectionLost({ address, port }: Address): void {
    const server = this.#servers[this.#server];
    if (server?.address !== address || server.port !== port) return;
    for (const registration of this.#registrations) registration.renewSoon();
  }

  #receive(bytes: Buffer, flow: Flow): void {
    try {
      this.#transactions.receive(parseMessage(bytes), flow);
    } catch (error) {
      if (!(error instanceof SipSyntaxError)) throw error;
      this.#malformed++;
    }
  }

  #receiveRequest(transaction: ServerTransaction, essentials: Essentials): void {
    const { request } = transaction;
    const refuse = (status: number, headers?: readonly (readonly [string, string])[]) =>
      transaction.respond(
        makeResponse(request, status, { toTag: newTag(), ...(headers === undefined ? {} : { headers }) }),
      );
    const required = request.headers.all('Require');
    const refusal = this.#gate?.refusal(request, essentials);
    if (refusal !== undefined) refuse(refusal.status, refusal.headers);
    else if (request.method === 'REGISTER' && this.#gate !== undefined)
      refuse(200, [['Contact', `${request.headers.require('Contact')};expires=${this.#gate.grantedSeconds}`]]);
    else if (essentials.toTag !== undefined) {
      const session = this.#sessionOf(essentials);
      if (session === undefined) refuse(481);
      else session.receive(transaction);
    } else if (required.length > 0)
      refuse(
        420,
        required.map((option) => ['Unsupported', option] as const),
      );
    else if (request.method === 'OPTIONS')
      refuse(200, [
        ['Allow', ALLOW],
        ['Accept', 'application/sdp'],
      ]);
    else if (request.method === 'INVITE') this.#receiveInvite(transaction, essentials);
    else refuse(405, [['Allow', ALLOW]]);
  }

  #receiveInvite(transaction: ServerTransaction, essentials: Essentials): void {
    let call: IncomingCall;
    try {
      call = new IncomingCall(this, transaction, essentials);
    } catch (error) {
      if (!(error instanceof SipSyntaxError)) throw error;
      transaction.respond(makeResponse(transaction.request, 400, { toTag: newTag() }));
      return;
    }
    // The same request by two ways: a proxy forked it to two bindings of ours (section 8.2.2.2).
    if ([...this.#incoming.values()].some((other) => other.isSameRequest(call))) call.reject(482);
    else if (this.#options.onCall === undefined) call.reject(480);
    else {
      this.#incoming.set(transaction, call);
      this.#options.onCall(call);
    }
  }

  #sessionOf({ callId, fromTag, toTag }: Essentials): DialogOwner | undefined {
    return this.#sessions.get(dialogKey(callId, toTag ?? '', fromTag ?? ''));
  }
}
