import type { Front } from '../../../fleet/derive/front.ts';
import { drainGraceSeconds } from '../../../software/directory-agent/index.ts';
import { script, type HostFile } from '../../../software/host-config.ts';
import { kamailioPaths } from '../../../software/kamailio/common/paths.ts';

export const edgeDrainPath = '/usr/local/lib/cellstamp/edge-drain';

/** Takes the edge out of service and waits until no call goes through it. Whoever calls it sets the deadline. */
export function edgeDrain(front: Front): HostFile {
  const grace = drainGraceSeconds(front);
  return script(
    edgeDrainPath,
    `#!/bin/bash
# Takes this edge out of service, then waits until no call goes through it. Whoever calls it sets the deadline.
set -u
mark=/run/cellstamp/draining
[[ -e $mark ]] || touch "$mark"

# Until then it takes new calls: the entry, or the routers, send them elsewhere first.
until (($(date +%s) > $(stat --format=%Y "$mark") + ${grace})); do
  sleep 1
done
while :; do
  # No answer is not zero calls.
  if calls=$(kamcmd -s unix:${kamailioPaths.control} htable.dump pinned) && [[ $calls != error* ]]; then
    number=$(grep -c 'name:' <<<"$calls")
    if ((number == 0)); then
      echo 'edge-drain: no calls left'
      exit 0
    fi
    echo "edge-drain: calls left: $number"
  else
    echo 'edge-drain: Kamailio does not answer'
  fi
  sleep 2
done
`,
  );
}
