import { SnsTopicSubscription } from '@cdktf/provider-aws/lib/sns-topic-subscription/index.js';
import { SnsTopic } from '@cdktf/provider-aws/lib/sns-topic/index.js';
import { Construct } from 'constructs';
import { resourceName, type Site } from './site.ts';

export interface AlarmTopicProps {
  readonly site: Site;
  /** Mail addresses that are subscribed. */
  readonly emails: readonly string[];
}

/** Where alarms and failed hosts report; mail addresses are subscribed, and confirm by a mail that AWS sends. */
export class AlarmTopic extends Construct {
  readonly topic: SnsTopic;

  constructor(scope: Construct, id: string, props: AlarmTopicProps) {
    super(scope, id);
    const { site } = props;
    this.topic = new SnsTopic(this, 'topic', {
      name: resourceName(site, 'alarms'),
      tags: { Name: resourceName(site, 'alarms') },
    });
    for (const address of props.emails) {
      new SnsTopicSubscription(this, `email-${address}`, {
        topicArn: this.topic.arn,
        protocol: 'email',
        endpoint: address,
      });
    }
  }
}
