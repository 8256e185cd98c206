import type { SbcHost } from '../../../fleet/derive/cell.ts';
import { floatingTable } from './firewall.ts';

/**
 * Text of the script that keepalived calls when an SBC becomes active or stops being it: the floating address comes to the node and is
 * mapped onto the SBC's own side of it, or goes.
 */
export function claimScript(
  { address, floatingSide }: Pick<SbcHost, 'address' | 'floatingSide'>,
  floatingAddress: string,
): string {
  return `#!/bin/bash
# MASTER takes the floating address ${floatingAddress}; BACKUP and FAULT give it up. One at a time, in the order of the calls.
exec 9>/run/claim-addresses.lock
flock 9
interface=$(ip -oneline -4 address show to ${address} | awk '{ print $2; exit }')
if [[ -z $interface ]]; then
  echo 'claim-addresses: no interface has the address ${address}' >&2
  exit 1
fi
case \${1:-} in
  MASTER)
    ip address replace ${floatingAddress}/32 dev "$interface"
    nft add element ip ${floatingTable} inbound "{ ${floatingAddress} : ${floatingSide} }"
    nft add element ip ${floatingTable} outbound "{ ${floatingSide} : ${floatingAddress} }"
    # It sends at once and then waits: not for that.
    arping -q -A -c 2 -I "$interface" ${floatingAddress} 9>&- &
    ;;
  BACKUP | FAULT)
    ip address delete ${floatingAddress}/32 dev "$interface" 2>/dev/null
    nft delete element ip ${floatingTable} inbound "{ ${floatingAddress} }" 2>/dev/null
    nft delete element ip ${floatingTable} outbound "{ ${floatingSide} }" 2>/dev/null
    ;;
  *)
    echo "claim-addresses: MASTER, BACKUP or FAULT, not '\${1:-}'" >&2
    exit 2
    ;;
esac
exit 0
`;
}
