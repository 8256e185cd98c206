/** What a relay's addresses on this machine are; both move with it. */
export interface RelayAddresses {
  readonly number: number;
  readonly public: string;
  readonly private: string;
}

/**
 * Text of the script that puts the addresses of a relay onto a media host's interface, maps the public one onto the private one, and
 * tells every neighbour; or takes them off. Whoever calls it has the lease.
 */
export function claimRelayScript(relays: readonly RelayAddresses[], interfaceName: string): string {
  return `#!/bin/bash
# claim-relay take|drop NUMBER
case \${2-} in
${relays.map((relay) => `  ${relay.number}) private=${relay.private} public=${relay.public} ;;`).join('\n')}
  *)
    echo "claim-relay: no relay '\${2-}' here" >&2
    exit 2
    ;;
esac
case \${1-} in
  take)
    ip -batch - <<END
address replace $private/32 dev ${interfaceName}
address replace $public/32 dev ${interfaceName}
END
    nft -f - <<END
add element ip cellstamp_public inbound { $public : $private }
add element ip cellstamp_public outbound { $private : $public }
END
    # They send at once and then wait: not for that.
    for address in $private $public; do
      arping -q -A -c 2 -I ${interfaceName} "$address" >/dev/null 2>&1 &
    done
    ;;
  drop)
    for address in $private $public; do ip address delete "$address/32" dev ${interfaceName} 2>/dev/null; done
    nft delete element ip cellstamp_public inbound "{ $public }" 2>/dev/null
    nft delete element ip cellstamp_public outbound "{ $private }" 2>/dev/null
    exit 0
    ;;
  *)
    echo "claim-relay: take or drop, not '\${1-}'" >&2
    exit 2
    ;;
esac
`;
}
