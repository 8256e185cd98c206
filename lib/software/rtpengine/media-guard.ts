/**
 * The kernel's part of "media goes only where it may": whatever a description made the relay believe, its packets do not reach the
 * inside of the cell. The SBCs look at every description before; this holds when they err.
 */
import type { Cell } from '../../fleet/derive/cell.ts';
import { insideRanges } from '../../fleet/derive/inside.ts';
import { internalPorts, probeAudioPorts } from '../../fleet/schema/fixed.ts';
import { service } from '../host-config.ts';
import { guestCliPort, rtpengineCliPort } from './part.ts';
import { pingUser } from './ping.ts';

export const mediaGuardPath = '/etc/cellstamp/media-guard.nft';
const table = 'cellstamp_media_guard';

/** Text for `nft -f`. No rule asks for connections: RTP costs no entry in the kernel's table of them. */
export function mediaGuard(cell: Cell): string {
  const { freeswitch, relay } = cell.spec.media;
  const moves = cell.media.some(({ guest }) => guest !== undefined);
  const cli = [rtpengineCliPort, ...(moves ? [guestCliPort] : [])];
  const web = [internalPorts.rtpengineMetrics, ...(moves ? [internalPorts.guestMetrics] : [])];
  const any = (all: readonly number[]) => (all.length === 1 ? String(all[0]) : `{ ${all.join(', ')} }`);
  const ports = ({ from, to }: { from: number; to: number }) => `${from}-${to}`;
  const set = (name: string, flags: string, elements: readonly string[]) => `    set ${name} {
        type ipv4_addr${flags}
        elements = { ${elements.join(', ')} }
    }`;
  return `#!/usr/sbin/nft -f
# Where the relay of this host may send, made from the cell's definition. To see what was dropped:  nft list table inet ${table}
table inet ${table}
delete table inet ${table}
table inet ${table} {
    # Spec: network; the SBCs' overlay address; this network, this host, link-local with the cloud's metadata, multicast.
${set('inside', '\n        flags interval', insideRanges(cell))}
    # Spec: media.hosts
${set(
  'media_hosts',
  '',
  cell.media.map(({ address }) => address),
)}
${set(
  'sbcs',
  '',
  cell.sbcs.flatMap(({ address, floatingSide }) => [address, floatingSide]),
)}
    chain sent {
        type filter hook output priority filter; policy accept;
        # Spec: media.relay.ports. What the kernel forwards for the relay has no user, but these source ports.
        udp sport ${ports(relay.ports)} goto from_relay
        meta skuid rtpengine goto from_relay
        # On this host only the health check, which has its own user, may use the relay's control port.
        oifname "lo" udp dport ${internalPorts.rtpengineControl} goto to_control
        # Only root, who drains the relay, may use its command line.
        oifname "lo" tcp dport ${any(cli)} meta skuid != root counter drop
    }
    chain from_relay {
        # Spec: media.freeswitch.ports
        ip daddr @media_hosts udp dport ${ports(freeswitch.ports)} accept
        # Answers to the SBCs' commands and to Prometheus; to the health check and to the drain script of this host.
        ip daddr @sbcs udp sport ${internalPorts.rtpengineControl} accept
        ip daddr @sbcs tcp sport ${any(web)} accept
        # Calls of the probe, which listens there. An SBC may still have a probe when the spec no longer has one.
        ip daddr @sbcs udp dport ${probeAudioPorts.from}-${probeAudioPorts.to} accept
        oifname "lo" udp sport ${internalPorts.rtpengineControl} accept
        oifname "lo" tcp sport { ${[...cli, ...web].join(', ')} } accept${
          moves
            ? `
        # The calls that are kept for the relay's other host.
        oifname "lo" tcp dport { ${internalPorts.ownCalls}, ${internalPorts.guestCalls} } accept`
            : ''
        }
        ip daddr @inside counter drop
        # This host's own public address: a call that returns to the cell may go from this relay to itself.
        oifname "lo" udp dport != ${ports(relay.ports)} counter drop
        oifname "lo" meta l4proto != udp counter drop
        meta nfproto ipv6 counter drop
    }
    chain to_control {
        meta skuid ${pingUser} accept
        counter drop
    }
}
`;
}

/** Once it has run, the relay may start; without it, it does not. */
export const mediaGuardService = service({
  name: 'media-guard',
  description: 'Keeps the relay from sending into the cell',
  command: ['/usr/sbin/nft', '-f', mediaGuardPath],
  kind: 'oneshot',
  user: 'root',
  capabilities: ['CAP_NET_ADMIN'],
  ready: ['/usr/sbin/nft', 'list', 'table', 'inet', table],
  // In one transaction: where media hosts come and go, no packet meets half of a table.
  reload: ['/usr/sbin/nft', '-f', mediaGuardPath],
});
