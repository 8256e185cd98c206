/** The alarms of a cell: of every host, of what only a media host can do, and of what the hosts share. */
import type { Cell, MediaHost } from '../../fleet/derive/cell.ts';
import { hostAlarm, hostAlarms, hostMetric, type Alarm, type Metric } from './alarm-table.ts';
import { longestQueue } from '../../software/kamailio/sbc/records.ts';
import { cellSite, resourceName } from './site.ts';

/** Percent of packets relayed in userspace. A call's first seconds are, until rtpengine knows both ends. */
const userspaceShare = 25;

/** @param instanceIds of the SBCs and media hosts, by the host's name; Terraform tokens */
export function cellAlarms(cell: Cell, instanceIds: ReadonlyMap<string, string>): readonly Alarm[] {
  return [
    ...[...cell.sbcs, ...cell.media].flatMap((host) => [
      ...hostAlarms(cellSite(cell), host, instanceIds.get(host.name)!),
      ...(host.role === 'media' && cell.spec.media.kernelForwarding !== 'off' ? [userspaceAlarm(cell, host)] : []),
    ]),
    ...sharedAlarms(cell),
  ];
}

function userspaceAlarm(cell: Cell, host: MediaHost): Alarm {
  const site = cellSite(cell);
  return hostAlarm(host, 'userspace', {
    description: `${host.hostname} relays packets itself that its kernel should forward: lsmod, rtpengine's log`,
    metrics: {
      user: hostMetric(site, host, 'UserspacePackets', 'Sum'),
      kernel: hostMetric(site, host, 'KernelPackets', 'Sum'),
    },
    expression: 'IF(user + kernel > 3000, 100 * user / (user + kernel), 0)',
    when: 'above',
    threshold: userspaceShare,
    minutes: 5,
  });
}

function sharedAlarms(cell: Cell): readonly Alarm[] {
  const site = cellSite(cell);
  const name = resourceName(cell);
  const rds = (metric: string, statistic: Metric['statistic']): Metric => ({
    namespace: 'AWS/RDS',
    name: metric,
    dimensions: { DBClusterIdentifier: name },
    statistic,
  });
  const [first, second] = cell.sbcs;
  return [
    {
      id: 'active-sbc',
      description: 'No SBC is active, or both think they are: keepalived on both, claim-addresses in their journals',
      metrics: { a: hostMetric(site, first, 'Active', 'Maximum'), b: hostMetric(site, second, 'Active', 'Maximum') },
      // A host that says nothing does not count as active: with the other one active all is well.
      expression: 'ABS(FILL(a, 0) + FILL(b, 0) - 1)',
      when: 'above',
      threshold: 0,
      minutes: 2,
      missing: 'breaching',
      actions: [],
    },
    {
      id: 'records',
      description: 'Calls were answered in the last ten minutes, and not one record came to Redis: redis-tunnel, Redis',
      metrics: {
        answered1: hostMetric(site, first, 'AnsweredCalls', 'Sum'),
        answered2: hostMetric(site, second, 'AnsweredCalls', 'Sum'),
        sent1: hostMetric(site, first, 'RecordsSent', 'Sum'),
        sent2: hostMetric(site, second, 'RecordsSent', 'Sum'),
      },
      // Only the active SBC answers calls; a counter that has not moved since the start is not published.
      expression: 'IF(FILL(answered1, 0) + FILL(answered2, 0) > 0 AND FILL(sent1, 0) + FILL(sent2, 0) == 0, 1, 0)',
      when: 'above',
      threshold: 0,
      minutes: 10,
      together: true,
      missing: 'missing',
      actions: [],
    },
    ...cell.sbcs.map((host) =>
      hostAlarm(host, 'unproved', {
        description: `${host.hostname} drops requests from edges’ addresses: somebody forges them, or the keys differ (learn-edges)`,
        metrics: { m: hostMetric(site, host, 'UnprovedEdge', 'Sum') },
        when: 'above',
        threshold: 0,
        minutes: 3,
      }),
    ),
    ...cell.sbcs.map((host): Alarm => ({
      id: `${host.name}-records-waiting`,
      description: `Records wait on ${host.hostname} because Redis does not take them; ${longestQueue.toLocaleString('en')} find room there`,
      metrics: { m: hostMetric(site, host, 'RecordsWaiting', 'Minimum') },
      when: 'above',
      threshold: 1000,
      minutes: 3,
      missing: 'missing',
      actions: [],
    })),
    {
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
      id: 'database-memory',
      description: 'The database runs out of memory: a larger class',
      metrics: { m: rds('FreeableMemory', 'Minimum') },
      when: 'below',
      threshold: 256 * 2 ** 20,
      minutes: 10,
      missing: 'missing',
      actions: [],
    },
    {
      id: 'database-replica-lag',
      description: 'A reader is more than 2 s behind: a fail-over would lose nothing, but readers show old data',
      metrics: { m: rds('AuroraReplicaLagMaximum', 'Maximum') },
      when: 'above',
      threshold: 2000,
      minutes: 5,
      missing: 'missing',
      actions: [],
    },
    ...cell.redis.flatMap((host) => redisAlarms(cell, host.number)),
  ];
}

/** ElastiCache names the nodes of a group NAME-001, NAME-002, ... */
function redisAlarms(cell: Cell, number: number): readonly Alarm[] {
  const node = `${resourceName(cell)}-${String(number).padStart(3, '0')}`;
  const alarm = (id: string, metric: string, threshold: number, minutes: number, description: string): Alarm => ({
    id: `redis-${number}-${id}`,
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
    alarm('cpu', 'EngineCPUUtilization', 80, 10, `Redis on ${node} has little CPU to spare`),
    alarm(
      'memory',
      'DatabaseMemoryUsagePercentage',
      75,
      5,
      `Redis on ${node} runs out of memory: is anybody reading the call records?`,
    ),
    alarm(
      'lag',
      'ReplicationLag',
      10,
      5,
      `${node} is more than 10 s behind the primary: a fail-over would lose records`,
    ),
  ];
}
