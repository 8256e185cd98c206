/**
 * The script that publishes a host's metrics once a minute. CloudWatch's own agent is not in Debian; what the alarms need is
 * a dozen numbers. A number that cannot be read is left out: unknown, never zero.
 */
import type { MediaHost, SbcHost } from '../../../fleet/derive/cell.ts';
import { internalPorts } from '../../../fleet/schema/fixed.ts';
import { edgePorts } from '../../../fleet/schema/fixed.ts';
import type { EdgeHost, Front } from '../../../fleet/derive/front.ts';
import { metricDimensions, metricNamespace, type Site } from '../site.ts';
import { hostRun } from './boot.ts';

export const metricsScriptPath = '/usr/local/lib/cellstamp/publish-metrics';

/** What the script publishes, by host: name in CloudWatch to its meaning. Counters are the increase since the last minute. */
export const hostMetrics = {
  HostHealthy: '1 while every service of the host is active',
  MemoryAvailable: 'percent of the memory that programs may still take',
  DiskUsed: 'percent of the root volume',
  BandwidthInExceeded: 'packets that EC2 held back or dropped: more bandwidth in than the instance may use',
  BandwidthOutExceeded: 'the same, out',
  PacketsExceeded: 'the same, packets a second',
  ConntrackExceeded: 'packets dropped because EC2 could track no more connections',
  ConntrackAvailable: 'connections that EC2 can still track',
} as const;

export const mediaMetrics = {
  RelaySessions: 'calls that rtpengine relays now',
  UserspacePackets: 'packets that rtpengine relayed itself instead of in the kernel',
  KernelPackets: 'packets that the kernel forwarded for rtpengine',
} as const;

export const sbcMetrics = {
  Active: '1 while the host is the active SBC',
  Calls: 'calls that the SBC knows of',
  AnsweredCalls: 'calls that were answered',
  RecordsSent: 'events of calls that Redis has taken',
  RecordsWaiting: 'events of calls that wait for Redis',
  UnprovedEdge:
    'requests from an edge’s address that were dropped because their proof was none, too old, or used before',
} as const;

export const edgeMetrics = {
  Ready: '1 while the edge takes new calls, as its health check says: loaded, answering, not draining',
  Calls: 'calls that go through the edge: a drained one is empty at 0',
  DirectoryReachable: '1 while the tenant directory answers the edge',
  DirectoryEntries: 'domains, numbers and source addresses that the edge knows',
  DirectoryUntold: 'changes of the directory that Kamailio has yet to take',
  DirectoryRefused: 'items of the directory that the edge refused; one that stays wrong is refused again every hour',
  CellUnreachable: 'requests that were turned away because no SBC of their cell answered',
  ClockOffset: 'seconds between the edge’s clock and that of the cell which is furthest from it',
  UnknownTenant: 'requests that were turned away because no tenant has their domain, number or source',
} as const;

export type PublishedMetric =
  keyof typeof hostMetrics | keyof typeof mediaMetrics | keyof typeof sbcMetrics | keyof typeof edgeMetrics;

/** Counter of the network card's driver (`ethtool -S`) to the metric. */
const allowances = {
  bw_in_allowance_exceeded: 'BandwidthInExceeded',
  bw_out_allowance_exceeded: 'BandwidthOutExceeded',
  pps_allowance_exceeded: 'PacketsExceeded',
  conntrack_allowance_exceeded: 'ConntrackExceeded',
} as const satisfies Record<string, keyof typeof hostMetrics>;

export interface MetricsScript {
  readonly site: Site;
  readonly host: { readonly name: string; readonly address: string };
  /** Units that have to be active. */
  readonly services: readonly string[];
  /** What the hosts of this role publish beyond all hosts' metrics: lines of the script. */
  readonly role: string;
  /** @default /run/cellstamp/host */
  readonly runDirectory?: string;
}

export function metricsScript(props: MetricsScript): string {
  const { site, host } = props;
  const dimensions = Object.entries(metricDimensions(site, host)).map(([Name, Value]) => ({ Name, Value }));
  return `#!/bin/bash
# Publishes this host's metrics: run once a minute by cellstamp-metrics.timer.
set -uo pipefail
export AWS_DEFAULT_REGION='${site.region}'
run=${props.runDirectory ?? hostRun}
counters=$run/counters
mkdir -p "$run" "$counters"
metrics=()

# gauge NAME VALUE: a value that is not a number is left out.
gauge() {
  [[ $2 =~ ^[0-9]+([.][0-9]+)?$ ]] || return 0
  metrics+=("{\\"MetricName\\":\\"$1\\",\\"Value\\":$2,\\"Dimensions\\":${JSON.stringify(dimensions).replaceAll('"', '\\"')}}")
}

# counter NAME VALUE: publishes the increase. The first reading, and one below the last (a restart), is only remembered.
counter() {
  local last
  [[ $2 =~ ^[0-9]+$ ]] || return 0
  last=$(cat "$counters/$1" 2>/dev/null)
  echo "$2" >"$counters/$1"
  if [[ -n $last ]] && (($2 >= last)); then
    gauge "$1" $(($2 - last))
  fi
}

services=(${props.services.join(' ')})
healthy=1
for service in "\${services[@]}"; do
  systemctl is-active --quiet "$service" || healthy=0
done
gauge HostHealthy "$healthy"
gauge MemoryAvailable "$(awk '/^MemTotal/ { total = $2 } /^MemAvailable/ { print int(100 * $2 / total) }' /proc/meminfo)"
gauge DiskUsed "$(df --output=pcent / | tr -dc 0-9)"

# What EC2 allows the instance, from the driver of its network card.
interface=$(ip -o -4 address show to ${host.address} | awk '{ print $2; exit }')
driver=$(ethtool -S "$interface" 2>/dev/null)
driver_value() { awk -v name="$1:" '$1 == name { print $2; exit }' <<<"$driver"; }
${Object.entries(allowances)
  .map(([from, to]) => `counter ${to} "$(driver_value ${from})"`)
  .join('\n')}
gauge ConntrackAvailable "$(driver_value conntrack_allowance_available)"
${props.role}
printf '%s\\n' "\${metrics[@]}" | jq --slurp . >"$run/metrics.json"
aws cloudwatch put-metric-data --namespace ${metricNamespace} --metric-data "file://$run/metrics.json"
`;
}

/** Reads a page of Prometheus metrics; `page_value NAME` prints one of them. */
function page(host: { readonly address: string }, port: number): string {
  return `
page=$(curl --silent --max-time 5 http://${host.address}:${port}/metrics)
page_value() { awk -v name="$1" '$1 == name { print $2; exit }' <<<"$page"; }`;
}

export function mediaLines(host: MediaHost): string {
  return `${page(host, internalPorts.rtpengineMetrics)}
gauge RelaySessions "$(page_value 'rtpengine_sessions{type="own"}')"
counter UserspacePackets "$(page_value 'rtpengine_packets_total{type="userspace"}')"
counter KernelPackets "$(page_value 'rtpengine_packets_total{type="kernel"}')"
`;
}

export function sbcLines(host: SbcHost, overlayAddress: string): string {
  return `
gauge Active "$(ip -o -4 address show to ${overlayAddress} | wc -l)"
${page(host, internalPorts.sbcMetrics)}
gauge Calls "$(page_value cellstamp_sbc_calls)"
counter AnsweredCalls "$(page_value cellstamp_sbc_answered_total)"
counter RecordsSent "$(page_value 'cellstamp_sbc_records_total{step="sent"}')"
gauge RecordsWaiting "$(page_value cellstamp_sbc_records_waiting)"
counter UnprovedEdge "$(awk '/^cellstamp_sbc_dropped_total[{]reason="(unproved_edge|stale_proof|replayed_proof)"[}]/ { sum += $2 } END { print sum + 0 }' <<<"$page")"
`;
}

export function edgeLines({ spec }: Front, host: EdgeHost): string {
  return `
# What the world-wide entry is answered.
gauge Ready "$(curl --silent --max-time 3 --output /dev/null --write-out '%{http_code}' http://${host.address}:${spec.health.port}/ |
  awk '{ print $1 == 200 }')"
# What the directory agent says, unless it has been silent for a minute.
agent=/run/cellstamp/directory.json
if [[ -n $(find "$agent" -newermt '-60 seconds' 2>/dev/null) ]]; then
  gauge DirectoryReachable "$(jq 'if .directory == "reachable" then 1 else 0 end' "$agent")"
  gauge DirectoryEntries "$(jq .entries "$agent")"
  counter DirectoryRefused "$(jq .refused "$agent")"
  gauge DirectoryUntold "$(jq .untold "$agent")"
fi
${page(host, edgePorts.metrics)}
gauge Calls "$(page_value cellstamp_edge_calls)"
gauge ClockOffset "$(page_value cellstamp_edge_clock_offset_seconds)"
counter CellUnreachable "$(page_value 'cellstamp_edge_rejected{reason="cell_unreachable"}')"
counter UnknownTenant "$(page_value 'cellstamp_edge_rejected{reason="unknown_tenant"}')"
`;
}
