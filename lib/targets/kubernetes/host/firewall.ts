/**
 * The firewall of a node, made from the ports of its host: NetworkPolicies do not apply to pods on the host's network. The table knows the
 * cell's ports alone, lets all else through, and leaves every other table as it is.
 */
import type { Cell } from '../../../fleet/derive/cell.ts';
import type { NodeHost } from '../names.ts';
import { file, type HostFile, type ListeningPort, type Peer } from '../../../software/host-config.ts';

export const firewallPath = '/etc/cellstamp/node-firewall.nft';
export const firewallTable = 'cellstamp_node';

const roles = ['sbc', 'media'] as const;
type Role = (typeof roles)[number];

/**
 * Where addresses that move are mapped while the node has them: the active SBC's floating address onto its own side of it, a relay's public
 * address onto its private one, and back. The scripts that put them onto the node fill it.
 */
export const floatingTable = 'cellstamp_floating';

/** Where an SBC that goes on has the address of the other one, which is on another node by now. `follow-hosts` fills it. */
export const partnerTable = 'cellstamp_partner';

export function firewallFile(cell: Cell, host: NodeHost, ports: readonly ListeningPort[]): HostFile {
  const addresses: Readonly<Record<Role, readonly string[]>> = {
    sbc: [...cell.sbcs.flatMap(({ address, floatingSide }) => [address, floatingSide]), cell.overlayAddress],
    media: cell.media.map(({ address }) => address),
  };
  const relays = cell.media.flatMap(({ guest, relayAddress }) => (guest === undefined ? [] : [relayAddress]));
  const inside = ports.filter(
    (port) => !isPublic(port) && !ports.some((other) => isPublic(other) && covers(other, port)),
  );
  return file(
    firewallPath,
    `#!/usr/sbin/nft -f
# Who reaches the ports of ${cell.name} on this node, made from the cell's definition. What was refused:  nft list table inet ${firewallTable}
table inet ${firewallTable}
delete table inet ${firewallTable}
table inet ${firewallTable} {
${roles
  .map(
    (role) => `    set ${role} {
        type ipv4_addr
        elements = { ${addresses[role].join(', ')} }
    }`,
  )
  .join('\n')}
    chain input {
        type filter hook input priority filter; policy accept;
        iifname "lo" accept
${inside
  .flatMap((port) => rules(port, relays))
  .map((rule) => `        ${rule}\n`)
  .join('')}    }
}
${host.role === 'sbc' ? partnerAsInFiles : ''}${host.role === 'sbc' || host.guest !== undefined ? mapping(cell) : ''}`,
  );
}

const partnerAsInFiles = `
# This pod has the address of the other SBC that it has now.
table ip ${partnerTable}
delete table ip ${partnerTable}
`;

/** Packet by packet, as a provider's gateway does: no connection has to be known for a call to go on after a fail-over. */
const mapping = (cell: Cell): string => `
# Public addresses that move, while this node has them. Loaded again, it stays as it is.
table ip ${floatingTable} {
    map inbound {
        type ipv4_addr : ipv4_addr
    }
    map outbound {
        type ipv4_addr : ipv4_addr
    }
    chain in {
        type filter hook prerouting priority raw - 10; policy accept;
    }
    chain out {
        type filter hook postrouting priority srcnat; policy accept;
    }
}
flush chain ip ${floatingTable} in
flush chain ip ${floatingTable} out
table ip ${floatingTable} {
    chain in {
        ip daddr set ip daddr map @inbound
    }
    chain out {
        ip daddr != { ${cell.spec.network}, ${cell.overlayAddress} } ip saddr set ip saddr map @outbound
    }
}
`;

export const isPublic = ({ peers }: ListeningPort): boolean => peers.some((peer) => 'internet' in peer);

/** Whether what reaches one port reaches the other. */
const covers = (outer: ListeningPort, port: ListeningPort): boolean =>
  outer.protocol === port.protocol && outer.from <= port.from && port.to <= outer.to;

/** @param relays addresses of relays that move between nodes, from which a media host's relay sends */
function rules(port: ListeningPort, relays: readonly string[]): readonly string[] {
  const to = destination(port);
  const isFromMedia = port.peers.some((peer) => 'role' in peer && peer.role === 'media');
  return [
    ...port.peers.map((peer) => `${to} ip saddr ${source(peer)} accept`),
    ...(isFromMedia && relays.length > 0 ? [`${to} ip saddr { ${relays.join(', ')} } accept`] : []),
    `${to} counter drop comment "${port.name}"`,
  ];
}

export function destination({ protocol, from, to }: ListeningPort): string {
  if (protocol === 'vrrp') return 'ip protocol vrrp';
  return `${protocol} dport ${from === to ? from : `${from}-${to}`}`;
}

function source(peer: Peer): string {
  if ('ranges' in peer) return `{ ${peer.ranges.join(', ')} }`;
  if ('role' in peer && roles.some((role) => role === peer.role)) return `@${peer.role}`;
  throw new Error(`no node of a cell has the peers ${JSON.stringify(peer)}`);
}
