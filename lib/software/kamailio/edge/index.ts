/** Kamailio on an edge of the front, with the kernel's flood guard in front of it. */
import type { EdgeHost, Front } from '../../../front/front.ts';
import { edgePorts } from '../../../spec/fixed.ts';
import { emptyHostConfig, late, type HostConfig, type ListeningPort, type Service } from '../../host-config.ts';
import { values } from '../../values.ts';
import { floodGuard } from './flood-guard.ts';
import { routingScript } from './routing.ts';
import { cellSipPort, listenLines } from './sockets.ts';

/**
 * Shared memory that an edge needs, in MiB. An entry takes 208 bytes and its tenant, which may have no other, 224 more, as measured
 * with names of a dozen letters, beside 40 for the tables' slots; transactions on top.
 */
export function sharedMemoryMiB(entries: number): number {
  return 128 + Math.ceil((entries * 560) / 2 ** 20);
}

/** Slots of a shared-memory table as a power of two, so that a slot holds about one entry. Kamailio takes 2 to 31. */
function slotsPower(entries: number): number {
  return Math.min(24, Math.max(8, Math.ceil(Math.log2(entries))));
}

export function edge(front: Front, host: EdgeHost): HostConfig {
  const { tls } = front.spec.edge.transports;
  const tlsValues = tls === 'off' ? [] : [values.sipCertificate, values.sipKey];
  return {
    ...emptyHostConfig,
    packages: [
      'kamailio',
      'kamailio-utils-modules',
      'kamailio-extra-modules',
      'nftables',
      ...(tls === 'off' ? [] : ['kamailio-tls-modules']),
    ],
    files: [
      {
        path: '/etc/kamailio/kamailio.cfg',
        mode: '0640',
        owner: 'root',
        group: 'kamailio',
        text: configuration(front, host),
      },
      {
        path: '/etc/kamailio/dispatcher.list',
        mode: '0644',
        owner: 'root',
        group: 'root',
        text: '# Cells are added by the directory agent.\n',
      },
      { path: '/etc/cellstamp/flood-guard.nft', mode: '0644', owner: 'root', group: 'root', text: floodGuard(front) },
      ...(tls === 'off'
        ? []
        : [
            { path: '/etc/kamailio/tls.cfg', mode: '0640', owner: 'root', group: 'kamailio', text: tlsConfiguration },
            {
              path: '/etc/kamailio/sip.crt',
              mode: '0644',
              owner: 'root',
              group: 'root',
              text: late(values.sipCertificate.name),
            },
            {
              path: '/etc/kamailio/sip.key',
              mode: '0640',
              owner: 'root',
              group: 'kamailio',
              text: late(values.sipKey.name),
            },
          ]),
    ],
    services: [floodGuardService, kamailioService(front)],
    sysctl: {
      'net.core.rmem_max': '16777216',
      'net.core.wmem_max': '16777216',
      'net.core.netdev_max_backlog': '10000',
    },
    ports: listeningPorts(front),
    values: [values.publicAddress, values.anycastAddress1, values.anycastAddress2, ...tlsValues],
  };
}

function listeningPorts(front: Front): readonly ListeningPort[] {
  const { udp, tcp, tls } = front.spec.edge.transports;
  const internet = [{ internet: true }] as const;
  const sip = (name: string, protocol: 'udp' | 'tcp', port: number, description: string): ListeningPort => ({
    name,
    protocol,
    from: port,
    to: port,
    peers: internet,
    description,
  });
  return [
    udp === 'off'
      ? sip('sip-cells', 'udp', edgePorts.cellSip, 'SIP from cells and other edges')
      : sip('sip-udp', 'udp', udp, 'SIP over UDP from clients, cells and other edges'),
    ...(tcp === 'off' ? [] : [sip('sip-tcp', 'tcp', tcp, 'SIP over TCP from clients')]),
    ...(tls === 'off' ? [] : [sip('sip-tls', 'tcp', tls, 'SIP over TLS from clients')]),
    {
      name: 'metrics',
      protocol: 'tcp',
      from: edgePorts.metrics,
      to: edgePorts.metrics,
      peers: [{ ranges: front.spec.regions.map((region) => region.network) }],
      description: 'Prometheus metrics of Kamailio',
    },
  ];
}

const floodGuardService: Service = {
  name: 'cellstamp-flood-guard',
  description: 'Drops floods by source in the kernel',
  command: ['/usr/sbin/nft', '-f', '/etc/cellstamp/flood-guard.nft'],
  kind: 'oneshot',
  user: 'root',
  group: 'root',
  capabilities: ['CAP_NET_ADMIN'],
  environment: {},
  before: [],
  after: [],
  runDirectories: [],
  stateDirectories: [],
  openFiles: 1024,
  restart: 'on-failure',
  ready: ['/usr/sbin/nft', 'list', 'table', 'ip', 'cellstamp_flood_guard'],
  readyTimeoutSeconds: 10,
  stopTimeoutSeconds: 5,
};

function kamailioService(front: Front): Service {
  return {
    name: 'kamailio',
    description: 'Edge of the front (Kamailio)',
    command: [
      '/usr/sbin/kamailio',
      '-DD',
      '-E',
      '-f',
      '/etc/kamailio/kamailio.cfg',
      '-m',
      String(sharedMemoryMiB(front.spec.directory.entries)),
      '-M',
      '16',
      '-Y',
      '/run/kamailio',
    ],
    kind: 'daemon',
    user: 'kamailio',
    group: 'kamailio',
    capabilities: [],
    environment: {},
    before: [],
    after: [floodGuardService.name],
    runDirectories: ['/run/kamailio'],
    stateDirectories: [],
    openFiles: 65536,
    restart: 'always',
    ready: ['/usr/sbin/kamcmd', '-s', 'unix:/run/kamailio/kamailio_ctl', 'core.uptime'],
    readyTimeoutSeconds: 30,
    stopTimeoutSeconds: 10,
  };
}

const tlsConfiguration = `# SIP over TLS from clients. The certificate comes from the target's secret store.
[server:default]
method = TLSv1.2+
verify_certificate = no
require_certificate = no
private_key = /etc/kamailio/sip.key
certificate = /etc/kamailio/sip.crt

# Never used: an edge opens no connection, neither to clients nor to cells. A list of authorities here would be read by every
# process, seconds of CPU at boot.
[client:default]
method = TLSv1.2+
verify_certificate = yes
require_certificate = yes
ca_path = /etc/ssl/certs
`;

function configuration(front: Front, host: EdgeHost): string {
  const spec = front.spec;
  const { tls } = spec.edge.transports;
  const slots = slotsPower(spec.directory.entries);
  return `#!KAMAILIO
# Edge ${host.hostname} in ${host.zone}, made by Cellstamp from the front's spec. Changes made here are lost.
#
# clients --anycast--> this edge --unicast--> the tenant's cell
# Tables come from the directory agent (cellstamp-directory-agent), which pushes every change within seconds.
#   kamcmd -s unix:/run/kamailio/kamailio_ctl htable.get route d:DOMAIN     which tenant
#   kamcmd -s unix:/run/kamailio/kamailio_ctl htable.get tenant NAME        which cell
#   kamcmd -s unix:/run/kamailio/kamailio_ctl dispatcher.list               cells and their state
#   kamcmd -s unix:/run/kamailio/kamailio_ctl htable.dump clock             how far each cell's clock is ahead, seconds

# --- process -------------------------------------------------------------------------------------------------------------
debug=2
log_stderror=yes
log_facility=LOG_LOCAL0
# Spec: edge.workers
children=${spec.edge.workers}
tcp_children=${spec.edge.workers}
auto_aliases=no
# No request waits for DNS: edges and cells are known by address, clients by where they send from. This bounds the damage of a
# Contact that is a name.
dns=no
rev_dns=no
dns_try_ipv6=no
dns_retr_time=1
dns_retr_no=1
dns_servers_no=2
dns_use_search_list=no
# A TCP connection over which nothing has worked is closed after so many seconds of silence: one source holds few at a time. The
# others are kept, see KEEP_CONNECTION.
tcp_connection_lifetime=30
tcp_max_connections=32768
# A probe every 25 s keeps the NAT bindings of phones open, and Global Accelerator's flows, which last 340 s.
tcp_keepalive=yes
tcp_keepidle=25
tcp_keepintvl=10
tcp_keepcnt=3
# HTTP requests for the metrics have no Content-Length.
tcp_accept_no_cl=yes
${tls === 'off' ? '' : 'enable_tls=yes\ntls_max_connections=32768\n'}server_header="Server: SIP edge"
user_agent_header="User-Agent: SIP edge"
server_signature=no
max_while_loops=1000

# --- sockets: anycast traffic arrives at ${host.address}; ${host.unicastSide} is mapped to this edge's own public address ---------
${listenLines(front, host)}
# Metrics, inside the front's own networks
listen=tcp:${host.address}:${edgePorts.metrics}
# To the flood guard in the kernel: the source that gets a datagram from here is banned.
socket_workers=1
listen=udp:${host.address}:${edgePorts.bans}
alias="${spec.domain}"
alias="${late(values.anycastAddress1.name)}"
alias="${late(values.anycastAddress2.name)}"

# --- modules -------------------------------------------------------------------------------------------------------------
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
${[
  'ctl',
  'jsonrpcs',
  'kex',
  'corex',
  'pv',
  'xlog',
  'tm',
  'tmx',
  'sl',
  'rr',
  'maxfwd',
  'textops',
  'textopsx',
  'siputils',
  'sanity',
  'nathelper',
  'htable',
  'dispatcher',
  'tcpops',
  'xhttp',
  'xhttp_prom',
  ...(tls === 'off' ? [] : ['tls']),
]
  .map((module) => `loadmodule "${module}.so"`)
  .join('\n')}

modparam("ctl", "binrpc", "unix:/run/kamailio/kamailio_ctl")
# Only datagrams (4) on a local socket.
modparam("jsonrpcs", "transport", 4)
modparam("jsonrpcs", "dgram_socket", "/run/kamailio/jsonrpc.sock")
modparam("jsonrpcs", "dgram_mode", 0600)
${tls === 'off' ? '' : 'modparam("tls", "config", "/etc/kamailio/tls.cfg")\n'}
# Both sides of this edge are in every route set: clients and cells may speak different transports.
modparam("rr", "enable_double_rr", 2)
modparam("rr", "append_fromtag", 0)

# What it refuses is counted before it is dropped.
modparam("sanity", "autodrop", 0)

# A finished transaction is kept 5 s for late retransmissions.
modparam("tm", "wt_timer", 5000)
modparam("tm", "fr_timer", 8000)
modparam("tm", "fr_inv_timer", 180000)
modparam("tm", "failure_reply_mode", 3)

# --- tables: no look-up leaves this memory ---------------------------------------------------------------------------------
# route: d:DOMAIN, n:+NUMBER or s:ADDRESS to the tenant. Spec: directory.entries = ${spec.directory.entries}
modparam("htable", "htable", "route=>size=${slots};")
# tenant: name to cell=...;other=...
modparam("htable", "htable", "tenant=>size=${Math.max(8, slots - 2)};")
# cell: name to set=...;state=...    peer: address to cell or edge    agent: set once the directory agent has loaded all
modparam("htable", "htable", "cell=>size=10;")
modparam("htable", "htable", "peer=>size=10;")
modparam("htable", "htable", "agent=>size=2;")
# edge_keys: see "Proofs"    clock: a cell's address to the seconds by which its clock is ahead of ours
modparam("htable", "htable", "edge_keys=>size=4;")
modparam("htable", "htable", "clock=>size=10;initval=0;")
# pinned: Call-ID of a call that goes through this edge, for operators
modparam("htable", "htable", "pinned=>size=14;autoexpire=14400;")
# rates: requests over TCP and TLS by source, and hand-overs, of a moment
modparam("htable", "htable", "rates=>size=12;autoexpire=4;initval=0;")

# --- cells: probed by OPTIONS; two lost answers are a dead SBC, one answer is a live one -------------------------------------
modparam("dispatcher", "list_file", "/etc/kamailio/dispatcher.list")
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

# --- metrics ---------------------------------------------------------------------------------------------------------------
modparam("xhttp_prom", "xhttp_prom_beginning", "cellstamp_")
# A counter that has not moved is still there.
modparam("xhttp_prom", "xhttp_prom_timeout", 0)
modparam("xhttp_prom", "xhttp_prom_stats", "shmem:")
modparam("xhttp_prom", "prom_counter", "name=edge_requests; label=method;")
modparam("xhttp_prom", "prom_counter", "name=edge_rejected; label=reason;")
modparam("xhttp_prom", "prom_counter", "name=edge_handed_over; label=method;")
modparam("xhttp_prom", "prom_counter", "name=edge_taken_over; label=method;")

modparam("xhttp_prom", "prom_gauge", "name=edge_clock_offset_seconds;")

event_route[xhttp:request] {
    if ($Rp == ${edgePorts.metrics} && $hu == "/metrics") {
        route(FURTHEST_CLOCK);
        prom_gauge_set("edge_clock_offset_seconds", "$var(furthest)");
        prom_dispatch();
    } else {
        xhttp_reply("404", "Not Found", "text/plain", "");
    }
}
${routingScript(front, host)}`;
}
