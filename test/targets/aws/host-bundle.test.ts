import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { HostBundle } from '../../../lib/targets/aws/host-bundle.ts';
import { cellBundle } from '../../../lib/targets/aws/host/cell-bundle.ts';
import { cellSite } from '../../../lib/targets/aws/site.ts';
import type { Cell, MediaHost, SbcHost } from '../../../lib/fleet/derive/cell.ts';
import { cellOf, maximal, minimal, synth } from './synth.ts';

const bundle = (cell: Cell, host: SbcHost | MediaHost) =>
  synth(
    (stack) =>
      void new HostBundle(stack, 'bundle', {
        site: cellSite(cell),
        host,
        bundle: cellBundle(cell, host),
        bucketName: 'bundles',
        alarmTopicArn: 'arn:aws:sns:eu-west-1:123456789012:alarms',
        values: { public_address: '203.0.113.7' },
        secrets: { generated: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:generated' },
      }),
  );

const hashOf = (cell: Cell, host: SbcHost | MediaHost) =>
  (JSON.parse(String(bundle(cell, host).one('aws_ssm_parameter')['value'])) as { bundle: string }).bundle;

describe('HostBundle', () => {
  it('names the object by the SHA-256 of what it contains, and says it in the parameter', () => {
    const cell = cellOf(minimal);
    const made = bundle(cell, cell.sbcs[0]);
    const object = made.one('aws_s3_object');
    const archive = gunzipSync(Buffer.from(String(object['content_base64']), 'base64'));
    const sha256 = createHash('sha256').update(archive).digest('hex');
    expect(object['key']).toBe(`sbc-1/${sha256}.tar.gz`);
    expect(JSON.parse(String(made.one('aws_ssm_parameter')['value']))).toEqual({
      bundle: sha256,
      bucket: 'bundles',
      topic: 'arn:aws:sns:eu-west-1:123456789012:alarms',
      values: { public_address: '203.0.113.7' },
      secrets: { generated: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:generated' },
    });
  });

  it('is the same for the same spec, and another when a value that the host uses changes', () => {
    const cell = cellOf(minimal);
    const changed = cellOf({ ...minimal, media: { relay: { calls: 1000 } } });
    expect(hashOf(cell, cell.media[0]!)).toBe(hashOf(cellOf(minimal), cellOf(minimal).media[0]!));
    expect(hashOf(changed, changed.media[0]!)).not.toBe(hashOf(cell, cell.media[0]!));
  });

  it('names a parameter below the cell’s path', () => {
    const cell = cellOf(maximal);
    expect(bundle(cell, cell.media[5]!).one('aws_ssm_parameter')['name']).toBe(
      '/cellstamp/a-cell-of-20-letters/media-6',
    );
  });
});
