import { Construct } from 'constructs';
import type { Cell, Host, MediaHost, Role, SbcHost } from '../../fleet/derive/cell.ts';
import { deriveCell } from '../../fleet/derive/cell.ts';
import { hostConfig } from '../../software/cell-host.ts';
import { values } from '../../software/values.ts';
import { cellFile, type CellSpec } from '../../fleet/schema/cell.ts';
import type { FrontSpec } from '../../fleet/schema/front.ts';
import { checkRules } from '../../fleet/schema/spec-error.ts';
import { awsOf } from '../../fleet/schema/targets/on-aws.ts';
import { AlarmTopic } from './alarm-topic.ts';
import { BundleBucket } from './bundle-bucket.ts';
import { cellAlarms } from './cell-alarms.ts';
import { CellDatabase, databaseOwner } from './cell-database.ts';
import { CellRedis } from './cell-redis.ts';
import { CellSecrets } from './cell-secrets.ts';
import { imageId } from './debian-image.ts';
import { cellBundle } from './host/cell-bundle.ts';
import { edgeList, type EdgeList } from './host/learn-edges.ts';
import { checkAgainstOthers, checkRegion } from './fleet-rules.ts';
import { HostBundle } from './host-bundle.ts';
import type { HostInstance } from './host-instance.ts';
import { HostRole } from './host-role.ts';
import { MediaHosts } from './media-hosts.ts';
import { SbcPair } from './sbc-pair.ts';
import { cellWidgets } from './dashboard-widgets.ts';
import { SiteAlarms } from './site-alarms.ts';
import { SiteDashboard } from './site-dashboard.ts';
import { SiteLogs } from './site-logs.ts';
import { SiteNetwork, type ExistingVpc } from './site-network.ts';
import { SiteSecurity, type Guarded } from './site-security.ts';
import { cellSite, partition, type Site } from './site.ts';
import { transformAll, type Transform } from './transform.ts';

export interface VoipCellProps {
  /** A complete spec: `parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {} })`. */
  readonly spec: CellSpec;
  /** The fleet's front, whose edges hand requests to the SBCs. @default - there is no front */
  readonly front?: FrontSpec;
  /** A VPC that is there already, into which the cell goes. @default - one of its own, whose CIDR is the spec's `network` */
  readonly vpc?: ExistingVpc;
  /** ARN of the policy that bounds what the hosts' roles may ever do. @default - none */
  readonly permissionsBoundaryArn?: string;
  /**
   * ARN of the key for everything that the cell stores. Its policy must let the account's IAM policies grant its use, as that of a key made in the console does.
   * @default - the cell makes its own
   */
  readonly kmsKeyArn?: string;
  /** ARN of a key that outlives the cell, for the database and its backups. @default - the account's key for RDS */
  readonly storageKmsKeyArn?: string;
  /** Has the last word on every resource. @default - none */
  readonly transform?: Transform;
}

/**
 * A whole cell on AWS. It shares nothing with another cell; the stack around it needs an AWS provider of the cell's region,
 * best with default tags (`CellStack` has both).
 *
 * @example new VoipCell(stack, 'cell', { spec: parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {} }) });
 */
export class VoipCell extends Construct {
  readonly cell: Cell;
  readonly network: SiteNetwork;
  readonly security: SiteSecurity<Role>;
  readonly secrets: CellSecrets;
  readonly logs: SiteLogs;
  readonly alarmTopic: AlarmTopic;
  readonly bundles: BundleBucket;
  readonly database: CellDatabase;
  readonly redis: CellRedis;
  readonly sbcs: SbcPair;
  readonly media: MediaHosts;
  readonly alarms: SiteAlarms;
  readonly dashboard: SiteDashboard;
  /** By the host's name. */
  readonly hostBundles: ReadonlyMap<string, HostBundle>;

  private readonly site: Site;
  /** The front's edges, of which the SBCs learn. */
  private readonly edges: EdgeList | undefined;

  constructor(scope: Construct, id: string, props: VoipCellProps) {
    super(scope, id);
    checkRules('cell', props.spec, cellFile);
    const aws = awsOf(props.spec);
    if (props.front) awsOf(props.front);
    this.cell = deriveCell(props.spec);
    checkAgainstOthers(this, 'cell', props.spec);
    checkRegion(this, { name: `cell ${this.cell.name}`, region: props.spec.region });

    const { cell } = this;
    const { spec } = cell;
    const site = cellSite(cell);
    this.site = site;
    this.edges = props.front && edgeList(props.front);
    this.network = new SiteNetwork(this, 'network', {
      ...{ site, network: spec.network, subnets: cell.subnets },
      ...(props.vpc === undefined ? {} : { vpc: props.vpc }),
    });
    this.security = new SiteSecurity(this, 'security', { site, vpcId: this.network.vpcId, roles: guarded(cell) });
    this.secrets = new CellSecrets(this, 'secrets', {
      cell,
      ...(props.kmsKeyArn === undefined ? {} : { kmsKeyArn: props.kmsKeyArn }),
    });
    const kmsKeyArn = this.secrets.keyArn;
    this.logs = new SiteLogs(this, 'logs', { site, retentionDays: aws.retention.logDays });
    this.alarmTopic = new AlarmTopic(this, 'alarm-topic', { site, emails: aws.alarmEmails });
    this.bundles = new BundleBucket(this, 'bundles', { site, kmsKeyArn, forceDestroy: spec.state === 'retired' });

    const subnetIds = [...this.network.privateSubnets.values()].map((subnet) => subnet.id);
    const { groups } = this.security;
    const data = { cell, subnetIds, kmsKeyArn };
    this.database = new CellDatabase(this, 'database', {
      ...data,
      securityGroupId: groups.database.id,
      ...(props.storageKmsKeyArn === undefined ? {} : { storageKmsKeyArn: props.storageKmsKeyArn }),
    });
    this.redis = new CellRedis(this, 'redis', { ...data, securityGroupId: groups.redis.id });

    const sbcRole = this.role('sbc', this.sbcSecrets(), props.permissionsBoundaryArn);
    const mediaRole = this.role('media', this.mediaSecrets(), props.permissionsBoundaryArn);
    this.letMakeSecrets(sbcRole);
    this.letLearnEdges(sbcRole);

    const hosts = {
      cell,
      subnets: this.network.publicSubnets,
      internetGateway: this.network.internetGateway,
      imageId: imageId(this, 'debian', aws.image),
      kmsKeyArn,
    };
    this.sbcs = new SbcPair(this, 'sbcs', {
      ...hosts,
      routeTables: [this.network.publicRouteTable],
      securityGroupId: groups.sbc.id,
      role: sbcRole,
    });
    this.media = new MediaHosts(this, 'media', { ...hosts, securityGroupId: groups.media.id, role: mediaRole });
    this.hostBundles = new Map([...this.sbcBundles(), ...this.mediaBundles()]);

    const instanceIds = new Map(this.instances().map(([name, { instance }]) => [name, instance.id]));
    this.alarms = new SiteAlarms(this, 'alarms', {
      site,
      alarms: cellAlarms(cell, instanceIds),
      topicArn: this.alarmTopic.topic.arn,
    });
    this.dashboard = new SiteDashboard(this, 'dashboard', {
      site,
      widgets: cellWidgets(cell, instanceIds),
      alarmArns: this.alarms.paging,
    });
    transformAll(this, props.transform);
  }

  /** ARNs of the secrets that a host of a role reads, by the names that its bundle uses. */
  private sbcSecrets(): Readonly<Record<string, string>> {
    return {
      generated: this.secrets.generated.arn,
      sipTls: this.secrets.sipTls.arn,
      databaseOwner: this.database.ownerSecretArn,
    };
  }

  private mediaSecrets(): Readonly<Record<string, string>> {
    return this.secrets.signalwireToken ? { signalwireToken: this.secrets.signalwireToken.arn } : {};
  }

  private role(
    name: 'sbc' | 'media',
    secrets: Readonly<Record<string, string>>,
    permissionsBoundaryArn: string | undefined,
  ): HostRole {
    return new HostRole(this, `${name}-role`, {
      site: this.site,
      role: name,
      bundleBucketArn: this.bundles.bucket.arn,
      kmsKeyArn: this.secrets.keyArn,
      logGroupArn: this.logs.hosts.arn,
      alarmTopicArn: this.alarmTopic.topic.arn,
      readableSecretArns: Object.values(secrets),
      ...(permissionsBoundaryArn === undefined ? {} : { permissionsBoundaryArn }),
    });
  }

  /** The first SBC makes what the cell generates, and opens the user of Redis with it. */
  private letMakeSecrets(role: HostRole): void {
    role.allow('make-secrets', [
      { actions: ['secretsmanager:PutSecretValue'], resources: [this.secrets.generated.arn] },
      { actions: ['kms:GenerateDataKey'], resources: [this.secrets.keyArn] },
      { actions: ['elasticache:ModifyUser'], resources: [this.redis.user.arn] },
    ]);
  }

  private letLearnEdges(role: HostRole): void {
    if (!this.edges) return;
    const { region, parameter, keysSecret } = this.edges;
    const arn = (service: string, rest: string) => `arn:${partition(region)}:${service}:${region}:*:${rest}`;
    role.allow('learn-edges', [
      { actions: ['ssm:GetParameter'], resources: [arn('ssm', `parameter${parameter}`)] },
      // Secrets Manager puts a hyphen and six characters behind the name.
      {
        actions: ['secretsmanager:GetSecretValue'],
        resources: [arn('secretsmanager', `secret:${keysSecret}-??????`)],
      },
    ]);
  }

  private sbcBundles(): readonly (readonly [name: string, bundle: HostBundle])[] {
    const given = {
      [values.publicAddress.name]: this.sbcs.floatingAddress.publicIp,
      [values.databaseHost.name]: this.database.cluster.endpoint,
      [values.databaseAdminUser.name]: databaseOwner,
      [values.redisHost.name]: this.redis.replicationGroup.primaryEndpointAddress,
      floating_allocation: this.sbcs.floatingAddress.allocationId,
      overlay_route_tables: this.network.publicRouteTable.id,
    };
    return this.cell.sbcs.map((host) => [host.name, this.bundle(host, given, this.sbcSecrets())]);
  }

  private mediaBundles(): readonly (readonly [name: string, bundle: HostBundle])[] {
    return this.cell.media.map((host, index) => {
      const given = { [values.publicAddress.name]: this.media.addresses[index]!.publicIp };
      return [host.name, this.bundle(host, given, this.mediaSecrets())];
    });
  }

  private bundle(
    host: SbcHost | MediaHost,
    given: Readonly<Record<string, string>>,
    secrets: Readonly<Record<string, string>>,
  ): HostBundle {
    return new HostBundle(this, `${host.name}-bundle`, {
      site: this.site,
      host,
      bundle: cellBundle(this.cell, host, this.edges),
      bucketName: this.bundles.bucket.id,
      alarmTopicArn: this.alarmTopic.topic.arn,
      values: given,
      secrets,
    });
  }

  /** SBCs and media hosts with their names, in that order. */
  instances(): readonly (readonly [name: string, host: HostInstance])[] {
    return [
      ...this.cell.sbcs.map((host, index) => [host.name, this.sbcs.hosts[index]!] as const),
      ...this.cell.media.map((host, index) => [host.name, this.media.hosts[index]!] as const),
    ];
  }
}

/** What the hosts of each role listen on; hosts of a role are alike. */
function guarded(cell: Cell): Readonly<Record<Role, Guarded>> {
  const role = (description: string, hosts: readonly Host[], opensConnections: boolean): Guarded => ({
    description,
    ports: hosts.flatMap((host) => hostConfig(cell, host).ports),
    opensConnections,
  });
  return {
    sbc: role('Session border controllers', cell.sbcs, true),
    media: role('Media hosts', cell.media, true),
    database: role('PostgreSQL cluster', cell.databases.slice(0, 1), false),
    redis: role('Redis replication group', cell.redis.slice(0, 1), false),
  };
}
