/**
 * The script that publishes a host's metrics once a minute. CloudWatch's own agent is not in Debian; what the alarms need is
 * a dozen numbers.
 */
import type { MediaHost, SbcHost } from '../../../fleet/derive/cell.ts';
import { edgePorts, internalPorts } from '../../../fleet/schema/fixed.ts';
import type { EdgeHost, Front } from '../../../fleet/derive/front.ts';
import {
  edgeMetrics,
  mediaMetrics,
  sbcMetrics,
  type hostMetrics,
  type HostMetric,
} from '../../../observability/host-metrics.ts';
import { shellWords } from '../../../software/shell-quote.ts';
import { metricDimensions, metricNamespace, type Site } from '../site.ts';
import { hostRun } from './boot.ts';

export const metricsScriptPath = '/usr/local/lib/cellstamp/publish-metrics';

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
  # What an operator has not filled in yet is off on purpose.
  grep -qxF "$service" "$run/off" 2>/dev/null && continue
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
${props.role}
printf '%s\\n' "\${metrics[@]}" | jq --slurp . >"$run/metrics.json"
aws cloudwatch put-metric-data --namespace ${metricNamespace} --metric-data "file://$run/metrics.json"
`;
}

/** Publishes what a role's metrics take from the host's own Prometheus page. */
function pageLines(address: string, port: number, metrics: Readonly<Record<string, HostMetric>>): string {
  const lines = Object.entries(metrics).flatMap(([name, { kind, from }]) =>
    from === undefined ? [] : [`${kind} ${name} "$(page_value ${shellWords([from].flat())})"`],
  );
  return `
page=$(curl --silent --max-time 5 http://${address}:${port}/metrics)
# page_value SERIES...: of several the sum, to which one that is not on the page adds nothing.
page_value() {
  awk 'BEGIN { for (i = 1; i < ARGC; i++) asked[ARGV[i]]; several = ARGC > 2; ARGC = 1 }
    $1 in asked { sum += $2; seen = 1 }
    END { if (seen || (several && NR > 1)) print sum + 0 }' "$@" <<<"$page"
}
${lines.join('\n')}
`;
}

export function mediaLines(host: MediaHost): string {
  return pageLines(host.address, internalPorts.rtpengineMetrics, mediaMetrics);
}

export function sbcLines(host: SbcHost, overlayAddress: string): string {
  return `
gauge Active "$(ip -o -4 address show to ${overlayAddress} | wc -l)"
${pageLines(host.address, internalPorts.sbcMetrics, sbcMetrics).trim()}
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
${pageLines(host.address, edgePorts.metrics, edgeMetrics).trim()}
`;
}
