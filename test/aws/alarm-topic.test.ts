import { describe, expect, it } from 'vitest';
import { AlarmTopic } from '../../lib/aws/alarm-topic.ts';
import { cellOf, maximal, minimal, synth } from './synth.ts';

describe('AlarmTopic', () => {
  it('has nobody to tell unless the spec names somebody', () => {
    const made = synth((stack) => void new AlarmTopic(stack, 'topic', { cell: cellOf(minimal) }));
    expect(made.one('aws_sns_topic')['name']).toBe('cellstamp-euw1-a-alarms');
    expect(made.all('aws_sns_topic_subscription')).toEqual([]);
  });

  it('subscribes each of the spec’s addresses', () => {
    const made = synth((stack) => void new AlarmTopic(stack, 'topic', { cell: cellOf(maximal) }));
    expect(made.all('aws_sns_topic_subscription').map(({ protocol, endpoint }) => [protocol, endpoint])).toEqual([
      ['email', 'noc@example.com'],
      ['email', 'oncall@example.com'],
    ]);
  });
});
