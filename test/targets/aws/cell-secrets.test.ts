import { describe, expect, it } from 'vitest';
import { CellSecrets } from '../../../lib/targets/aws/cell-secrets.ts';
import type { CellInput } from '../../../lib/fleet/schema/cell.ts';
import { cellOf, maximal, minimal, synth } from './synth.ts';

const secrets = (input: CellInput) => synth((stack) => void new CellSecrets(stack, 'secrets', { cell: cellOf(input) }));

describe('CellSecrets', () => {
  it('makes a secret for what the SBCs make, the certificate, and SignalWire’s token', () => {
    expect(
      secrets(minimal)
        .all('aws_secretsmanager_secret')
        .map((secret) => secret['name_prefix']),
    ).toEqual(
      ['cellstamp/euw1-a/generated-', 'cellstamp/euw1-a/signalwire-token-', 'cellstamp/euw1-a/sip-tls-'].sort(),
    );
  });

  it('needs no token where FreeSWITCH is in the image', () => {
    expect(secrets(maximal).all('aws_secretsmanager_secret')).toHaveLength(2);
  });

  it('gives Terraform no value of a secret', () => {
    expect(secrets(minimal).types()).toEqual(['aws_kms_alias', 'aws_kms_key', 'aws_secretsmanager_secret']);
  });

  it('encrypts them with a key of the cell that is renewed every year', () => {
    const made = secrets(minimal);
    expect(made.one('aws_kms_key')['enable_key_rotation']).toBe(true);
    for (const secret of made.all('aws_secretsmanager_secret')) {
      expect(secret['kms_key_id']).toMatch(/^\$\{aws_kms_key\.secrets_key_\w+\.arn\}$/);
    }
  });
});
