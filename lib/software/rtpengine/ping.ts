import { internalPorts } from '../../fleet/schema/fixed.ts';
import type { Command } from '../host-config.ts';
import type { RelayPart } from './part.ts';

export const pingScriptPath = '/usr/local/lib/cellstamp/rtpengine-ping';

/** Its user, by number as it needs no name: of this host's own processes the control port takes commands from this one alone. */
export const pingUser = 59223;

/** The script as a command of that user. */
export const pingCommand: Command = [
  '/usr/bin/setpriv',
  `--reuid=${pingUser}`,
  `--regid=${pingUser}`,
  '--clear-groups',
  pingScriptPath,
];

/** Lines of a bash script that ends with status 0 when the rtpengine of a relay answers on its control port in time, within 0.8 s by default. */
export function ping(address: string): string {
  return `exec 3<>/dev/udp/${address}/${internalPorts.rtpengineControl}
# One bencoded request: a cookie, which must be new or an old answer comes back, and { command: "ping" }.
printf '%s d7:command4:pinge' "$$-$RANDOM" >&3
# Not the shell's own read, which would throw away all of the packet but its first byte.
[[ $(timeout "\${ANSWER_WITHIN:-0.8}" dd bs=64 count=1 status=none <&3) == *pong* ]]
`;
}

/** Text of the script that asks rtpengine over its control protocol, as an SBC does, whether it is alive. */
export function pingScript({ address }: Pick<RelayPart, 'address'>): string {
  return `#!/bin/bash
# Exit status 0 when rtpengine answers on its control port in time.
${ping(address).trimEnd()} || { echo 'it does not answer on its control port'; exit 1; }
`;
}

/** For root, with the port: where a relay may be on another host, its control port says nothing about the rtpengine here. */
export const answersScriptPath = '/usr/local/lib/cellstamp/rtpengine-answers';

export const answersScript = `#!/bin/bash
# rtpengine-answers PORT: exit status 0 when the rtpengine with this command line answers in time.
{ exec 3<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null && echo 'list numsessions' >&3
[[ $(timeout "\${ANSWER_WITHIN:-0.8}" cat <&3 2>/dev/null) == *sessions* ]] || { echo 'it does not answer on its command line'; exit 1; }
`;
