/**
 * What is alarmed on, as plain data. A metric that is missing is unknown; only where its absence is itself the trouble does an
 * alarm say so (`missing: 'breaching'`).
 */
import type { Cell, MediaHost, SbcHost } from '../cell/cell.ts';
import type { hostMetrics, mediaMetrics, sbcMetrics } from './host/metrics-script.ts';
import { metricNamespace, partition, resourceName } from './names.ts';

export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: 'Average' | 'Maximum' | 'Minimum' | 'Sum';
}

export interface Alarm {
  /** Stable within the cell: `sbc-1-healthy`. */
  readonly id: string;
  /** What it means, and what to do first. */
  readonly description: string;
  /** One metric, or several under the names that `expression` uses. */
  readonly metrics: Readonly<Record<string, Metric>>;
  /** @default - the only metric */
  readonly expression?: string;
  readonly when: 'above' | 'below';
  readonly threshold: number;
  /** Minutes in a row; with `together`, minutes that are added up to one value. */
  readonly minutes: number;
  /** @default false */
  readonly together?: boolean;
  readonly missing: 'missing' | 'breaching' | 'notBreaching';
  /** Actions beside the report to the topic: ARNs. */
  readonly actions: readonly string[];
}

type HostMetric = keyof typeof hostMetrics | keyof typeof mediaMetrics | keyof typeof sbcMetrics;

/** Tracked connections still allowed below which an operator should look; a small instance has some 100,000 in all. */
const fewConnections = 10000;

/** Percent of packets relayed in userspace. A call's first seconds are, until rtpengine knows both ends. */
const userspaceShare = 25;

const hostMetric = (
  cell: Cell,
  host: SbcHost | MediaHost,
  name: HostMetric,
  statistic: Metric['statistic'],
): Metric => ({
  namespace: metricNamespace,
  name,
  dimensions: { Cell: cell.name, Host: host.name },
  statistic,
});

/** Alarms of one host; `instanceId` may be a Terraform token. */
export function hostAlarms(cell: Cell, host: SbcHost | MediaHost, instanceId: string): readonly Alarm[] {
  const { region, media } = cell.spec;
  const ec2 = (name: string): Metric => ({
    namespace: 'AWS/EC2',
    name,
    dimensions: { InstanceId: instanceId },
    statistic: 'Maximum',
  });
  const automate = (action: 'recover' | 'reboot') => `arn:${partition(region)}:automate:${region}:ec2:${action}`;
  const own = (name: HostMetric, statistic: Metric['statistic']) => hostMetric(cell, host, name, statistic);
  const alarm = (id: string, rest: Omit<Alarm, 'id' | 'actions' | 'missing'> & Partial<Alarm>): Alarm => ({
    actions: [],
    missing: 'missing',
    ...rest,
    id: `${host.name}-${id}`,
  });
  const alarms = [
    alarm('system', {
      description: `The machine under ${host.hostname} has failed; EC2 moves the instance to another one`,
      metrics: { m: ec2('StatusCheckFailed_System') },
      when: 'above',
      threshold: 0,
      minutes: 2,
      actions: [automate('recover')],
    }),
    alarm('instance', {
      description: `The system on ${host.hostname} does not answer EC2; the instance is rebooted`,
      metrics: { m: ec2('StatusCheckFailed_Instance') },
      when: 'above',
      threshold: 0,
      minutes: 3,
      actions: [automate('reboot')],
    }),
    alarm('healthy', {
      description: `A service of ${host.hostname} is down, or the host says nothing: systemctl --failed`,
      metrics: { m: own('HostHealthy', 'Minimum') },
      when: 'below',
      threshold: 1,
      minutes: 3,
      missing: 'breaching',
    }),
    alarm('allowance', {
      description: `EC2 holds packets of ${host.hostname} back: a larger instance type, or fewer calls a host`,
      metrics: {
        in: own('BandwidthInExceeded', 'Sum'),
        out: own('BandwidthOutExceeded', 'Sum'),
        packets: own('PacketsExceeded', 'Sum'),
        conntrack: own('ConntrackExceeded', 'Sum'),
      },
      expression: 'in + out + packets + conntrack',
      when: 'above',
      threshold: 0,
      minutes: 1,
    }),
    alarm('connections', {
      description: `EC2 can soon track no more connections of ${host.hostname}: is a port's rule narrower than everywhere?`,
      metrics: { m: own('ConntrackAvailable', 'Minimum') },
      when: 'below',
      threshold: fewConnections,
      minutes: 3,
    }),
    alarm('cpu', {
      description: `${host.hostname} has had little CPU to spare for ten minutes`,
      metrics: { m: { ...ec2('CPUUtilization'), statistic: 'Average' } },
      when: 'above',
      threshold: 80,
      minutes: 10,
    }),
    alarm('memory', {
      description: `${host.hostname} runs out of memory`,
      metrics: { m: own('MemoryAvailable', 'Minimum') },
      when: 'below',
      threshold: 10,
      minutes: 5,
    }),
    alarm('disk', {
      description: `${host.hostname} runs out of disk`,
      metrics: { m: own('DiskUsed', 'Maximum') },
      when: 'above',
      threshold: 85,
      minutes: 5,
    }),
  ];
  if (host.role === 'sbc' || media.kernelForwarding === 'off') return alarms;
  return [
    ...alarms,
    alarm('userspace', {
      description: `${host.hostname} relays packets itself that its kernel should forward: lsmod, rtpengine's log`,
      metrics: { user: own('UserspacePackets', 'Sum'), kernel: own('KernelPackets', 'Sum') },
      expression: 'IF(user + kernel > 3000, 100 * user / (user + kernel), 0)',
      when: 'above',
      threshold: userspaceShare,
      minutes: 5,
    }),
  ];
}

/** Alarms of what the hosts share. */
export function cellAlarms(cell: Cell): readonly Alarm[] {
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
      metrics: { a: hostMetric(cell, first, 'Active', 'Maximum'), b: hostMetric(cell, second, 'Active', 'Maximum') },
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
        answered1: hostMetric(cell, first, 'AnsweredCalls', 'Sum'),
        answered2: hostMetric(cell, second, 'AnsweredCalls', 'Sum'),
        sent1: hostMetric(cell, first, 'RecordsSent', 'Sum'),
        sent2: hostMetric(cell, second, 'RecordsSent', 'Sum'),
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
    ...cell.sbcs.map((host): Alarm => ({
      id: `${host.name}-records-waiting`,
      description: `Records wait on ${host.hostname} because Redis does not take them; 200,000 find room there`,
      metrics: { m: hostMetric(cell, host, 'RecordsWaiting', 'Minimum') },
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
