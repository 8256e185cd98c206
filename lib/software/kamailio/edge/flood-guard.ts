/**
 * The kernel's part of flood protection: a source above the rate is banned, and a banned source's packets are dropped before
 * Kamailio sees them, so that they cost almost nothing.
 */
import type { Front } from '../../../front/front.ts';
import { edgePorts } from '../../../spec/fixed.ts';

/** nftables' set of addresses that are never banned: cells and other edges. The directory agent fills it. */
export const floodGuardTable = 'cellstamp_flood_guard';

export function floodGuard(front: Front): string {
  const { requestsPerSecond, banSeconds } = front.spec.edge.flood;
  const { udp, tcp, tls } = front.spec.edge.transports;
  const streams = [tcp, tls].filter((port) => port !== 'off');
  return `#!/usr/sbin/nft -f
# Made by Cellstamp. Who is banned now:  nft list set ip ${floodGuardTable} banned    and banned_udp
# Let one go:                            nft delete element ip ${floodGuardTable} banned { ADDRESS }
table ip ${floodGuardTable}
delete table ip ${floodGuardTable}
table ip ${floodGuardTable} {
    # Cells and other edges, from the directory.
    set trusted {
        type ipv4_addr
        size 65536
    }
    # Over TCP and TLS, where an address can't be forged: nothing is taken from it. Spec: edge.flood.banSeconds
    set banned {
        type ipv4_addr
        flags dynamic, timeout
        timeout ${banSeconds}s
        size 1048576
    }
    # Over UDP, where it may be somebody else's: that one still gets through over TCP and TLS. Spec: edge.flood.banSeconds
    set banned_udp {
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
    # Of its own: an address that is in a set keeps the rate with which it came into it.
    set connections {
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
${udp === 'off' ? '' : `        udp dport ${udp} ip saddr @banned_udp counter drop\n        # Spec: edge.flood.requestsPerSecond; a burst of two seconds is let through.\n        udp dport ${udp} add @rate { ip saddr limit rate over ${requestsPerSecond}/second burst ${2 * requestsPerSecond} packets } add @banned_udp { ip saddr } counter drop\n`}${streams.length === 0 ? '' : `        # New connections are dearer than requests: a tenth of the rate.\n        tcp dport { ${streams.join(', ')} } tcp flags syn / fin,syn,rst,ack add @connections { ip saddr limit rate over ${Math.max(5, Math.ceil(requestsPerSecond / 10))}/second burst ${requestsPerSecond} packets } counter drop\n`}    }
    chain told {
        # Requests within a TCP or TLS connection are nothing that the kernel sees. Kamailio counts them, and bans by a datagram to
        # the source, of which port 9 takes no notice (RFC 863).
        type filter hook output priority raw; policy accept;
        udp sport ${edgePorts.bans} add @banned { ip daddr } counter
    }
}
`;
}
