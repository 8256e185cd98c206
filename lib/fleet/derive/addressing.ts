/**
 * Where the private addresses of hosts come from. `decided`: they follow from the network range, before anything exists. `movable`: the
 * same, and a target can move an address to another host, so that each media relay has one of its own, and so have the primaries of
 * PostgreSQL and Redis. `late`: a host
 * learns at its start where it and the others are; until then the mark of a late-bound value stands for the address.
 * `late-movable`: the same, but a media relay has a decided address of its own, which moves. Whoever
 * writes an address into a text does the same in all cases, and calculates with none.
 */
import { late } from '../late-bound.ts';

export type Addressing = 'decided' | 'movable' | 'late' | 'late-movable';

/** Name of the late-bound address of one host: `media_1_address`. The number of an edge is that within the whole front. */
export type AddressName =
  | `${'sbc' | 'media' | 'database' | 'redis' | 'edge'}_${number}_address`
  | `sbc_${number}_floating_side`
  | `edge_${number}_unicast_side`;

/** The address itself where it is decided, else the mark of its name. */
export function hostAddress(addressing: Addressing, name: AddressName, decided: string): string {
  return isLate(addressing) ? late(name) : decided;
}

const isLate = (addressing: Addressing): boolean => addressing === 'late' || addressing === 'late-movable';

/** Whether a target can move the address of a relay to another media host. */
export const relaysMove = (addressing: Addressing): boolean =>
  addressing === 'movable' || addressing === 'late-movable';

export function isAddressName(name: string): name is AddressName {
  return /^((sbc|media|database|redis|edge)_\d+_address|sbc_\d+_floating_side|edge_\d+_unicast_side)$/.test(name);
}
