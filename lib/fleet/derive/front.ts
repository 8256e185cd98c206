/**
 * What follows from the front's spec: its edges, their names and addresses. Pure.
 *
 * A region's range is cut into four equal blocks, one a zone. An edge has two private addresses: `address`, where traffic to
 * the anycast addresses arrives, and `unicastSide`, onto which its own public address is mapped. Dialogs are pinned to the
 * latter.
 */
import { block, formatAddress, formatRange, parseRange } from '../range.ts';
import type { FrontSpec } from '../schema/front.ts';
import { hostAddress, type Addressing } from './addressing.ts';

/** Letters of the zones of a region whose target does not say which there are. */
const usualZones = ['a', 'b'];

const offsets = { address: 10, unicastSide: 30 } as const;

export interface EdgeHost {
  readonly role: 'edge';
  /** `eu-west-1-edge-1`, unique in the front. */
  readonly name: string;
  /** `front-eu-west-1-edge-1` */
  readonly hostname: string;
  /** Number within the region, from 1. */
  readonly number: number;
  /** Number within the whole front, from 1; names the edge in metrics and loop guards. */
  readonly id: number;
  readonly region: string;
  readonly zone: string;
  readonly subnet: string;
  /** Private address at which traffic to the anycast addresses arrives: fixed, or the mark of a late-bound value (`addressing.ts`). */
  readonly address: string;
  /** Private address onto which the edge’s own public address is mapped, fixed or late-bound. */
  readonly unicastSide: string;
}

export interface FrontRegion {
  readonly region: string;
  readonly network: string;
  readonly subnets: readonly { readonly zone: string; readonly public: string }[];
  readonly edges: readonly EdgeHost[];
}

export interface Front {
  readonly spec: FrontSpec;
  readonly name: string;
  readonly regions: readonly FrontRegion[];
  /** Every edge of every region. */
  readonly edges: readonly EdgeHost[];
}

/**
 * @param addressing whether the edges' addresses follow from their region's range, or are late-bound
 * @example deriveFront(parseFront({ domain: 'voice.example.com', regions: [{ region: 'eu-west-1', network: '10.0.0.0/24' }], aws: {} })).edges.length // 2
 */
export function deriveFront(spec: FrontSpec, addressing: Addressing = 'decided'): Front {
  let id = 0;
  const regions = spec.regions.map((entry): FrontRegion => {
    const range = parseRange(entry.network);
    const subnets = (entry.aws?.zones ?? usualZones).map((letter, index) => ({
      zone: `${entry.region}${letter}`,
      public: formatRange(block(range, range.prefix + 2, index)),
    }));
    const edges = Array.from({ length: entry.edges }, (_, index): EdgeHost => {
      const number = index + 1;
      const { zone, public: subnet } = subnets[index % subnets.length]!;
      const first = parseRange(subnet).first;
      id++;
      return {
        role: 'edge',
        name: `${entry.region}-edge-${number}`,
        hostname: `${spec.name}-${entry.region}-edge-${number}`,
        number,
        id,
        region: entry.region,
        zone,
        subnet,
        address: hostAddress(addressing, `edge_${id}_address`, formatAddress(first + offsets.address + number)),
        unicastSide: hostAddress(
          addressing,
          `edge_${id}_unicast_side`,
          formatAddress(first + offsets.unicastSide + number),
        ),
      };
    });
    return { region: entry.region, network: entry.network, subnets, edges };
  });
  return { spec, name: spec.name, regions, edges: regions.flatMap((region) => region.edges) };
}
