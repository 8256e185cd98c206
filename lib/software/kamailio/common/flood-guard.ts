/**
 * The kernel's part of flood protection: what comes from a banned source is dropped before Kamailio sees it, a source holds only
 * this many connections, and a connection over which nothing has worked ends.
 */
import type { Connections } from '../../../config-file/fields.ts';
import { file, service, type HostFile } from '../../host-config.ts';

export const floodGuardTable = 'cellstamp_flood_guard';

/** How long a connection may be there before something has worked over it: time for a TLS handshake and a log-in. */
export const unprovenSeconds = 30;

/** Elements of a set: about 100 MB of the kernel's memory if all are there. */
const setSize = 2 ** 20;

export interface FloodGuard {
  /** The part of the spec that decides: `sbc`. */
  readonly setting: 'sbc' | 'edge';
  /** Ports of SIP over TCP and TLS. */
  readonly streams: readonly number[];
  readonly connections: Connections;
  readonly banSeconds: number;
  /** UDP port from which Kamailio tells whom to ban and which connection to keep. */
  readonly tellingPort: number;
  /** UDP ports of SIP: their packets need no memory of connections. */
  readonly untracked: readonly number[];
  /**
   * Where the kernel also bans by the rate of packets over UDP. Not on an SBC, to which carriers send at any rate: there Kamailio counts,
   * which knows them.
   */
  readonly udp?: { readonly port: number; readonly requestsPerSecond: number };
  /** Whether some sources are exempt; who fills that set with them. */
  readonly trusted?: string;
}

const rulesPath = '/etc/cellstamp/flood-guard.nft';

export function floodGuardFile(guard: FloodGuard): HostFile {
  return file(rulesPath, rules(guard));
}

export const floodGuardService = service({
  name: 'cellstamp-flood-guard',
  description: 'Drops floods by source in the kernel',
  command: ['/usr/sbin/nft', '-f', rulesPath],
  kind: 'oneshot',
  user: 'root',
  capabilities: ['CAP_NET_ADMIN'],
  ready: ['/usr/sbin/nft', 'list', 'table', 'ip', floodGuardTable],
});

/** A new connection: SYN without ACK. */
const opens = 'tcp flags syn / fin,syn,rst,ack';

function rules(guard: FloodGuard): string {
  const { banSeconds, streams, tellingPort, udp, untracked } = guard;
  const trusted = guard.trusted === undefined ? '' : '        ip saddr @trusted accept\n';
  const list = (ports: readonly number[]) => (ports.length === 1 ? String(ports[0]) : `{ ${ports.join(', ')} }`);
  const set = (name: string, type: string, timeout?: number) => `    set ${name} {
        type ${type}
        flags dynamic${timeout === undefined ? '' : `, timeout\n        timeout ${timeout}s`}
        size ${setSize}
    }
`;
  return `#!/usr/sbin/nft -f
# Made by Cellstamp. Who is banned now:  nft list set ip ${floodGuardTable} banned${udp ? '    and banned_udp' : ''}
# Let one go:                            nft delete element ip ${floodGuardTable} banned { ADDRESS }
# What was refused:                      nft list table ip ${floodGuardTable} | grep counter
table ip ${floodGuardTable}
delete table ip ${floodGuardTable}
table ip ${floodGuardTable} {
${
  guard.trusted === undefined
    ? ''
    : `    # ${guard.trusted}
    set trusted {
        type ipv4_addr
        size 65536
    }
`
}    # Over TCP and TLS, where an address can't be forged: all its packets are dropped. Spec: ${guard.setting}.flood.banSeconds
${set('banned', 'ipv4_addr', banSeconds)}${
    udp === undefined
      ? ''
      : `    # Over UDP, where it may be somebody else's: that one still gets through over TCP and TLS. Spec: ${guard.setting}.flood.banSeconds
${set('banned_udp', 'ipv4_addr', banSeconds)}${set('rate', 'ipv4_addr', 10)}`
  }${streams.length === 0 ? '' : streamSets(guard, set)}    chain guard {
        # Before connection tracking, so that a flood fills no table.
        type filter hook prerouting priority raw - 10; policy accept;
${
  untracked.length === 0
    ? ''
    : `        # Datagrams need no connection tracking; neither do outgoing packets.
        udp dport ${list(untracked)} notrack
`
}        # This host itself, whose address others may forge: its health check is never dropped.
        iifname "lo" accept
${trusted}        ip saddr @banned counter drop
${
  udp === undefined
    ? ''
    : `        udp dport ${udp.port} ip saddr @banned_udp counter drop
        # Spec: ${guard.setting}.flood.requestsPerSecond; a burst of two seconds is let through.
        udp dport ${udp.port} add @rate { ip saddr limit rate over ${udp.requestsPerSecond}/second burst ${2 * udp.requestsPerSecond} packets } add @banned_udp { ip saddr } counter drop
`
}${streams.length === 0 ? '' : openingRule(guard, list)}    }
${
  untracked.length === 0
    ? ''
    : `    chain untracked {
        type filter hook output priority raw; policy accept;
        udp sport ${list(untracked)} notrack
    }
`
}${streams.length === 0 ? '' : connectionsChain(guard, trusted, list)}    chain told {
        # The kernel does not see what happens within a TCP or TLS connection. Kamailio signals it by a datagram to the other end, which
        # goes no further than loopback: to port 9 for a ban, to the connection's port once something has worked over it.
        type route hook output priority raw; policy accept;
        udp sport ${tellingPort} udp dport 9 update @banned { ip daddr } counter ip daddr set 127.0.0.1
${streams.length === 0 ? '' : `        udp sport ${tellingPort} ip daddr != 127.0.0.1 update @kept { ip daddr . udp dport } ip daddr set 127.0.0.1\n`}    }
}
`;
}

type List = (ports: readonly number[]) => string;

function streamSets({ setting }: FloodGuard, set: (name: string, type: string, timeout?: number) => string): string {
  return `    # Connections of a source: their rate, and their number. Spec: ${setting}.connections.perSource
${set('opening', 'ipv4_addr', 10)}${set('held', 'ipv4_addr')}    # Address and port of connections over which something may still have to work, and of those where it just has.
${set('young', 'ipv4_addr . inet_service', unprovenSeconds)}${set('kept', 'ipv4_addr . inet_service', unprovenSeconds)}`;
}

function openingRule({ connections: { perSource }, setting, streams }: FloodGuard, list: List): string {
  return `        # As many new connections at once as a source may hold, then a twentieth of that a second. Spec: ${setting}.connections.perSource
        tcp dport ${list(streams)} ${opens} add @opening { ip saddr limit rate over ${Math.ceil(perSource / 20)}/second burst ${perSource} packets } counter drop
`;
}

function connectionsChain(
  { connections: { perSource }, setting, streams }: FloodGuard,
  trusted: string,
  list: List,
): string {
  return `    chain connections {
        # Connection tracking keeps the mark, which survives a reload of this table: 1 the connection opens, 2 it is open and
        # nothing has worked yet, 3 something has.
        type filter hook input priority filter - 10; policy accept;
        tcp dport != ${list(streams)} accept
${trusted}        # Spec: ${setting}.connections.perSource
        ct state new ${opens} add @held { ip saddr ct count over ${perSource} } counter reject with tcp reset
        ct state new ${opens} ct mark set 1 accept
        # The middle of a connection whose beginning was not seen.
        ct state new counter reject with tcp reset
        # Its first packet after the SYN: a forged source sends none, and fills no set.
        ct mark 1 tcp flags != syn ct mark set 2 update @young { ip saddr . tcp sport } accept
        ct mark != 2 accept
        ip saddr . tcp sport @kept ct mark set 3 accept
        ip saddr . tcp sport @young accept
        # ${unprovenSeconds} s old, whatever was sent since: Kamailio counts from the last byte, and would wait for one that drips.
        counter reject with tcp reset
    }
`;
}
