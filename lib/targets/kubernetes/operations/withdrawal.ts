/** An SBC that is kept from the floating address, by a mark on its node. */
import type { HostCommand } from '../../../operations/host-command.ts';
import { leaveScriptPath, pidPath } from '../../../software/keepalived/index.ts';
import { withdrawnMark } from '../host/known.ts';

export const askWithdrawn: HostCommand = {
  does: 'tell whether it is drained',
  argv: ['/bin/bash', '-c', `[[ ! -e ${withdrawnMark} ]] || echo yes`],
  seconds: 10,
};

/** In the container of keepalived. It takes no new calls for a moment, then keepalived gives the address up and ends; it waits in its container. Twice is as good as once. */
export const withdrawSbc: HostCommand = {
  does: 'give up the floating address',
  argv: [
    ...['/usr/bin/timeout', '20', '/bin/bash', '-c'],
    `[[ -e ${withdrawnMark} ]] || touch ${withdrawnMark}
${leaveScriptPath} || true
while { read -r pid <${pidPath}; } 2>/dev/null && [[ -e /proc/$pid ]]; do
  kill -TERM "$pid" 2>/dev/null || true
  sleep 0.1
done`,
  ],
  seconds: 30,
};

export const readmitSbc: HostCommand = { does: 'stand by', argv: ['/bin/rm', '-f', withdrawnMark], seconds: 10 };
