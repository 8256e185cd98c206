import { DataAwsRouteTable } from '@cdktf/provider-aws/lib/data-aws-route-table/index.js';
import { DataAwsSubnet } from '@cdktf/provider-aws/lib/data-aws-subnet/index.js';
import { DataAwsVpc } from '@cdktf/provider-aws/lib/data-aws-vpc/index.js';
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

/**
 * A VPC that is there already. Its own default security group, internet gateway and other subnets stay as they are. The site's network must
 * be in one of the VPC's CIDRs.
 */
export interface VpcWithGateway {
  readonly vpcId: string;
  /** Of the VPC. The site makes its own subnets and route tables. */
  readonly internetGatewayId: string;
}

/** A VPC in which the site's subnets are there already, too: of a network team, or shared by another account. */
export interface VpcWithSubnets {
  readonly vpcId: string;
  /** Id of each subnet by its CIDR: exactly those that the site would make (`deriveCell(spec).subnets`). */
  readonly subnetIds: Readonly<Record<string, string>>;
  /** Route table of the public subnets, with a route to the internet and one to S3. SBCs move a route of their own in it. */
  readonly publicRouteTableId: string;
}

export type ExistingVpc = VpcWithGateway | VpcWithSubnets;

/** CIDRs of one zone. Hosts with a public address are in the public one, data in the private one, where there is one. */
interface ZoneSubnets {
  readonly zone: string;
  readonly public: string;
  readonly private?: string;
}

/** Which kind of subnet, and the key of its CIDR. */
type Side = 'public' | 'private';

/** A subnet that was made, or one that is there. */
export type AnySubnet = Pick<Subnet, 'id'>;
export type AnyRouteTable = Pick<RouteTable, 'id' | 'arn'>;

export interface SiteNetworkProps {
  readonly site: Site;
  /** CIDR of the site: of its VPC, or within one that is there. */
  readonly network: string;
  /** Of each zone. */
  readonly subnets: readonly ZoneSubnets[];
  /** @default - the site makes its own */
  readonly vpc?: ExistingVpc;
}

/**
 * A site's network over its zones: in each zone a public subnet and, where the site keeps data, a private one, which has no way out. S3 is
 * reached through a gateway endpoint, so the hosts' configuration does not cross the internet. All of it is in a VPC of its own, unless
 * one is given.
 *
 * @throws Error when subnets are given, and some that the site needs are missing
 */
export class SiteNetwork extends Construct {
  readonly vpcId: string;
  /** Of a VPC of its own. */
  readonly internetGateway: InternetGateway | undefined;
  /** By CIDR. */
  readonly publicSubnets: ReadonlyMap<string, AnySubnet>;
  readonly privateSubnets: ReadonlyMap<string, AnySubnet>;
  readonly publicRouteTable: AnyRouteTable;

  private readonly site: Site;

  constructor(scope: Construct, id: string, { site, network, subnets, vpc }: SiteNetworkProps) {
    super(scope, id);
    this.site = site;
    if (vpc !== undefined && 'subnetIds' in vpc) {
      this.vpcId = this.existing(vpc).id;
      this.publicRouteTable = new DataAwsRouteTable(this, 'public-routes', { routeTableId: vpc.publicRouteTableId });
      this.publicSubnets = this.existingSubnets('public', subnets, vpc);
      this.privateSubnets = this.existingSubnets('private', subnets, vpc);
      return;
    }
    let internetGatewayId: string;
    if (vpc === undefined) {
      const own = this.own(network);
      this.internetGateway = own.internetGateway;
      [this.vpcId, internetGatewayId] = [own.vpc.id, own.internetGateway.id];
    } else {
      [this.vpcId, internetGatewayId] = [this.existing(vpc).id, vpc.internetGatewayId];
    }

    const publicRoutes = new RouteTable(this, 'public-routes', { vpcId: this.vpcId, tags: this.named('public') });
    this.publicRouteTable = publicRoutes;
    new Route(this, 'internet-route', {
      routeTableId: publicRoutes.id,
      destinationCidrBlock: '0.0.0.0/0',
      gatewayId: internetGatewayId,
    });
    this.publicSubnets = this.newSubnets('public', subnets, publicRoutes);
    this.privateSubnets = subnets.some((zone) => zone.private !== undefined)
      ? this.newSubnets(
          'private',
          subnets,
          new RouteTable(this, 'private-routes', { vpcId: this.vpcId, tags: this.named('private') }),
        )
      : new Map();

    new VpcEndpoint(this, 's3-endpoint', {
      vpcId: this.vpcId,
      serviceName: `com.amazonaws.${site.region}.s3`,
      vpcEndpointType: 'Gateway',
      routeTableIds: [publicRoutes.id],
      tags: this.named('s3'),
    });
  }

  private named(suffix: string): { readonly Name: string } {
    return { Name: resourceName(this.site, suffix) };
  }

  private own(network: string): { readonly vpc: Vpc; readonly internetGateway: InternetGateway } {
    const vpc = new Vpc(this, 'vpc', {
      cidrBlock: network,
      enableDnsSupport: true,
      enableDnsHostnames: true,
      tags: { Name: resourceName(this.site) },
    });
    // A VPC's default group allows everything between its members; without rules, nobody can use it by accident.
    new DefaultSecurityGroup(this, 'default-security-group', { vpcId: vpc.id, tags: this.named('unused') });
    const internetGateway = new InternetGateway(this, 'internet-gateway', {
      vpcId: vpc.id,
      tags: this.named('internet'),
    });
    return { vpc, internetGateway };
  }

  /** A plan fails where the VPC has no names: hosts find the database and Redis by them. */
  private existing({ vpcId }: ExistingVpc): DataAwsVpc {
    return new DataAwsVpc(this, 'vpc', {
      id: vpcId,
      lifecycle: {
        postcondition: [
          {
            condition: '${self.enable_dns_support && self.enable_dns_hostnames}',
            errorMessage: `${vpcId} must have DNS support and DNS host names switched on: hosts find the database by its name`,
          },
        ],
      },
    });
  }

  private newSubnets(side: Side, subnets: readonly ZoneSubnets[], routeTable: RouteTable): Map<string, Subnet> {
    return new Map(
      this.cidrs(side, subnets).map(({ zone, letter, cidr }) => {
        const subnet = new Subnet(this, `${side}-${letter}`, {
          vpcId: this.vpcId,
          cidrBlock: cidr,
          availabilityZone: zone,
          mapPublicIpOnLaunch: false,
          tags: this.named(`${side}-${letter}`),
        });
        new RouteTableAssociation(this, `${side}-${letter}-routes`, {
          subnetId: subnet.id,
          routeTableId: routeTable.id,
        });
        return [cidr, subnet] as const;
      }),
    );
  }

  /** A plan fails where a subnet is not the one that the hosts' addresses are in. */
  private existingSubnets(
    side: Side,
    subnets: readonly ZoneSubnets[],
    { vpcId, subnetIds }: VpcWithSubnets,
  ): Map<string, AnySubnet> {
    const needed = subnets.flatMap((zone) => [zone.public, ...(zone.private === undefined ? [] : [zone.private])]);
    const missing = needed.filter((cidr) => !Object.hasOwn(subnetIds, cidr));
    if (missing.length > 0) {
      throw new Error(
        `vpc.subnetIds of ${this.site.kind} ${this.site.name} has no id of ${missing.join(', ')}; it must have one of each: ${needed.join(', ')}`,
      );
    }
    return new Map(
      this.cidrs(side, subnets).map(({ zone, letter, cidr }) => {
        const subnet = new DataAwsSubnet(this, `${side}-${letter}`, {
          id: subnetIds[cidr]!,
          lifecycle: {
            postcondition: [
              {
                condition: `\${self.cidr_block == "${cidr}" && self.availability_zone == "${zone}" && self.vpc_id == "${vpcId}"}`,
                errorMessage: `${subnetIds[cidr]!} must be the subnet ${cidr} of ${vpcId}, in ${zone}`,
              },
            ],
          },
        });
        return [cidr, subnet] as const;
      }),
    );
  }

  private cidrs(side: Side, subnets: readonly ZoneSubnets[]) {
    return subnets.flatMap(({ zone, [side]: cidr }) =>
      cidr === undefined ? [] : [{ zone, letter: zone.slice(this.site.region.length), cidr }],
    );
  }
}
