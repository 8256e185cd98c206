/**
 * The script with which the active SBC takes the cell's floating addresses. keepalived calls it at every change of state, also
 * at boot.
 *
 * In a VPC an address does not move by VRRP. The public address is an Elastic IP: it is reassociated with the floating
 * side of the host that became active. The private one is a route in the VPC's route tables: it is pointed at that host's
 * interface. Both go on in parallel, and are tried until they are done or the host is no longer active.
 */
export interface ClaimAddresses {
  /** Of the Elastic IP: `eipalloc-...`, or a late-bound value. */
  readonly allocationId: string;
  /** Route tables with the overlay address, separated by spaces: `rtb-...`, or a late-bound value. */
  readonly routeTableIds: string;
  readonly region: string;
  readonly overlayAddress: string;
  /** The host's second private address. */
  readonly floatingSide: string;
  /** @default /run/cellstamp */
  readonly runDirectory?: string;
}

export function claimAddressesScript(claim: ClaimAddresses): string {
  return `#!/bin/bash
# claim-addresses MASTER|BACKUP|FAULT
# Called by keepalived. MASTER: associates the floating Elastic IP with this host and points the route of the overlay address
# at it. BACKUP and FAULT give nothing back: the other SBC takes both over when it becomes MASTER.
set -u
allocation='${claim.allocationId}'
route_tables='${claim.routeTableIds}'
overlay='${claim.overlayAddress}/32'
floating_side='${claim.floatingSide}'
run='${claim.runDirectory ?? '/run/cellstamp'}'
metadata=\${AWS_EC2_METADATA_SERVICE_ENDPOINT:-http://169.254.169.254}
export AWS_DEFAULT_REGION='${claim.region}' AWS_MAX_ATTEMPTS=1

say() { echo "claim-addresses: $*"; }

state=\${1-}
case $state in
  MASTER | BACKUP | FAULT) ;;
  *)
    say "the state must be MASTER, BACKUP or FAULT, got '$state'" >&2
    exit 2
    ;;
esac
mkdir -p "$run"
echo "$state" >"$run/vrrp-state"
if [[ $state != MASTER ]]; then
  say "$state: the other SBC takes the addresses"
  exit 0
fi

# One claim at a time. An older one ends by itself when it is done, or sees that the state has changed.
exec 9>"$run/claim-addresses.lock"
flock 9

# Name of this host's network interface at EC2, from its metadata.
interface_id() {
  local token mac
  token=$(curl --silent --fail --max-time 2 --request PUT "$metadata/latest/api/token" \\
    --header 'X-aws-ec2-metadata-token-ttl-seconds: 60') &&
    mac=$(curl --silent --fail --max-time 2 --header "X-aws-ec2-metadata-token: $token" \\
      "$metadata/latest/meta-data/mac") &&
    curl --silent --fail --max-time 2 --header "X-aws-ec2-metadata-token: $token" \\
      "$metadata/latest/meta-data/network/interfaces/macs/$mac/interface-id"
}

until interface=$(interface_id); do
  [[ $(<"$run/vrrp-state") == MASTER ]] || exit 1
  say 'the metadata service does not answer' >&2
  sleep 1
done

# until_done WHAT REQUEST...: makes a request to EC2 until it succeeds; gives up when this host is no longer active.
until_done() {
  local what=$1 attempt=1 pause=1 answer
  shift
  while [[ $(<"$run/vrrp-state") == MASTER ]]; do
    if answer=$(aws ec2 "$@" --cli-connect-timeout 2 --cli-read-timeout 5 --output text 2>&1); then
      say "$what is here, $SECONDS s after the change, in attempt $attempt"
      return 0
    fi
    say "$what: attempt $attempt failed: \${answer//$'\\n'/ }" >&2
    sleep "$pause"
    attempt=$((attempt + 1))
    pause=$((pause < 8 ? pause * 2 : 15))
  done
  say "$what: given up, this host is $(<"$run/vrrp-state") now" >&2
  return 1
}

until_done 'the public address' associate-address --allocation-id "$allocation" --allow-reassociation \\
  --network-interface-id "$interface" --private-ip-address "$floating_side" &
claims=($!)
for table in $route_tables; do
  until_done "the overlay route in $table" replace-route --route-table-id "$table" \\
    --destination-cidr-block "$overlay" --network-interface-id "$interface" &
  claims+=($!)
done
failed=0
for claim in "\${claims[@]}"; do
  wait "$claim" || failed=1
done
exit "$failed"
`;
}
