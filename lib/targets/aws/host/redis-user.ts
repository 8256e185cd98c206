import { internalPorts } from '../../../fleet/schema/fixed.ts';
import { values } from '../../../software/values.ts';
import { hostRun } from './boot.ts';

/** The script of an SBC's bundle that gives the cell's Redis user the password that the cell made, and opens it. */
export function redisUserScript(userId: string): string {
  return `#!/bin/bash
# Terraform makes the user of Redis without rights and without a password, so that no state has one. The first SBC that cannot
# log in with the cell's password sets it.
set -Eeuo pipefail
umask 077
values=${hostRun}/values
host=$(<"$values/${values.redisHost.name}")

can_log_in() {
  [[ $(REDISCLI_AUTH=$(<"$values/${values.redisPassword.name}") timeout 10 redis-cli -h "$host" -p ${internalPorts.redis} --tls \\
    --cacert "$values/${values.dataCaCertificate.name}" PING 2>/dev/null) == PONG ]]
}

if can_log_in; then
  exit 0
fi
request=$(mktemp "$values/redis-user.XXXXXX")
jq --null-input --rawfile password "$values/${values.redisPassword.name}" '{
  UserId: "${userId}",
  AccessString: "on ~* &* +@all",
  AuthenticationMode: { Type: "password", Passwords: [$password] }
}' >"$request"
# The other SBC may be doing the same: then this fails, and the log-in below succeeds.
aws elasticache modify-user --cli-input-json "file://$request" >/dev/null || echo 'redis-user: not set by this host' >&2
rm -f "$request"
for _ in $(seq 60); do
  if can_log_in; then
    exit 0
  fi
  sleep 5
done
echo "redis-user: no log-in at $host" >&2
exit 1
`;
}
