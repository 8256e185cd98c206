/**
 * Every late-bound value that a cell's hosts know. A target must be able to give each of them; a host's `HostConfig.values`
 * says which ones that host needs.
 */
import type { LateBoundValue } from './host-config.ts';

const value = <N extends string>(name: N, kind: LateBoundValue['kind'], description: string) =>
  ({ name, kind, description }) as const;

export const values = {
  publicAddress: value(
    'public_address',
    'address',
    'Public address of the host: the floating one on an SBC, its own on a media host.',
  ),
  anycastAddress1: value('anycast_address_1', 'address', 'First anycast address of the front.'),
  anycastAddress2: value('anycast_address_2', 'address', 'Second anycast address of the front.'),
  directory: value(
    'directory',
    'secret',
    'Where an edge finds the tenant directory and the front’s keys: the JSON entries backend (dynamodb or redis), source, keys and keySeconds, without braces.',
  ),
  databaseHost: value('database_host', 'endpoint', 'Host name or address of the PostgreSQL writer.'),
  databaseAdminUser: value('database_admin_user', 'endpoint', 'PostgreSQL user that owns the schema.'),
  databaseAdminPassword: value(
    'database_admin_password',
    'secret',
    'Password of the PostgreSQL user that owns the schema.',
  ),
  databaseSbcPassword: value('database_sbc_password', 'secret', 'Password of the SBC’s read-only PostgreSQL user.'),
  databaseReplicationPassword: value(
    'database_replication_password',
    'secret',
    'Password with which a PostgreSQL replica follows its primary (only where PostgreSQL runs on hosts of the cell).',
  ),
  redisHost: value('redis_host', 'endpoint', 'Host name or address of the Redis primary.'),
  redisPassword: value('redis_password', 'secret', 'Password of Redis.'),
  dataCaCertificate: value(
    'data_ca_certificate',
    'endpoint',
    'PEM bundle of the authorities that sign the certificates of PostgreSQL and Redis.',
  ),
  dataCertificate: value(
    'data_certificate',
    'endpoint',
    'PEM certificate of a PostgreSQL or Redis host (only where they run on hosts of the cell).',
  ),
  dataKey: value('data_key', 'secret', 'PEM key of data_certificate.'),
  sipCertificate: value('sip_certificate', 'endpoint', 'PEM certificate chain that the SBC shows on SIP over TLS.'),
  sipKey: value('sip_key', 'secret', 'PEM key of sip_certificate.'),
  digestSecret: value('digest_secret', 'secret', 'Secret of the digest nonces; the same on both SBCs.'),
  topologySecret: value(
    'topology_secret',
    'secret',
    'Key that masks the topology in messages to carriers; the same on both SBCs.',
  ),
  eventSocketPassword: value('event_socket_password', 'secret', 'Password of FreeSWITCH’s event socket.'),
  signalwireToken: value('signalwire_token', 'secret', 'Token with which FreeSWITCH is installed from SignalWire.'),
} as const satisfies Record<string, LateBoundValue>;
