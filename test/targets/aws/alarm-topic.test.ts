import { describe, expect, it } from 'vitest';
import { AlarmTopic } from '../../../lib/targets/aws/alarm-topic.ts';
import { cellSite } from '../../../lib/targets/aws/site.ts';
import { cellOf, maximal, minimal, synth } from './synth.ts';

describe('AlarmTopic', () => {
  it('has nobody to tell unless somebody is named', () => {
    const made = synth((stack) => void new AlarmTopic(stack, 'topic', { site: cellSite(cellOf(minimal)), emails: [] }));
    expect(made.one('aws_sns_topic')['name']).toBe('cellstamp-euw1-a-alarms');
    expect(made.all('aws_sns_topic_subscription')).toEqual([]);
  });

  it('subscribes each address', () => {
    const cell = cellOf(maximal);
    const made = synth(
      (stack) => void new AlarmTopic(stack, 'topic', { site: cellSite(cell), emails: cell.spec.aws!.alarmEmails }),
    );
    expect(made.all('aws_sns_topic_subscription').map(({ protocol, endpoint }) => [protocol, endpoint])).toEqual([
      ['email', 'noc@example.com'],
      ['email', 'oncall@example.com'],
    ]);
  });
});
