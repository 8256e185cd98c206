import type { Cell, MediaHost } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import { callTimer } from '../../fleet/call-timers.ts';
import { late } from '../../fleet/late-bound.ts';
import { values } from '../values.ts';

/** Port of rtpengine's command line, on loopback: it limits and lists sessions. */
export const rtpengineCliPort = 2224;

/**
 * Text of `/etc/rtpengine/rtpengine.conf`.
 *
 * With `table = 0` rtpengine forwards in the kernel and, unless `no-fallback` is set, relays in userspace when the module
 * is not there; a negative table never asks for the kernel.
 */
export function rtpengineConfig(cell: Cell, host: MediaHost): string {
  const { media } = cell.spec;
  return `# rtpengine of ${host.hostname}, made from the cell's definition.

[rtpengine]

### Where audio comes in and goes out
# "public" is what the outside sees: the host's public address is mapped onto its private one. "private" is for FreeSWITCH.
interface = public/${host.address}!${late(values.publicAddress.name)};private/${host.address}
# media.relay.ports
port-min = ${media.relay.ports.from}
port-max = ${media.relay.ports.to}
# Expedited forwarding (DSCP 46, RFC 3246).
tos = 184
# A caller behind NAT sends from another address than its SDP says. For 3 s after each offer and answer, an address that matches the
# SDP wins over a stranger's; after that, with the SBCs' strict-source, nothing is taken from any other.
endpoint-learning = heuristic

### Forwarding in the kernel: media.kernelForwarding is ${media.kernelForwarding}
table = ${media.kernelForwarding === 'off' ? -1 : 0}
no-fallback = ${media.kernelForwarding === 'required'}

### Control and metrics
# Only the SBCs reach the control port, see the host's firewall.
listen-ng = ${host.address}:${internalPorts.rtpengineControl}
listen-http = ${host.address}:${internalPorts.rtpengineMetrics}
listen-cli = 127.0.0.1:${rtpengineCliPort}

### Limits
# media.relay.calls
max-sessions = ${media.relay.calls}
# Seconds without a packet after which a call is dead (calls.silentSeconds), and the same for a call on hold: as long as any may last.
timeout = ${callTimer(cell.spec, cell.spec.calls.silentSeconds)}
silent-timeout = 90000
# An offer that nobody answered: longer than any INVITE lives (timer C, RFC 3261 section 16.6, is over 3 minutes).
offer-timeout = 240
# An ended call leaves at once, and no longer counts against max-sessions. Its ports are not used again soon: they are handed
# out in turn.
delete-delay = 0

### Log: notices and above, to standard error
log-level = 5
`;
}
