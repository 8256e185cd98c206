import type { Cell, SbcHost } from '../../../cell/cell.ts';
import { late } from '../../host-config.ts';
import { values } from '../../values.ts';
import { internalPorts } from '../../../spec/fixed.ts';
import { selfAddress } from './call-entry.ts';
import { paths } from './paths.ts';
import type { Section } from '../common/section.ts';
import { sockets } from './sockets.ts';

/** Processes, sockets, memory, time-outs: what Kamailio is before any module. */
export function core(cell: Cell, host: SbcHost): Section {
  const { sbc } = cell.spec;
  const listen = sockets(cell, host);
  const publicAddress = late(values.publicAddress.name);
  return {
    title: 'Processes and sockets',
    text: `
# Notices and above, to standard error; 3 is debug. At run time: kamcmd cfg.seti core debug 3
debug=1
log_stderror=yes
disable_core_dump=yes

# A number of its own for every start of every SBC. rtpengine takes two requests with the same number, process and count for one
# and answers the second with what it answered the first: another call's ports.
include_file "${paths.serverId}"

# Spec: sbc.workers, for each UDP socket and for TCP.
children=${sbc.workers}
tcp_children=${sbc.workers}

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
# --- Prometheus.
listen=${listen.metrics}
${listen.public.some(({ protocol }) => protocol === 'tls') ? 'enable_tls=yes\n' : ''}
# Nothing is ours but the sockets above.
auto_aliases=no
mhomed=0

# A call never waits for DNS: what needs a name resolved does so in a timer process. This only bounds the damage.
dns=no
rev_dns=no
dns_try_ipv6=no
dns_retr_time=1
dns_retr_no=1
dns_servers_no=2
dns_use_search_list=no

# Registrations live up to an hour; a connection must outlive its registration.
tcp_connection_lifetime=3610
tcp_connect_timeout=3
# A carrier over TCP or TLS knows us by the floating address, which is mapped to this one.
tcp_source_ipv4=${host.floatingSide}
tcp_send_timeout=2
tcp_max_connections=32768
# A probe every 25 s keeps the NAT bindings of phones open, and finds out within a minute that one has gone.
tcp_keepalive=yes
tcp_keepidle=25
tcp_keepintvl=10
tcp_keepcnt=3
# Prometheus asks without a Content-Length.
tcp_accept_no_cl=yes
# Answers the double line end with which phones keep their NAT binding open (RFC 5626, section 3.5.1).
tcp_crlf_ping=yes

# Programs and versions are nobody's business.
server_signature=no
user_agent_header="User-Agent: SBC"
server_header="Server: SBC"

# A batch of records is one text, and so is a message to the other SBC: 16,000 bytes and a record. What does not fit the buffer is
# not cut: it is never delivered.
pv_buffer_size=32768

# Loops here run over media hosts, trunks and queued events; the default of 100 would cut a full queue short.
max_while_loops=1000000
`,
  };
}
