/**
 * The kernel's part of "one host has a relay's address": what leaves from it, packets and ARP, passes only while the host's lease runs.
 * The lease's program puts the address into both sets for as long (see relays.py why there are two), and the kernel takes it out.
 */
import type { HostFile, Service } from '../host-config.ts';
import { file, service } from '../host-config.ts';
import { relayFenceService } from './paths.ts';

export const fencePath = '/etc/cellstamp/relay-fence.nft';
const table = 'cellstamp_relays';

/** @param addresses private and public addresses of the relays of a host */
export function fenceFile(addresses: readonly string[]): HostFile {
  const family = (name: 'inet' | 'arp', source: string) => `table ${name} ${table}
delete table ${name} ${table}
table ${name} ${table} {
    set relays {
        type ipv4_addr
        elements = { ${addresses.join(', ')} }
    }
    set asked {
        type ipv4_addr
        flags timeout
    }
    set granted {
        type ipv4_addr
        flags timeout
    }
    chain sent {
        type filter hook output priority filter; policy accept;
        ${source} @relays ${source} != @asked counter drop
        ${source} @relays ${source} != @granted counter drop
    }
}
`;
  return file(
    fencePath,
    `#!/usr/sbin/nft -f
# Nothing leaves from the address of a relay that this host does not hold. To see what was dropped:  nft list table inet ${table}
${family('inet', 'ip saddr')}${family('arp', 'arp saddr ip')}`,
  );
}

/** Once it has run, a relay may start, and its address may come. */
export const fence: Service = service({
  name: relayFenceService,
  description: 'Lets nothing out from a relay that another host holds',
  command: ['/usr/sbin/nft', '-f', fencePath],
  kind: 'oneshot',
  user: 'root',
  capabilities: ['CAP_NET_ADMIN'],
  ready: ['/usr/sbin/nft', 'list', 'table', 'inet', table],
});
