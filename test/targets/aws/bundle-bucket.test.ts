import { describe, expect, it } from 'vitest';
import { BundleBucket } from '../../../lib/targets/aws/bundle-bucket.ts';
import { cellSite } from '../../../lib/targets/aws/site.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { cellOf, maximal, minimal, synth } from './synth.ts';

const bucket = (input: CellInput, forceDestroy = false) =>
  synth(
    (stack) =>
      void new BundleBucket(stack, 'bundles', {
        site: cellSite(cellOf(input)),
        kmsKeyArn: 'arn:aws:kms:x:1:key/1',
        forceDestroy,
      }),
  );

describe('BundleBucket', () => {
  it('is private, encrypted with the cell’s key and versioned', () => {
    const made = bucket(minimal);
    expect(made.one('aws_s3_bucket_public_access_block')).toMatchObject({
      block_public_acls: true,
      block_public_policy: true,
      ignore_public_acls: true,
      restrict_public_buckets: true,
    });
    expect(JSON.stringify(made.one('aws_s3_bucket_server_side_encryption_configuration'))).toContain(
      '"kms_master_key_id":"arn:aws:kms:x:1:key/1","sse_algorithm":"aws:kms"',
    );
    expect(made.one('aws_s3_bucket_versioning')['versioning_configuration']).toEqual({ status: 'Enabled' });
  });

  it('refuses requests without TLS', () => {
    const policy = JSON.parse(String(bucket(minimal).one('aws_s3_bucket_policy')['policy'])) as {
      Statement: { Effect: string; Condition: unknown }[];
    };
    expect(policy.Statement[0]).toMatchObject({
      Effect: 'Deny',
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    });
  });

  it('leaves room for AWS in a prefix of 37 characters at most, also for the longest name of a cell', () => {
    const prefix = String(bucket(maximal).one('aws_s3_bucket')['bucket_prefix']);
    expect(prefix).toBe('cellstamp-a-cell-of-20-letters-');
    expect(prefix.length).toBeLessThanOrEqual(37);
  });

  it('can be deleted with its content only where told', () => {
    expect(bucket(minimal).one('aws_s3_bucket')['force_destroy']).toBe(false);
    expect(bucket(minimal, true).one('aws_s3_bucket')['force_destroy']).toBe(true);
  });
});
