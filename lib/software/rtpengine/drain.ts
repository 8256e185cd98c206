import { rtpengineCliPort } from './part.ts';

export const drainScriptPath = '/usr/local/lib/cellstamp/rtpengine-drain';

/** Text of the script that takes no new sessions and waits until the last one has ended. */
export const drainScript = `#!/bin/bash
# Takes no new sessions, then waits until the last one has ended. Whoever calls it sets the deadline.
set -u

# Sends one line to rtpengine and prints its answer.
ask() {
  exec 3<>/dev/tcp/127.0.0.1/${rtpengineCliPort} || return 1
  echo "$1" >&3
  timeout 2 cat <&3
  exec 3>&-
}

if ! ask 'set maxsessions 0' | grep -q Success; then
  echo 'rtpengine-drain: rtpengine does not answer' >&2
  exit 1
fi
while :; do
  # No answer is not zero sessions.
  sessions=$(ask 'list numsessions' | sed -n 's/^Current sessions own: *//p')
  if [[ $sessions == 0 ]]; then
    echo 'rtpengine-drain: no sessions left'
    exit 0
  fi
  echo "rtpengine-drain: \${sessions:-unknown number of} sessions left"
  sleep 2
done
`;
