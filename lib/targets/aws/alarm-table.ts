/** CloudWatch's alarms as plain data: what wakes somebody by the hosts' own metrics, and by those of EC2. */
import { responseTo, type AlertKind } from '../../observability/alert-kinds.ts';
import { hostAlerts, type Alert, type WatchedHost } from '../../observability/alerts.ts';
import { metricMath } from './metric-math.ts';
import { metricDimensions, metricNamespace, partition, type Site } from './site.ts';

export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: 'Average' | 'Maximum' | 'Minimum' | 'Sum';
}

export interface Alarm extends Omit<Alert, 'readings' | 'expression'> {
  /** One metric, or several under the names that `expression` uses. */
  readonly metrics: Readonly<Record<string, Metric>>;
  /**
   * In metric math.
   * @default - the only metric
   */
  readonly expression?: string;
  /** Actions beside the report to the topic: ARNs. */
  readonly actions: readonly string[];
}

/** An alert as an alarm on what the site's hosts publish. */
export function alarmOf(site: Site, { readings, expression, ...alert }: Alert): Alarm {
  const metrics = Object.entries(readings).map(([id, { host, metric, statistic }]): [string, Metric] => [
    id,
    { namespace: metricNamespace, name: metric, dimensions: metricDimensions(site, { name: host }), statistic },
  ]);
  return {
    ...alert,
    metrics: Object.fromEntries(metrics),
    ...(expression === undefined ? {} : { expression: metricMath(expression) }),
    actions: [],
  };
}

const look =
  'systemctl --failed; of one that nobody reaches, its stream in the log group of the hosts, and the console’s output';

/** Alarms of any host; `instanceId` may be a Terraform token. */
export function hostAlarms(site: Site, host: WatchedHost, instanceId: string): readonly Alarm[] {
  return [...instanceAlarms(site, host, instanceId), ...hostAlerts(host, look).map((alert) => alarmOf(site, alert))];
}

/** By what EC2 measures of the instance. */
function instanceAlarms({ region }: Site, host: WatchedHost, instanceId: string): readonly Alarm[] {
  const alarm = (
    kind: AlertKind,
    metric: string,
    rest: Pick<Alarm, 'description' | 'threshold' | 'minutes' | 'actions'> & Pick<Partial<Metric>, 'statistic'>,
  ): Alarm => {
    const { statistic = 'Maximum', ...more } = rest;
    return {
      ...responseTo(kind),
      id: `${host.name}-${kind}`,
      metrics: { m: { namespace: 'AWS/EC2', name: metric, dimensions: { InstanceId: instanceId }, statistic } },
      when: 'above',
      missing: 'missing',
      ...more,
    };
  };
  const automate = (action: 'recover' | 'reboot') => `arn:${partition(region)}:automate:${region}:ec2:${action}`;
  return [
    alarm('system', 'StatusCheckFailed_System', {
      description: `The machine under ${host.hostname} has failed; EC2 moves the instance to another one`,
      threshold: 0,
      minutes: 2,
      actions: [automate('recover')],
    }),
    alarm('instance', 'StatusCheckFailed_Instance', {
      description: `The system on ${host.hostname} does not answer EC2; the instance is rebooted`,
      threshold: 0,
      minutes: 3,
      actions: [automate('reboot')],
    }),
    alarm('cpu', 'CPUUtilization', {
      description: `${host.hostname} has had little CPU to spare for ten minutes`,
      statistic: 'Average',
      threshold: 80,
      minutes: 10,
      actions: [],
    }),
  ];
}
