/** What CloudWatch's dashboards of a cell and of a region of the front show, as plain data: what the hosts publish, and what AWS measures. */
import type { Cell } from '../../fleet/derive/cell.ts';
import type { Front, FrontRegion } from '../../fleet/derive/front.ts';
import type { HostMetricName } from '../../observability/host-metrics.ts';
import type { Metric } from './alarm-table.ts';
import { cellSite, frontSite, metricDimensions, metricNamespace, resourceName, type Site } from './site.ts';
import type { Line, Widget } from './site-dashboard.ts';

interface Host {
  readonly name: string;
}

type Statistic = Metric['statistic'];

/** @param instanceIds by the host's name; Terraform tokens */
export function cellWidgets(cell: Cell, instanceIds: ReadonlyMap<string, string>): readonly Widget[] {
  const { sbcs, media } = cell;
  const hosts = [...sbcs, ...media];
  const of = linesOf(cellSite(cell));
  const widget = (title: string, ...lines: readonly (readonly Line[])[]): Widget => ({ title, lines: lines.flat() });
  return [
    widget('Calls, as the SBCs know them', of(sbcs, 'Calls', 'Maximum')),
    widget('Calls by media host', of(media, 'RelaySessions', 'Maximum')),
    widget('Calls answered, a minute', of(sbcs, 'AnsweredCalls', 'Sum')),
    widget('Active SBC', of(sbcs, 'Active', 'Maximum')),
    widget('Services that are all up', of(hosts, 'HostHealthy', 'Minimum')),
    ...(cell.spec.probe.intervalSeconds === 'off'
      ? []
      : [widget('What the probe finds not well', of(sbcs, 'ProbeFailing', 'Maximum'))]),
    widget(
      'Packets by way, a minute',
      of(media, 'KernelPackets', 'Sum', ' kernel'),
      of(media, 'UserspacePackets', 'Sum', ' userspace'),
    ),
    widget(
      'Packets that EC2 held back, a minute',
      ...(['BandwidthInExceeded', 'BandwidthOutExceeded', 'PacketsExceeded', 'ConntrackExceeded'] as const).map(
        (metric) => of(media, metric, 'Sum', ` ${metric}`),
      ),
    ),
    widget(
      'Records of calls: sent in a minute, and waiting',
      of(sbcs, 'RecordsSent', 'Sum', ' sent'),
      of(sbcs, 'RecordsWaiting', 'Maximum', ' waiting'),
    ),
    widget('Seconds since the tables were read', of(sbcs, 'TablesAge', 'Maximum')),
    widget('Requests from edges without a proof, a minute', of(sbcs, 'UnprovedEdge', 'Sum')),
    processors(hosts, instanceIds),
    widget('Memory that is left, percent', of(hosts, 'MemoryAvailable', 'Minimum')),
    widget('Root volume, percent', of(hosts, 'DiskUsed', 'Maximum')),
    { title: 'Database: processor, percent, and connections', lines: databaseLines(cell) },
    { title: 'Redis: processor and memory, percent, and lag, seconds', lines: redisLines(cell) },
  ];
}

/** @param instanceIds by the edge's name; Terraform tokens */
export function regionWidgets(
  front: Front,
  region: FrontRegion,
  instanceIds: ReadonlyMap<string, string>,
): readonly Widget[] {
  const { edges } = region;
  const of = linesOf(frontSite(front, region));
  const widget = (title: string, lines: readonly Line[]): Widget => ({ title, lines });
  return [
    widget('Edges that take new calls', of(edges, 'Ready', 'Maximum')),
    widget('Calls', of(edges, 'Calls', 'Maximum')),
    widget('Requests turned away: no SBC of the cell answered, a minute', of(edges, 'CellUnreachable', 'Sum')),
    widget('Requests turned away: nobody’s domain, number or source, a minute', of(edges, 'UnknownTenant', 'Sum')),
    widget('Directory answers', of(edges, 'DirectoryReachable', 'Minimum')),
    widget('Entries of the directory', of(edges, 'DirectoryEntries', 'Minimum')),
    widget('Changes that Kamailio has yet to take', of(edges, 'DirectoryUntold', 'Maximum')),
    widget('Seconds between the clocks of edges and cells', of(edges, 'ClockOffset', 'Maximum')),
    widget('Services that are all up', of(edges, 'HostHealthy', 'Minimum')),
    processors(edges, instanceIds),
    widget('Memory that is left, percent', of(edges, 'MemoryAvailable', 'Minimum')),
    widget('Root volume, percent', of(edges, 'DiskUsed', 'Maximum')),
  ];
}

/** A line a host, of what the site's hosts publish. */
const linesOf =
  (site: Site) =>
  (hosts: readonly Host[], metric: HostMetricName, statistic: Statistic, suffix = ''): readonly Line[] =>
    hosts.map((host) => ({
      label: `${host.name}${suffix}`,
      metric: { namespace: metricNamespace, name: metric, dimensions: metricDimensions(site, host), statistic },
    }));

const processors = (hosts: readonly Host[], instanceIds: ReadonlyMap<string, string>): Widget => ({
  title: 'Processors, percent',
  lines: hosts.map(({ name }) => ({
    label: name,
    metric: {
      namespace: 'AWS/EC2',
      name: 'CPUUtilization',
      dimensions: { InstanceId: instanceIds.get(name)! },
      statistic: 'Average',
    },
  })),
});

function databaseLines(cell: Cell): readonly Line[] {
  const line = (name: string, statistic: Statistic): Line => ({
    label: name,
    metric: { namespace: 'AWS/RDS', name, dimensions: { DBClusterIdentifier: resourceName(cell) }, statistic },
  });
  return [line('CPUUtilization', 'Maximum'), line('DatabaseConnections', 'Maximum')];
}

/** ElastiCache names the nodes of a group NAME-001, NAME-002, ... */
function redisLines(cell: Cell): readonly Line[] {
  return cell.redis.flatMap(({ name: host, number }) =>
    ['EngineCPUUtilization', 'DatabaseMemoryUsagePercentage', 'ReplicationLag'].map((name) => ({
      label: `${host} ${name}`,
      metric: {
        namespace: 'AWS/ElastiCache',
        name,
        dimensions: { CacheClusterId: `${resourceName(cell)}-${String(number).padStart(3, '0')}` },
        statistic: 'Maximum' as const,
      },
    })),
  );
}
