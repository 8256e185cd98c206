/** Password of the directory, keys and certificate of the edges on this machine: made by the first `up`, gone with `down`. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstEdgeKeys, type EdgeKeys } from '../../../fleet/edge-keys.ts';
import type { Front } from '../../../fleet/derive/front.ts';
import { LocalFailure } from '../failure.ts';
import { run } from '../run.ts';
import { cellFolder, replaceFile } from '../state.ts';
import { serviceAddress } from './addresses.ts';

export interface FrontSecrets {
  readonly directoryPassword: string;
  readonly edgeKeys: EdgeKeys;
  readonly sipCertificate: string;
  readonly sipKey: string;
}

export async function frontSecrets(front: Front): Promise<FrontSecrets> {
  const file = secretsFile(front.name);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as FrontSecrets;
  const { domain } = front.spec;
  const made = await run([
    ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'],
    ...['-days', '365', '-subj', `/CN=${front.name}`, '-keyout', '-', '-out', '-'],
    ...['-addext', `subjectAltName=DNS:${domain},DNS:*.${domain},IP:${serviceAddress}`],
  ]);
  const pem = (text: string, kind: string) =>
    new RegExp(`-----BEGIN ${kind}-----[^]*?-----END ${kind}-----`).exec(text)?.[0] ?? '';
  const sipCertificate = pem(made.stdout, 'CERTIFICATE');
  const sipKey = pem(made.stdout, 'PRIVATE KEY');
  if (made.status !== 0 || sipCertificate === '' || sipKey === '') {
    throw new LocalFailure(`openssl makes no certificate: ${made.stderr.trim().split('\n').at(-1)}`);
  }
  const secrets: FrontSecrets = {
    directoryPassword: randomBytes(24).toString('hex'),
    edgeKeys: firstEdgeKeys(randomBytes),
    sipCertificate,
    sipKey,
  };
  replaceFile(file, text(secrets));
  return secrets;
}

/** Other keys, from the next `up` on, and for whoever asks for them. */
export async function keepEdgeKeys(front: Front, edgeKeys: EdgeKeys): Promise<void> {
  replaceFile(secretsFile(front.name), text({ ...(await frontSecrets(front)), edgeKeys }));
}

const secretsFile = (front: string) => join(cellFolder(front), 'secrets.json');

const text = (secrets: FrontSecrets) => `${JSON.stringify(secrets, null, 2)}\n`;
