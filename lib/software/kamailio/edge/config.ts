import type { EdgeHost, Front } from '../../../fleet/derive/front.ts';
import { edgePorts } from '../../../fleet/schema/fixed.ts';
import { late } from '../../../fleet/late-bound.ts';
import { values } from '../../values.ts';
import { connections, streamSeconds } from '../common/connections.ts';
import { edgePage } from '../../../observability/kamailio-pages.ts';
import { metricsPage, prometheus, unreadable } from '../common/metrics.ts';
import { loadedModules, type Module } from '../common/modules.ts';
import { kamailioPaths as paths } from '../common/paths.ts';
import { identity, noDns, processes } from '../common/processes.ts';
import { joinSections, type Section } from '../common/section.ts';
import { tlsSettings } from '../common/tls.ts';
import { fromClients } from './from-clients.ts';
import { handOver } from './hand-over.ts';
import { proofs } from './proofs.ts';
import { request } from './routing.ts';
import { cellSipPort, guardSocket, listenLines } from './sockets.ts';
import { countStreams } from './streams.ts';
import { toClients } from './to-clients.ts';

/** What an edge loads beside what every Kamailio has. */
const modules: readonly Module[] = [
  ['sanity', 'malformed messages'],
  ['nathelper', 'contacts behind a NAT'],
  ['htable', 'tables in shared memory'],
  ['dispatcher', 'cells'],
];

/** Text of `/etc/kamailio/kamailio.cfg` of an edge. */
export function edgeConfig(front: Front, host: EdgeHost): string {
  const tls = front.spec.edge.transports.tls !== 'off';
  const control = `kamcmd -s unix:${paths.control}`;
  return `#!KAMAILIO
#
# Edge ${host.hostname} in ${host.zone}, made by Cellstamp from the front's spec. Changes made here are lost.
#
# clients --anycast--> this edge --unicast--> the tenant's cell
#
# Tables come from the directory agent (cellstamp-directory-agent), which pushes every change within seconds.
# Which tenant:           ${control} htable.get route d:DOMAIN
# Which cell:             ${control} htable.get tenant NAME
# Cells and their state:  ${control} dispatcher.list
# Calls through here:     ${control} htable.dump pinned
# Clocks of cells, ahead: ${control} htable.dump clock
# Connections now:        ${control} core.tcp_info

${joinSections([
  core(front, host),
  loadedModules(modules, tls),
  ...(tls ? [{ title: 'SIP over TLS', text: tlsSettings }] : []),
  connections(front.spec.edge.connections, 'edge.connections', { tls, guardSocket: guardSocket(host) }),
  transactions,
  tables(front),
  cells(front, host),
  request(front),
  countStreams(front),
  fromClients(front, host),
  ...toClients(front, host),
  handOver(front, host),
  proofs(),
  metrics(host),
])}`;
}

function core(front: Front, host: EdgeHost): Section {
  const { spec } = front;
  return {
    title: 'Processes and sockets',
    text: `
${processes(spec.edge.workers, 'edge.workers').trim()}

# --- Anycast traffic arrives at ${host.address}; ${host.unicastSide} is mapped to this edge's own public address.
${listenLines(front, host)}
# --- Prometheus, inside the front's own networks.
listen=tcp:${host.address}:${edgePorts.metrics}
# --- To the flood guard in the kernel, see BAN_CONNECTION. Nothing is taken here.
socket_workers=1
listen=${guardSocket(host)}
alias="${spec.domain}"
alias="${late(values.anycastAddress1.name)}"
alias="${late(values.anycastAddress2.name)}"
${identity('SIP edge')}${noDns}
max_while_loops=1000
`,
  };
}

const transactions: Section = {
  title: 'Transactions',
  text: `
# Both sides of this edge are in every route set: clients and cells may speak different transports.
modparam("rr", "enable_double_rr", 2)
modparam("rr", "append_fromtag", 0)

# Whatever the check refuses is counted before it is dropped.
modparam("sanity", "autodrop", 0)

# A finished transaction is kept 5 s for late retransmissions.
modparam("tm", "wt_timer", 5000)
modparam("tm", "fr_timer", 8000)
modparam("tm", "fr_inv_timer", 180000)
modparam("tm", "failure_reply_mode", 3)
`,
};

/** A day, and an hour for a call that just began to end. */
const pinnedSeconds = 25 * 3600;

/** Slots of a shared-memory table as a power of two, so that a slot holds about one entry. Kamailio takes 2 to 31. */
function slotsPower(entries: number): number {
  return Math.min(24, Math.max(8, Math.ceil(Math.log2(entries))));
}

/** No look-up leaves this memory. */
function tables(front: Front): Section {
  const { entries } = front.spec.directory;
  const slots = slotsPower(entries);
  return {
    title: 'Tables in shared memory',
    text: `
# route: d:DOMAIN, n:+NUMBER or s:ADDRESS to the tenant. Spec: directory.entries = ${entries}
modparam("htable", "htable", "route=>size=${slots};")
# tenant: name to cell=...;other=...
modparam("htable", "htable", "tenant=>size=${Math.max(8, slots - 2)};")
# cell: name to set=...;state=...    peer: address to cell or edge
# agent: loaded => set once the directory agent has loaded all; draining => from when on what is new is refused (seconds since 1970)
modparam("htable", "htable", "cell=>size=10;")
modparam("htable", "htable", "peer=>size=10;")
modparam("htable", "htable", "agent=>size=2;")
# pinned: Call-ID of a call that goes through this edge, for operators. No call is longer than a day (calls.longestMinutes of a cell).
modparam("htable", "htable", "pinned=>size=14;autoexpire=${pinnedSeconds};")
# hung_up: the same of a call that has ended, for as long as an answer to its INVITE may be repeated (RFC 3261, section 13.3.1.4).
modparam("htable", "htable", "hung_up=>size=12;autoexpire=40;")
# rates: requests over TCP and TLS by source, and hand-overs, of a moment
modparam("htable", "htable", "rates=>size=12;autoexpire=${streamSeconds + 2};initval=0;")
`,
  };
}

function cells(front: Front, host: EdgeHost): Section {
  return {
    title: 'Cells',
    text: `
# Probed by OPTIONS; two lost answers are a dead SBC, one answer is a live one.
modparam("dispatcher", "list_file", "${paths.dispatcherList}")
# 2: remember the others, for when the first does not answer.
modparam("dispatcher", "flags", 2)
# Cells come and go one by one, several within a moment.
modparam("dispatcher", "reload_delta", 0)
modparam("dispatcher", "ds_ping_interval", 2)
modparam("dispatcher", "ds_probing_mode", 1)
modparam("dispatcher", "ds_probing_threshold", 2)
modparam("dispatcher", "ds_inactive_threshold", 1)
modparam("dispatcher", "ds_ping_reply_codes", "class=2;class=4")
modparam("dispatcher", "ds_default_socket", "udp:${host.unicastSide}:${cellSipPort(front)}")
modparam("dispatcher", "xavp_dst", "_dst")
`,
  };
}

const unreadableMessages = unreadable('edge_unreadable');

function metrics(host: EdgeHost): Section {
  return {
    title: 'Metrics',
    text: `
${prometheus(edgePage).trim()}
${unreadableMessages.text}
${metricsPage(
  host.address,
  edgePorts.metrics,
  `    route(FURTHEST_CLOCK);
    prom_gauge_set("edge_clock_offset_seconds", "$var(furthest)");
    prom_gauge_set("edge_calls", "$shtcn(pinned=>**)");
${unreadableMessages.atScrape}`,
)}`,
  };
}
