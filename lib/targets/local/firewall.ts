/**
 * A host's own network rules, made from its ports: what comes in from whom, and how its public address is mapped onto its
 * private one. On AWS the security groups and the internet gateway do this.
 */
import type { Cell, Host } from '../../fleet/derive/cell.ts';
import type { HostConfig, ListeningPort, Peer } from '../../software/host-config.ts';

/** Addresses from which a role sends. */
function addressesOfRole(cell: Cell, role: Host['role']): readonly string[] {
  return cell.hosts
    .filter((host) => host.role === role)
    .flatMap((host) => {
      if (host.role === 'sbc') return [host.address, host.floatingSide];
      return host.role === 'media' ? [host.address, host.relayAddress] : [host.address];
    })
    .concat(role === 'sbc' ? [cell.overlayAddress] : []);
}

function sources(cell: Cell, peer: Peer): readonly string[] {
  // Nobody outside this machine asks for health here.
  if ('internet' in peer || 'healthCheckers' in peer) return ['0.0.0.0/0'];
  return 'role' in peer ? addressesOfRole(cell, peer.role) : peer.ranges;
}

const isPublic = (port: ListeningPort) => port.peers.some((peer) => 'internet' in peer);

function destination({ protocol, from, to }: ListeningPort): string {
  if (protocol === 'vrrp') return 'ip protocol vrrp';
  return `${protocol} dport ${from === to ? from : `${from}-${to}`}`;
}

function rule(cell: Cell, port: ListeningPort): string {
  const from = [...new Set(port.peers.flatMap((peer) => sources(cell, peer)))].sort();
  const source = isPublic(port) ? '' : `ip saddr { ${from.join(', ')} } `;
  return `${source}${destination(port)} accept comment "${port.name}"`;
}

/**
 * Text for `nft -f`.
 * @param publicAddress The host's own public address and the private one onto which it is mapped, where it has one from the start.
 */
export function firewall(
  cell: Cell,
  config: Pick<HostConfig, 'ports'>,
  publicAddress?: { readonly public: string; readonly private: string },
): string {
  // A stream of packets to everybody's ports needs no memory of connections; neither do the answers.
  const streams = config.ports.filter((port) => port.protocol === 'udp' && isPublic(port));
  const ranges = streams.map(({ from, to }) => (from === to ? from : `${from}-${to}`)).join(', ');
  const elements = (from?: string, to?: string) => (from && to ? `\n    elements = { ${from} : ${to} }` : '');
  return `flush ruleset

table inet cellstamp {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
${streams.map((port) => `    ${rule(cell, port)}`).join('\n')}
    ct state established,related accept
${config.ports
  .filter((port) => !streams.includes(port))
  .map((port) => `    ${rule(cell, port)}`)
  .join('\n')}
    counter comment "refused"
  }
${
  streams.length > 0
    ? `
  chain untracked_in {
    type filter hook prerouting priority raw; policy accept;
    udp dport { ${ranges} } notrack
  }
  chain untracked_out {
    type filter hook output priority raw; policy accept;
    udp sport { ${ranges} } notrack
  }
`
    : ''
}}

# Public address to private address and back, packet by packet. On an SBC the active one puts the floating address in.
table ip cellstamp_public {
  map inbound {
    type ipv4_addr : ipv4_addr${elements(publicAddress?.public, publicAddress?.private)}
  }
  map outbound {
    type ipv4_addr : ipv4_addr${elements(publicAddress?.private, publicAddress?.public)}
  }
  chain in {
    type filter hook prerouting priority raw - 10; policy accept;
    ip daddr set ip daddr map @inbound
  }
  chain out {
    type filter hook postrouting priority srcnat; policy accept;
    ip daddr != { ${cell.spec.network}, ${cell.overlayAddress} } ip saddr set ip saddr map @outbound
  }
}
`;
}

/** The part of the rules that says who is let in, which follows from the cell's hosts. */
export function filterTable(rules: string): string {
  return /^table inet cellstamp \{$.*?^\}$/ms.exec(rules)![0];
}
