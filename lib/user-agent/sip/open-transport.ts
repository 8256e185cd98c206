import { openStreamTransport } from './stream-transport.ts';
import type { Transport, TransportOptions } from './transport.ts';
import { openUdpTransport } from './udp-transport.ts';

/** @throws Error of the system when the address can't be bound (`EADDRINUSE`, `EADDRNOTAVAIL`) */
export function openTransport(options: TransportOptions): Promise<Transport> {
  return options.protocol === 'udp' ? openUdpTransport(options) : openStreamTransport(options);
}
