import { CloudwatchLogGroup } from '@cdktf/provider-aws/lib/cloudwatch-log-group/index.js';
import { DbSubnetGroup } from '@cdktf/provider-aws/lib/db-subnet-group/index.js';
import { RdsClusterInstance } from '@cdktf/provider-aws/lib/rds-cluster-instance/index.js';
import { RdsClusterParameterGroup } from '@cdktf/provider-aws/lib/rds-cluster-parameter-group/index.js';
import { RdsCluster } from '@cdktf/provider-aws/lib/rds-cluster/index.js';
import { DataResource, Fn } from 'cdktf';
import { Construct } from 'constructs';
import type { Cell } from '../../fleet/derive/cell.ts';
import { awsOf } from '../../fleet/schema/targets/on-aws.ts';
import { resourceName } from './site.ts';

export interface CellDatabaseProps {
  readonly cell: Cell;
  /** Private subnets, at least two zones. */
  readonly subnetIds: readonly string[];
  readonly securityGroupId: string;
  /** ARN of the key for the owner's password. */
  readonly kmsKeyArn: string;
  /** ARN of a key that outlives the cell. @default - the account's key for RDS, which nobody can delete */
  readonly storageKmsKeyArn?: string;
}

/** The user that owns the schema; RDS makes its password and keeps it in Secrets Manager. */
export const databaseOwner = 'cellstamp_owner';

/**
 * Aurora PostgreSQL: a writer and the spec's readers over the zones, encrypted, TLS only, backed up, protected against
 * deletion. Changes wait for the maintenance window, so that an apply does not cut the calls' database off.
 *
 * Its backups outlive it: a last snapshot, under a name that no other cell of this name has, and the automated ones for as long as they are
 * kept. So they are not encrypted with the cell's key, which goes with the cell.
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
    // When this cell was made, which tells its last snapshot from that of an earlier cell of its name.
    const made = new DataResource(this, 'made', {
      input: { at: Fn.timestamp() },
      lifecycle: { ignoreChanges: ['input'] },
    });
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
      // A cluster that has another key keeps it.
      ...(props.storageKmsKeyArn === undefined ? {} : { kmsKeyId: props.storageKmsKeyArn }),
      ...(aws.database.restoreFrom === undefined ? {} : { snapshotIdentifier: aws.database.restoreFrom }),
      ...(aws.maintenanceWindow === undefined ? {} : { preferredMaintenanceWindow: aws.maintenanceWindow }),
      backupRetentionPeriod: aws.database.backupRetentionDays,
      copyTagsToSnapshot: true,
      deletionProtection: !retired,
      skipFinalSnapshot: false,
      finalSnapshotIdentifier: `${name}-final-${Fn.formatdate('YYYYMMDDhhmmss', made.output.lookup('at'))}`,
      deleteAutomatedBackups: false,
      enabledCloudwatchLogsExports: ['postgresql'],
      applyImmediately: false,
      tags,
      dependsOn: [this.logGroup],
      // A snapshot is where a cluster begins: one that is there is never replaced for it.
      lifecycle: { ignoreChanges: ['snapshot_identifier'] },
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
          ...(aws.maintenanceWindow === undefined ? {} : { preferredMaintenanceWindow: aws.maintenanceWindow }),
          promotionTier: Math.min(host.number - 1, 15),
          applyImmediately: false,
          tags: { Name: `${name}-${host.number}` },
        }),
    );
    this.ownerSecretArn = this.cluster.masterUserSecret.get(0).secretArn;
  }
}
