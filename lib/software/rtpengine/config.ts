import type { Cell, MediaHost } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import { callTimer } from '../../fleet/call-timers.ts';
import { late } from '../../fleet/late-bound.ts';
import { values } from '../values.ts';
import type { RelayPart } from './part.ts';

/**
 * Text of an rtpengine's configuration.
 *
 * With `table = 0` rtpengine forwards in the kernel and, unless `no-fallback` is set, relays in userspace when the module
 * is not there; a negative table never asks for the kernel.
 */
export function rtpengineConfig(cell: Cell, host: MediaHost, part: RelayPart): string {
  const { media } = cell.spec;
  const { address, calls } = part;
  return `# rtpengine of ${host.hostname}${calls === undefined ? '' : ` for relay ${part.number}`}, made from the cell's definition.

[rtpengine]

### Where audio comes in and goes out
# "public" faces the outside: the host's public address is mapped onto its private one. "private" is for FreeSWITCH.
interface = public/${address}!${late(part.publicAddress)};private/${address}
# media.relay.ports
port-min = ${media.relay.ports.from}
port-max = ${media.relay.ports.to}
# Expedited forwarding (DSCP 46, RFC 3246).
tos = 184
# A caller behind NAT sends from another address than that of its SDP. For 3 s after each offer and answer, an address that matches the
# SDP wins over a stranger's. After that, because of the SBCs' strict-source, packets from other addresses are dropped.
endpoint-learning = heuristic

### Forwarding in the kernel: media.kernelForwarding is ${media.kernelForwarding}
table = ${media.kernelForwarding === 'off' ? -1 : part.kernelTable}
no-fallback = ${media.kernelForwarding === 'required'}

### Control and metrics
# Only the SBCs reach the control port, see the host's firewall.
listen-ng = ${address}:${internalPorts.rtpengineControl}
listen-http = ${part.web.join(';')}
listen-cli = 127.0.0.1:${part.cliPort}
${calls === undefined ? '' : keptCalls(part.pidPath, calls.port)}
### Limits
# media.relay.calls
max-sessions = ${media.relay.calls}
# Seconds without a packet after which a call is dead (calls.silentSeconds), and the same for a call on hold: as long as any may last.
timeout = ${callTimer(cell.spec, cell.spec.calls.silentSeconds)}
silent-timeout = 90000
# An offer that nobody answered: longer than any INVITE lives (timer C, RFC 3261 section 16.6, is over 3 minutes).
offer-timeout = 240
# An ended call is removed at once and no longer counts against max-sessions. Its ports are not reused soon: they are handed
# out in turn.
delete-delay = 0

### Log: notices and above, to standard error
log-level = 5
`;
}

/** The lines that keep calls where the other host of the relay finds them. */
function keptCalls(pidPath: string, port: number): string {
  const redis = `${late(values.relaySecret.name)}@127.0.0.1:${port}/0`;
  return `
### Calls, for the other host of this relay
# Read and written on loopback. Of a call that it learns from there it is not the owner, until the first packet or command for it comes:
# that is when this host has the relay's address.
redis = ${redis}
redis-write = ${redis}
subscribe-keyspace = 0
active-switchover = true
# It stands in the way of offers and answers: one that hangs costs 0.2 s, then 0.1 s, and then it is left alone for 10 s.
redis-cmd-timeout = 100
redis-connect-timeout = 100
redis-allowed-errors = 1
redis-disable-time = 10
no-redis-required = true
pidfile = ${pidPath}
`;
}
