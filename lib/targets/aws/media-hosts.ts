import type { Eip } from '@cdktf/provider-aws/lib/eip/index.js';
import type { InternetGateway } from '@cdktf/provider-aws/lib/internet-gateway/index.js';
import { Construct } from 'constructs';
import type { Cell } from '../../fleet/derive/cell.ts';
import { awsOf } from '../../fleet/schema/targets/on-aws.ts';
import { hostAddress } from './host-address.ts';
import { HostInstance } from './host-instance.ts';
import type { HostRole } from './host-role.ts';
import type { AnySubnet } from './site-network.ts';
import { cellSite } from './site.ts';

export interface MediaHostsProps {
  readonly cell: Cell;
  /** Public subnets by CIDR. */
  readonly subnets: ReadonlyMap<string, AnySubnet>;
  /** Of a VPC that the cell made; else undefined. */
  readonly internetGateway: InternetGateway | undefined;
  readonly securityGroupId: string;
  readonly role: HostRole;
  readonly imageId: string;
  readonly kmsKeyArn: string;
}

/** The cell's media hosts, each with an Elastic IP of its own that stays when the instance is replaced. */
export class MediaHosts extends Construct {
  /** In the order of `Cell.media`. */
  readonly hosts: readonly HostInstance[];
  readonly addresses: readonly Eip[];

  constructor(scope: Construct, id: string, props: MediaHostsProps) {
    super(scope, id);
    const { cell } = props;
    this.hosts = cell.media.map(
      (host) =>
        new HostInstance(this, host.name, {
          site: cellSite(cell),
          host,
          instanceType: awsOf(cell.spec).media.instanceType,
          imageId: props.imageId,
          subnetId: props.subnets.get(host.subnet)!.id,
          securityGroupId: props.securityGroupId,
          instanceProfileName: props.role.instanceProfile.name,
          kmsKeyArn: props.kmsKeyArn,
          sourceDestCheck: true,
        }),
    );
    this.addresses = cell.media.map(({ name }, index) =>
      hostAddress(this, {
        site: cellSite(cell),
        name,
        instance: this.hosts[index]!,
        internetGateway: props.internetGateway,
      }),
    );
  }
}
