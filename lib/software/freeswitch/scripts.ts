/** The shell scripts around FreeSWITCH: preparing a start, health, draining, the operator's command line. */
import type { MediaHost } from '../../fleet/derive/cell.ts';
import { internalPorts } from '../../fleet/schema/fixed.ts';
import { paths } from './paths.ts';

/** Root's fs_cli takes the password from here, so that it stands on no command line. */
export function cliConfig(password: string): string {
  return `[default]
host     => 127.0.0.1
port     => ${internalPorts.eventSocket}
password => ${password}
timeout  => 5000
`;
}

export const cliScript = `#!/bin/sh
# fs_cli with this host's password. One command: ${paths.cli} -x 'status'
HOME=${paths.etc} exec fs_cli "$@"
`;

/** FreeSWITCH's own default for an empty password is a well-known one, so an empty one must never get that far. */
export const prepareScript = `#!/bin/sh
# Before every start, as root. Refuses to start FreeSWITCH where its event socket has no password of its own: it would
# silently take a well-known one. 16 or more letters, digits, '-' and '_', so that it needs no quoting anywhere.
set -eu
if ! grep -Eq '<param name="password" value="[A-Za-z0-9_-]{16,}"/>' ${paths.eventSocket}; then
  echo 'freeswitch-prepare: no event socket password (16 or more of A-Z a-z 0-9 - _) in ${paths.eventSocket}' >&2
  exit 1
fi
# The password is for FreeSWITCH's group to read; the group is there once FreeSWITCH is installed.
chgrp freeswitch ${paths.eventSocket}
chmod 0640 ${paths.eventSocket}

# At a first start FreeSWITCH makes two RSA keys of 4096 bits, for DTLS and for SIP over WebSocket. Nothing here uses either,
# and it takes 2 to 12 seconds of a CPU. One key of the same length (it insists) with four primes takes 0.2.
keys=${paths.certificates}
if [ ! -s $keys/wss.pem ]; then
  install -d -o freeswitch -g freeswitch -m 0750 $keys
  umask 077
  openssl req -x509 -newkey rsa:4096 -pkeyopt rsa_keygen_primes:4 -nodes -days 3650 -subj /CN=freeswitch \\
    -keyout $keys/dtls-srtp.pem -out $keys/dtls-srtp.pem 2>/dev/null
  cp $keys/dtls-srtp.pem $keys/wss.pem
  chown freeswitch:freeswitch $keys/dtls-srtp.pem $keys/wss.pem
fi
`;

export function readyScript(host: MediaHost): string {
  const uri = `sip:ready@${host.address}:${internalPorts.freeswitchSip}`;
  return `#!/bin/bash
# Exit status 0 when FreeSWITCH answers OPTIONS with 200 within a second; 1 when it says 503 (paused) or nothing.
# The process being there is not enough: with a file that it could not read it lives on without SIP. Nor is a 200: while it
# starts, its SIP stack gives it by itself. The event socket listens once every module is loaded.
(exec 4<>/dev/tcp/127.0.0.1/${internalPorts.eventSocket}) 2>/dev/null || exit 1
exec 3<>/dev/udp/${host.address}/${internalPorts.freeswitchSip}
call=$$.$EPOCHREALTIME
request=$(printf '%s\\r\\n' \\
  'OPTIONS ${uri} SIP/2.0' \\
  "Via: SIP/2.0/UDP ${host.address}:9;rport;branch=z9hG4bK$call" \\
  'Max-Forwards: 1' \\
  "From: <${uri}>;tag=$call" \\
  'To: <${uri}>' \\
  "Call-ID: $call" \\
  'CSeq: 1 OPTIONS' \\
  'Content-Length: 0' \\
  '')
# By cat, in one datagram: printf would send each line in its own. (The here-string gives back the last line feed.)
cat <<<"$request" >&3
# By head, for the same reason: read would take one byte of the datagram and lose the rest.
[[ $(timeout "\${ANSWER_WITHIN:-1}" head -c 12 <&3 2>/dev/null) == 'SIP/2.0 200 ' ]]
`;
}

export const drainScript = `#!/bin/bash
# Takes no new calls, then waits until the last one has ended. Whoever calls it sets the deadline.
# New calls get 503 and so does OPTIONS, so the SBCs go elsewhere; running calls notice nothing.
# Undo: ${paths.cli} -x 'fsctl resume inbound'
#
# Not "shutdown elegant": that goes on taking calls.
set -u

cli() {
  ${paths.cli} -x "$1" 2>/dev/null
}

if [[ $(cli 'fsctl pause inbound') != '+OK'* ]]; then
  echo 'freeswitch-drain: FreeSWITCH does not answer' >&2
  exit 1
fi
while :; do
  # From status, which counts in memory: "show channels count" reads a table that is written later, and may not know yet
  # a call that has just been answered. No answer is not zero calls.
  legs=$(cli status | sed -n 's/^\\([0-9]*\\) session(s) - peak .*/\\1/p')
  if [[ $legs == 0 ]]; then
    echo 'freeswitch-drain: no call legs left'
    exit 0
  fi
  echo "freeswitch-drain: \${legs:-unknown number of} call legs left"
  sleep 2
done
`;
