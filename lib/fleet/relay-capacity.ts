import type { CellSpec } from './schema/cell-types.ts';

/** Calls that the media hosts of a cell relay with one of them lost: what can be guaranteed to tenants. */
export function callsWithOneHostLost({ media }: Pick<CellSpec, 'media'>): number {
  return (media.hosts - 1) * media.relay.calls;
}

/** Gb/s on Ethernet in each direction of one relayed G.711 call: two sides of 50 packets/s with 160 + 40 + 18 bytes. */
export const relayedCallGbps = (2 * 50 * (160 + 40 + 18) * 8) / 1e9;

/** Packets a second of one relayed call in 20 ms packets, in and out of the interface together. */
export const relayedCallPackets = 200;
