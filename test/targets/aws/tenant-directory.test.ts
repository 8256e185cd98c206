import { describe, expect, it } from 'vitest';
import { TenantDirectory } from '../../../lib/targets/aws/tenant-directory.ts';
import type { FrontInput } from '../../../lib/fleet/schema/front.ts';
import { frontOf, maximalFront, minimalFront, synth } from './synth.ts';

const table = (input: FrontInput) =>
  synth((stack) => void new TenantDirectory(stack, 'directory', { front: frontOf(input) })).one('aws_dynamodb_table');

describe('TenantDirectory', () => {
  it('is paid by use, streams its changes, can be brought back to any second, and can’t be deleted by mistake', () => {
    expect(table(minimalFront)).toMatchObject({
      name: 'cellstamp-front-directory',
      billing_mode: 'PAY_PER_REQUEST',
      hash_key: 'id',
      stream_enabled: true,
      stream_view_type: 'NEW_AND_OLD_IMAGES',
      point_in_time_recovery: { enabled: true },
      deletion_protection_enabled: true,
    });
    expect(table(minimalFront)).not.toHaveProperty('replica.0');
  });

  it('has a replica in every other region of the front', () => {
    expect(table(maximalFront)['replica']).toEqual(
      ['eu-central-1', 'us-east-1'].map((region) => ({
        region_name: region,
        point_in_time_recovery: true,
        propagate_tags: true,
      })),
    );
  });
});
