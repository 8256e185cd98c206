import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, connect, createServer, isIP } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { SipSyntaxError } from './grammar.ts';
import { StreamFramer } from './stream-framer.ts';
import type { Address, Flow, TlsOptions, Transport, TransportOptions } from './transport.ts';
import { formatHostPort } from './uri.ts';

/** RFC 5626 section 4.4.1: a double CRLF is answered by a single one. */
const PONG = Buffer.from('\r\n');

/**
 * TCP or TLS at one local address. Responses and requests to a peer go over the connection there is to it
 * (RFC 3261 section 18.2.2), so a registered agent is called over the connection it registered by.
 *
 * @throws Error of the system when the address can't be bound
 */
export async function openStreamTransport(options: TransportOptions): Promise<Transport> {
  const transport = new StreamTransport(options);
  await transport.listen();
  return transport;
}

class StreamTransport implements Transport {
  readonly protocol: 'tcp' | 'tls';
  readonly #options: TransportOptions;
  readonly #connections = new Map<string, Connection>();
  readonly #server: Server | undefined;
  #local: Address;
  #closing = false;

  constructor(options: TransportOptions) {
    this.protocol = options.protocol === 'tls' ? 'tls' : 'tcp';
    this.#options = options;
    this.#local = options.local;
    this.#server = this.#makeServer(options.tls ?? {});
  }

  #makeServer({ cert, key }: TlsOptions): Server | undefined {
    const accept = (socket: Socket) => this.#adopt(socket);
    if (this.protocol === 'tcp') return createServer(accept);
    if (cert === undefined || key === undefined) return undefined;
    return createTlsServer({ cert, key }, accept).on('tlsClientError', () => undefined);
  }

  async listen(): Promise<void> {
    const server = this.#server ?? createServer();
    server.listen({ host: this.#local.address, port: this.#local.port });
    await once(server, 'listening');
    this.#local = { address: this.#local.address, port: (server.address() as AddressInfo).port };
    if (this.#server !== undefined) return;
    // Without a certificate nobody can connect to us. Connections of ours leave from this port instead, so that the
    // Contact names the connection there is, and a proxy that has a request for us finds it.
    server.close();
    await once(server, 'close');
  }

  get local(): Address {
    return this.#local;
  }

  flowTo(remote: Address): Flow {
    return this.#connections.get(formatHostPort(remote.address, remote.port)) ?? this.#connect(remote);
  }

  async close(): Promise<void> {
    this.#closing = true;
    for (const connection of this.#connections.values()) connection.destroy();
    if (this.#server === undefined) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  #connect(remote: Address): Connection {
    const target = {
      host: remote.address,
      port: remote.port,
      localAddress: this.#local.address,
      ...(this.#server === undefined ? { localPort: this.#local.port } : {}),
    };
    if (this.protocol === 'tcp') return this.#adopt(connect(target), remote);
    const { ca, cert, key, serverName, verify = true } = this.#options.tls ?? {};
    const name = serverName ?? remote.address;
    const socket = connectTls({
      ...target,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
      ...(isIP(name) === 0 ? { servername: name } : {}), // SNI carries names only (RFC 6066 section 3)
      rejectUnauthorized: verify,
    });
    return this.#adopt(socket, remote);
  }

  #adopt(socket: Socket, remote?: Address): Connection {
    const peer = remote ?? { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    const key = formatHostPort(peer.address, peer.port);
    const connection = new Connection(this.protocol, peer, socket, this.#options.onMessage);
    this.#connections.set(key, connection);
    connection.onClosed(() => {
      if (this.#connections.get(key) === connection) this.#connections.delete(key);
      if (!this.#closing) this.#options.onClosed?.(peer);
    });
    return connection;
  }
}

class Connection implements Flow {
  readonly protocol: 'tcp' | 'tls';
  readonly remote: Address;
  readonly #socket: Socket;
  readonly #closedListeners = new Set<(why: string) => void>();

  constructor(protocol: 'tcp' | 'tls', remote: Address, socket: Socket, onMessage: TransportOptions['onMessage']) {
    this.protocol = protocol;
    this.remote = remote;
    this.#socket = socket;
    const framer = new StreamFramer();
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const item of framer.push(chunk)) {
          if (item === 'ping') socket.write(PONG);
          else onMessage(item, this);
        }
      } catch (error) {
        if (!(error instanceof SipSyntaxError)) throw error;
        socket.destroy(error);
      }
    });
    let why = 'the connection was closed';
    socket.on('error', ({ message }) => (why = message)); // 'close' follows
    socket.on('close', () => {
      for (const listener of [...this.#closedListeners]) listener(why);
    });
  }

  send(bytes: Buffer, failed: (error: Error) => void): void {
    this.#socket.write(bytes, (error) => {
      if (error) failed(error);
    });
  }

  onClosed(listener: (why: string) => void): () => void {
    this.#closedListeners.add(listener);
    return () => this.#closedListeners.delete(listener);
  }

  abandon(): void {
    this.#socket.resetAndDestroy(); // leaves no TIME_WAIT behind: the next connection may need the same port
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
