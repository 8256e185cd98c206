/** An edge of the front on this machine: the same files and services as elsewhere, and the network rules of its region. */
import type { EdgeHost, Front } from '../../../fleet/derive/front.ts';
import { edgeHostConfig } from '../../../software/edge-host.ts';
import { file, type HostConfig, type HostFile, type ListeningPort } from '../../../software/host-config.ts';
import { parseRange } from '../../../fleet/range.ts';
import { interfaceName, noNameServer, type NamespacePlan } from '../host-plan.ts';
import { edgePublicAddress, regionGateway } from './addresses.ts';

export function edgePlan(front: Front, edge: EdgeHost): NamespacePlan {
  const { network } = front.regions.find(({ region }) => region === edge.region)!;
  const { prefix } = parseRange(network);
  const own = edgePublicAddress(front, edge);
  const made = edgeHostConfig(front, edge);
  const config: HostConfig = { ...made, files: [...made.files, ...nameFiles(edge)] };
  return {
    name: edge.name,
    hostname: edge.hostname,
    addresses: [
      'link set dev lo up',
      `link set dev ${interfaceName} up`,
      `address add ${edge.address}/${prefix} dev ${interfaceName}`,
      `address add ${edge.unicastSide}/${prefix} dev ${interfaceName}`,
      `address add ${own}/32 dev ${interfaceName}`,
      // The edge's own programs speak as itself, not as the service address.
      `route add default via ${regionGateway(network)} src ${edge.unicastSide}`,
    ],
    rules: rules(config.ports, network, own, edge.unicastSide),
    config,
    after: [],
    fills: [],
  };
}

/** Its own name; and no name server: refused at once, where an address that does not answer would cost seconds. */
function nameFiles(edge: EdgeHost): readonly HostFile[] {
  return [file('/etc/hosts', `127.0.0.1 localhost\n${edge.address} ${edge.hostname}\n`), noNameServer];
}

function destination({ protocol, from, to }: ListeningPort): string {
  return `${protocol} dport ${from === to ? from : `${from}-${to}`}`;
}

/** Who may come in, as the ports say; and the public address, mapped 1:1 onto the unicast side packet by packet. */
function rules(ports: readonly ListeningPort[], network: string, own: string, unicastSide: string): string {
  const accept = ports.map((port) => {
    const ranges = port.peers.flatMap((peer) => {
      // The accelerator, on the region's router, asks for health here.
      if ('healthCheckers' in peer) return [regionGateway(network)];
      return 'ranges' in peer ? peer.ranges : [];
    });
    const anybody = port.peers.some((peer) => 'internet' in peer);
    return `    ${anybody ? '' : `ip saddr { ${ranges.join(', ')} } `}${destination(port)} accept comment "${port.name}"`;
  });
  const datagrams = ports.filter(({ protocol }) => protocol === 'udp');
  const ranges = datagrams.map(({ from }) => from).join(', ');
  return `flush ruleset

table inet cellstamp {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
${accept.join('\n')}
    counter comment "refused"
  }
  chain untracked_in {
    type filter hook prerouting priority raw; policy accept;
    udp dport { ${ranges} } notrack
  }
  chain untracked_out {
    type filter hook output priority raw; policy accept;
    udp sport { ${ranges} } notrack
  }
}

table ip cellstamp_public {
  chain in {
    type filter hook prerouting priority raw - 20; policy accept;
    ip daddr ${own} ip daddr set ${unicastSide}
  }
  chain out {
    type filter hook postrouting priority srcnat; policy accept;
    ip daddr != ${network} ip saddr ${unicastSide} ip saddr set ${own}
  }
}
`;
}
