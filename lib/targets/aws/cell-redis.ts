import { ElasticacheReplicationGroup } from '@cdktf/provider-aws/lib/elasticache-replication-group/index.js';
import { ElasticacheSubnetGroup } from '@cdktf/provider-aws/lib/elasticache-subnet-group/index.js';
import { ElasticacheUserGroup } from '@cdktf/provider-aws/lib/elasticache-user-group/index.js';
import { ElasticacheUser } from '@cdktf/provider-aws/lib/elasticache-user/index.js';
import { Construct } from 'constructs';
import type { Cell } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import { awsOf } from '../../fleet/schema/targets/on-aws.ts';
import { resourceName } from './site.ts';

export interface CellRedisProps {
  readonly cell: Cell;
  /** Private subnets, at least two zones. */
  readonly subnetIds: readonly string[];
  readonly securityGroupId: string;
  readonly kmsKeyArn: string;
}

/**
 * ElastiCache for Redis: a primary and the spec's replicas in different zones, fail-over by itself, TLS and a password.
 *
 * The password never passes through Terraform: the user is made shut (`off`, no commands), and the first SBC that boots sets
 * the password that it made (`CellSecrets.generated`) and opens the user; Terraform ignores both from then on.
 */
export class CellRedis extends Construct {
  readonly user: ElasticacheUser;
  readonly replicationGroup: ElasticacheReplicationGroup;

  constructor(scope: Construct, id: string, props: CellRedisProps) {
    super(scope, id);
    const { cell } = props;
    const { redis, maintenanceWindow } = awsOf(cell.spec);
    const name = resourceName(cell);
    const tags = { Name: name };

    this.user = new ElasticacheUser(this, 'user', {
      userId: name,
      // A client that gives only a password is this user.
      userName: 'default',
      engine: 'redis',
      accessString: 'off -@all',
      authenticationMode: { type: 'no-password-required' },
      tags,
      lifecycle: { ignoreChanges: ['access_string', 'authentication_mode', 'no_password_required', 'passwords'] },
    });
    const users = new ElasticacheUserGroup(this, 'users', {
      userGroupId: name,
      engine: 'redis',
      userIds: [this.user.userId],
      tags,
    });
    const subnets = new ElasticacheSubnetGroup(this, 'subnets', { name, subnetIds: [...props.subnetIds], tags });
    this.replicationGroup = new ElasticacheReplicationGroup(this, 'group', {
      replicationGroupId: name,
      description: `Call records of cell ${cell.name}`,
      engine: 'redis',
      engineVersion: redis.version,
      nodeType: redis.nodeType,
      numCacheClusters: 1 + cell.spec.redis.replicas,
      preferredCacheClusterAzs: cell.redis.map((host) => host.zone),
      automaticFailoverEnabled: true,
      multiAzEnabled: true,
      port: internalPorts.redis,
      subnetGroupName: subnets.name,
      securityGroupIds: [props.securityGroupId],
      transitEncryptionEnabled: true,
      atRestEncryptionEnabled: 'true',
      kmsKeyId: props.kmsKeyArn,
      userGroupIds: [users.userGroupId],
      ...(maintenanceWindow === undefined ? {} : { maintenanceWindow }),
      snapshotRetentionLimit: 1,
      autoMinorVersionUpgrade: 'false',
      applyImmediately: false,
      tags,
    });
  }
}
