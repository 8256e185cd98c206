import { internalPorts } from '../../fleet/schema/fixed.ts';
import { selfAddress } from '../kamailio/sbc/call-entry.ts';
import { paths } from '../kamailio/sbc/paths.ts';
import { claimScriptPath } from './config.ts';

/** Text of the script that keepalived calls at every change of state. */
export const changeScript = `#!/bin/bash
# sbc-change MASTER|BACKUP|FAULT: tells Kamailio whether this SBC is the active one, which alone ends calls by itself, and has the
# addresses taken or given up. Kamailio's next start reads the state from ${paths.role}.
case \${1-} in
  MASTER) active=1 ;;
  *) active=0 ;;
esac
echo "modparam(\\"pv\\", \\"shvset\\", \\"active=i:$active\\")" >${paths.role}
# By a datagram on loopback: keepalived's scripts may not open Kamailio's control socket, and nobody waits for a Kamailio that is down.
self=${selfAddress}:${internalPorts.sbcSelf}
printf '%s\\r\\n' "NOTIFY sip:\${1-}@$self SIP/2.0" "Via: SIP/2.0/UDP $self;branch=z9hG4bK$$" "From: <sip:vrrp@$self>;tag=$$" \\
  "To: <sip:$self>" "Call-ID: vrrp-$$" 'CSeq: 1 NOTIFY' 'Max-Forwards: 1' 'Content-Length: 0' '' |
  dd bs=4096 iflag=fullblock status=none >/dev/udp/\${self/://}
exec ${claimScriptPath} "$@"
`;
