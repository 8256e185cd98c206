/**
 * Text of the script that keepalived calls when an SBC becomes active or stops being it: here the floating public address is
 * put onto the interface and mapped onto the host's second private address, and every neighbour learns where it is now. In
 * a cloud the provider's API does the same.
 */
export function claimScript(floatingAddress: string, floatingSide: string, interfaceName: string): string {
  return `#!/bin/bash
# MASTER takes the floating public address ${floatingAddress}; BACKUP and FAULT give it up. One at a time, in the order of the calls.
exec 9>/run/claim-addresses.lock
flock 9
case \${1:-} in
  MASTER)
    ip address replace ${floatingAddress}/32 dev ${interfaceName}
    nft add element ip cellstamp_public inbound "{ ${floatingAddress} : ${floatingSide} }"
    nft add element ip cellstamp_public outbound "{ ${floatingSide} : ${floatingAddress} }"
    # It sends at once and then waits: not for that.
    arping -q -A -c 2 -I ${interfaceName} ${floatingAddress} 9>&- &
    ;;
  BACKUP | FAULT)
    ip address delete ${floatingAddress}/32 dev ${interfaceName} 2>/dev/null
    nft delete element ip cellstamp_public inbound "{ ${floatingAddress} }" 2>/dev/null
    nft delete element ip cellstamp_public outbound "{ ${floatingSide} }" 2>/dev/null
    ;;
  *)
    echo "claim-addresses: MASTER, BACKUP or FAULT, not '\${1:-}'" >&2
    exit 2
    ;;
esac
# In place: that works on a full disk, too.
printf '%-8s\\n' "$1" 1<>/run/cellstamp/vrrp-state
`;
}
