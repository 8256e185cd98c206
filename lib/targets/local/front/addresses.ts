/**
 * Public addresses of the front on this machine: 198.19.0.0/16, the half of the benchmark range (RFC 2544) that no cell's public
 * network is in.
 *
 * | range | what |
 * | --- | --- |
 * | 198.19.0.0/24 | announced from every region; its first address is the service address |
 * | 198.19.(10 + r).0/24 | the edges of the r-th region, each with an address of its own |
 * | 198.19.(100 + p).0/24 | callers of the p-th place |
 * | 198.19.200.0/24 | the directory, and the name server |
 */
import type { EdgeHost, Front } from '../../../fleet/derive/front.ts';
import { formatAddress, parseRange } from '../../../fleet/range.ts';

export const anycastRange = '198.19.0.0/24';
/** The one address under which every tenant is reached. */
export const serviceAddress = '198.19.0.1';
export const directoryAddress = '198.19.200.1';

/** Public addresses of the edges of a region, counted from 1. */
export function edgeRange(region: number): string {
  return `198.19.${10 + region}.0/24`;
}

export function edgePublicAddress(front: Front, edge: EdgeHost): string {
  const region = front.regions.findIndex((each) => each.region === edge.region) + 1;
  return edgeRange(region).replace(/0\/24$/, String(10 + edge.number));
}

export function edgeAddresses(front: Front): readonly string[] {
  return front.edges.map((edge) => edgePublicAddress(front, edge));
}

/** A region's router in the edges' private network: the first address, which no edge has. */
export function regionGateway(network: string): string {
  return formatAddress(parseRange(network).first + 1);
}

/** Addresses of callers in a place, counted from 1. */
export function placeRange(place: number): string {
  return `198.19.${100 + place}.0/24`;
}

/** The n-th caller of a place, from 1. */
export function callerAddress(place: number, n: number): string {
  return placeRange(place).replace(/0\/24$/, String(10 + n));
}

/** Behind a router that masquerades, in the first place. */
export const home = {
  network: '192.168.77.0/24',
  router: '192.168.77.1',
  phone: '192.168.77.2',
  /** The router's link to its provider. */
  link: '198.19.101.252/30',
  provider: '198.19.101.253',
  uplink: '198.19.101.254',
} as const;
