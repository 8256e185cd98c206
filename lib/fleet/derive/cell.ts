/**
 * What follows from a cell's spec: its hosts, their names and addresses. Pure; the ports are with the software that listens
 * on them (`lib/software`).
 */
import type { CellSpec } from '../schema/cell.ts';
import { sbcOverlayAddress } from '../schema/fixed.ts';
import { placeAddress, zoneSubnets, type ZoneSubnets } from './addresses.ts';
import { hostAddress, type Addressing } from './addressing.ts';

export type Role = 'sbc' | 'media' | 'database' | 'redis';

interface HostBase {
  /** `sbc-1`, unique in the cell. */
  readonly name: string;
  /** `euw1-a-sbc-1`, unique in the fleet. */
  readonly hostname: string;
  /** Number within the role, from 1. */
  readonly number: number;
  /** `eu-west-1a` */
  readonly zone: string;
  /** CIDR of the subnet. */
  readonly subnet: string;
  /** Private address: fixed, or the mark of a late-bound value (`addressing.ts`). */
  readonly address: string;
}

export interface SbcHost extends HostBase {
  readonly role: 'sbc';
  /** Second private address, fixed or late-bound: what the floating public address is mapped onto while this host is active. */
  readonly floatingSide: string;
}
export interface MediaHost extends HostBase {
  readonly role: 'media';
  /** Tiers that this host serves. */
  readonly pools: readonly string[];
}
/** A database host: the writer (primary) is number 1. On AWS a managed cluster takes their place. */
export interface DatabaseHost extends HostBase {
  readonly role: 'database';
}
/** A Redis host: the primary is number 1. On AWS a managed replication group takes their place. */
export interface RedisHost extends HostBase {
  readonly role: 'redis';
}
export type Host = SbcHost | MediaHost | DatabaseHost | RedisHost;

export interface Cell {
  readonly spec: CellSpec;
  readonly name: string;
  readonly subnets: readonly ZoneSubnets[];
  readonly sbcs: readonly [SbcHost, SbcHost];
  readonly media: readonly MediaHost[];
  readonly databases: readonly DatabaseHost[];
  readonly redis: readonly RedisHost[];
  /** Every host, in the order in which they can be started: data, then media, then SBCs. */
  readonly hosts: readonly Host[];
  /** Private floating address of the active SBC, outside the cell's range; never late-bound, because keepalived itself puts it onto the host. */
  readonly overlayAddress: string;
}

/**
 * @param addressing whether the hosts' addresses follow from the cell's range, or are late-bound
 * @example deriveCell(parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {} })).media[0].address // '10.16.0.33'
 */
export function deriveCell(spec: CellSpec, addressing: Addressing = 'decided'): Cell {
  const base = <R extends Role>(role: R, number: number) => {
    const place = placeAddress(spec, role, number);
    return {
      role,
      name: `${role}-${number}`,
      hostname: `${spec.name}-${role}-${number}`,
      number,
      ...place,
      address: hostAddress(addressing, `${role}_${number}_address`, place.address),
    };
  };
  const count = (n: number) => Array.from({ length: n }, (_, index) => index + 1);
  const sbc = (number: number): SbcHost => ({
    ...base('sbc', number),
    floatingSide: hostAddress(
      addressing,
      `sbc_${number}_floating_side`,
      placeAddress(spec, 'sbcFloating', number).address,
    ),
  });

  const sbcs = [sbc(1), sbc(2)] as const;
  const media = count(spec.media.hosts).map((number): MediaHost => ({
    ...base('media', number),
    pools: Object.keys(spec.media.pools).filter((pool) => spec.media.pools[pool]!.includes(number)),
  }));
  const databases = count(1 + spec.database.readers).map((number): DatabaseHost => base('database', number));
  const redis = count(1 + spec.redis.replicas).map((number): RedisHost => base('redis', number));
  return {
    spec,
    name: spec.name,
    subnets: zoneSubnets(spec),
    sbcs,
    media,
    databases,
    redis,
    hosts: [...databases, ...redis, ...media, ...sbcs],
    overlayAddress: sbcOverlayAddress,
  };
}
