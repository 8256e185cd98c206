/**
 * TCP and TLS: how many connections, and how long each is kept. The kernel counts them by source and ends those over which nothing
 * has worked (flood-guard.ts); Kamailio tells it which ones have, and whom to ban.
 */
import type { Connections } from '../../../config-file/fields.ts';
import { unprovenSeconds } from './flood-guard.ts';
import type { Section } from './section.ts';

/** Requests over TCP and TLS are counted over so long a time. */
export const streamSeconds = 4;

/**
 * Requests that a source may send over TCP and TLS in that time: after a power cut all phones of an office reconnect at once, and a
 * registration is two requests. They are at most half as many as the source may hold connections, since the old ones are still there.
 */
export function streamRequests(requestsPerSecond: number, { perSource }: Connections): number {
  return streamSeconds * requestsPerSecond + perSource;
}

/** Size of the buffer into which a connection is read, in bytes: Kamailio's own default. A message that does not fit ends its connection. */
export const readBuffer = 16_384;

/** Connections beside those of phones: carriers, Prometheus. */
const besidePhones = 1000;

/** The longest registration, an hour, and a little more. */
const keptSeconds = 3610;

/**
 * @param setting The field of the spec that has the numbers: `sbc.connections`.
 * @param guardSocket From where the kernel gets it: `udp:10.16.0.11:5091`.
 */
export function connections(
  { total }: Connections,
  setting: string,
  { tls, guardSocket }: { readonly tls: boolean; readonly guardSocket: string },
): Section {
  return {
    title: 'TCP and TLS connections',
    text: `
# Spec: ${setting}.total = ${total}; ${besidePhones} more for carriers and Prometheus. What one source may hold is the kernel's to count: nft list
# table ip cellstamp_flood_guard.
tcp_max_connections=${total + besidePhones}
${
  tls
    ? `tls_max_connections=${total}
`
    : ''
}
# A connection over which nothing has worked yet is closed after this number of seconds of silence. The others are kept, see KEEP_CONNECTION.
# (Kamailio counts from the last byte: one that comes now and then is the kernel's to end.)
tcp_connection_lifetime=${unprovenSeconds}
${
  tls
    ? `# The same over TLS: left to itself, the module sets 10 minutes, for the whole life of a connection.
modparam("tls", "connection_timeout", ${unprovenSeconds})
`
    : ''
}tcp_connect_timeout=3
tcp_send_timeout=2
# For every connection there is. A message that does not fit ends its connection.
tcp_rd_buf_size=${readBuffer}
# A probe every 25 s keeps the NAT bindings of phones open, and Global Accelerator's flows, which last 340 s. It finds out within a
# minute that a phone has gone.
tcp_keepalive=yes
tcp_keepidle=25
tcp_keepintvl=10
tcp_keepcnt=3
# Answers the double line end with which phones keep their NAT binding open (RFC 5626, section 3.5.1).
tcp_crlf_ping=yes
# A message over TCP lies in a buffer of its own, so that it can be changed before it is passed on (msg_apply_changes).
tcp_clone_rcvbuf=1
# Prometheus asks without a Content-Length.
tcp_accept_no_cl=yes

# Something has worked over a connection: it is kept as long as a registration may last, and any byte restarts that time.
# In: $var(connection), its number; $var(client), the ADDRESS:PORT of its other end.
route[KEEP_CONNECTION] {
    tcp_set_connection_lifetime("$var(connection)", "${keptSeconds}");
    # The kernel takes note of it, and lets the datagram go no further than this host.
    sendx("sip:$var(client)", "${guardSocket}", "kept");
}

# The source of a request over TCP or TLS, where an address can't be forged, is banned: the connection ends, and the kernel drops all
# that comes from there. Port 9 says so.
route[BAN_CONNECTION] {
    sendx("sip:$si:9", "${guardSocket}", "banned");
    tcp_close_connection();
}
`,
  };
}
