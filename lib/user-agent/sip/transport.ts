export type TransportProtocol = 'udp' | 'tcp' | 'tls';

/** An IP address (not a name) and a port. */
export interface Address {
  readonly address: string;
  readonly port: number;
}

/** The way to one remote address: over UDP just that, over TCP and TLS one connection. */
export interface Flow {
  readonly protocol: TransportProtocol;
  readonly remote: Address;
  /** Sends the bytes. `failed` is called once if that is known not to have worked. */
  send(bytes: Buffer, failed: (error: Error) => void): void;
  /** Tells when the connection is gone, and why; never over UDP. Returns how to stop listening. */
  onClosed(listener: (why: string) => void): () => void;
  /** Gives the connection up: nothing comes back over it. The next message opens a new one. */
  abandon(): void;
}

/** One protocol at one local address. */
export interface Transport {
  readonly protocol: TransportProtocol;
  readonly local: Address;
  /** Over TCP and TLS the connection there is to that address, in whichever direction it was opened, else a new one. */
  flowTo(remote: Address): Flow;
  /** Stops listening and closes every connection. */
  close(): Promise<void>;
}

/** What a TLS agent trusts and who it is. All PEM text. */
export interface TlsOptions {
  /** Certificates that are trusted. Default: those Node trusts. */
  readonly ca?: string | undefined;
  /** The agent's own certificate and key. Without them it accepts no connections, only opens them. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Name the server's certificate must carry, also sent as SNI. Default: the server's address. */
  readonly serverName?: string | undefined;
  /** Whether a server's certificate is checked. Default true. */
  readonly verify?: boolean | undefined;
}

export interface TransportOptions {
  readonly protocol: TransportProtocol;
  /** Port 0 takes a free one. */
  readonly local: Address;
  readonly tls?: TlsOptions | undefined;
  /** Called for each datagram, or each message cut out of a stream, with the way back. */
  readonly onMessage: (bytes: Buffer, flow: Flow) => void;
  /** Called when a connection is gone; never over UDP. */
  readonly onClosed?: ((remote: Address) => void) | undefined;
}
