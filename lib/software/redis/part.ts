/** On a Redis host: which part Redis has, and how it changes. */
import type { RedisHost } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import { isPrimary, untilTrue } from '../primary.ts';
import { paths, redisUsers } from './config.ts';

export const prepareScriptPath = '/usr/local/lib/cellstamp/redis-prepare';

/** For root; `operations/promote.ts` calls it. */
export const redisPartPath = '/usr/local/lib/cellstamp/redis-part';

export const runFolder = '/run/redis';

/** On a host whose Redis takes writes, or took them when it last ran. */
const wasPrimary = `${paths.data}/primary`;

/** Text of the script that says before a start whom Redis follows. */
export function prepareScript(host: RedisHost): string {
  return `#!/bin/bash
# Says whom Redis of this host follows: who is the primary takes writes, every other host copies it.
set -eu
${isPrimary(host)}
if is_primary; then
  : >${paths.part}
  : >${wasPrimary}
  exit 0
fi
# Another host has its place, and its copy takes the place of these data. What it took last may be nowhere else.
if [[ -e ${wasPrimary} ]]; then
  rm -rf ${paths.data}/left
  mkdir -m 0700 ${paths.data}/left
  cp -a ${paths.data}/appendonlydir ${paths.data}/left/ || true
  echo 'redis-prepare: what this host had is in ${paths.data}/left' >&2
  rm -f ${wasPrimary}
fi
echo 'replicaof ${host.primaryAddress} ${internalPorts.redis}' >${paths.part}
`;
}

/** Text of the script that tells and changes the part of Redis. */
export function partScript(host: RedisHost): string {
  return `#!/bin/bash
# The part of this host's Redis; for root. See npx cellstamp promote, which calls it on all Redis hosts in order.
#   position           its part, the bytes of changes it has, and since when it has heard nothing (seconds since 1970, or -)
#   hand-over ADDRESS  the primary becomes a replica of the host with this address, once that one has all data
#   promote            a replica becomes the primary
#   follow SECONDS     follows the primary, and waits until it has all data
set -euo pipefail
REDISCLI_AUTH=$(<${paths.failoverPassword})
export REDISCLI_AUTH
${isPrimary(host)}
fail() { echo "$1" >&2; exit 1; }
# Without carriage returns, and without a wait for one that is frozen.
ask() {
  timeout 5 redis-cli -h ${host.address} -p ${internalPorts.redis} --tls --cacert ${paths.authorities} \
    --user ${redisUsers.failover} --no-auth-warning "$@" | tr -d '\\r'
}
order() {
  local answer
  answer=$(ask "$@") || fail 'it does not answer'
  [[ $answer == OK* ]] || fail "$* is refused: $answer"
}
state=
look() { state=$(ask info replication) && [[ $state == *role:* ]]; }
# field NAME
field() { sed -n "s/^$1://p" <<<"$state"; }
${untilTrue}
handed_over() { look && [[ $(field role) == slave ]]; }
decided() { look && [[ $(field master_failover_state) == no-failover ]]; }
linked() { look && [[ $(field master_link_status) == up ]]; }

case \${1:-} in
  position)
    look || fail "it does not answer: $state"
    if [[ $(field role) == master ]]; then
      echo "primary $(field master_repl_offset) -"
    else
      [[ $(field master_sync_in_progress) == 0 ]] || fail 'its copy of the primary is not whole yet'
      since=-
      [[ $(field master_link_status) == up ]] || since=$(($(date +%s) - $(field master_link_down_since_seconds)))
      echo "replica $(field slave_repl_offset) $since"
    fi
    ;;
  hand-over)
    # It takes no write until the other one has all and has taken its place, or it goes on as before.
    order failover to "$2" ${internalPorts.redis} timeout 10000
    if ! until_true 15 decided || ! handed_over; then
      fail 'no other host has taken its place within 10 s'
    fi
    rm -f ${wasPrimary}
    ;;
  promote)
    order replicaof no one
    : >${wasPrimary}
    ;;
  follow)
    is_primary && fail 'it has the address of the primary'
    order replicaof ${host.primaryAddress} ${internalPorts.redis}
    until_true "$2" linked || fail 'it does not follow the primary'
    ;;
  *)
    fail "redis-part: position, hand-over, promote or follow, not '\${1:-}'"
    ;;
esac
`;
}
