import { type Socket, createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import type { Address, Flow, Transport, TransportOptions } from './transport.ts';

/** Shorter than any SIP message: keepalives (RFC 5626 sends 4 bytes, some phones send zeros). */
const SHORTEST_MESSAGE = 20;

/** A UDP socket bound to the address. Port 0 takes a free one. @throws Error of the system */
export async function bindUdp(local: Address): Promise<Socket> {
  // Addresses are never names here. Without its own lookup a socket defers every datagram by a turn of the event loop.
  const lookup = (host: string, _: unknown, found: (error: null, address: string, family: number) => void) =>
    found(null, host, isIPv6(host) ? 6 : 4);
  const socket = createSocket({ type: isIPv6(local.address) ? 'udp6' : 'udp4', lookup });
  const listening = once(socket, 'listening'); // may happen within bind()
  socket.bind({ address: local.address, port: local.port, exclusive: true });
  await listening;
  return socket;
}

/** @throws Error of the system when the address can't be bound */
export async function openUdpTransport(options: TransportOptions): Promise<Transport> {
  const socket = await bindUdp(options.local);
  const flowTo = (remote: Address): Flow => ({
    protocol: 'udp',
    remote,
    send: (bytes, failed) =>
      socket.send(bytes, remote.port, remote.address, (error) => {
        if (error !== null) failed(error);
      }),
    onClosed: () => () => undefined,
    abandon: () => undefined,
  });
  socket.on('message', (bytes, { address, port }) => {
    if (bytes.length >= SHORTEST_MESSAGE) options.onMessage(bytes, flowTo({ address, port }));
  });
  // An ICMP error about one peer must not end the agent: the transaction's timer reports that peer.
  socket.on('error', () => undefined);
  return {
    protocol: 'udp',
    local: { address: options.local.address, port: socket.address().port },
    flowTo,
    close: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}
