import { createHash } from 'node:crypto';
import type { Cell, Host } from '../../fleet/derive/cell.ts';
import type { HostConfig } from '../../software/host-config.ts';
import type { CellValueName } from '../../software/values.ts';
import { primaryName, publicAddress } from './addresses.ts';
import type { Secrets } from './secrets.ts';

export const databaseAdminUser = 'cellstamp_admin';

/** The late-bound values of one host as this machine gives them. */
export function lateValues(
  cell: Cell,
  host: Host,
  publicNetwork: string,
  secrets: Secrets,
): Readonly<Record<CellValueName, string>> {
  const guest = host.role === 'media' ? cell.media.find(({ number }) => number === host.guest) : undefined;
  return {
    public_address: publicAddress(publicNetwork, host) ?? '',
    guest_public_address: guest === undefined ? '' : publicAddress(publicNetwork, guest)!,
    database_host: primaryName(cell, 'database'),
    database_admin_user: databaseAdminUser,
    database_admin_password: secrets.databaseAdminPassword,
    database_sbc_password: secrets.databaseSbcPassword,
    database_replication_password: secrets.databaseReplicationPassword,
    redis_host: primaryName(cell, 'redis'),
    redis_password: secrets.redisPassword,
    redis_replication_password: secrets.redisReplicationPassword,
    redis_failover_password: secrets.redisFailoverPassword,
    data_ca_certificate: secrets.dataCaCertificate,
    data_certificate: secrets.dataCertificate,
    data_key: secrets.dataKey,
    sip_certificate: secrets.sipCertificate,
    sip_key: secrets.sipKey,
    digest_secret: secrets.digestSecret,
    topology_secret: secrets.topologySecret,
    event_socket_password: secrets.eventSocketPassword,
    relay_secret: secrets.relaySecret,
    relay_certificate: secrets.relayCertificate,
    relay_key: secrets.relayKey,
    // Software comes from this machine's packages.
    signalwire_token: 'none',
  };
}

/**
 * A configuration with its late-bound values filled in.
 * @throws Error when it wants a value that this target does not know.
 */
export function filled(config: HostConfig, values: Readonly<Record<string, string>>): HostConfig {
  const fill = (text: string) =>
    text.replace(/@@([a-z][a-z0-9_]*)@@/g, (_, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`the local target has no value for @@${name}@@`);
      return value;
    });
  return { ...config, files: config.files.map((file) => ({ ...file, text: fill(file.text) })) };
}

export function hashOf(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
