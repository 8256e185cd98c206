/** The alarms of a cell: of every host, of what the hosts share, and of the services that AWS runs for it. */
import type { Cell } from '../../fleet/derive/cell.ts';
import { responseTo, type AlertKind } from '../../observability/alert-kinds.ts';
import { cellAlerts } from '../../observability/alerts.ts';
import { alarmOf, hostAlarms, type Alarm, type Metric } from './alarm-table.ts';
import { cellSite, resourceName } from './site.ts';

/** @param instanceIds of the SBCs and media hosts, by the host's name; Terraform tokens */
export function cellAlarms(cell: Cell, instanceIds: ReadonlyMap<string, string>): readonly Alarm[] {
  const site = cellSite(cell);
  return [
    ...[...cell.sbcs, ...cell.media].flatMap((host) => hostAlarms(site, host, instanceIds.get(host.name)!)),
    ...cellAlerts(cell).map((alert) => alarmOf(site, alert)),
    ...databaseAlarms(cell),
    ...cell.redis.flatMap((host) => redisAlarms(cell, host.number)),
  ];
}

function databaseAlarms(cell: Cell): readonly Alarm[] {
  const rds = (metric: string, statistic: Metric['statistic']): Metric => ({
    namespace: 'AWS/RDS',
    name: metric,
    dimensions: { DBClusterIdentifier: resourceName(cell) },
    statistic,
  });
  return [
    {
      ...responseTo('database-cpu'),
      id: 'database-cpu',
      description:
        'The database has had little CPU to spare for ten minutes; calls do not wait for it, registrations may',
      metrics: { m: rds('CPUUtilization', 'Maximum') },
      when: 'above',
      threshold: 80,
      minutes: 10,
      missing: 'missing',
      actions: [],
    },
    {
      ...responseTo('database-memory'),
      id: 'database-memory',
      description: 'The database runs out of memory',
      metrics: { m: rds('FreeableMemory', 'Minimum') },
      when: 'below',
      threshold: 256 * 2 ** 20,
      minutes: 10,
      missing: 'missing',
      actions: [],
    },
    {
      ...responseTo('database-replica-lag'),
      id: 'database-replica-lag',
      description: 'A reader is more than 2 s behind: a fail-over would lose nothing, but readers show old data',
      metrics: { m: rds('AuroraReplicaLagMaximum', 'Maximum') },
      when: 'above',
      threshold: 2000,
      minutes: 5,
      missing: 'missing',
      actions: [],
    },
  ];
}

/** ElastiCache names the nodes of a group NAME-001, NAME-002, ... */
function redisAlarms(cell: Cell, number: number): readonly Alarm[] {
  const node = `${resourceName(cell)}-${String(number).padStart(3, '0')}`;
  const alarm = (
    kind: AlertKind & `redis-${string}`,
    metric: string,
    threshold: number,
    minutes: number,
    description: string,
  ): Alarm => ({
    ...responseTo(kind),
    id: kind.replace('redis', `redis-${number}`),
    description,
    metrics: {
      m: { namespace: 'AWS/ElastiCache', name: metric, dimensions: { CacheClusterId: node }, statistic: 'Maximum' },
    },
    when: 'above',
    threshold,
    minutes,
    missing: 'missing',
    actions: [],
  });
  return [
    alarm('redis-cpu', 'EngineCPUUtilization', 80, 10, `Redis on ${node} has little CPU to spare`),
    alarm('redis-memory', 'DatabaseMemoryUsagePercentage', 75, 5, `Redis on ${node} runs out of memory`),
    alarm(
      'redis-lag',
      'ReplicationLag',
      10,
      5,
      `${node} is more than 10 s behind the primary: a fail-over would lose records`,
    ),
  ];
}
