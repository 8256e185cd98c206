import { CloudwatchLogGroup } from '@cdktf/provider-aws/lib/cloudwatch-log-group/index.js';
import { DbSubnetGroup } from '@cdktf/provider-aws/lib/db-subnet-group/index.js';
import { RdsClusterInstance } from '@cdktf/provider-aws/lib/rds-cluster-instance/index.js';
import { RdsClusterParameterGroup } from '@cdktf/provider-aws/lib/rds-cluster-parameter-group/index.js';
import { RdsCluster } from '@cdktf/provider-aws/lib/rds-cluster/index.js';
import { Construct } from 'constructs';
import type { Cell } from '../../fleet/derive/cell.ts';
import { awsOf } from '../../fleet/schema/targets/on-aws.ts';
import { resourceName } from './site.ts';

export interface CellDatabaseProps {
  readonly cell: Cell;
  /** Private subnets, at least two zones. */
  readonly subnetIds: readonly string[];
  readonly securityGroupId: string;
  /** ARN of the key for storage, backups and the owner's password. */
  readonly kmsKeyArn: string;
}

/** The user that owns the schema; RDS makes its password and keeps it in Secrets Manager. */
export const databaseOwner = 'cellstamp_owner';

/**
 * Aurora PostgreSQL: a writer and the spec's readers over the zones, encrypted, TLS only, backed up, protected against
 * deletion. Changes wait for the maintenance window, so that an apply does not cut the calls' database off.
 */
export class CellDatabase extends Construct {
  readonly cluster: RdsCluster;
  readonly instances: readonly RdsClusterInstance[];
  readonly logGroup: CloudwatchLogGroup;
  /** ARN of the secret with the owner's name and password, as JSON. */
  readonly ownerSecretArn: string;

  constructor(scope: Construct, id: string, props: CellDatabaseProps) {
    super(scope, id);
    const { cell } = props;
    const { spec } = cell;
    const aws = awsOf(spec);
    const name = resourceName(cell);
    const tags = { Name: name };

    const subnets = new DbSubnetGroup(this, 'subnets', { name, subnetIds: [...props.subnetIds], tags });
    const parameters = new RdsClusterParameterGroup(this, 'parameters', {
      namePrefix: `${name}-`,
      family: `aurora-postgresql${aws.database.version.split('.')[0]}`,
      description: 'TLS only',
      parameter: [{ name: 'rds.force_ssl', value: '1', applyMethod: 'immediate' }],
      tags,
      lifecycle: { createBeforeDestroy: true },
    });
    // RDS would make the group itself, without an end to what it keeps.
    this.logGroup = new CloudwatchLogGroup(this, 'log', {
      name: `/aws/rds/cluster/${name}/postgresql`,
      retentionInDays: aws.retention.logDays,
      tags,
    });
    const retired = spec.state === 'retired';
    this.cluster = new RdsCluster(this, 'cluster', {
      clusterIdentifier: name,
      engine: 'aurora-postgresql',
      engineVersion: aws.database.version,
      databaseName: 'cellstamp',
      masterUsername: databaseOwner,
      manageMasterUserPassword: true,
      masterUserSecretKmsKeyId: props.kmsKeyArn,
      dbSubnetGroupName: subnets.name,
      dbClusterParameterGroupName: parameters.name,
      vpcSecurityGroupIds: [props.securityGroupId],
      storageEncrypted: true,
      kmsKeyId: props.kmsKeyArn,
      backupRetentionPeriod: aws.database.backupRetentionDays,
      copyTagsToSnapshot: true,
      deletionProtection: !retired,
      skipFinalSnapshot: false,
      finalSnapshotIdentifier: `${name}-final`,
      enabledCloudwatchLogsExports: ['postgresql'],
      applyImmediately: false,
      tags,
      dependsOn: [this.logGroup],
    });
    this.instances = cell.databases.map(
      (host) =>
        new RdsClusterInstance(this, host.name, {
          identifier: `${name}-${host.number}`,
          clusterIdentifier: this.cluster.id,
          engine: 'aurora-postgresql',
          engineVersion: aws.database.version,
          instanceClass: aws.database.instanceClass,
          availabilityZone: host.zone,
          dbSubnetGroupName: subnets.name,
          publiclyAccessible: false,
          autoMinorVersionUpgrade: false,
          // The lowest is promoted first; the writer is number 1.
          promotionTier: Math.min(host.number - 1, 15),
          applyImmediately: false,
          tags: { Name: `${name}-${host.number}` },
        }),
    );
    this.ownerSecretArn = this.cluster.masterUserSecret.get(0).secretArn;
  }
}
