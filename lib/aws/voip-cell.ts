import { Construct } from 'constructs';
import type { Cell, Host, MediaHost, Role, SbcHost } from '../cell/cell.ts';
import { deriveCell } from '../cell/cell.ts';
import { hostConfig } from '../software/cell-host.ts';
import { values } from '../software/values.ts';
import { cellFile, type CellSpec } from '../spec/cell.ts';
import type { FrontSpec } from '../spec/front.ts';
import { checkRules } from '../spec/spec-error.ts';
import { awsOf } from '../spec/targets/on-aws.ts';
import { AlarmTopic } from './alarm-topic.ts';
import { BundleBucket } from './bundle-bucket.ts';
import { cellAlarms } from './cell-alarms.ts';
import { CellDatabase, databaseOwner } from './cell-database.ts';
import { CellRedis } from './cell-redis.ts';
import { CellSecrets } from './cell-secrets.ts';
import { imageId } from './debian-image.ts';
import { cellBundle } from './host/cell-bundle.ts';
import { edgeList } from './host/learn-edges.ts';
import { checkAgainstOthers, checkRegion } from './fleet-rules.ts';
import { HostBundle } from './host-bundle.ts';
import type { HostInstance } from './host-instance.ts';
import { HostRole } from './host-role.ts';
import { MediaHosts } from './media-hosts.ts';
import { SbcPair } from './sbc-pair.ts';
import { SiteAlarms } from './site-alarms.ts';
import { SiteLogs } from './site-logs.ts';
import { SiteNetwork } from './site-network.ts';
import { SiteSecurity, type Guarded } from './site-security.ts';
import { cellSite, partition } from './site.ts';

export interface VoipCellProps {
  /** A complete spec: `parseCell({ name: 'euw1-a', region: 'eu-west-1', aws: {} })`. */
  readonly spec: CellSpec;
  /** The fleet's front, whose edges hand requests to the SBCs. @default - there is no front */
  readonly front?: FrontSpec;
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
  /** By the host's name. */
  readonly hostBundles: ReadonlyMap<string, HostBundle>;

  constructor(scope: Construct, id: string, props: VoipCellProps) {
    super(scope, id);
    checkRules('cell', props.spec, cellFile);
    const aws = awsOf(props.spec);
    if (props.front) awsOf(props.front);
    const cell = deriveCell(props.spec);
    this.cell = cell;
    checkAgainstOthers(this, 'cell', props.spec);
    checkRegion(this, { name: `cell ${cell.name}`, region: props.spec.region });

    const { spec } = cell;
    const site = cellSite(cell);
    this.network = new SiteNetwork(this, 'network', { site, network: spec.network, subnets: cell.subnets });
    this.security = new SiteSecurity(this, 'security', { site, vpcId: this.network.vpc.id, roles: guarded(cell) });
    this.secrets = new CellSecrets(this, 'secrets', { cell });
    const kmsKeyArn = this.secrets.key.arn;
    this.logs = new SiteLogs(this, 'logs', { site, retentionDays: aws.retention.logDays });
    this.alarmTopic = new AlarmTopic(this, 'alarm-topic', { site, emails: aws.alarmEmails });
    this.bundles = new BundleBucket(this, 'bundles', { site, kmsKeyArn, forceDestroy: spec.state === 'retired' });

    const data = {
      cell,
      subnetIds: [...this.network.privateSubnets.values()].map((subnet) => subnet.id),
      kmsKeyArn,
    };
    this.database = new CellDatabase(this, 'database', {
      ...data,
      securityGroupId: this.security.groups.database.id,
    });
    this.redis = new CellRedis(this, 'redis', { ...data, securityGroupId: this.security.groups.redis.id });

    const role = (name: 'sbc' | 'media', readableSecretArns: readonly string[]) =>
      new HostRole(this, `${name}-role`, {
        site,
        role: name,
        bundleBucketArn: this.bundles.bucket.arn,
        kmsKeyArn,
        logGroupArn: this.logs.hosts.arn,
        alarmTopicArn: this.alarmTopic.topic.arn,
        readableSecretArns,
      });
    const sbcSecrets = {
      generated: this.secrets.generated.arn,
      sipTls: this.secrets.sipTls.arn,
      databaseOwner: this.database.ownerSecretArn,
    };
    const mediaSecrets = this.secrets.signalwireToken ? { signalwireToken: this.secrets.signalwireToken.arn } : {};
    const sbcRole = role('sbc', Object.values(sbcSecrets));
    const mediaRole = role('media', Object.values(mediaSecrets));
    sbcRole.allow('make-secrets', [
      { actions: ['secretsmanager:PutSecretValue'], resources: [this.secrets.generated.arn] },
      { actions: ['kms:GenerateDataKey'], resources: [kmsKeyArn] },
      { actions: ['elasticache:ModifyUser'], resources: [this.redis.user.arn] },
    ]);

    const edges = props.front && edgeList(props.front);
    if (edges) {
      const parameter = `arn:${partition(edges.region)}:ssm:${edges.region}:*:parameter${edges.parameter}`;
      // Secrets Manager puts a hyphen and six characters behind the name.
      const keys = `arn:${partition(edges.region)}:secretsmanager:${edges.region}:*:secret:${edges.keysSecret}-??????`;
      sbcRole.allow('learn-edges', [
        { actions: ['ssm:GetParameter'], resources: [parameter] },
        { actions: ['secretsmanager:GetSecretValue'], resources: [keys] },
      ]);
    }

    const hosts = {
      cell,
      subnets: this.network.publicSubnets,
      imageId: imageId(this, 'debian', site, aws.image),
      kmsKeyArn,
    };
    this.sbcs = new SbcPair(this, 'sbcs', {
      ...hosts,
      routeTables: [this.network.publicRouteTable],
      securityGroupId: this.security.groups.sbc.id,
      role: sbcRole,
    });
    this.media = new MediaHosts(this, 'media', {
      ...hosts,
      securityGroupId: this.security.groups.media.id,
      role: mediaRole,
    });

    const bundle = (
      host: SbcHost | MediaHost,
      given: Readonly<Record<string, string>>,
      secrets: Readonly<Record<string, string>>,
    ) =>
      new HostBundle(this, `${host.name}-bundle`, {
        site,
        host,
        bundle: cellBundle(cell, host, edges),
        bucketName: this.bundles.bucket.id,
        alarmTopicArn: this.alarmTopic.topic.arn,
        values: given,
        secrets,
      });
    const sbcValues = {
      [values.publicAddress.name]: this.sbcs.floatingAddress.publicIp,
      [values.databaseHost.name]: this.database.cluster.endpoint,
      [values.databaseAdminUser.name]: databaseOwner,
      [values.redisHost.name]: this.redis.replicationGroup.primaryEndpointAddress,
      floating_allocation: this.sbcs.floatingAddress.allocationId,
      overlay_route_tables: this.network.publicRouteTable.id,
    };
    this.hostBundles = new Map([
      ...cell.sbcs.map((host) => [host.name, bundle(host, sbcValues, sbcSecrets)] as const),
      ...cell.media.map((host, index) => {
        const given = { [values.publicAddress.name]: this.media.addresses[index]!.publicIp };
        return [host.name, bundle(host, given, mediaSecrets)] as const;
      }),
    ]);

    const instanceIds = new Map(this.instances().map(([name, { instance }]) => [name, instance.id]));
    this.alarms = new SiteAlarms(this, 'alarms', {
      site,
      alarms: cellAlarms(cell, instanceIds),
      topicArn: this.alarmTopic.topic.arn,
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
