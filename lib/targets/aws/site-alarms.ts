import { CloudwatchMetricAlarm } from '@cdktf/provider-aws/lib/cloudwatch-metric-alarm/index.js';
import { Construct } from 'constructs';
import { severities } from '../../observability/alert-kinds.ts';
import type { Alarm } from './alarm-table.ts';
import { resourceName, type Site } from './site.ts';

export interface SiteAlarmsProps {
  readonly site: Site;
  readonly alarms: readonly Alarm[];
  readonly topicArn: string;
}

/** Alarms, reported to the topic when they start and when they end. */
export class SiteAlarms extends Construct {
  /** By the alarm's id. */
  readonly alarms: ReadonlyMap<string, CloudwatchMetricAlarm>;
  /** ARNs of those that wake somebody. */
  readonly paging: readonly string[];

  constructor(scope: Construct, id: string, props: SiteAlarmsProps) {
    super(scope, id);
    const { site, alarms, topicArn } = props;
    this.alarms = new Map(alarms.map((alarm) => [alarm.id, this.alarm(site, alarm, topicArn)]));
    this.paging = alarms
      .filter(({ severity }) => severities[severity].notify === 'page')
      .map(({ id }) => this.alarms.get(id)!.arn);
  }

  private alarm(site: Site, alarm: Alarm, topicArn: string): CloudwatchMetricAlarm {
    const name = resourceName(site, alarm.id);
    return new CloudwatchMetricAlarm(this, alarm.id, {
      alarmName: name,
      alarmDescription: descriptionOf(alarm),
      comparisonOperator: alarm.when === 'above' ? 'GreaterThanThreshold' : 'LessThanThreshold',
      threshold: alarm.threshold,
      ...periods(alarm),
      treatMissingData: alarm.missing,
      alarmActions: [topicArn, ...alarm.actions],
      okActions: [topicArn],
      ...(alarm.expression === undefined ? single(alarm) : several(alarm)),
      tags: { Name: name, severity: alarm.severity, owner: alarm.owner },
    });
  }
}

/**
 * The severity comes first, so that a subscription of the topic can select by it: a filter policy over the message's body,
 * `{"AlarmDescription": [{"prefix": "P0"}, {"prefix": "P1"}]}`.
 */
const descriptionOf = ({ severity, owner, description, firstLook, runbook }: Alarm): string =>
  `${severity}, ${owner}: ${description}. First look: ${firstLook}. Runbook: ${runbook}`;

/**
 * The minute that has not been published yet is always filled by FILL, with which the alarm would stick in the state that this value
 * gives: of one minute more, one may say otherwise (CloudWatch's guide, "Using metric math", FILL).
 */
function periods({ together, minutes, expression }: Alarm) {
  if (together) return { evaluationPeriods: 1 };
  if (!expression?.includes('FILL(')) return { evaluationPeriods: minutes };
  return { evaluationPeriods: minutes + 1, datapointsToAlarm: minutes };
}

/** Seconds that are looked at together. */
function period({ together, minutes }: Alarm): number {
  return together ? 60 * minutes : 60;
}

function single(alarm: Alarm) {
  const metric = Object.values(alarm.metrics)[0]!;
  return {
    namespace: metric.namespace,
    metricName: metric.name,
    dimensions: { ...metric.dimensions },
    statistic: metric.statistic,
    period: period(alarm),
  };
}

function several(alarm: Alarm) {
  const { metrics, expression } = alarm;
  return {
    metricQuery: [
      { id: 'result', expression: expression!, label: expression!, returnData: true },
      ...Object.entries(metrics).map(([id, metric]) => ({
        id,
        metric: {
          namespace: metric.namespace,
          metricName: metric.name,
          dimensions: { ...metric.dimensions },
          stat: metric.statistic,
          period: period(alarm),
        },
      })),
    ],
  };
}
