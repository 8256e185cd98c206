import { SecretsmanagerSecret } from '@cdktf/provider-aws/lib/secretsmanager-secret/index.js';
import { Construct } from 'constructs';
import type { Cell } from '../../fleet/derive/cell.ts';
import { recoveryDays, siteKey } from './site-key.ts';
import { cellSite, resourceName, sitePath } from './site.ts';

export interface CellSecretsProps {
  readonly cell: Cell;
  /** ARN of the key for everything that the cell stores. @default - the cell makes its own */
  readonly kmsKeyArn?: string;
}

/**
 * The cell's encryption key, unless one is given, and its secrets. Terraform makes the secrets empty and never sees a value, so none stands in a
 * state or plan:
 *
 * - `generated` is filled in by the first SBC that boots and finds it empty (one JSON object, 32 random bytes a value);
 * - `sipTls` is filled in by an operator: `{"certificate": "PEM chain", "key": "PEM"}`. Until then the SBCs show a
 *   certificate they made themselves;
 * - `signalwireToken` is filled in by an operator with the token as plain text, only where FreeSWITCH is installed from
 *   SignalWire.
 *
 * The password of the database's owner is made and rotated by RDS (`CellDatabase`).
 */
export class CellSecrets extends Construct {
  readonly keyArn: string;
  readonly generated: SecretsmanagerSecret;
  readonly sipTls: SecretsmanagerSecret;
  /** Only where `media.freeswitch.install` is `signalwire`. */
  readonly signalwireToken: SecretsmanagerSecret | undefined;

  constructor(scope: Construct, id: string, props: CellSecretsProps) {
    super(scope, id);
    const { cell } = props;
    this.keyArn = props.kmsKeyArn ?? siteKey(this, cellSite(cell)).arn;

    const secret = (constructId: string, name: string, description: string) =>
      new SecretsmanagerSecret(this, constructId, {
        // A deleted secret keeps its name for the recovery time; the prefix lets a cell be created again under its old name.
        namePrefix: `${sitePath(cell).slice(1)}/${name}-`,
        description,
        kmsKeyId: this.keyArn,
        recoveryWindowInDays: recoveryDays,
        tags: { Name: resourceName(cell, name) },
      });
    this.generated = secret('generated', 'generated', 'Values that the SBCs make at their first boot');
    this.sipTls = secret('sip-tls', 'sip-tls', 'Certificate and key of SIP over TLS: fill in {"certificate", "key"}');
    this.signalwireToken =
      cell.spec.media.freeswitch.install === 'signalwire'
        ? secret('signalwire-token', 'signalwire-token', 'Token for the packages of SignalWire: fill in')
        : undefined;
  }
}
