import type { Cell, SbcHost } from '../../../fleet/derive/cell.ts';
import { late } from '../../../fleet/late-bound.ts';
import { values } from '../../values.ts';
import { internalPorts } from '../../../fleet/schema/fixed.ts';
import { identity, noDns, processes } from '../common/processes.ts';
import type { Section } from '../common/section.ts';
import { selfAddress } from './call-entry.ts';
import { paths } from './paths.ts';
import { sockets } from './sockets.ts';

/** Processes and sockets: what Kamailio is before any module. */
export function core(cell: Cell, host: SbcHost): Section {
  const { sbc } = cell.spec;
  const listen = sockets(cell, host);
  const publicAddress = late(values.publicAddress.name);
  return {
    title: 'Processes and sockets',
    text: `
${processes(sbc.workers, 'sbc.workers').trim()}

# A number of its own for every start of every SBC. rtpengine takes two requests with the same number, process and count for one
# and answers the second with what it answered the first: another call's ports.
include_file "${paths.serverId}"

# --- Towards the outside: the floating public address is mapped onto this address while the host is active.
# They stand first: a message whose way says nothing else leaves from the first socket of its protocol.
${listen.public.map(({ name, port }) => `listen=${name} advertise ${publicAddress}:${port}`).join('\n')}
# --- Towards FreeSWITCH: this address is on the active SBC only; net.ipv4.ip_nonlocal_bind lets the other one listen too.
listen=${listen.overlay}
# --- Between the two SBCs. One worker, so that changes are applied in the order in which they were sent.
socket_workers=1
listen=${listen.replication}
# --- To itself: a BYE that the cell says. Nobody can forge an address on loopback.
listen=udp:${selfAddress}:${internalPorts.sbcSelf}
# --- To the flood guard in the kernel, see BAN_CONNECTION. Nothing is taken here.
socket_workers=1
listen=${listen.guard}
# --- Prometheus.
listen=${listen.metrics}
# A carrier over TCP or TLS knows us by the floating address, which is mapped to this one.
tcp_source_ipv4=${host.floatingSide}
mhomed=0
${identity('SBC')}${noDns}

# $_s(TEXT) is TEXT with its variables in place: made at once, where a sum copies all that it has at every +. A variable that may be
# null stays in a sum: it would read <null>. What is added to a long text is summed up first, in parentheses.
# An == of two texts copies both and takes twice as long as one of two numbers. So addresses are compared by src_ip and dst_ip, a text is
# empty when its length {s.len} is 0, and starts_with() looks at how one begins.
# A batch of records is one text, and so is a message to the other SBC: 16,000 bytes and a record. What does not fit the buffer is
# not cut: it is never delivered.
pv_buffer_size=32768
# Loops here run over media hosts, trunks and queued events; the default of 100 would cut a full queue short.
max_while_loops=1000000
`,
  };
}
