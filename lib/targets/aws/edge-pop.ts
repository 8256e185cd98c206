import { DataAwsEc2ManagedPrefixList } from '@cdktf/provider-aws/lib/data-aws-ec2-managed-prefix-list/index.js';
import type { Eip } from '@cdktf/provider-aws/lib/eip/index.js';
import type { KmsKey } from '@cdktf/provider-aws/lib/kms-key/index.js';
import { TerraformDataSource, TerraformResource, type TerraformProvider } from 'cdktf';
import { Construct } from 'constructs';
import type { EdgeHost, Front, FrontRegion } from '../../fleet/derive/front.ts';
import { edgeHostConfig } from '../../software/edge-host.ts';
import { values } from '../../software/values.ts';
import { awsOf } from '../../fleet/schema/targets/on-aws.ts';
import { AlarmTopic } from './alarm-topic.ts';
import { BundleBucket } from './bundle-bucket.ts';
import { imageId } from './debian-image.ts';
import { regionAlarms } from './front-alarms.ts';
import { edgeBundle } from './host/edge-bundle.ts';
import { HostBundle } from './host-bundle.ts';
import { hostAddress } from './host-address.ts';
import { HostInstance } from './host-instance.ts';
import { HostRole } from './host-role.ts';
import { regionWidgets } from './dashboard-widgets.ts';
import { SiteAlarms } from './site-alarms.ts';
import { SiteDashboard } from './site-dashboard.ts';
import { siteKey } from './site-key.ts';
import { SiteLogs } from './site-logs.ts';
import { SiteNetwork } from './site-network.ts';
import { SiteSecurity } from './site-security.ts';
import { frontSite, partition, type Site } from './site.ts';

export interface EdgePopProps {
  readonly front: Front;
  readonly region: FrontRegion;
  /** The two anycast addresses; Terraform tokens. */
  readonly anycastAddresses: readonly [string, string];
  /** Name of the directory's table, which has a replica in the region. */
  readonly directoryTableName: string;
  /** Secret with the front's keys, as this region has it. Copies can only be read. */
  readonly edgeKeysSecret: { readonly name: string; readonly arn: string; readonly isCopy: boolean };
  /** Secret of this region with the certificate of SIP over TLS. @default - TLS is off */
  readonly sipTlsSecretArn?: string;
  /** Provider of the region. @default - the stack's provider */
  readonly provider?: TerraformProvider;
}

/** Seconds between an edge's looks at the front's keys. */
const keySeconds = 30;

/** Days that an edge's journal is kept. It holds no call records. */
const logRetentionDays = 30;

/**
 * The edges of the front in one region: a VPC of their own over the region's zones, and instances in turn over these. Traffic to
 * the anycast addresses arrives at an edge's primary private address, which is the only one that Global Accelerator speaks to;
 * the Elastic IP to which dialogs are pinned is mapped onto its second one. The first has another, by which the edge reaches AWS.
 */
export class EdgePop extends Construct {
  readonly network: SiteNetwork;
  readonly security: SiteSecurity<'edge'>;
  readonly key: KmsKey;
  readonly logs: SiteLogs;
  readonly alarmTopic: AlarmTopic;
  readonly bundles: BundleBucket;
  readonly role: HostRole;
  /** By the edge's name, as are the addresses and bundles. */
  readonly hosts: ReadonlyMap<string, HostInstance>;
  readonly addresses: ReadonlyMap<string, Eip>;
  readonly hostBundles: ReadonlyMap<string, HostBundle>;
  readonly alarms: SiteAlarms;
  readonly dashboard: SiteDashboard;
  /** ARNs of what an edge reads, by the names that its bundle uses. */
  private readonly secrets: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, props: EdgePopProps) {
    super(scope, id);
    const { front, region } = props;
    const aws = awsOf(front.spec);
    const site = frontSite(front, region);

    this.network = new SiteNetwork(this, 'network', { site, network: region.network, subnets: region.subnets });
    this.security = new SiteSecurity(this, 'security', {
      site,
      vpcId: this.network.vpcId,
      roles: {
        edge: {
          description: 'Edges of the front',
          ports: region.edges.flatMap((edge) => edgeHostConfig(front, edge).ports),
          opensConnections: true,
        },
      },
      // Global Accelerator's health checks of EC2 endpoints come from Route 53's health checkers (its guide, "Health checks").
      healthCheckersPrefixListId: new DataAwsEc2ManagedPrefixList(this, 'health-checkers', {
        name: `com.amazonaws.${region.region}.route53-healthchecks`,
      }).id,
    });
    this.key = siteKey(this, site);
    const kmsKeyArn = this.key.arn;
    this.logs = new SiteLogs(this, 'logs', { site, retentionDays: logRetentionDays });
    this.alarmTopic = new AlarmTopic(this, 'alarm-topic', { site, emails: aws.alarmEmails });
    const alarmTopicArn = this.alarmTopic.topic.arn;
    this.bundles = new BundleBucket(this, 'bundles', { site, kmsKeyArn, forceDestroy: false });

    this.secrets = props.sipTlsSecretArn === undefined ? {} : { sipTls: props.sipTlsSecretArn };
    this.role = new HostRole(this, 'role', {
      site,
      role: `edge-${region.region}`,
      bundleBucketArn: this.bundles.bucket.arn,
      kmsKeyArn,
      logGroupArn: this.logs.hosts.arn,
      alarmTopicArn,
      readableSecretArns: Object.values(this.secrets),
    });
    allowDirectory(this.role, site, props.directoryTableName);
    allowKeys(this.role, props.edgeKeysSecret);

    const image = imageId(this, 'debian', aws.image);
    this.hosts = new Map(region.edges.map((edge) => [edge.name, this.host(site, front, edge, image)]));
    this.addresses = new Map(region.edges.map((edge) => [edge.name, this.elasticIps(site, edge)]));
    this.hostBundles = new Map(region.edges.map((edge) => [edge.name, this.bundle(site, edge, props)]));
    const instanceIds = new Map([...this.hosts].map(([name, { instance }]) => [name, instance.id]));
    this.alarms = new SiteAlarms(this, 'alarms', {
      site,
      alarms: regionAlarms(front, region, instanceIds),
      topicArn: alarmTopicArn,
    });
    this.dashboard = new SiteDashboard(this, 'dashboard', {
      site,
      // An account has one list of dashboards for all regions.
      suffix: region.region,
      widgets: regionWidgets(front, region, instanceIds),
      alarmArns: this.alarms.paging,
    });
    if (props.provider) useProvider(this, props.provider);
  }

  private host(site: Site, front: Front, edge: EdgeHost, image: string): HostInstance {
    return new HostInstance(this, edge.name, {
      site,
      host: edge,
      instanceType: awsOf(front.spec).edge.instanceType,
      imageId: image,
      subnetId: this.network.publicSubnets.get(edge.subnet)!.id,
      securityGroupId: this.security.groups.edge.id,
      instanceProfileName: this.role.instanceProfile.name,
      kmsKeyArn: this.key.arn,
      secondaryAddress: edge.unicastSide,
      sourceDestCheck: true,
    });
  }

  private bundle(site: Site, edge: EdgeHost, props: EdgePopProps): HostBundle {
    const { region } = props.region;
    const directory = { table: props.directoryTableName, region };
    const { name, isCopy } = props.edgeKeysSecret;
    const keys = { secret: name, region, fill: !isCopy };
    return new HostBundle(this, `${edge.name}-bundle`, {
      site,
      host: edge,
      bundle: edgeBundle(props.front, edge),
      bucketName: this.bundles.bucket.id,
      alarmTopicArn: this.alarmTopic.topic.arn,
      values: {
        [values.publicAddress.name]: this.addresses.get(edge.name)!.publicIp,
        [values.anycastAddress1.name]: props.anycastAddresses[0],
        [values.anycastAddress2.name]: props.anycastAddresses[1],
        [values.directory.name]:
          `"backend": "dynamodb", "source": ${JSON.stringify(directory)}, "keys": ${JSON.stringify(keys)}, "keySeconds": ${keySeconds}`,
      },
      secrets: this.secrets,
    });
  }

  /** @returns the one to which dialogs are pinned */
  private elasticIps(site: Site, edge: EdgeHost): Eip {
    const own = { site, instance: this.hosts.get(edge.name)!, internetGateway: this.network.internetGateway };
    hostAddress(this, { ...own, name: `${edge.name}-primary`, privateAddress: edge.address });
    return hostAddress(this, { ...own, name: edge.name, privateAddress: edge.unicastSide });
  }
}

/** An edge reads the directory beside it and follows its changes; it writes nothing. */
function allowDirectory(role: HostRole, { region }: Site, tableName: string): void {
  const table = `arn:${partition(region)}:dynamodb:${region}:*:table/${tableName}`;
  role.allow('read-directory', [
    { actions: ['dynamodb:DescribeTable', 'dynamodb:Scan'], resources: [table] },
    {
      actions: ['dynamodb:DescribeStream', 'dynamodb:GetShardIterator', 'dynamodb:GetRecords'],
      resources: [`${table}/stream/*`],
    },
  ]);
}

/** The first edge that finds the keys' secret empty fills it. */
function allowKeys(role: HostRole, { arn, isCopy }: EdgePopProps['edgeKeysSecret']): void {
  role.allow('edge-keys', [
    {
      actions: ['secretsmanager:GetSecretValue', ...(isCopy ? [] : ['secretsmanager:PutSecretValue'])],
      resources: [arn],
    },
  ]);
}

/** The provider of everything in a scope: a region's resources are made by the region's provider. */
function useProvider(scope: Construct, provider: TerraformProvider): void {
  for (const node of scope.node.findAll()) {
    if (TerraformResource.isTerraformResource(node) || TerraformDataSource.isTerraformDataSource(node))
      node.provider = provider;
  }
}
