import type { Eip } from '@cdktf/provider-aws/lib/eip/index.js';
import type { InternetGateway } from '@cdktf/provider-aws/lib/internet-gateway/index.js';
import { Route } from '@cdktf/provider-aws/lib/route/index.js';
import { Construct } from 'constructs';
import type { Cell } from '../../fleet/derive/cell.ts';
import { awsOf } from '../../fleet/schema/targets/on-aws.ts';
import { elasticIp, hostAddress } from './host-address.ts';
import { HostInstance } from './host-instance.ts';
import type { HostRole } from './host-role.ts';
import type { AnyRouteTable, AnySubnet } from './site-network.ts';
import { cellSite, partition } from './site.ts';

export interface SbcPairProps {
  readonly cell: Cell;
  /** Public subnets by CIDR. */
  readonly subnets: ReadonlyMap<string, AnySubnet>;
  /** Route tables of all hosts that reach the active SBC by its overlay address. */
  readonly routeTables: readonly AnyRouteTable[];
  /** Of a VPC that the cell made; else undefined. */
  readonly internetGateway: InternetGateway | undefined;
  readonly securityGroupId: string;
  readonly role: HostRole;
  readonly imageId: string;
  readonly kmsKeyArn: string;
}

/**
 * Two SBCs in different zones, of which one is active. What belongs to the active one moves with it, by the hosts' own doing
 * (`claim-addresses`, called by keepalived):
 *
 * - the floating Elastic IP. Terraform allocates it and never associates it: a later apply would take it back;
 * - the route of the overlay address. Terraform makes it towards the first SBC and ignores its target from then on.
 *
 * Each host also has an Elastic IP of its own on its first address, by which it reaches AWS while it is standby.
 */
export class SbcPair extends Construct {
  readonly hosts: readonly [HostInstance, HostInstance];
  readonly floatingAddress: Eip;
  /** Of the hosts themselves, in their order. */
  readonly addresses: readonly Eip[];
  readonly overlayRoutes: readonly Route[];

  constructor(scope: Construct, id: string, props: SbcPairProps) {
    super(scope, id);
    const { cell, role } = props;
    const host = (index: 0 | 1) => {
      const sbc = cell.sbcs[index];
      return new HostInstance(this, sbc.name, {
        site: cellSite(cell),
        host: sbc,
        instanceType: awsOf(cell.spec).sbc.instanceType,
        imageId: props.imageId,
        subnetId: props.subnets.get(sbc.subnet)!.id,
        securityGroupId: props.securityGroupId,
        instanceProfileName: role.instanceProfile.name,
        kmsKeyArn: props.kmsKeyArn,
        secondaryAddress: sbc.floatingSide,
        // It sends from the overlay address, and gets what is sent there.
        sourceDestCheck: false,
      });
    };
    this.hosts = [host(0), host(1)];
    const { internetGateway } = props;
    this.floatingAddress = elasticIp(this, 'floating-address', cellSite(cell), 'sbc', internetGateway);
    this.addresses = cell.sbcs.map(({ name, address }, index) =>
      hostAddress(this, {
        site: cellSite(cell),
        name,
        instance: this.hosts[index]!,
        privateAddress: address,
        internetGateway,
      }),
    );
    this.overlayRoutes = props.routeTables.map(
      (routeTable, index) =>
        new Route(this, `overlay-route-${index + 1}`, {
          routeTableId: routeTable.id,
          destinationCidrBlock: `${cell.overlayAddress}/32`,
          networkInterfaceId: this.hosts[0].instance.primaryNetworkInterfaceId,
          lifecycle: { ignoreChanges: ['network_interface_id'] },
        }),
    );

    const { region } = cell.spec;
    const interfaceArn = ({ instance }: HostInstance) =>
      `arn:${partition(region)}:ec2:${region}:*:network-interface/${instance.primaryNetworkInterfaceId}`;
    role.allow('claim-addresses', [
      {
        actions: ['ec2:AssociateAddress'],
        resources: [
          this.floatingAddress.arn,
          ...this.hosts.map(({ instance }) => instance.arn),
          ...this.hosts.map(interfaceArn),
        ],
      },
      { actions: ['ec2:ReplaceRoute'], resources: props.routeTables.map((routeTable) => routeTable.arn) },
    ]);
  }
}
