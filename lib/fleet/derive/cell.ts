/**
 * What follows from a cell's spec: its hosts, their names and addresses. Pure; the ports are with the software that listens
 * on them (`lib/software`).
 */
import type { CellSpec } from '../schema/cell.ts';
import { sbcOverlayAddress } from '../schema/fixed.ts';
import { placeAddress, zoneSubnets, type ZoneSubnets } from './addresses.ts';
import { hostAddress, relaysMove, type Addressing } from './addressing.ts';

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
  /** Private address of the host's relay: its own address, unless another host can take it over with the calls. */
  readonly relayAddress: string;
  /** Number of the media host whose relay this one takes over when that is lost. */
  readonly guest?: number;
}
interface ReplicatedHost extends HostBase {
  /** Where the primary is reached: an address of its own where addresses move, else that of number 1. */
  readonly primaryAddress: string;
  /** Whether this host is the primary, which takes the writes. Where addresses move, it is whichever has the primary's address. */
  readonly primary: 'always' | 'never' | 'by address';
}
/** A database host. On AWS a managed cluster takes their place. */
export interface DatabaseHost extends ReplicatedHost {
  readonly role: 'database';
}
/** A Redis host. On AWS a managed replication group takes their place. */
export interface RedisHost extends ReplicatedHost {
  readonly role: 'redis';
}
export type DataHost = DatabaseHost | RedisHost;
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
 * @param addressing whether the hosts' addresses follow from the cell's range, and can move, or are late-bound
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
  const mediaBases = count(spec.media.hosts).map((number) => base('media', number));
  const guests = relaysMove(addressing) ? guestsOf(mediaBases) : new Map<number, number>();
  const media = mediaBases.map((host): MediaHost => {
    const guest = guests.get(host.number);
    return {
      ...host,
      pools: Object.keys(spec.media.pools).filter((pool) => spec.media.pools[pool]!.includes(host.number)),
      relayAddress: guest === undefined ? host.address : placeAddress(spec, 'relay', host.number).address,
      ...(guest === undefined ? {} : { guest }),
    };
  });
  const replicated = <R extends 'database' | 'redis'>(role: R, number: number) => ({
    ...base(role, number),
    primaryAddress: addressing === 'movable' ? placeAddress(spec, `${role}Primary`, 1).address : base(role, 1).address,
    primary:
      addressing === 'movable' ? ('by address' as const) : number === 1 ? ('always' as const) : ('never' as const),
  });
  const databases = count(1 + spec.database.readers).map((number): DatabaseHost => replicated('database', number));
  const redis = count(1 + spec.redis.replicas).map((number): RedisHost => replicated('redis', number));
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

/**
 * Which host takes over which: they are in a ring, and each is taken over by the next. Neighbours are in different zones as long as no
 * zone has more than half of the hosts: the hosts, the fullest zone first, take every second place of the ring, and then the places between.
 */
function guestsOf(hosts: readonly Pick<HostBase, 'number' | 'zone'>[]): ReadonlyMap<number, number> {
  if (hosts.length < 2) return new Map();
  const inZoneOf = ({ zone }: Pick<HostBase, 'zone'>) => hosts.filter((other) => other.zone === zone).length;
  const byZone = [...hosts].sort(
    (a, b) => inZoneOf(b) - inZoneOf(a) || a.zone.localeCompare(b.zone) || a.number - b.number,
  );
  const half = Math.ceil(hosts.length / 2);
  const ring = byZone.map((_, place) => (place % 2 === 0 ? byZone[place / 2]! : byZone[half + (place - 1) / 2]!));
  return new Map(ring.map(({ number }, place) => [ring[(place + 1) % ring.length]!.number, number]));
}
