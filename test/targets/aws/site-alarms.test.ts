import { describe, expect, it } from 'vitest';
import { cellAlarms } from '../../../lib/targets/aws/cell-alarms.ts';
import { hostMetrics, mediaMetrics, sbcMetrics, tlsMetrics } from '../../../lib/observability/host-metrics.ts';
import { SiteAlarms } from '../../../lib/targets/aws/site-alarms.ts';
import { cellSite } from '../../../lib/targets/aws/site.ts';
import type { Cell } from '../../../lib/fleet/derive/cell.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { cellOf, maximal, minimal, synth } from './synth.ts';

const instanceIds = (cell: Cell) => new Map([...cell.sbcs, ...cell.media].map(({ name }) => [name, `i-${name}`]));

const alarms = (input: CellInput) =>
  synth((stack) => {
    const cell = cellOf(input);
    new SiteAlarms(stack, 'alarms', {
      site: cellSite(cell),
      alarms: cellAlarms(cell, instanceIds(cell)),
      topicArn: 'arn:aws:sns:eu-west-1:123456789012:alarms',
    });
  });

describe('SiteAlarms', () => {
  it('reports the start and the end of every alarm to the topic', () => {
    for (const alarm of alarms(minimal).all('aws_cloudwatch_metric_alarm')) {
      expect(alarm['alarm_actions']).toContain('arn:aws:sns:eu-west-1:123456789012:alarms');
      expect(alarm['ok_actions']).toEqual(['arn:aws:sns:eu-west-1:123456789012:alarms']);
      expect(alarm['alarm_description']).toMatch(
        /^P[0-3], \w+: .*\. First look: .+\. Runbook: node_modules\/cellstamp\/docs\/runbooks\/[a-z-]+\.md$/,
      );
    }
  });

  it('says first how urgent an alarm is, so that a subscription can select by it', () => {
    expect(alarms(minimal).one('aws_cloudwatch_metric_alarm', 'active-sbc')).toMatchObject({
      alarm_description:
        'P0, voice: No SBC is active, or both think they are. First look: journalctl -u keepalived -n 100, on both SBCs. Runbook: node_modules/cellstamp/docs/runbooks/active-sbc.md',
      tags: { severity: 'P0', owner: 'voice' },
    });
  });

  it('has EC2 recover a media host whose machine fails', () => {
    expect(alarms(minimal).one('aws_cloudwatch_metric_alarm', 'media-3-system')).toMatchObject({
      metric_name: 'StatusCheckFailed_System',
      dimensions: { InstanceId: 'i-media-3' },
      alarm_actions: ['arn:aws:sns:eu-west-1:123456789012:alarms', 'arn:aws:automate:eu-west-1:ec2:recover'],
    });
  });

  it('alarms when EC2 holds packets back, by any of the four allowances', () => {
    const queries = alarms(minimal).one('aws_cloudwatch_metric_alarm', 'media-1-allowance')['metric_query'] as {
      expression?: string;
      metric?: { metric_name: string };
    }[];
    expect(queries.find(({ expression }) => expression)!.expression).toBe('in + out + packets + conntrack');
    expect(queries.flatMap(({ metric }) => metric?.metric_name ?? [])).toEqual([
      'BandwidthInExceeded',
      'BandwidthOutExceeded',
      'PacketsExceeded',
      'ConntrackExceeded',
    ]);
  });

  it('takes a host that says nothing for unhealthy', () => {
    expect(alarms(minimal).one('aws_cloudwatch_metric_alarm', 'sbc-1-healthy')['treat_missing_data']).toBe('breaching');
  });

  it('looks for packets in userspace only where the kernel should forward', () => {
    const userspace = (input: CellInput) =>
      alarms(input)
        .names('aws_cloudwatch_metric_alarm')
        .filter((name) => name.endsWith('userspace'));
    expect(userspace(minimal)).toHaveLength(4);
    expect(userspace(maximal)).toEqual([]);
  });

  it('sums calls and records of both SBCs over ten minutes', () => {
    const alarm = alarms(minimal).one('aws_cloudwatch_metric_alarm', 'records') as {
      evaluation_periods: number;
      metric_query: { metric?: { period: number } }[];
    };
    expect(alarm.evaluation_periods).toBe(1);
    expect(alarm.metric_query.flatMap(({ metric }) => metric?.period ?? [])).toEqual([600, 600, 600, 600]);
  });

  it('looks at a minute more than it needs where the newest one is filled in', () => {
    const alarm = alarms(minimal).one('aws_cloudwatch_metric_alarm', 'active-sbc');
    expect([alarm['evaluation_periods'], alarm['datapoints_to_alarm']]).toEqual([3, 2]);
  });

  it('watches every node of Redis by the name that ElastiCache gives it', () => {
    expect(
      alarms(maximal)
        .all('aws_cloudwatch_metric_alarm')
        .filter(({ metric_name }) => metric_name === 'ReplicationLag')
        .map(({ dimensions }) => (dimensions as Record<string, string>)['CacheClusterId']),
    ).toEqual(['001', '002', '003'].map((node) => `cellstamp-a-cell-of-20-letters-${node}`));
  });
});

describe('cellAlarms', () => {
  it('asks for no metric of the hosts that they do not publish', () => {
    const cell = cellOf(minimal);
    const published = new Set(Object.keys({ ...hostMetrics, ...mediaMetrics, ...sbcMetrics, ...tlsMetrics }));
    const asked = cellAlarms(cell, instanceIds(cell))
      .flatMap(({ metrics }) => Object.values(metrics))
      .filter(({ namespace }) => namespace === 'Cellstamp');
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter(({ name }) => !published.has(name))).toEqual([]);
  });

  it('gives every alarm another id', () => {
    const cell = cellOf(maximal);
    const ids = cellAlarms(cell, instanceIds(cell)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
