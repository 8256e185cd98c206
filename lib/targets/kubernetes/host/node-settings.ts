/** What a host changes on its node beside the firewall: kernel settings, and the ways to addresses that move. */
import { script, type HostFile } from '../../../software/host-config.ts';
import { shellWord } from '../../../software/shell-quote.ts';
import { floatingTable } from './firewall.ts';

export const nodeSettingsPath = '/usr/local/lib/cellstamp/node-settings';

/** A list of the kernel's: what others have put there stays. */
const lists: readonly string[] = ['net.ipv4.ip_local_reserved_ports'];

export interface NodeSettings {
  readonly sysctl: Readonly<Record<string, string>>;
  /** Private address of the host, which says the interface. */
  readonly address: string;
  /** Where the overlay address is another host's: the way to it is by the host's own link. */
  readonly overlayAddress?: string;
  /** Addresses of relays, which move between nodes: the way to them is by the host's own link. */
  readonly relays?: readonly string[];
  /** Its own side of the floating address of an SBC, or of the anycast address of an edge: no other host asks for it. */
  readonly floatingSide?: string;
  /** Addresses that an SBC has while it is active, the one that callers send to and the one that FreeSWITCH does. */
  readonly whileActive?: readonly string[];
}

export function nodeSettingsFile({
  sysctl,
  address,
  overlayAddress,
  relays = [],
  floatingSide,
  whileActive = [],
}: NodeSettings): HostFile {
  const changes = Object.entries(sysctl).map(
    ([key, value]) => `${lists.includes(key) ? 'add_to' : 'at_least'} ${key} ${shellWord(value)}`,
  );
  return script(
    nodeSettingsPath,
    `#!/bin/bash
# Kernel settings of this node. It says what it changes; what the node has more of already stays.
set -eu

at() { echo "/proc/sys/\${1//.//}"; }
put() {
  echo "$2" >"$(at "$1")"
  echo "node-settings: $1 was \${3:-empty}, is $2"
}
# Buffers and queues belong to the whole machine: a node in a namespace of its own (kind, k3d) has none, and works with those that there are.
at_least() {
  local before
  if [[ $1 == net.core.* && ! -w $(at "$1") ]]; then
    echo "node-settings: $1 is not this node's to change, and was to be $2"
    return
  fi
  before=$(<"$(at "$1")")
  ((before >= $2)) || put "$1" "$2" "$before"
}
# The kernel itself merges ranges that overlap.
add_to() {
  local before after
  before=$(<"$(at "$1")")
  echo "\${before:+$before,}$2" >"$(at "$1")"
  after=$(<"$(at "$1")")
  [[ $after == "$before" ]] || echo "node-settings: $1 was \${before:-empty}, is $after"
}

${changes.join('\n')}

${whileActive.length === 0 ? '' : giveUp(whileActive)}interface=$(ip -oneline -4 address show to ${address} | awk '{ print $2; exit }')
if [[ -z $interface ]]; then
  echo 'node-settings: no interface has the address ${address}' >&2
  exit 1
fi
${overlayAddress === undefined ? '' : route(address, overlayAddress)}${relays.length === 0 ? '' : relayRoutes(address, relays)}${floatingSide === undefined ? '' : second(floatingSide)}`,
  );
}

/** keepalived gives it up when it ends, but not when it is killed; it has not started yet. */
const giveUp = (addresses: readonly string[]): string => `# What a pod held that was killed is the other SBC's by now.
for held in ${addresses.join(' ')}; do
  [[ -n $(ip -oneline -4 address show to "$held") ]] || continue
  ip -4 address flush to "$held"
  echo "node-settings: $held is given up, which a pod held that was killed"
done
if nft list table ip ${floatingTable} >/dev/null 2>&1; then
  nft flush map ip ${floatingTable} inbound
  nft flush map ip ${floatingTable} outbound
fi

`;

const route = (address: string, overlayAddress: string): string => `
# FreeSWITCH answers the active SBC, whichever that is, by an address that is in no node's network.
ip route replace ${overlayAddress}/32 dev "$interface" src ${address}
echo "node-settings: ${overlayAddress} is reached by $interface"
`;

const relayRoutes = (address: string, relays: readonly string[]): string => `
# A relay is with whichever node has its calls.
for relay in ${relays.join(' ')}; do ip route replace "$relay/32" dev "$interface" src ${address}; done
echo "node-settings: relays are reached by $interface: ${relays.join(' ')}"
`;

const second = (floatingSide: string): string => `
# What the address is mapped onto that callers send to, on an SBC while it is active; Kamailio listens on it all the time.
ip address replace ${floatingSide}/32 dev "$interface"
echo "node-settings: $interface has ${floatingSide}"
`;
