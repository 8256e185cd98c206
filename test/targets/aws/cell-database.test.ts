import { describe, expect, it } from 'vitest';
import { CellDatabase } from '../../../lib/targets/aws/cell-database.ts';
import { databaseNames } from '../../../lib/software/postgresql/index.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { cellOf, maximal, minimal, synth } from './synth.ts';

const database = (input: CellInput) =>
  synth(
    (stack) =>
      void new CellDatabase(stack, 'database', {
        cell: cellOf(input),
        subnetIds: ['subnet-1', 'subnet-2'],
        securityGroupId: 'sg-1',
        kmsKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/1',
      }),
  );

describe('CellDatabase', () => {
  it('is encrypted, backed up, protected against deletion, and RDS makes the owner’s password', () => {
    expect(database(minimal).one('aws_rds_cluster')).toMatchObject({
      engine: 'aurora-postgresql',
      engine_version: '15.10',
      database_name: databaseNames.database,
      manage_master_user_password: true,
      storage_encrypted: true,
      backup_retention_period: 7,
      deletion_protection: true,
      skip_final_snapshot: false,
    });
    expect(database(minimal).text).not.toContain('master_password');
  });

  it('puts the writer and its reader into different zones', () => {
    expect(
      database(minimal)
        .all('aws_rds_cluster_instance')
        .map((instance) => [instance['availability_zone'], instance['promotion_tier'], instance['instance_class']]),
    ).toEqual([
      ['eu-west-1a', 0, 'db.r6g.large'],
      ['eu-west-1b', 1, 'db.r6g.large'],
    ]);
  });

  it('takes version, class, readers, backups and log retention from the spec', () => {
    const made = database(maximal);
    expect(made.one('aws_rds_cluster')).toMatchObject({ engine_version: '16.6', backup_retention_period: 35 });
    expect(made.all('aws_rds_cluster_instance')).toHaveLength(3);
    expect(made.one('aws_rds_cluster_parameter_group')['family']).toBe('aurora-postgresql16');
    expect(made.one('aws_cloudwatch_log_group')['retention_in_days']).toBe(365);
  });

  it('takes connections over TLS only', () => {
    expect(database(minimal).one('aws_rds_cluster_parameter_group')['parameter']).toEqual([
      { name: 'rds.force_ssl', value: '1', apply_method: 'immediate' },
    ]);
  });

  it('lets go of a retired cell’s database, which keeps its last snapshot', () => {
    expect(database({ ...minimal, state: 'retired' }).one('aws_rds_cluster')).toMatchObject({
      deletion_protection: false,
      skip_final_snapshot: false,
      final_snapshot_identifier: 'cellstamp-euw1-a-final',
    });
  });
});
