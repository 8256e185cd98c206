/**
 * The address plan of a cell: arithmetic over its range, so that every address is decided before anything exists.
 *
 * The range is cut into eight equal blocks. Block i holds the public subnet of the i-th zone (SBCs and media hosts), block
 * 4 + i its private subnet (data). An address depends on the range, the zones and the host's number alone: neither a new
 * media host nor a new name moves another host.
 */
import type { CellSpec } from '../schema/cell.ts';
import { block, formatAddress, formatRange, parseRange } from '../range.ts';

/** What an address is for; the offset within its subnet. AWS keeps the first four addresses of a subnet and the last. */
const offsets = {
  sbc: 10,
  /** The SBC's second private address, onto which the floating public address is mapped. */
  sbcFloating: 20,
  media: 32,
  /** What moves between a media host and the neighbour that takes its calls over. There are 32 media hosts at most. */
  relay: 72,
  /** What moves with the part of the primary among the databases, and among the Redis hosts. */
  databasePrimary: 8,
  database: 10,
  redisPrimary: 38,
  redis: 40,
} as const;

type Placed = Pick<CellSpec, 'region' | 'network'> & {
  readonly aws?: Pick<NonNullable<CellSpec['aws']>, 'zones'> | undefined;
};

export interface ZoneSubnets {
  /** `eu-west-1a` */
  readonly zone: string;
  readonly public: string;
  readonly private: string;
}

/** Letters of the zones of a cell whose target does not say which there are. */
const usualZones = ['a', 'b', 'c'];

export function zoneSubnets(spec: Placed): readonly ZoneSubnets[] {
  const range = parseRange(spec.network);
  return (spec.aws?.zones ?? usualZones).map((letter, index) => ({
    zone: `${spec.region}${letter}`,
    public: formatRange(block(range, range.prefix + 3, index)),
    private: formatRange(block(range, range.prefix + 3, 4 + index)),
  }));
}

export interface PlacedAddress {
  readonly zone: string;
  readonly subnet: string;
  readonly address: string;
}

/** Address of the n-th host (from 1) of a kind; hosts take the zones in turn. */
export function placeAddress(spec: Placed, kind: keyof typeof offsets, n: number): PlacedAddress {
  const subnets = zoneSubnets(spec);
  const zone = subnets[(n - 1) % subnets.length]!;
  const subnet = /^(database|redis)/.test(kind) ? zone.private : zone.public;
  return { zone: zone.zone, subnet, address: formatAddress(parseRange(subnet).first + offsets[kind] + n) };
}
