import { AwsProvider } from '@cdktf/provider-aws/lib/provider/index.js';
import { LocalBackend, S3Backend, TerraformOutput, TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import { VoipCell } from '../lib/aws/voip-cell.ts';
import type { CellSpec } from '../lib/spec/cell.ts';

/** A bucket for Terraform's states; the lock lies in it as a file (Terraform 1.10 and newer). */
export interface StateBucket {
  readonly bucket: string;
  readonly region: string;
}

export interface CellStackProps {
  readonly spec: CellSpec;
  /** @default - a file beside the project: terraform.cell-NAME.tfstate */
  readonly state?: StateBucket;
}

/**
 * One cell as a Terraform stack with its own state, named `cell-NAME`. It refers to no other stack.
 *
 * @example new CellStack(app, { spec: parseCell({ name: 'euw1-a', region: 'eu-west-1' }) });
 */
export class CellStack extends TerraformStack {
  readonly cell: VoipCell;

  constructor(scope: Construct, { spec, state }: CellStackProps) {
    const id = `cell-${spec.name}`;
    super(scope, id);

    if (state) {
      const backend = new S3Backend(this, {
        bucket: state.bucket,
        region: state.region,
        key: `cellstamp/${id}.tfstate`,
        encrypt: true,
      });
      backend.addOverride('use_lockfile', true);
    } else {
      // From cdktf.out/stacks/cell-NAME, where Terraform runs. An absolute path would differ on every machine.
      new LocalBackend(this, { path: `../../../terraform.${id}.tfstate` });
    }

    new AwsProvider(this, 'aws', {
      region: spec.region,
      defaultTags: [{ tags: { 'cellstamp:cell': spec.name, 'cellstamp:size': spec.size, 'managed-by': 'terraform' } }],
    });
    // Attributes that both major versions know; the lock file decides which one is used.
    this.addOverride('terraform.required_providers.aws', { source: 'hashicorp/aws', version: '>= 5.100.0, < 7.0.0' });
    this.addOverride('terraform.required_version', '>= 1.10.0');

    this.cell = new VoipCell(this, 'cell', { spec });
    this.outputs();
  }

  /**
   * cdktf resolves a stack once only to find references to other stacks, a third of the time of a synthesis. Alone in its
   * app, a stack can have none.
   */
  override prepareStack(): void {
    if (this.node.root.node.children.length === 1) this.ensureBackendExists();
    else super.prepareStack();
  }

  /** What a pipeline needs after a deploy. */
  private outputs(): void {
    const { cell } = this;
    const output = (name: string, description: string, value: unknown) => {
      new TerraformOutput(this, name, { description, value });
    };
    output('sbc_address', 'Public address of the active SBC', cell.sbcs.floatingAddress.publicIp);
    output(
      'media_addresses',
      'Public address of each media host',
      Object.fromEntries(cell.cell.media.map((host, index) => [host.name, cell.media.addresses[index]!.publicIp])),
    );
    output(
      'hosts',
      'Each host: its instance, for Session Manager; its address in Terraform, for apply -replace; the bundle that it is to run',
      Object.fromEntries(
        cell.instances().map(([name, { instance }]) => [
          name,
          {
            instance: instance.id,
            address: `aws_instance.${instance.friendlyUniqueId}`,
            bundle: cell.hostBundles.get(name)!.sha256,
          },
        ]),
      ),
    );
    output('vpc', 'The VPC', cell.network.vpc.id);
    output('database_endpoint', 'The database’s writer', cell.database.cluster.endpoint);
    output('redis_endpoint', 'The primary of Redis', cell.redis.replicationGroup.primaryEndpointAddress);
    output(
      'secrets_to_fill',
      'Secrets that an operator fills in',
      [cell.secrets.sipTls, ...(cell.secrets.signalwireToken ? [cell.secrets.signalwireToken] : [])].map(
        (secret) => secret.name,
      ),
    );
    output('alarm_topic', 'Where alarms are reported', cell.alarmTopic.topic.arn);
    output('log_group', 'The hosts’ journals', cell.logs.hosts.name);
  }
}
