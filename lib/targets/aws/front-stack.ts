import { AwsProvider } from '@cdktf/provider-aws/lib/provider/index.js';
import { TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import { AnycastFront, type AnycastFrontProps } from './anycast-front.ts';
import { assumed, OwnStack, type AccountProps, type StateBucket } from './own-stack.ts';

export interface FrontStackProps extends Omit<AnycastFrontProps, 'providers'>, AccountProps {
  /** @default - a file beside the project: terraform.front.tfstate */
  readonly state?: StateBucket;
}

/**
 * The fleet's front as a Terraform stack with its own state, named `front`, over all its regions. It refers to no cell's stack.
 *
 * @example new FrontStack(app, { spec: parseFront({ domain: 'voice.example.com', regions: [...] }) });
 */
export class FrontStack extends OwnStack {
  readonly front: AnycastFront;

  constructor(scope: Construct, { state, assumeRoleArn, tags, ...props }: FrontStackProps) {
    const { spec } = props;
    const account = assumed(assumeRoleArn);
    super(scope, 'front', state);
    const defaultTags = [{ tags: { ...tags, 'cellstamp:front': spec.name, 'managed-by': 'terraform' } }];
    const providers = Object.fromEntries(
      spec.regions.map(({ region }, index) => [
        region,
        index === 0
          ? new AwsProvider(this, 'aws', { region, defaultTags, ...account })
          : new AwsProvider(this, `aws-${region}`, { alias: region, region, defaultTags, ...account }),
      ]),
    );
    this.front = new AnycastFront(this, 'front', { ...props, providers });
    this.outputs();
  }

  /** What a pipeline and an operator need after a deploy. */
  private outputs(): void {
    const { front } = this;
    const output = (name: string, description: string, value: unknown) => {
      new TerraformOutput(this, name, { description, value });
    };
    const pops = [...front.pops.values()];
    output('anycast_addresses', 'Where every tenant is reached', [...front.accelerator.addresses]);
    output('name_servers', 'What the parent domain delegates to', front.zone.zone.nameServers);
    output(
      'edges',
      'Each edge: its public address; its instance, for Session Manager; the bundle that it is to run',
      Object.fromEntries(
        pops.flatMap((pop) =>
          [...pop.hosts].map(([name, { instance }]) => [
            name,
            {
              address: pop.addresses.get(name)!.publicIp,
              instance: instance.id,
              bundle: pop.hostBundles.get(name)!.sha256,
            },
          ]),
        ),
      ),
    );
    output('directory_table', 'The tenant directory, in every region of the front', front.directory.table.name);
    if (front.sipTls) output('secret_to_fill', 'Certificate of SIP over TLS', front.sipTls.name);
    output(
      'alarm_topics',
      'Where alarms are reported',
      pops.map((pop) => pop.alarmTopic.topic.arn),
    );
  }
}
