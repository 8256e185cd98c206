import { counted } from '../config-file/counted.ts';
import type { SharedLimit } from './shared-limits.ts';

/** More pools that share hosts than this have more unions than anyone can check. */
const MOST_SHARING = 10;

type PoolResource = 'relayedCalls' | 'mediaSessions';

/**
 * The shared limits of pools that share media hosts: one for every union of pools, each with the hosts of the union less those
 * that may be lost. A union is left out where a larger one has the same limit, and where its parts share no host, as
 * their shared limits then say the same.
 *
 * @param perHost what one host carries
 * @throws RangeError where more than 10 pools share hosts
 */
export function poolLimits(
  pools: Readonly<Record<string, readonly number[]>>,
  perHost: Readonly<Record<PoolResource, number>>,
  lostHosts: number,
): SharedLimit[] {
  const sharedLimits: SharedLimit[] = [];
  for (const names of connectedPools(pools)) {
    if (names.length > MOST_SHARING) {
      throw new RangeError(`media hosts are shared by ${counted(names.length, 'pool')}; allowed are ${MOST_SHARING}`);
    }
    const unions = Array.from({ length: 2 ** names.length - 1 }, (_, i) => {
      const members = names.filter((_, bit) => ((i + 1) & (1 << bit)) !== 0);
      return { members, hosts: new Set(members.flatMap((name) => pools[name]!)).size };
    });
    const needed = unions.filter(
      ({ members, hosts }) =>
        connectedPools(Object.fromEntries(members.map((name) => [name, pools[name]!]))).length === 1 &&
        !unions.some(
          (other) =>
            other.hosts === hosts &&
            other.members.length > members.length &&
            members.every((name) => other.members.includes(name)),
        ),
    );
    for (const resource of ['relayedCalls', 'mediaSessions'] as const) {
      for (const { members, hosts } of needed) {
        sharedLimits.push({ resource, pools: members, limit: Math.max(0, hosts - lostHosts) * perHost[resource] });
      }
    }
  }
  return sharedLimits;
}

/** Hosts of pools, those that serve the most pools first: the last is missed least. */
export function hostsByService(pools: Readonly<Record<string, readonly number[]>>): number[] {
  const served = new Map<number, number>();
  for (const host of Object.values(pools).flat()) served.set(host, (served.get(host) ?? 0) + 1);
  return [...served].sort(([a, m], [b, n]) => n - m || a - b).map(([host]) => host);
}

/** Names of pools that share hosts, directly or through others, together. */
export function connectedPools(pools: Readonly<Record<string, readonly number[]>>): string[][] {
  let groups: { names: string[]; hosts: Set<number> }[] = [];
  for (const name of Object.keys(pools).sort()) {
    const joined = { names: [name], hosts: new Set(pools[name]) };
    const apart: typeof groups = [];
    for (const group of groups) {
      if (![...group.hosts].some((host) => joined.hosts.has(host))) apart.push(group);
      else {
        joined.names.push(...group.names);
        for (const host of group.hosts) joined.hosts.add(host);
      }
    }
    joined.names.sort();
    groups = [...apart, joined];
  }
  return groups.map(({ names }) => names);
}
