/** A cell in a stack of one's own, with something of one's own beside it: calls about it to the people on duty. */
import { AwsProvider } from '@cdktf/provider-aws/lib/provider/index.js';
import { SnsTopicSubscription } from '@cdktf/provider-aws/lib/sns-topic-subscription/index.js';
import { App, TerraformStack } from 'cdktf';
import { parseCell } from 'cellstamp';
import { VoipCell } from 'cellstamp/aws';

const spec = parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {}, size: 'small', network: '10.20.0.0/20' });

const app = new App();
const stack = new TerraformStack(app, 'voice');
new AwsProvider(stack, 'aws', { region: spec.region });
const cell = new VoipCell(stack, 'cell', { spec });
new SnsTopicSubscription(stack, 'on-duty', {
  topicArn: cell.alarmTopic.topic.arn,
  protocol: 'https',
  endpoint: 'https://on-duty.example.com/alarms',
});
app.synth();
