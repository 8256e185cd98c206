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
    for (const part of [made.one('aws_rds_cluster'), ...made.all('aws_rds_cluster_instance')]) {
      expect(part['preferred_maintenance_window']).toBe('sun:03:00-sun:04:00');
    }
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
      delete_automated_backups: false,
    });
  });

  it('gives the last snapshot a name that a later cell of the same name does not take', () => {
    const made = database(minimal);
    expect(made.one('aws_rds_cluster')['final_snapshot_identifier']).toMatch(
      /^cellstamp-euw1-a-final-\$\{formatdate\("YYYYMMDDhhmmss", terraform_data\.\S+\.output\["at"\]\)\}$/,
    );
    expect(made.one('terraform_data')).toMatchObject({
      input: { at: '${timestamp()}' },
      lifecycle: { ignore_changes: ['input'] },
    });
  });

  it('encrypts backups with a key that does not go with the cell', () => {
    expect(database(minimal).one('aws_rds_cluster')).not.toHaveProperty('kms_key_id');
  });

  it('begins with a snapshot where the spec says so, and leaves a database alone that is there', () => {
    const restoreFrom = 'cellstamp-euw1-a-final-20260301120000';
    const cluster = database({ ...minimal, aws: { database: { restoreFrom } } }).one('aws_rds_cluster');
    expect(cluster['snapshot_identifier']).toBe(restoreFrom);
    expect(cluster['lifecycle']).toEqual({ ignore_changes: ['snapshot_identifier'] });
    expect(database(minimal).one('aws_rds_cluster')).not.toHaveProperty('snapshot_identifier');
  });
});
