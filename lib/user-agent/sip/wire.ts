import { isIP } from 'node:net';
import { newBranch } from './identifiers.ts';
import { SipSyntaxError } from './grammar.ts';
import type { SipRequest } from './message.ts';
import { formatHostPort, parseUri } from './uri.ts';
import { openTransport } from './open-transport.ts';
import type { Address, Flow, Transport, TransportOptions } from './transport.ts';

/** Sees a message as it goes by. */
export type Trace = (direction: 'received' | 'sent', text: string, remote: Address) => void;

/** An agent's transport: finds the way a URI means, and shows what passes. */
export class Wire {
  readonly #transport: Transport;
  readonly #trace: Trace | undefined;

  private constructor(transport: Transport, trace: Trace | undefined) {
    this.#transport = transport;
    this.#trace = trace;
  }

  /** @throws Error of the system when the address can't be bound */
  static async open(options: TransportOptions, trace: Trace | undefined): Promise<Wire> {
    const { onMessage } = options;
    if (trace === undefined) return new Wire(await openTransport(options), undefined);
    const seen = (bytes: Buffer, flow: Flow) => {
      trace('received', bytes.toString('utf8'), flow.remote);
      onMessage(bytes, traced(flow, trace));
    };
    return new Wire(await openTransport({ ...options, onMessage: seen }), trace);
  }

  get local(): Address {
    return this.#transport.local;
  }

  /** A sip URI by which this wire is reached. */
  uriOf(user: string | undefined): string {
    const { protocol } = this.#transport;
    const transport = protocol === 'udp' ? '' : `;transport=${protocol}`; // UDP is what a URI means without it
    return `sip:${user === undefined ? '' : `${user}@`}${this.#localHost}${transport}`;
  }

  /** A URI for an address that is reached over this wire. */
  uriTo(remote: Address): string {
    return `sip:${formatHostPort(remote.address, remote.port)};transport=${this.#transport.protocol}`;
  }

  flowTo(remote: Address): Flow {
    const flow = this.#transport.flowTo(remote);
    return this.#trace === undefined ? flow : traced(flow, this.#trace);
  }

  /** @throws SipSyntaxError when the URI names a host or another transport: no names are resolved here */
  flowTowards(uri: string): Flow {
    const { protocol } = this.#transport;
    const { host, port, parameters } = parseUri(uri);
    const transport = parameters.get('transport')?.toLowerCase() ?? protocol;
    if (isIP(host) === 0) throw new SipSyntaxError(`next hop "${uri}" is not an address`);
    if (transport !== protocol) {
      throw new SipSyntaxError(`next hop "${uri}" asks for ${transport}, this agent speaks ${protocol} only`);
    }
    return this.flowTo({ address: host, port: port ?? (protocol === 'tls' ? 5061 : 5060) });
  }

  /** Puts our Via with a new branch in front; the answer is to come to the port it came from (RFC 3581). */
  addVia(request: SipRequest): void {
    const protocol = this.#transport.protocol.toUpperCase();
    request.headers.addFirst('Via', `SIP/2.0/${protocol} ${this.#localHost};branch=${newBranch()};rport`);
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  get #localHost(): string {
    return formatHostPort(this.local.address, this.local.port);
  }
}

function traced(flow: Flow, trace: Trace): Flow {
  return {
    protocol: flow.protocol,
    remote: flow.remote,
    send: (bytes, failed) => {
      trace('sent', bytes.toString('utf8'), flow.remote);
      flow.send(bytes, failed);
    },
    onClosed: (listener) => flow.onClosed(listener),
    abandon: () => flow.abandon(),
  };
}
