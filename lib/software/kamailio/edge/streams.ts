/** TCP and TLS: how many requests a source may send over its connections, and how long a silent connection is kept. */
import type { EdgeHost, Front } from '../../../front/front.ts';
import { edgePorts } from '../../../spec/fixed.ts';

export function streams(front: Front, edge: EdgeHost): string {
  const { requestsPerSecond, banSeconds } = front.spec.edge.flood;
  const most = 2 * requestsPerSecond;
  return `# ---------------------------------------------------------------------------------------------------------------------------
# TCP and TLS
# ---------------------------------------------------------------------------------------------------------------------------
# Requests within a connection are nothing that the kernel could count. A source above the rate is banned as one on UDP is, by the
# flood guard, which sees a datagram to it from port ${edgePorts.bans}.
route[COUNT_STREAM] {
    # The second in two, so that a burst of two seconds is let through. Spec: edge.flood.requestsPerSecond = ${requestsPerSecond}
    $var(moment) = $TV(s) / 2;
    $var(n) = $shtinc(rates=>$si:$var(moment));
    if ($var(n) <= ${most}) {
        $avp(connection) = $conid;
        return;
    }
    prom_counter_inc("edge_rejected", "1", "flood");
    if ($var(n) == ${most + 1}) {
        xlog("L_NOTICE", "$si is banned for ${banSeconds} s: more than ${requestsPerSecond} requests a second over $pr\\n");
        sendx("sip:$si:9", "udp:${edge.address}:${edgePorts.bans}", "banned");
    }
    tcp_close_connection();
    exit;
}

# A client that a cell lets register or call keeps its connection, beyond the longest interval of its keepalives.
route[KEEP_CONNECTION] {
    if ($rs < 300 && is_method("INVITE|REGISTER") && $avp(connection) != $null) {
        tcp_set_connection_lifetime("$avp(connection)", "3604");
    }
}

`;
}
