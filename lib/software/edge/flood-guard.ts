/**
 * The kernel's part of flood protection: a source above the rate is banned, and a banned source's packets are dropped before
 * Kamailio sees them, so that they cost almost nothing.
 */
import type { Front } from '../../front/front.ts';

/** nftables' set of addresses that are never banned: cells and other edges. The directory agent fills it. */
export const floodGuardTable = 'cellstamp_flood_guard';

export function floodGuard(front: Front): string {
  const { requestsPerSecond, banSeconds } = front.spec.edge.flood;
  const { udp, tcp, tls } = front.spec.edge.transports;
  const streams = [tcp, tls].filter((port) => port !== 'off');
  return `#!/usr/sbin/nft -f
# Made by Cellstamp. Who is banned now:  nft list set ip ${floodGuardTable} banned
# Let one go:                            nft delete element ip ${floodGuardTable} banned { ADDRESS }
table ip ${floodGuardTable}
delete table ip ${floodGuardTable}
table ip ${floodGuardTable} {
    # Cells and other edges, from the directory.
    set trusted {
        type ipv4_addr
        size 65536
    }
    # Spec: edge.flood.banSeconds
    set banned {
        type ipv4_addr
        flags dynamic, timeout
        timeout ${banSeconds}s
        size 1048576
    }
    set rate {
        type ipv4_addr
        flags dynamic, timeout
        timeout 10s
        size 1048576
    }
    chain guard {
        # Before connection tracking, so that a flood fills no table.
        type filter hook prerouting priority raw - 10; policy accept;
        ip saddr @trusted accept
        ip saddr @banned counter drop
${udp === 'off' ? '' : `        # Spec: edge.flood.requestsPerSecond; a burst of two seconds is let through.\n        udp dport ${udp} add @rate { ip saddr limit rate over ${requestsPerSecond}/second burst ${2 * requestsPerSecond} packets } add @banned { ip saddr } counter drop\n`}${streams.length === 0 ? '' : `        # New connections are dearer than requests: a tenth of the rate.\n        tcp dport { ${streams.join(', ')} } tcp flags syn / fin,syn,rst,ack add @rate { ip saddr limit rate over ${Math.max(5, Math.ceil(requestsPerSecond / 10))}/second burst ${requestsPerSecond} packets } counter drop\n`}    }
}
`;
}
