/**
 * What is alarmed on, as plain data. A metric that is missing is unknown; only where its absence is itself the trouble does an
 * alarm say so (`missing: 'breaching'`).
 */
import type { PublishedMetric } from './host/metrics-script.ts';
import { metricDimensions, metricNamespace, partition, type Site } from './site.ts';

export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: 'Average' | 'Maximum' | 'Minimum' | 'Sum';
}

export interface Alarm {
  /** Stable within the site: `sbc-1-healthy`. */
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

/** A host, as much of it as its alarms say. */
export interface WatchedHost {
  readonly name: string;
  readonly hostname: string;
}

/** Tracked connections still allowed below which an operator should look; a small instance has some 100,000 in all. */
const fewConnections = 10000;

/** A metric that the host itself publishes. */
export const hostMetric = (
  site: Site,
  host: WatchedHost,
  name: PublishedMetric,
  statistic: Metric['statistic'],
): Metric => ({ namespace: metricNamespace, name, dimensions: metricDimensions(site, host), statistic });

/** An alarm of one host, without actions; a missing metric is unknown. */
export const hostAlarm = (
  host: WatchedHost,
  id: string,
  rest: Omit<Alarm, 'id' | 'actions' | 'missing'> & Partial<Alarm>,
): Alarm => ({ actions: [], missing: 'missing', ...rest, id: `${host.name}-${id}` });

/** Alarms of any host; `instanceId` may be a Terraform token. */
export function hostAlarms(site: Site, host: WatchedHost, instanceId: string): readonly Alarm[] {
  const { region } = site;
  const ec2 = (name: string): Metric => ({
    namespace: 'AWS/EC2',
    name,
    dimensions: { InstanceId: instanceId },
    statistic: 'Maximum',
  });
  const automate = (action: 'recover' | 'reboot') => `arn:${partition(region)}:automate:${region}:ec2:${action}`;
  const own = (name: PublishedMetric, statistic: Metric['statistic']) => hostMetric(site, host, name, statistic);
  return [
    hostAlarm(host, 'system', {
      description: `The machine under ${host.hostname} has failed; EC2 moves the instance to another one`,
      metrics: { m: ec2('StatusCheckFailed_System') },
      when: 'above',
      threshold: 0,
      minutes: 2,
      actions: [automate('recover')],
    }),
    hostAlarm(host, 'instance', {
      description: `The system on ${host.hostname} does not answer EC2; the instance is rebooted`,
      metrics: { m: ec2('StatusCheckFailed_Instance') },
      when: 'above',
      threshold: 0,
      minutes: 3,
      actions: [automate('reboot')],
    }),
    hostAlarm(host, 'healthy', {
      description: `A service of ${host.hostname} is down, or the host says nothing: systemctl --failed`,
      metrics: { m: own('HostHealthy', 'Minimum') },
      when: 'below',
      threshold: 1,
      minutes: 3,
      missing: 'breaching',
    }),
    hostAlarm(host, 'allowance', {
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
    hostAlarm(host, 'connections', {
      description: `EC2 can soon track no more connections of ${host.hostname}: is a port's rule narrower than everywhere?`,
      metrics: { m: own('ConntrackAvailable', 'Minimum') },
      when: 'below',
      threshold: fewConnections,
      minutes: 3,
    }),
    hostAlarm(host, 'cpu', {
      description: `${host.hostname} has had little CPU to spare for ten minutes`,
      metrics: { m: { ...ec2('CPUUtilization'), statistic: 'Average' } },
      when: 'above',
      threshold: 80,
      minutes: 10,
    }),
    hostAlarm(host, 'memory', {
      description: `${host.hostname} runs out of memory`,
      metrics: { m: own('MemoryAvailable', 'Minimum') },
      when: 'below',
      threshold: 10,
      minutes: 5,
    }),
    hostAlarm(host, 'disk', {
      description: `${host.hostname} runs out of disk`,
      metrics: { m: own('DiskUsed', 'Maximum') },
      when: 'above',
      threshold: 85,
      minutes: 5,
    }),
  ];
}
