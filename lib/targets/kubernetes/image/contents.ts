/** What is in the image of a role: the programs of its hosts, and the users that files on a node are of. */
import type { Cell } from '../../../fleet/derive/cell.ts';
import { hostConfig } from '../../../software/cell-host.ts';
import { nodeHosts, type NodeHost } from '../names.ts';
import { users } from '../users.ts';

/** What the pod's own steps need beside the programs of the host: node-files, node-settings, node-firewall, claim-addresses. */
const own = ['iproute2', 'iputils-arping', 'nftables', 'procps', 'python3', 'util-linux'];

/** A container has the kernel of its node, and the headers of that come from the node. */
const ofTheNode = /^linux-headers-/;

/** Of StatefulSets that run PostgreSQL and Redis in the cluster. */
const ofData = ['postgresql-15', 'redis-server'];

export type ImageRole = NodeHost['role'] | 'data';

export interface ImageContents {
  readonly role: ImageRole;
  /** Debian 12 packages, sorted. */
  readonly packages: readonly string[];
  /** Lines of /etc/passwd and of /etc/group that are there before any package is. */
  readonly passwd: readonly string[];
  readonly group: readonly string[];
}

export function imageContents(cell: Cell, role: ImageRole): ImageContents {
  const hosts = nodeHosts(cell).filter((host) => host.role === role);
  const packages = role === 'data' ? ofData : [...own, ...hosts.flatMap((host) => hostConfig(cell, host).packages)];
  const numbered = Object.entries(users).filter(([name]) => name !== 'root');
  return {
    role,
    packages: [...new Set(packages)].filter((name) => !ofTheNode.test(name)).sort(),
    passwd: numbered.map(([name, number]) => `${name}:x:${number}:${number}::/nonexistent:/usr/sbin/nologin`),
    group: numbered.map(([name, number]) => `${name}:x:${number}:`),
  };
}
