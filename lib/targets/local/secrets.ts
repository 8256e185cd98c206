/** Passwords, keys and certificates of one cell on this machine: made at random by its first `up`, gone with its `down`. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cell } from '../../fleet/derive/cell.ts';
import { primaryName } from './addresses.ts';
import { LocalFailure } from './failure.ts';
import { run } from './run.ts';
import { cellFolder, makeFolder, replaceFile } from './state.ts';

export interface Secrets {
  readonly databaseAdminPassword: string;
  readonly databaseSbcPassword: string;
  readonly databaseReplicationPassword: string;
  readonly redisPassword: string;
  readonly redisReplicationPassword: string;
  readonly redisFailoverPassword: string;
  readonly digestSecret: string;
  readonly topologySecret: string;
  readonly eventSocketPassword: string;
  readonly dataCaCertificate: string;
  readonly dataCertificate: string;
  readonly dataKey: string;
  readonly sipCertificate: string;
  readonly sipKey: string;
  readonly relaySecret: string;
  readonly relayCertificate: string;
  readonly relayKey: string;
}

/** The cell's secrets. Those that there are not are made: all by the first `up`, and what an older version did not have. */
export async function secretsOf(cell: Cell): Promise<Secrets> {
  const file = join(cellFolder(cell.name), 'secrets.json');
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<Secrets>) : {};
  const secrets = { ...passwords(), ...(await certificates(cell)), ...known };
  if (Object.keys(secrets).length === Object.keys(known).length) return secrets;
  replaceFile(file, `${JSON.stringify(secrets, null, 2)}\n`);
  return secrets;
}

/** 192 bits each, in characters that mean nothing to SQL, a URL or a shell. */
function passwords() {
  const password = () => randomBytes(24).toString('hex');
  return {
    databaseAdminPassword: password(),
    databaseSbcPassword: password(),
    databaseReplicationPassword: password(),
    redisPassword: password(),
    redisReplicationPassword: password(),
    redisFailoverPassword: password(),
    digestSecret: password(),
    topologySecret: password(),
    eventSocketPassword: password(),
    relaySecret: password(),
  };
}

/** A private authority, a certificate for the data hosts by name and address, one for SIP over TLS, and one for media hosts. */
async function certificates(cell: Cell) {
  const folder = join(cellFolder(cell.name), 'tls');
  makeFolder(folder);
  const request = async (name: string, subject: string, extra: readonly string[]) => {
    // What hosts have they keep.
    if (existsSync(join(folder, `${name}.pem`))) return;
    const made = await run([
      ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'],
      ...['-days', '365', '-subj', `/CN=${subject}`],
      ...['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`)],
      ...extra,
    ]);
    if (made.status !== 0) throw new LocalFailure(`openssl makes no certificate: ${made.stderr.trim()}`);
  };
  const signed = (alternatives: readonly string[]) => [
    ...['-CA', join(folder, 'authority.pem'), '-CAkey', join(folder, 'authority.key')],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
    ...['-addext', `subjectAltName=${alternatives.join(',')}`],
  ];
  await request('authority', `${cell.name} authority`, ['-addext', 'keyUsage=critical,keyCertSign,cRLSign']);
  const data = [...cell.databases, ...cell.redis];
  const domains = cell.spec.tenants.map((tenant) => `DNS:${tenant.domain}`);
  await Promise.all([
    request(
      'data',
      `${cell.name} data`,
      signed([
        ...data.flatMap((host) => [`DNS:${host.hostname}`, `IP:${host.address}`]),
        // Whichever is the primary is reached by this name.
        ...(['database', 'redis'] as const).map((role) => `DNS:${primaryName(cell, role)}`),
      ]),
    ),
    // Either side of a copy of calls shows it; what counts is who has signed it.
    request('relay', `${cell.name} relays`, signed([`DNS:relays.${cell.name}.invalid`])),
    request('sip', `${cell.name} sip`, signed([`DNS:${cell.name}.invalid`, ...domains])),
  ]);
  const read = (file: string) => readFileSync(join(folder, file), 'utf8').trim();
  return {
    dataCaCertificate: read('authority.pem'),
    dataCertificate: read('data.pem'),
    dataKey: read('data.key'),
    sipCertificate: read('sip.pem'),
    sipKey: read('sip.key'),
    relayCertificate: read('relay.pem'),
    relayKey: read('relay.key'),
  };
}
