import { DefaultSecurityGroup } from '@cdktf/provider-aws/lib/default-security-group/index.js';
import { InternetGateway } from '@cdktf/provider-aws/lib/internet-gateway/index.js';
import { Route } from '@cdktf/provider-aws/lib/route/index.js';
import { RouteTableAssociation } from '@cdktf/provider-aws/lib/route-table-association/index.js';
import { RouteTable } from '@cdktf/provider-aws/lib/route-table/index.js';
import { Subnet } from '@cdktf/provider-aws/lib/subnet/index.js';
import { VpcEndpoint } from '@cdktf/provider-aws/lib/vpc-endpoint/index.js';
import { Vpc } from '@cdktf/provider-aws/lib/vpc/index.js';
import { Construct } from 'constructs';
import { resourceName, type Site } from './site.ts';

export interface SiteNetworkProps {
  readonly site: Site;
  /** CIDR of the VPC. */
  readonly network: string;
  /** Of each zone. Hosts with a public address are in the public one, data in the private one, where there is one. */
  readonly subnets: readonly { readonly zone: string; readonly public: string; readonly private?: string }[];
}

/**
 * A site's VPC over its zones: in each zone a public subnet and, where the site keeps data, a private one, which has no way
 * out. S3 is reached through a gateway endpoint, so the hosts' configuration does not cross the
 * internet.
 */
export class SiteNetwork extends Construct {
  readonly vpc: Vpc;
  readonly internetGateway: InternetGateway;
  /** By CIDR. */
  readonly publicSubnets: ReadonlyMap<string, Subnet>;
  readonly privateSubnets: ReadonlyMap<string, Subnet>;
  readonly publicRouteTable: RouteTable;

  constructor(scope: Construct, id: string, props: SiteNetworkProps) {
    super(scope, id);
    const { site, subnets } = props;
    const name = (suffix: string) => ({ Name: resourceName(site, suffix) });

    this.vpc = new Vpc(this, 'vpc', {
      cidrBlock: props.network,
      enableDnsSupport: true,
      enableDnsHostnames: true,
      tags: { Name: resourceName(site) },
    });
    // A VPC's default group allows everything between its members; without rules, nobody can use it by accident.
    new DefaultSecurityGroup(this, 'default-security-group', { vpcId: this.vpc.id, tags: name('unused') });
    this.internetGateway = new InternetGateway(this, 'internet-gateway', {
      vpcId: this.vpc.id,
      tags: name('internet'),
    });

    this.publicRouteTable = new RouteTable(this, 'public-routes', { vpcId: this.vpc.id, tags: name('public') });
    new Route(this, 'internet-route', {
      routeTableId: this.publicRouteTable.id,
      destinationCidrBlock: '0.0.0.0/0',
      gatewayId: this.internetGateway.id,
    });

    const inEachZone = (kind: 'public' | 'private', routeTable: RouteTable) =>
      new Map(
        subnets.flatMap(({ zone, [kind]: cidrBlock }) => {
          if (cidrBlock === undefined) return [];
          const letter = zone.slice(site.region.length);
          const subnet = new Subnet(this, `${kind}-${letter}`, {
            vpcId: this.vpc.id,
            cidrBlock,
            availabilityZone: zone,
            mapPublicIpOnLaunch: false,
            tags: name(`${kind}-${letter}`),
          });
          new RouteTableAssociation(this, `${kind}-${letter}-routes`, {
            subnetId: subnet.id,
            routeTableId: routeTable.id,
          });
          return [[cidrBlock, subnet] as const];
        }),
      );
    this.publicSubnets = inEachZone('public', this.publicRouteTable);
    this.privateSubnets = subnets.some((zone) => zone.private !== undefined)
      ? inEachZone('private', new RouteTable(this, 'private-routes', { vpcId: this.vpc.id, tags: name('private') }))
      : new Map();

    new VpcEndpoint(this, 's3-endpoint', {
      vpcId: this.vpc.id,
      serviceName: `com.amazonaws.${site.region}.s3`,
      vpcEndpointType: 'Gateway',
      routeTableIds: [this.publicRouteTable.id],
      tags: name('s3'),
    });
  }
}
