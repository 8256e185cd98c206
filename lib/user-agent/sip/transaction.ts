import { type ClientTransactionHandlers, ClientTransaction, type SipTimers } from './client-transaction.ts';
import { type Via, formatVia } from './headers.ts';
import { type Essentials, type SipMessage, type SipRequest, type SipResponse, readEssentials } from './message.ts';
import { ServerTransaction } from './server-transaction.ts';
import type { Address, Flow } from './transport.ts';

/** Branches that begin so are unique to their transaction (RFC 3261 section 8.1.1.7). */
const MAGIC_COOKIE = 'z9hG4bK';

export interface TransactionUser {
  /** A new request; of an INVITE, its server transaction waits for `respond`. */
  onRequest(transaction: ServerTransaction, essentials: Essentials): void;
  /** An ACK that belongs to no failed INVITE: the ACK of a 2xx. */
  onAck(request: SipRequest, essentials: Essentials): void;
  /** A CANCEL of an INVITE that has no final response yet. */
  onCancel(invite: ServerTransaction): void;
  /** Builds the response to a request without the user's part: 200 and 481 to a CANCEL, 100 to an INVITE. */
  makeResponse(request: SipRequest, status: number): SipResponse;
  flowTo(remote: Address): Flow;
  /** The server transaction is over: nothing more comes of it. */
  onTerminated(transaction: ServerTransaction): void;
}

/** Finds for each message the transaction it belongs to (RFC 3261 sections 17.1.3 and 17.2.3). */
export class TransactionLayer {
  readonly #timers: SipTimers;
  readonly #user: TransactionUser;
  readonly #clients = new Map<string, ClientTransaction>();
  readonly #servers = new Map<string, ServerTransaction>();

  constructor(timers: SipTimers, user: TransactionUser) {
    this.#timers = timers;
    this.#user = user;
  }

  /** Transactions that are not over yet, those that only wait for stray repetitions included. */
  get pending(): { readonly client: number; readonly server: number } {
    return { client: this.#clients.size, server: this.#servers.size };
  }

  /** Sends a request that carries its Via. */
  request(
    request: SipRequest,
    flow: Flow,
    handlers: Omit<ClientTransactionHandlers, 'onTerminated'>,
  ): ClientTransaction {
    const { via } = readEssentials(request);
    const key = clientKey(via.parameters.get('branch') ?? '', request.method);
    const transaction = new ClientTransaction(request, flow, this.#timers, {
      onProvisional: (response) => handlers.onProvisional(response),
      onFinal: (response) => handlers.onFinal(response),
      onFailure: (failure, detail) => handlers.onFailure(failure, detail),
      onTerminated: () => this.#clients.delete(key),
    });
    this.#clients.set(key, transaction);
    return transaction;
  }

  /** Takes a message that came over the flow. @throws SipSyntaxError when it lacks what every message must carry */
  receive(message: SipMessage, flow: Flow): void {
    const essentials = readEssentials(message);
    if (message.kind === 'response') {
      const branch = essentials.via.parameters.get('branch') ?? '';
      this.#clients.get(clientKey(branch, essentials.cseq.method))?.receive(message);
    } else this.#receiveRequest(message, essentials, flow);
  }

  terminateAll(): void {
    for (const transaction of [...this.#clients.values(), ...this.#servers.values()]) transaction.terminate();
  }

  #receiveRequest(request: SipRequest, essentials: Essentials, flow: Flow): void {
    const key = serverKey(request, essentials, request.method);
    const invite = this.#servers.get(serverKey(request, essentials, 'INVITE'));
    if (request.method === 'ACK') {
      if (invite?.answered === true) invite.receiveAck();
      this.#user.onAck(request, essentials);
      return;
    }
    const known = this.#servers.get(key);
    if (known !== undefined) {
      known.receiveRetransmission();
      return;
    }
    noteSource(request, essentials.via, flow.remote);
    const wayBack = this.#wayBack(essentials.via, flow);
    const transaction = new ServerTransaction(request, wayBack, this.#timers, () => {
      this.#servers.delete(key);
      this.#user.onTerminated(transaction);
    });
    this.#servers.set(key, transaction);
    if (request.method === 'CANCEL') {
      transaction.respond(this.#user.makeResponse(transaction.request, invite === undefined ? 481 : 200));
      if (invite?.answered === false) this.#user.onCancel(invite);
      return;
    }
    if (request.method === 'INVITE') transaction.respond(this.#user.makeResponse(transaction.request, 100));
    this.#user.onRequest(transaction, essentials);
  }

  /** Over UDP a sender that did not ask for `rport` listens at the port its Via names (RFC 3261 section 18.2.2). */
  #wayBack(via: Via, flow: Flow): Flow {
    if (flow.protocol !== 'udp' || via.parameters.has('rport')) return flow;
    return this.#user.flowTo({ address: flow.remote.address, port: via.port ?? 5060 });
  }
}

function clientKey(branch: string, method: string): string {
  return `${branch} ${method}`;
}

function serverKey(request: SipRequest, { via, fromTag, callId, cseq }: Essentials, method: string): string {
  const branch = via.parameters.get('branch') ?? '';
  const hop = `${via.host}:${via.port ?? ''}`;
  return branch.startsWith(MAGIC_COOKIE)
    ? `${branch} ${hop} ${method}`
    : `${request.uri} ${hop} ${branch} ${fromTag} ${callId} ${cseq.sequence} ${method}`;
}

/** Notes in the topmost Via where the request really came from (RFC 3261 section 18.2.1, RFC 3581 section 4). */
function noteSource(request: SipRequest, via: Via, source: Address): void {
  const parameters = new Map(via.parameters);
  if (via.host !== source.address || parameters.has('rport')) parameters.set('received', source.address);
  if (parameters.has('rport')) parameters.set('rport', String(source.port));
  request.headers.set('Via', formatVia({ ...via, parameters }));
}
