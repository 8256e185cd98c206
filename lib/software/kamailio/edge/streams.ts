import type { Front } from '../../../fleet/derive/front.ts';
import { streamRequests, streamSeconds } from '../common/connections.ts';
import type { Section } from '../common/section.ts';

/** How many requests a source may send over its TCP and TLS connections, and which connections are kept. */
export function countStreams(front: Front): Section {
  const { connections, flood } = front.spec.edge;
  const most = streamRequests(flood.requestsPerSecond, connections);
  return {
    title: 'Requests over TCP and TLS',
    text: String.raw`
# Requests within a connection are nothing that the kernel could count. A source above the rate is banned as one on UDP is.
route[COUNT_STREAM] {
    # Over ${streamSeconds} s, and one more for each connection that it may hold: all phones of an office may register at once.
    # Spec: edge.flood.requestsPerSecond = ${flood.requestsPerSecond}, edge.connections.perSource = ${connections.perSource}
    $var(moment) = $TV(s) / ${streamSeconds};
    $var(n) = $shtinc(rates=>$si:$var(moment));
    if ($var(n) <= ${most}) {
        $avp(connection) = $conid;
        return;
    }
    prom_counter_inc("edge_rejected", "1", "flood");
    if ($var(n) == ${most + 1}) {
        xlog("L_NOTICE", "$si is banned for ${flood.banSeconds} s: more than ${most} requests within ${streamSeconds} s over $pr\n");
        route(BAN_CONNECTION);
    } else {
        tcp_close_connection();
    }
    exit;
}

# A client that a cell lets register or call keeps its connection.
route[KEEP_CLIENT] {
    if ($rs < 300 && is_method("INVITE|REGISTER") && $avp(connection) != $null) {
        $var(connection) = $avp(connection);
        $var(client) = $T_req($si) + ":" + $T_req($sp);
        route(KEEP_CONNECTION);
    }
}
`,
  };
}
