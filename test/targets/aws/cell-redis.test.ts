import { describe, expect, it } from 'vitest';
import { CellRedis } from '../../../lib/targets/aws/cell-redis.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { cellOf, maximal, minimal, synth } from './synth.ts';

const redis = (input: CellInput) =>
  synth(
    (stack) =>
      void new CellRedis(stack, 'redis', {
        cell: cellOf(input),
        subnetIds: ['subnet-1', 'subnet-2'],
        securityGroupId: 'sg-1',
        kmsKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/1',
      }),
  );

describe('CellRedis', () => {
  it('fails over by itself between zones, encrypted in transit and at rest', () => {
    expect(redis(minimal).one('aws_elasticache_replication_group')).toMatchObject({
      engine_version: '7.1',
      num_cache_clusters: 2,
      preferred_cache_cluster_azs: ['eu-west-1a', 'eu-west-1b'],
      automatic_failover_enabled: true,
      multi_az_enabled: true,
      transit_encryption_enabled: true,
      at_rest_encryption_enabled: 'true',
    });
  });

  it('takes version, nodes and their type from the spec', () => {
    expect(redis(maximal).one('aws_elasticache_replication_group')).toMatchObject({
      engine_version: '7.0',
      num_cache_clusters: 3,
      node_type: 'cache.m6g.xlarge',
    });
  });

  it('makes its user shut and without a password, and never looks at it again', () => {
    const made = redis(minimal);
    expect(made.one('aws_elasticache_user')).toMatchObject({
      user_name: 'default',
      access_string: 'off -@all',
      authentication_mode: { type: 'no-password-required' },
      lifecycle: { ignore_changes: ['access_string', 'authentication_mode', 'no_password_required', 'passwords'] },
    });
    expect(made.text).not.toContain('auth_token');
  });
});
