import { AwsProvider } from '@cdktf/provider-aws/lib/provider/index.js';
import { TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import { DirectoryEntry } from './directory-entry.ts';
import { directoryTableName } from './tenant-directory.ts';
import { VoipCell, type VoipCellProps } from './voip-cell.ts';
import type { CellSpec } from '../../fleet/schema/cell.ts';
import type { FrontSpec } from '../../fleet/schema/front.ts';
import { assumed, OwnStack, type AccountProps, type StateBucket } from './own-stack.ts';

export interface CellStackProps extends VoipCellProps, AccountProps {
  /** @default - a file beside the project: terraform.cell-NAME.tfstate */
  readonly state?: StateBucket;
}

/**
 * One cell as a Terraform stack with its own state, named `cell-NAME`. It refers to no other stack.
 *
 * @example new CellStack(app, { spec: parseCell({ name: 'euw1-a', region: 'eu-west-1' }) });
 */
export class CellStack extends OwnStack {
  readonly cell: VoipCell;

  constructor(scope: Construct, { state, assumeRoleArn, tags, ...props }: CellStackProps) {
    const { spec, front } = props;
    super(scope, `cell-${spec.name}`, state);
    const account = assumed(assumeRoleArn);
    new AwsProvider(this, 'aws', {
      region: spec.region,
      ...account,
      defaultTags: [
        { tags: { ...tags, 'cellstamp:cell': spec.name, 'cellstamp:size': spec.size, 'managed-by': 'terraform' } },
      ],
    });
    this.cell = new VoipCell(this, 'cell', props);
    if (front) this.enterDirectory(spec, front, account);
    this.outputs();
  }

  /** Tells the front's edges where the cell is and what it takes. The table is named, not referred to: the front has its own state. */
  private enterDirectory(spec: CellSpec, front: FrontSpec, account: ReturnType<typeof assumed>): void {
    const { udp } = spec.sbc.transports;
    if (udp === 'off') {
      throw new Error(`cell ${spec.name}: SIP over UDP is off, but edges of the front reach a cell by it alone`);
    }
    const regions = front.regions.map(({ region }) => region);
    const provider = regions.includes(spec.region)
      ? undefined
      : new AwsProvider(this, 'aws-directory', { alias: 'directory', region: regions[0]!, ...account });
    new DirectoryEntry(this, 'directory-entry', {
      tableName: directoryTableName(front),
      entry: {
        kind: 'cell',
        name: spec.name,
        addresses: [`${this.cell.sbcs.floatingAddress.publicIp}:${udp}`],
        state: spec.state,
      },
      ...(provider ? { provider } : {}),
    });
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
    output('vpc', 'The VPC', cell.network.vpcId);
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
