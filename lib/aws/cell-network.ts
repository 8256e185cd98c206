import { DefaultSecurityGroup } from '@cdktf/provider-aws/lib/default-security-group/index.js';
import { InternetGateway } from '@cdktf/provider-aws/lib/internet-gateway/index.js';
import { Route } from '@cdktf/provider-aws/lib/route/index.js';
import { RouteTableAssociation } from '@cdktf/provider-aws/lib/route-table-association/index.js';
import { RouteTable } from '@cdktf/provider-aws/lib/route-table/index.js';
import { Subnet } from '@cdktf/provider-aws/lib/subnet/index.js';
import { VpcEndpoint } from '@cdktf/provider-aws/lib/vpc-endpoint/index.js';
import { Vpc } from '@cdktf/provider-aws/lib/vpc/index.js';
import { Construct } from 'constructs';
import type { Cell } from '../cell/cell.ts';
import { resourceName } from './names.ts';

export interface CellNetworkProps {
  readonly cell: Cell;
}

/**
 * The cell's VPC over the zones of its spec: in each zone a public subnet for SBCs and media hosts, and a private one for the
 * databases, which has no way out. S3 is reached through a gateway endpoint, so the hosts' configuration does not cross the
 * internet.
 */
export class CellNetwork extends Construct {
  readonly vpc: Vpc;
  readonly internetGateway: InternetGateway;
  /** By CIDR, as in `Cell.subnets`. */
  readonly publicSubnets: ReadonlyMap<string, Subnet>;
  readonly privateSubnets: ReadonlyMap<string, Subnet>;
  readonly publicRouteTable: RouteTable;
  readonly privateRouteTable: RouteTable;

  constructor(scope: Construct, id: string, props: CellNetworkProps) {
    super(scope, id);
    const { cell } = props;
    const name = (suffix: string) => ({ Name: resourceName(cell, suffix) });

    this.vpc = new Vpc(this, 'vpc', {
      cidrBlock: cell.spec.network,
      enableDnsSupport: true,
      enableDnsHostnames: true,
      tags: { Name: resourceName(cell) },
    });
    // A VPC's default group allows everything between its members; without rules, nobody can use it by accident.
    new DefaultSecurityGroup(this, 'default-security-group', { vpcId: this.vpc.id, tags: name('unused') });
    this.internetGateway = new InternetGateway(this, 'internet-gateway', {
      vpcId: this.vpc.id,
      tags: name('internet'),
    });

    this.publicRouteTable = new RouteTable(this, 'public-routes', { vpcId: this.vpc.id, tags: name('public') });
    this.privateRouteTable = new RouteTable(this, 'private-routes', { vpcId: this.vpc.id, tags: name('private') });
    new Route(this, 'internet-route', {
      routeTableId: this.publicRouteTable.id,
      destinationCidrBlock: '0.0.0.0/0',
      gatewayId: this.internetGateway.id,
    });

    const subnets = (kind: 'public' | 'private', routeTable: RouteTable) =>
      new Map(
        cell.subnets.map((zone, index) => {
          const letter = cell.spec.zones[index]!;
          const subnet = new Subnet(this, `${kind}-${letter}`, {
            vpcId: this.vpc.id,
            cidrBlock: zone[kind],
            availabilityZone: zone.zone,
            mapPublicIpOnLaunch: false,
            tags: name(`${kind}-${letter}`),
          });
          new RouteTableAssociation(this, `${kind}-${letter}-routes`, {
            subnetId: subnet.id,
            routeTableId: routeTable.id,
          });
          return [zone[kind], subnet] as const;
        }),
      );
    this.publicSubnets = subnets('public', this.publicRouteTable);
    this.privateSubnets = subnets('private', this.privateRouteTable);

    new VpcEndpoint(this, 's3-endpoint', {
      vpcId: this.vpc.id,
      serviceName: `com.amazonaws.${cell.spec.region}.s3`,
      vpcEndpointType: 'Gateway',
      routeTableIds: [this.publicRouteTable.id],
      tags: name('s3'),
    });
  }
}
