/**
 * The routing script of an edge. It finds the tenant's cell in shared memory, pins the dialog to this edge's own unicast
 * address, and hands what the network delivered to the wrong edge over to the right one.
 *
 * An edge keeps no dialog and no registration: only the transactions in progress.
 */
import type { Front } from '../../../front/front.ts';
import type { Section } from '../common/section.ts';

/** Tools that scan for open SIP servers name themselves; a phone never has these names. */
const scanners = [
  'friendly-scanner',
  'sipvicious',
  'sipcli',
  'sundayddr',
  'sip-scan',
  'smap',
  'iWar',
  'VaxSIPUserAgent',
  'pplsip',
];

/** Every request begins here. */
export function request(front: Front): Section {
  return {
    title: 'Every request',
    text: `
request_route {
    # What another edge handed over carries the client's address, because the network gave the message to the wrong edge.
    if ($sht(peer=>$si) == "edge" && $hdr(X-Cellstamp-Handoff) != $null) {
        route(TAKE_OVER);
        exit;
    }
    route(SCREEN);
    # Answers go back to where a request came from, whatever its Via says.
    force_rport();

    if (is_method("CANCEL")) {
        if (t_check_trans()) {
            route(RELAY);
        }
        if ($sht(peer=>$si) != $null) {
            sl_send_reply("481", "Call Does Not Exist");
            exit;
        }
        # Not ours: the INVITE came in through another edge.
        route(HAND_OVER);
        exit;
    }
    if (is_method("ACK")) {
        # The ACK of a refusal ends here if its INVITE came this way.
        t_check_trans();
    }
    if (has_totag()) {
        route(IN_DIALOG);
        exit;
    }
    if (is_method("ACK")) {
        exit;
    }
    # Retransmissions end here.
    if (t_precheck_trans()) {
        t_check_trans();
        exit;
    }
    t_check_trans();

    if ($sht(peer=>$si) == "cell") {
        route(TO_CLIENT);
        exit;
    }
    route(FROM_CLIENT);
}

# Junk ends here, before any transaction exists. Floods are already dropped in the kernel (cellstamp-flood-guard).
route[SCREEN] {
    if ($sht(peer=>$si) != $null) {
        return;
    }
    if ($pr != "udp") {
        route(COUNT_STREAM);
    }
    # Spec: edge.flood.longestMessage
    if ($ml > ${front.spec.edge.flood.longestMessage}) {
        prom_counter_inc("edge_rejected", "1", "oversized");
        exit;
    }
    if ($ua =~ "${scanners.join('|')}") {
        prom_counter_inc("edge_rejected", "1", "scanner");
        exit;
    }
    if (!sanity_check("17895", "7")) {
        prom_counter_inc("edge_rejected", "1", "malformed");
        exit;
    }
    if (!mf_process_maxfwd_header("10")) {
        sl_send_reply("483", "Too Many Hops");
        exit;
    }
    route(STRIP);
}

# What edges and cells tell one another is for nobody else to say: cells send calls where a Path leads, and count what a source
# does.
route[STRIP] {
    remove_hf("Path");
    remove_hf("X-Cellstamp-Source");
    remove_hf("X-Cellstamp-Handoff");
}
`,
  };
}
