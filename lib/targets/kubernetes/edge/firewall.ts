/**
 * The firewall of an edge's node, made from the edge's ports, and the mapping of the anycast address. The tables know the edge's ports alone,
 * let all else through, and leave every other table as it is.
 */
import type { EdgeHost } from '../../../fleet/derive/front.ts';
import { edgePorts } from '../../../fleet/schema/fixed.ts';
import { file, type HostFile, type ListeningPort } from '../../../software/host-config.ts';
import { destination, firewallPath, firewallTable, isPublic } from '../host/firewall.ts';

/** Where the anycast address is mapped onto the edge's own side of it, and back. */
const anycastTable = 'cellstamp_anycast';

/** @param anycast the anycast address; undefined where nothing is announced */
export function edgeFirewall(host: EdgeHost, ports: readonly ListeningPort[], anycast: string | undefined): HostFile {
  const rules = ports
    .filter((port) => !isPublic(port))
    .flatMap((port) => {
      const ranges = port.peers.flatMap((peer) => ('ranges' in peer ? peer.ranges : []));
      return [
        ...(ranges.length === 0 ? [] : [`${destination(port)} ip saddr { ${ranges.join(', ')} } accept`]),
        `${destination(port)} counter drop comment "${port.name}"`,
      ];
    });
  return file(
    firewallPath,
    `#!/usr/sbin/nft -f
# Who reaches the ports of ${host.name} on this node, made from the front's definition. What was refused:  nft list table inet ${firewallTable}
table inet ${firewallTable}
delete table inet ${firewallTable}
table inet ${firewallTable} {
    chain input {
        type filter hook input priority filter; policy accept;
        iifname "lo" accept
${rules.map((rule) => `        ${rule}\n`).join('')}        udp dport ${edgePorts.guard} counter drop comment "guard"
    }
}

# Packet by packet, as a provider's gateway does: an edge that has just started takes what is under way.
table ip ${anycastTable}
delete table ip ${anycastTable}
table ip ${anycastTable} {
    chain in {
        type filter hook prerouting priority raw - 10; policy accept;
        # Prometheus asks a pod at its node's address.
        ip daddr ${host.unicastSide} tcp dport ${edgePorts.metrics} ip daddr set ${host.address}
${anycast === undefined ? '' : `        ip daddr ${anycast} ip daddr set ${host.address}\n`}    }
    chain out {
        type filter hook postrouting priority srcnat; policy accept;
        oifname "lo" accept
        ip saddr ${host.address} tcp sport ${edgePorts.metrics} ip saddr set ${host.unicastSide}
${anycast === undefined ? '' : `        ip saddr ${host.address} ip saddr set ${anycast}\n`}    }
}
`,
  );
}
