import { CloudwatchMetricAlarm } from '@cdktf/provider-aws/lib/cloudwatch-metric-alarm/index.js';
import { Construct } from 'constructs';
import type { Cell } from '../cell/cell.ts';
import { cellAlarms, hostAlarms, type Alarm } from './alarm-table.ts';
import { resourceName } from './names.ts';

export interface CellAlarmsProps {
  readonly cell: Cell;
  /** Instance ids of the SBCs and media hosts, by the host's name. */
  readonly instanceIds: ReadonlyMap<string, string>;
  readonly topicArn: string;
}

/** The alarms of `alarm-table.ts`, reported to the topic when they start and when they end. */
export class CellAlarms extends Construct {
  /** By the alarm's id. */
  readonly alarms: ReadonlyMap<string, CloudwatchMetricAlarm>;

  constructor(scope: Construct, id: string, props: CellAlarmsProps) {
    super(scope, id);
    const { cell, instanceIds, topicArn } = props;
    const table = [
      ...[...cell.sbcs, ...cell.media].flatMap((host) => hostAlarms(cell, host, instanceIds.get(host.name)!)),
      ...cellAlarms(cell),
    ];
    this.alarms = new Map(table.map((alarm) => [alarm.id, this.alarm(cell, alarm, topicArn)]));
  }

  private alarm(cell: Cell, alarm: Alarm, topicArn: string): CloudwatchMetricAlarm {
    const name = resourceName(cell, alarm.id);
    return new CloudwatchMetricAlarm(this, alarm.id, {
      alarmName: name,
      alarmDescription: alarm.description,
      comparisonOperator: alarm.when === 'above' ? 'GreaterThanThreshold' : 'LessThanThreshold',
      threshold: alarm.threshold,
      evaluationPeriods: alarm.together ? 1 : alarm.minutes,
      treatMissingData: alarm.missing,
      alarmActions: [topicArn, ...alarm.actions],
      okActions: [topicArn],
      ...(alarm.expression === undefined ? single(alarm) : several(alarm)),
      tags: { Name: name },
    });
  }
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
