import { SnsTopicSubscription } from '@cdktf/provider-aws/lib/sns-topic-subscription/index.js';
import { SnsTopic } from '@cdktf/provider-aws/lib/sns-topic/index.js';
import { Construct } from 'constructs';
import type { Cell } from '../cell/cell.ts';
import { resourceName } from './names.ts';

export interface AlarmTopicProps {
  readonly cell: Cell;
}

/** Where alarms and failed hosts report; the spec's addresses are subscribed, and confirm by a mail that AWS sends. */
export class AlarmTopic extends Construct {
  readonly topic: SnsTopic;

  constructor(scope: Construct, id: string, props: AlarmTopicProps) {
    super(scope, id);
    const { cell } = props;
    this.topic = new SnsTopic(this, 'topic', {
      name: resourceName(cell, 'alarms'),
      tags: { Name: resourceName(cell, 'alarms') },
    });
    for (const address of cell.spec.alarmEmails) {
      new SnsTopicSubscription(this, `email-${address}`, {
        topicArn: this.topic.arn,
        protocol: 'email',
        endpoint: address,
      });
    }
  }
}
