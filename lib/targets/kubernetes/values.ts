/** Where each late-bound value of a host comes from on Kubernetes. */
import type { OnKubernetes } from '../../fleet/schema/targets/on-kubernetes.ts';
import type { HostConfig } from '../../software/host-config.ts';
import type { CellValueName } from '../../software/values.ts';
import { isAddressName } from '../../fleet/derive/addressing.ts';
import type { MediaHost } from '../../fleet/derive/cell.ts';
import type { NodeHost } from './names.ts';

/**
 * spec: the cell's file has it; secret: a key of the role's Secret; node: the Node of the pod has it; image: it brings a program to a host,
 * and an image has the programs; never: no host on Kubernetes asks for it.
 */
type ValueSource = { readonly spec: string } | 'secret' | 'node' | 'image' | 'never';

function sources(spec: OnKubernetes, host: NodeHost): Readonly<Record<CellValueName, ValueSource>> {
  const { kubernetes } = spec;
  return {
    public_address: host.role === 'sbc' ? { spec: kubernetes.floatingAddress } : relayAddress(spec, host.number),
    guest_public_address: host.role === 'sbc' ? 'never' : guestAddress(spec, host),
    database_host: { spec: kubernetes.database.host },
    database_admin_user: { spec: kubernetes.database.adminUser },
    database_admin_password: 'secret',
    database_sbc_password: 'secret',
    redis_host: { spec: kubernetes.redis.host },
    redis_password: 'secret',
    data_ca_certificate: 'secret',
    sip_certificate: 'secret',
    sip_key: 'secret',
    digest_secret: 'secret',
    topology_secret: 'secret',
    event_socket_password: 'secret',
    signalwire_token: 'image',
    // PostgreSQL and Redis are elsewhere.
    database_replication_password: 'never',
    redis_replication_password: 'never',
    redis_failover_password: 'never',
    data_certificate: 'never',
    data_key: 'never',
    // Where addresses move between nodes.
    relay_secret: 'secret',
    relay_certificate: 'secret',
    relay_key: 'secret',
  };
}

/** Public address of a relay: one that moves with it, or that of the node. */
function relayAddress({ kubernetes }: OnKubernetes, number: number): ValueSource {
  const moving = kubernetes.mediaAddresses?.[number - 1];
  return moving === undefined ? 'node' : { spec: moving };
}

const guestAddress = (spec: OnKubernetes, { guest }: MediaHost): ValueSource =>
  guest === undefined ? 'never' : relayAddress(spec, guest);

export interface HostValues {
  /** Texts that the cell's file has, by name. */
  readonly given: Readonly<Record<string, string>>;
  /** Keys of the role's Secret. */
  readonly secrets: readonly string[];
  /** Whether the Node must have the host's public address. */
  readonly publicAddress: boolean;
  /** Values of programs that the image has: what contains them is left out. */
  readonly inImage: readonly string[];
}

/** @throws Error when the host asks for a value that there is not on Kubernetes */
export function hostValues(spec: OnKubernetes, host: NodeHost, { values }: Pick<HostConfig, 'values'>): HostValues {
  const from = sources(spec, host);
  const given: Record<string, string> = {};
  const secrets: string[] = [];
  const inImage: string[] = [];
  let publicAddress = false;
  for (const { name } of values) {
    if (isAddressName(name)) continue;
    const source = (from as Readonly<Record<string, ValueSource>>)[name];
    if (source === undefined || source === 'never') throw new Error(`Kubernetes has no value for @@${name}@@`);
    else if (source === 'secret') secrets.push(name);
    else if (source === 'node') publicAddress = true;
    else if (source === 'image') inImage.push(name);
    else given[name] = source.spec;
  }
  return { given, secrets: secrets.sort(), publicAddress, inImage };
}
