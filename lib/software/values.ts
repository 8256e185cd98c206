/**
 * Every late-bound value that hosts of a cell and edges of a front know, and the types by which the compiler sees to it that a target
 * has a way to each of them. A host's `HostConfig.values` says which ones that host needs.
 */
import type { AddressName } from '../fleet/derive/addressing.ts';

/**
 * A value that only the target knows (an endpoint, a secret, an address). Files contain it as `@@name@@`; the target replaces
 * that on the host. A value may have several lines (a certificate).
 */
export interface LateBoundValue {
  readonly name: LateBoundName;
  /** address and endpoint may be logged; a secret never leaves the host's memory and its file. */
  readonly kind: 'address' | 'endpoint' | 'secret';
  /** One sentence for operators. */
  readonly description: string;
}

/** @param hosts whose texts may contain it */
const value = <N extends string, H extends 'cell' | 'edges' | 'both'>(
  name: N,
  kind: LateBoundValue['kind'],
  hosts: H,
  description: string,
) => ({ name, kind, hosts, description });

export const values = {
  publicAddress: value(
    'public_address',
    'address',
    'both',
    'Public address of the host: the floating one on an SBC, its own on a media host.',
  ),
  anycastAddress1: value('anycast_address_1', 'address', 'edges', 'First anycast address of the front.'),
  anycastAddress2: value('anycast_address_2', 'address', 'edges', 'Second anycast address of the front.'),
  directory: value(
    'directory',
    'secret',
    'edges',
    'Where an edge finds the tenant directory and the front’s keys: the JSON entries backend (dynamodb or redis), source, keys and keySeconds, without braces.',
  ),
  databaseHost: value('database_host', 'endpoint', 'cell', 'Host name or address of the PostgreSQL writer.'),
  databaseAdminUser: value('database_admin_user', 'endpoint', 'cell', 'PostgreSQL user that owns the schema.'),
  databaseAdminPassword: value(
    'database_admin_password',
    'secret',
    'cell',
    'Password of the PostgreSQL user that owns the schema.',
  ),
  databaseSbcPassword: value(
    'database_sbc_password',
    'secret',
    'cell',
    'Password of the SBC’s PostgreSQL user, which reads views and writes its probe’s row.',
  ),
  databaseReplicationPassword: value(
    'database_replication_password',
    'secret',
    'cell',
    'Password with which a PostgreSQL replica follows its primary (only where PostgreSQL runs on hosts of the cell).',
  ),
  redisHost: value('redis_host', 'endpoint', 'cell', 'Host name or address of the Redis primary.'),
  redisPassword: value('redis_password', 'secret', 'cell', 'Password of Redis.'),
  redisReplicationPassword: value(
    'redis_replication_password',
    'secret',
    'cell',
    'Password with which a Redis replica follows its primary (only where Redis runs on hosts of the cell).',
  ),
  redisFailoverPassword: value(
    'redis_failover_password',
    'secret',
    'cell',
    'Password of the Redis user that changes which host is the primary (only where Redis runs on hosts of the cell).',
  ),
  dataCaCertificate: value(
    'data_ca_certificate',
    'endpoint',
    'cell',
    'PEM bundle of the authorities that sign the certificates of PostgreSQL and Redis.',
  ),
  dataCertificate: value(
    'data_certificate',
    'endpoint',
    'cell',
    'PEM certificate of a PostgreSQL or Redis host (only where they run on hosts of the cell).',
  ),
  dataKey: value('data_key', 'secret', 'cell', 'PEM key of data_certificate.'),
  sipCertificate: value(
    'sip_certificate',
    'endpoint',
    'both',
    'PEM certificate chain that the SBC shows on SIP over TLS.',
  ),
  sipKey: value('sip_key', 'secret', 'both', 'PEM key of sip_certificate.'),
  digestSecret: value('digest_secret', 'secret', 'cell', 'Secret of the digest nonces; the same on both SBCs.'),
  topologySecret: value(
    'topology_secret',
    'secret',
    'cell',
    'Key that masks the topology in messages to carriers; the same on both SBCs.',
  ),
  eventSocketPassword: value('event_socket_password', 'secret', 'cell', 'Password of FreeSWITCH’s event socket.'),
  guestPublicAddress: value(
    'guest_public_address',
    'address',
    'cell',
    'Public address of the relay that a media host takes over when its own host is lost (only where addresses move).',
  ),
  relaySecret: value(
    'relay_secret',
    'secret',
    'cell',
    'What media hosts and SBCs prove to each other who holds a relay with, and the password of its calls in Redis (only where addresses move).',
  ),
  relayCertificate: value(
    'relay_certificate',
    'endpoint',
    'cell',
    'PEM certificate of a media host, with which relays copy their calls (only where addresses move).',
  ),
  relayKey: value('relay_key', 'secret', 'cell', 'PEM key of relay_certificate.'),
  signalwireToken: value(
    'signalwire_token',
    'secret',
    'cell',
    'Token with which FreeSWITCH is installed from SignalWire.',
  ),
} as const;

type Known = (typeof values)[keyof typeof values];

/** What hosts of a cell ask for, beside addresses that are late-bound. A target gives them as a total map. */
export type CellValueName = Extract<Known, { readonly hosts: 'cell' | 'both' }>['name'];
/** What edges of a front ask for, beside addresses that are late-bound. */
export type EdgeValueName = Extract<Known, { readonly hosts: 'edges' | 'both' }>['name'];
/** The addresses are asked for only by hosts of a cell or a front that was derived with late addressing. */
export type LateBoundName = CellValueName | EdgeValueName | AddressName;

/** An address that a host has in its texts as a mark: its own, or that of another host of the same cell. */
export function addressValue(name: AddressName): LateBoundValue {
  const [role, number, ...side] = name.split('_');
  const which = side.join(' ') === 'address' ? 'Private address' : `Private address (${side.join(' ')})`;
  return { name, kind: 'address', description: `${which} of ${role}-${number}.` };
}
