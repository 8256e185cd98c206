import type { Cell, MediaHost } from '../../../fleet/derive/cell.ts';
import { kubernetesOf } from '../../../fleet/schema/targets/on-kubernetes.ts';
import { floatingTable } from './firewall.ts';

/**
 * Text of the script that puts the addresses of a relay onto the node, maps the public one onto the private one, and tells every neighbour;
 * or takes them off. Whoever calls it has the lease.
 */
export function claimRelayScript(cell: Cell, host: MediaHost): string {
  const { mediaAddresses = [] } = kubernetesOf(cell.spec);
  const relays = cell.media.filter(({ number }) => number === host.number || number === host.guest);
  return `#!/bin/bash
# claim-relay take|drop NUMBER: its own relay, and that of the host that it is the neighbour of
case \${2-} in
${relays.map(({ number, relayAddress }) => `  ${number}) private=${relayAddress} public=${mediaAddresses[number - 1]} ;;`).join('\n')}
  *)
    echo "claim-relay: no relay '\${2-}' here" >&2
    exit 2
    ;;
esac
interface=$(ip -oneline -4 address show to ${host.address} | awk '{ print $2; exit }')
if [[ -z $interface ]]; then
  echo 'claim-relay: no interface has the address ${host.address}' >&2
  exit 1
fi
case \${1-} in
  take)
    ip -batch - <<END
address replace $private/32 dev $interface
address replace $public/32 dev $interface
END
    nft -f - <<END
add element ip ${floatingTable} inbound { $public : $private }
add element ip ${floatingTable} outbound { $private : $public }
END
    # They send at once and then wait: not for that.
    for address in $private $public; do
      arping -q -A -c 2 -I "$interface" "$address" >/dev/null 2>&1 &
    done
    ;;
  drop)
    for address in $private $public; do ip address delete "$address/32" dev "$interface" 2>/dev/null; done
    nft delete element ip ${floatingTable} inbound "{ $public }" 2>/dev/null
    nft delete element ip ${floatingTable} outbound "{ $private }" 2>/dev/null
    exit 0
    ;;
  *)
    echo "claim-relay: take or drop, not '\${1-}'" >&2
    exit 2
    ;;
esac
`;
}
